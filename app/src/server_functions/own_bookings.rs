//! A provider's bookings: what the list and its dialogs ask of the server.

use chrono::NaiveDateTime;
use domain::Booking;
use domain::live::LiveState;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::calendar::ShownBooking;
use crate::error::ApiError;
use crate::proof::Scripts;

#[cfg(feature = "ssr")]
use super::{id, return_to};
#[cfg(feature = "ssr")]
use crate::context::{actor, services};

/// Which bookings to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shelf {
    #[default]
    Upcoming,
    Past,
    Cancelled,
}

impl Shelf {
    pub const ALL: [(Self, &str, &str); 3] = [
        (Self::Upcoming, "upcoming", "Upcoming"),
        (Self::Past, "past", "Past"),
        (Self::Cancelled, "cancelled", "Cancelled"),
    ];

    /// By its name in the address; `Upcoming` for any other.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|shelf| shelf.1 == name).map_or(Self::Upcoming, |shelf| shelf.0)
    }

    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

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
    crate::dashboard::shelf::shelf(&services(), &actor().await?, Shelf::named(&shelf), &search, &cursor).await
}

#[server(prefix = "/rpc", endpoint = "cancel_own_booking", client = Scripts)]
pub async fn cancel_own_booking(booking_id: String, reason: String) -> Result<Booking, ApiError> {
    let form = domain::Form::entered([("reason", reason)]);
    let reason = domain::form::parse_reason(form).map_err(domain::Problem::from)?;
    let booking = service::bookings::cancel(&services(), &actor().await?, id(&booking_id)?, reason).await?;
    return_to("/dashboard/bookings");
    Ok(booking)
}
