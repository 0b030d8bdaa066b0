//! Reads one page of a shelf of bookings: upcoming ones from the next on, others from the latest back.

use chrono::TimeDelta;
use domain::booking::BookingFilter;
use domain::live::{LiveState, Profile};
use domain::{Booking, BookingStatus, Instant, Openings, Problem};
use service::paging::PageRequest;
use service::{Actor, Services};

use crate::calendar::reading;
use crate::error::ApiError;
use crate::local_time;
use crate::server_functions::own_bookings::{Shelf, ShelfPage};

/// How many bookings make a page of what is to come.
const PAGE: u32 = 50;
/// How far back the first look into the past goes; each that finds nothing goes twice as far.
const LOOK_BACK: TimeDelta = TimeDelta::days(14);

pub async fn shelf(
    services: &Services,
    actor: &Actor,
    shelf: Shelf,
    search: &str,
    cursor: &str,
) -> Result<ShelfPage, ApiError> {
    let provider = service::providers::me(services, actor).await?;
    let snapshot = service::snapshot::current(services, provider.public.provider_id).await?;
    let now = services.clock.now();
    let search = Some(search.trim().to_owned()).filter(|search| !search.is_empty());
    let filter = BookingFilter { search, ..BookingFilter::default() };
    let (bookings, next_cursor) = match shelf {
        Shelf::Upcoming => upcoming(services, actor, filter, now, cursor).await?,
        Shelf::Past => back(services, actor, filter, now, provider.created_at, cursor).await?,
        Shelf::Cancelled => {
            // No offering reaches further ahead than 366 days.
            let filter = BookingFilter { status: Some(BookingStatus::Cancelled), ..filter };
            back(services, actor, filter, now + TimeDelta::days(400), provider.created_at, cursor).await?
        }
    };
    let kept = |booking: &Booking| match shelf {
        Shelf::Upcoming => booking.status.is_active(),
        Shelf::Past => !matches!(booking.status, BookingStatus::Cancelled | BookingStatus::Declined),
        Shelf::Cancelled => true,
    };
    let zone = &provider.public.time_zone;
    let titled = |booking| reading::shown(booking, zone);
    let public_url = crate::server_functions::providers::address_of(&provider);
    let profile = Profile { provider: provider.public.clone(), offerings: Vec::new() };
    Ok(ShelfPage {
        items: bookings.into_iter().filter(kept).map(titled).collect(),
        next_cursor,
        now: zone.local(now),
        public_url,
        live: LiveState { version: snapshot.version, profile, openings: Openings::default() },
    })
}

type Found = (Vec<Booking>, Option<String>);

async fn upcoming(
    services: &Services,
    actor: &Actor,
    filter: BookingFilter,
    now: Instant,
    cursor: &str,
) -> Result<Found, ApiError> {
    // What began up to a day ago may still be going on.
    let filter = BookingFilter { from: Some(now - TimeDelta::days(1)), ..filter };
    let mut cursor = Some(cursor.to_owned()).filter(|cursor| !cursor.is_empty());
    loop {
        let page =
            service::bookings::list(services, actor, filter.clone(), PageRequest { limit: PAGE, cursor }).await?;
        let to_come = |booking: &Booking| booking.end > now && booking.status.is_active();
        let found: Vec<Booking> = page.items.into_iter().filter(to_come).collect();
        if !found.is_empty() || page.next_cursor.is_none() {
            return Ok((found, page.next_cursor));
        }
        cursor = page.next_cursor;
    }
}

/// The service lists in order of start only: stretches of time are read from the latest back, and the
/// cursor is the instant before which to go on. Nothing was booked before the provider was there.
async fn back(
    services: &Services,
    actor: &Actor,
    filter: BookingFilter,
    latest: Instant,
    earliest: Instant,
    cursor: &str,
) -> Result<Found, ApiError> {
    let unreadable = || Problem::Malformed { detail: "This cursor is not one of ours.".into() };
    let mut to = match cursor {
        "" => latest,
        text => local_time::parse_instant(text).ok_or_else(unreadable)?.min(latest),
    };
    let mut length = LOOK_BACK;
    loop {
        let from = to - length;
        let filter = BookingFilter { from: Some(from), to: Some(to), ..filter.clone() };
        let found = all(services, actor, filter, latest).await?;
        let next = (from > earliest).then(|| from.to_rfc3339());
        if !found.is_empty() || next.is_none() {
            return Ok((found, next));
        }
        (to, length) = (from, length * 2);
    }
}

/// All that the filter finds and that has ended by `latest`, the latest first.
async fn all(
    services: &Services,
    actor: &Actor,
    filter: BookingFilter,
    latest: Instant,
) -> Result<Vec<Booking>, ApiError> {
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = service::bookings::list(services, actor, filter.clone(), PageRequest { limit: 200, cursor }).await?;
        found.extend(page.items.into_iter().filter(|booking| booking.end <= latest));
        cursor = page.next_cursor;
        if cursor.is_none() {
            found.reverse();
            return Ok(found);
        }
    }
}
