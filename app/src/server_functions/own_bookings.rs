//! A provider's bookings: what the list and its dialogs ask of the server.

use chrono::NaiveDateTime;
use domain::Booking;
use domain::dashboard::ShownBooking;
use domain::live::LiveState;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::proof::Scripts;

#[cfg(feature = "ssr")]
use domain::Openings;
#[cfg(feature = "ssr")]
use domain::dashboard::{BookingList, Shelf};
#[cfg(feature = "ssr")]
use domain::live::Profile;
#[cfg(feature = "ssr")]
use service::paging::PageRequest;

#[cfg(feature = "ssr")]
use super::{id, return_to};
#[cfg(feature = "ssr")]
use crate::context::{actor, services};

/// One page of a shelf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShelfPage {
    pub items: Vec<ShownBooking>,
    pub next_cursor: Option<String>,
    pub now: NaiveDateTime,
    /// The page to share, whole.
    pub public_url: String,
    pub live: LiveState,
}

#[server(prefix = "/rpc", endpoint = "list_bookings", client = Scripts)]
pub async fn list_bookings(shelf: String, search: String, cursor: String) -> Result<ShelfPage, ApiError> {
    let page = PageRequest { cursor: Some(cursor).filter(|cursor| !cursor.is_empty()), ..PageRequest::default() };
    // First: what is computed while others are put to use is asked for again.
    let zones = domain::zones::Zones::in_use().edition();
    let list = service::bookings::shelf(&services(), &actor().await?, Shelf::named(&shelf), &search, page).await?;
    let BookingList { items, next_cursor, now, provider, version } = list;
    let public_url = super::providers::address_of(&provider);
    let profile = Profile { provider, offerings: Vec::new() };
    let live = LiveState { version, profile, openings: Openings::default(), zones };
    Ok(ShelfPage { items, next_cursor, now, public_url, live })
}

#[server(prefix = "/rpc", endpoint = "cancel_own_booking", client = Scripts)]
pub async fn cancel_own_booking(booking_id: String, reason: String) -> Result<Booking, ApiError> {
    let form = domain::Form::entered([("reason", reason)]);
    let reason = domain::form::parse_reason(form).map_err(domain::Problem::from)?;
    let booking = service::bookings::cancel(&services(), &actor().await?, id(&booking_id)?, reason).await?;
    return_to("/dashboard/bookings");
    Ok(booking)
}
