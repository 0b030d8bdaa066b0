//! A booking as an iCalendar file (RFC 5545), for the calendars of guest and provider.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::live::Profile;
use domain::{Booking, BookingStatus, Problem};
use http::header;
use icalendar::{Calendar, Component, Event, EventLike, EventStatus};
use service::{Actor, auth, bookings, providers};

use super::ApiProblem;
use super::extract::{Authed, PathId, Query};
use crate::state::AppState;

/// A booking as a calendar file
///
/// For its provider, or its guest by manage token; the token may also come as `key`, since programs
/// that subscribe to calendars send no headers.
#[utoipa::path(
    get, path = "/bookings/{booking_id}/ics", tag = "Bookings",
    security(("provider_token" = []), ("manage_token" = []), ("manage_key" = [])),
    params(
        ("booking_id" = Uuid, Path),
        ("key" = Option<String>, Query, description = "The booking's manage token."),
    ),
    responses(
        (status = 200, body = String, content_type = "text/calendar"),
        (status = 404, description = "not-found"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn ics(
    State(state): State<AppState>,
    Authed(actor): Authed,
    PathId(booking_id): PathId,
    query: Query,
) -> Result<Response, ApiProblem> {
    let [key] = query.only(["key"])?;
    let manage_url = key.as_ref().map(|key| state.config.url(&format!("/bookings/{booking_id}?key={key}")));
    let actor = match key {
        Some(key) => match auth::by_bearer(&state.services, &key).await? {
            guest @ Actor::Guest { .. } => guest,
            // A provider's token opens everything: it has no place in an address.
            _ => return Err(Problem::Unauthenticated.into()),
        },
        None => actor,
    };
    let booking = bookings::get(&state.services, &actor, booking_id).await?;
    let profile = providers::profile(&state.services, &booking.provider_id.to_string()).await?;
    let name = format!("attachment; filename=\"{}.ics\"", booking.reference);
    let headers =
        [(header::CONTENT_TYPE, "text/calendar; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, calendar(&booking, &profile, manage_url).to_string()).into_response())
}

fn calendar(booking: &Booking, profile: &Profile, manage_url: Option<String>) -> Calendar {
    let mut event = Event::new();
    event
        .uid(&booking.booking_id.to_string())
        .timestamp(booking.updated_at)
        .sequence(booking.sequence)
        .starts(booking.start)
        .ends(booking.end)
        .summary(&format!("{}: {}", booking.title, profile.provider.display_name))
        .status(match booking.status {
            BookingStatus::Pending => EventStatus::Tentative,
            BookingStatus::Cancelled | BookingStatus::Declined => EventStatus::Cancelled,
            BookingStatus::Confirmed | BookingStatus::Completed | BookingStatus::NoShow => EventStatus::Confirmed,
        })
        .description(&format!("Reference {}", booking.reference));
    if !booking.location.is_empty() {
        event.location(&booking.location);
    }
    if let Some(url) = manage_url {
        event.url(&url);
    }
    Calendar::new().push(event.done()).done()
}
