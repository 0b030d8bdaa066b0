//! Bookings: made by guests, seen and cancelled by both sides.

use axum::Json;
use axum::extract::State;
use domain::booking::BookingFilter;
use domain::form::parse_reason;
use domain::{Booking, BookingStatus, NewBooking, Page};
use service::bookings;
use service::paging::PageRequest;

use super::ApiProblem;
use super::answer::Created;
use super::extract::{AsProvider, Authed, JsonForm, NoQuery, OptionalJsonForm, PathId, Query};
use super::from_to;
use super::replies::Booked;
use super::requests::{BookingRequest, CancelRequest};
use crate::client_address::ClientAddress;
use crate::state::AppState;

/// Book a time
///
/// Of all who ask for the same time at once exactly one gets it; the others get `slot-taken` with the
/// nearest free ones. Send an `Idempotency-Key`, drawn at random: a repeated request is then not a second
/// booking. A provider may send their token, to book for their own guests without the limits of guests. A guest, known by their e-mail, has as many seats of a group as the offering's `seats_per_guest`; one more
/// is `invalid` with the code `already_booked`.
#[utoipa::path(
    post, path = "/bookings", tag = "Bookings", security((), ("provider_token" = [])),
    request_body = BookingRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again.")),
    responses(
        (status = 201, body = Booked, headers(("Location" = String, description = "The booking."))),
        (status = 404, description = "not-found"),
        (status = 409, description = "slot-taken"),
        (status = 413, description = "too-large"),
        (status = 422, description = "invalid, not-bookable, idempotency-mismatch"),
    ),
)]
pub async fn book(
    State(state): State<AppState>,
    Authed(actor): Authed,
    address: ClientAddress,
    _: NoQuery,
    JsonForm { form, repeat }: JsonForm,
) -> Result<Created<Booked>, ApiProblem> {
    let new = NewBooking::parse(form)?;
    let booked = match state.allowances.bookings.take(address) {
        Ok(permit) => {
            let booked = bookings::book(&state.services, &actor, new, repeat).await?;
            permit.used_if(!booked.is_repeated);
            booked
        }
        Err(refusal) => match &repeat {
            Some(repeat) => bookings::booked_before(&state.services, &actor, &new, repeat).await?.ok_or(refusal)?,
            None => return Err(refusal.into()),
        },
    };
    let (id, key) = (booked.booking.booking_id, &booked.manage_token);
    let body = Booked {
        manage_url: state.config.url(&format!("/bookings/{id}?key={key}")),
        ics_url: state.config.url(&format!("/api/v1/bookings/{id}/ics?key={key}")),
        booking: booked.booking,
        manage_token: booked.manage_token,
    };
    Ok(Created { location: format!("/api/v1/bookings/{id}"), body })
}

/// The provider's bookings
///
/// In order of start.
#[utoipa::path(
    get, path = "/bookings", tag = "Bookings", security(("provider_token" = [])),
    params(
        ("from" = Option<String>, Query, description = "A date in the provider's zone, or an instant.", example = "2026-11-23"),
        ("to" = Option<String>, Query, description = "As `from`, exclusive.", example = "2026-11-30"),
        ("status" = Option<BookingStatus>, Query),
        ("search" = Option<String>, Query, description = "Part of the guest's name, e-mail or the reference.", example = "grace"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Default 50.", example = 50),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before."),
    ),
    responses((status = 200, body = Page<Booking>), (status = 422, description = "invalid")),
)]
pub async fn list(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    query: Query,
) -> Result<Json<Page<Booking>>, ApiProblem> {
    let [from, to, status, search, limit, cursor] =
        query.only(["from", "to", "status", "search", "limit", "cursor"])?;
    let page = PageRequest::parse(limit.as_deref(), cursor)?;
    let status = status.map(|status| status.parse::<BookingStatus>()).transpose();
    let status = status.map_err(|()| ApiProblem::malformed("status is not one that a booking can have."))?;
    let stretch = from_to::read(&state.services, &actor, from.as_deref(), to.as_deref()).await?;
    let filter = BookingFilter { from: stretch.from, to: stretch.to, status, search };
    Ok(Json(bookings::list(&state.services, &actor, filter, page).await?))
}

/// One booking
///
/// For its provider, or its guest by manage token.
#[utoipa::path(
    get, path = "/bookings/{booking_id}", tag = "Bookings",
    security(("provider_token" = []), ("manage_token" = [])),
    params(("booking_id" = Uuid, Path)),
    responses(
        (status = 200, body = Booking),
        (status = 404, description = "not-found"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn get(
    State(state): State<AppState>,
    Authed(actor): Authed,
    PathId(booking_id): PathId,
    _: NoQuery,
) -> Result<Json<Booking>, ApiProblem> {
    Ok(Json(bookings::get(&state.services, &actor, booking_id).await?))
}

/// Cancel a booking
///
/// Frees the time at once. For its provider, or its guest by manage token.
#[utoipa::path(
    post, path = "/bookings/{booking_id}/cancel", tag = "Bookings",
    security(("provider_token" = []), ("manage_token" = [])),
    params(("booking_id" = Uuid, Path)),
    request_body = Option<CancelRequest>,
    responses(
        (status = 200, body = Booking),
        (status = 404, description = "not-found"),
        (status = 409, description = "invalid-transition"),
        (status = 413, description = "too-large"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn cancel(
    State(state): State<AppState>,
    Authed(actor): Authed,
    PathId(booking_id): PathId,
    _: NoQuery,
    OptionalJsonForm(form): OptionalJsonForm,
) -> Result<Json<Booking>, ApiProblem> {
    let reason = parse_reason(form)?;
    Ok(Json(bookings::cancel(&state.services, &actor, booking_id, reason).await?))
}
