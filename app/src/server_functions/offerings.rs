//! A provider's appointment types.

use domain::Offering;
use leptos::prelude::*;

use crate::dashboard::form_kit::Entered;
use crate::error::ApiError;
use crate::proof::Scripts;

#[cfg(feature = "ssr")]
use super::{id, return_to};
#[cfg(feature = "ssr")]
use crate::context::{actor, services};

/// All of one's own offerings, those that are not offered at present too.
#[server(prefix = "/rpc", endpoint = "list_offerings", client = Scripts)]
pub async fn list_offerings() -> Result<Vec<Offering>, ApiError> {
    let (services, actor) = (services(), actor().await?);
    let provider = actor.provider()?.to_string();
    Ok(service::offerings::list(&services, &actor, &provider).await?)
}

/// Creates the offering, or replaces the one that `offering_id` names.
#[server(prefix = "/rpc", endpoint = "save_offering", client = Scripts)]
pub async fn save_offering(offering: Entered) -> Result<Offering, ApiError> {
    let (services, actor) = (services(), actor().await?);
    let mut offering = offering;
    let offering_id = offering.0.remove("offering_id").unwrap_or_default();
    // A box that is not ticked is not sent at all.
    offering.0.entry("active".into()).or_default();
    let form = domain::Form::entered(offering.0);
    let saved = match offering_id.as_str() {
        "" => {
            let new = domain::NewOffering::parse(form).map_err(domain::Problem::from)?;
            service::offerings::create(&services, &actor, new, None).await?
        }
        known => {
            let new = domain::form::OfferingChange::parse(form).map_err(domain::Problem::from)?;
            service::offerings::replace(&services, &actor, id(known)?, new).await?
        }
    };
    return_to("/dashboard/offerings");
    Ok(saved)
}

/// Offers it, or pauses it; nothing else of it changes, whatever a page that asks believes it to be.
#[server(prefix = "/rpc", endpoint = "offer_offering", client = Scripts)]
pub async fn offer_offering(offering_id: String, active: bool) -> Result<(), ApiError> {
    let (services, actor) = (services(), actor().await?);
    service::offerings::set_active(&services, &actor, id(&offering_id)?, active).await?;
    return_to("/dashboard/offerings");
    Ok(())
}

#[server(prefix = "/rpc", endpoint = "delete_offering", client = Scripts)]
pub async fn delete_offering(offering_id: String) -> Result<(), ApiError> {
    service::offerings::delete(&services(), &actor().await?, id(&offering_id)?).await?;
    return_to("/dashboard/offerings");
    Ok(())
}
