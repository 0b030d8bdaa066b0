//! Reads a week of the provider's calendar; on the server, which has the zone database.

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta};
use domain::live::{LiveState, Profile};
use domain::{AvailabilityEntry, Booking, Openings, Problem, TimeRange, TimeZone};
use service::paging::PageRequest;
use service::{Actor, Services};
use uuid::Uuid;

use super::week_layout::{ShownBooking, ShownHours, WeekData, spoken_range};
use crate::error::ApiError;
use crate::server_functions::availability::{DeletedHours, Orphan};

/// How many orphaned bookings are named.
const NAMED_ORPHANS: usize = 10;

pub async fn week(services: &Services, actor: &Actor, date: Option<NaiveDate>) -> Result<WeekData, ApiError> {
    let provider = service::providers::me(services, actor).await?;
    // The version first: what changes while the rest is read has a higher one and makes the page ask again.
    let snapshot = service::snapshot::current(services, provider.public.provider_id).await?;
    let zone = &provider.public.time_zone;
    let now = zone.local(services.clock.now());
    let date = date.filter(|date| (1971..2199).contains(&date.year())).unwrap_or(now.date());
    let monday = date - TimeDelta::days(i64::from(date.weekday().num_days_from_monday()));
    let midnight = |day: NaiveDate| zone.instant(day.and_time(NaiveTime::MIN));
    let within = TimeRange::new(midnight(monday), midnight(monday + TimeDelta::days(7)))
        .map_err(|_| Problem::Malformed { detail: "There is no such week.".into() })?;

    let entries = entries_within(services, actor, within).await?;
    let mut hours = Vec::new();
    for entry in &entries {
        hours.extend(entry.pattern.occurrences(within).into_iter().map(|occurrence| ShownHours {
            availability_id: entry.availability_id,
            effect: entry.effect,
            start: zone.local(occurrence.range.start()),
            end: zone.local(occurrence.range.end()),
            date: occurrence.date,
        }));
    }
    let titled = |booking| shown(booking, zone);
    let bookings = service::bookings::within(services, actor, within).await?;
    let mut bookings: Vec<_> = bookings.into_iter().filter(|booking| booking.status.is_active()).map(titled).collect();
    bookings.sort_by_key(|shown| (shown.booking.start, shown.booking.end));
    let has_hours = !entries.is_empty() || {
        let one = PageRequest { limit: 1, cursor: None };
        !service::availability::list(services, actor, None, one).await?.items.is_empty()
    };
    let offerings = snapshot.calendar.offerings.iter().filter(|offering| offering.active).cloned().collect();
    let profile = Profile { provider: provider.public.clone(), offerings };
    let live = LiveState { version: snapshot.version, profile, openings: Openings::default() };
    Ok(WeekData { provider, monday, now, entries, hours, bookings, has_hours, live })
}

/// A booking by the provider's clock, with the title of what was booked.
pub fn shown(booking: Booking, zone: &TimeZone) -> ShownBooking {
    ShownBooking {
        start: zone.local(booking.start),
        end: zone.local(booking.end),
        offering: booking.title.clone(),
        booking,
    }
}

async fn entries_within(
    services: &Services,
    actor: &Actor,
    within: TimeRange,
) -> Result<Vec<AvailabilityEntry>, ApiError> {
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest { limit: 200, cursor };
        let page = service::availability::list(services, actor, Some(within), page).await?;
        entries.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(entries);
        }
    }
}

/// Names the first of the bookings that a deletion left outside open time.
pub async fn orphans(services: &Services, actor: &Actor, ids: &[Uuid]) -> Result<DeletedHours, ApiError> {
    let provider = service::providers::me(services, actor).await?;
    let zone = &provider.public.time_zone;
    let mut orphans = Vec::new();
    for &booking_id in ids.iter().take(NAMED_ORPHANS) {
        let booking = service::bookings::get(services, actor, booking_id).await?;
        let when = spoken_range(zone.local(booking.start), zone.local(booking.end));
        orphans.push(Orphan { booking_id, guest: booking.guest.name, when });
    }
    Ok(DeletedHours { orphans, orphan_count: ids.len() })
}
