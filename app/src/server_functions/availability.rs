//! What the calendar asks of the server.

use domain::dashboard::Orphan;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::calendar::week_layout::WeekData;
use crate::dashboard::form_kit::Entered;
use crate::error::ApiError;
use crate::proof::Scripts;

#[cfg(feature = "ssr")]
use service::availability::NewEntry;

#[cfg(feature = "ssr")]
use super::{id, return_to};

/// The week, from a Monday, that holds `date`; the present one when it is empty or no date.
#[server(prefix = "/rpc", endpoint = "week", client = Scripts)]
pub async fn week(date: String) -> Result<WeekData, ApiError> {
    let (services, actor) = (crate::context::services(), crate::context::actor().await?);
    let week = service::availability::week(&services, &actor, domain::moment::date(&date)).await?;
    Ok(WeekData { public_url: super::providers::address_of(&week.provider.public), week })
}

/// Creates the entry, or replaces the one that `availability_id` names.
#[server(prefix = "/rpc", endpoint = "save_hours", client = Scripts)]
pub async fn save_hours(hours: Entered) -> Result<Uuid, ApiError> {
    let (services, actor) = (crate::context::services(), crate::context::actor().await?);
    let is_first = hours.is_on("first");
    let entry = match hours.get("availability_id") {
        "" => {
            let new = NewEntry::by_clock(move |home| crate::calendar::hours::parse(&hours, home));
            service::availability::create(&services, &actor, new, None).await?
        }
        known => {
            let id = id(known)?;
            let stored = service::availability::get(&services, &actor, id).await?;
            let new = NewEntry::by_clock(move |home| crate::calendar::hours::parse_change(&hours, &stored, home));
            service::availability::replace(&services, &actor, id, new).await?
        }
    };
    return_to(if is_first { "/dashboard?first=hours" } else { "/dashboard" });
    Ok(entry.availability_id)
}

/// How many orphaned bookings are named.
#[cfg(feature = "ssr")]
const NAMED_ORPHANS: usize = 10;

/// What a deletion left outside open time: the first of it by name, and how much there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeletedHours {
    pub orphans: Vec<Orphan>,
    pub orphan_count: usize,
}

/// What a deletion would leave outside open time, before it is done.
#[server(prefix = "/rpc", endpoint = "deletion_of_hours", client = Scripts)]
pub async fn deletion_of_hours(availability_id: String) -> Result<DeletedHours, ApiError> {
    let (services, actor) = (crate::context::services(), crate::context::actor().await?);
    let orphans = service::availability::orphans(&services, &actor, id(&availability_id)?).await?;
    left_outside(&services, &actor, &orphans).await
}

#[cfg(feature = "ssr")]
async fn left_outside(
    services: &service::Services,
    actor: &service::Actor,
    orphans: &[Uuid],
) -> Result<DeletedHours, ApiError> {
    let named = &orphans[..orphans.len().min(NAMED_ORPHANS)];
    let named = service::bookings::orphans(services, actor, named).await?;
    Ok(DeletedHours { orphans: named, orphan_count: orphans.len() })
}

#[server(prefix = "/rpc", endpoint = "delete_hours", client = Scripts)]
pub async fn delete_hours(availability_id: String) -> Result<DeletedHours, ApiError> {
    let (services, actor) = (crate::context::services(), crate::context::actor().await?);
    let deleted = service::availability::delete(&services, &actor, id(&availability_id)?).await?;
    return_to("/dashboard");
    left_outside(&services, &actor, &deleted.orphaned_bookings).await
}
