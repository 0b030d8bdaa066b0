//! A week of one's own calendar, as its page shows it.

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta};
use domain::dashboard::{ShownHours, Week, clocks};
use domain::live::{LiveState, Profile};
use domain::zones::Zones;
use domain::{AvailabilityEntry, Instant, Openings, Pattern, Problem, TimeRange, TimeZone, moment};

use crate::bookings::shown;
use crate::{Actor, Error, Services, store};

/// The week, from a Monday, that holds `date` by the provider's clock; the present one without.
pub async fn week(s: &Services, actor: &Actor, date: Option<NaiveDate>) -> Result<Week, Error> {
    let (provider_id, now) = (actor.provider()?, s.clock.now());
    // First: what is computed while others are put to use is asked for again.
    let edition = Zones::in_use().edition();
    let date = date.filter(moment::is_near);
    // Which week it is depends on a zone that is read with it: two days more on both sides.
    let around = date.unwrap_or(now.date_naive()).and_time(NaiveTime::MIN).and_utc();
    let within = TimeRange::new(around - TimeDelta::days(9), around + TimeDelta::days(10));
    let within = within.map_err(|_| Problem::Malformed { detail: "There is no such week.".into() })?;
    let read = store::week::week(&s.pool, provider_id, within).await?.ok_or(Problem::NotFound)?;

    let provider = read.provider;
    let zone = provider.public.time_zone.clone();
    let (present, now) = (now, zone.local(now));
    let date = date.unwrap_or(now.date());
    let monday = date - TimeDelta::days(i64::from(date.weekday().num_days_from_monday()));
    let midnight = |day: NaiveDate| zone.instant(day.and_time(NaiveTime::MIN));
    let within = TimeRange::new(midnight(monday), midnight(monday + TimeDelta::days(7)))
        .map_err(|_| Problem::Malformed { detail: "There is no such week.".into() })?;
    let has_hours = !read.entries.is_empty();
    let mut hours = Vec::new();
    let mut entries = read.entries;
    entries.retain(|entry| {
        let before = hours.len();
        hours.extend(occurrences(entry, within, &zone));
        hours.len() > before
    });
    let in_week =
        read.bookings.into_iter().filter(|booking| booking.start < within.end() && booking.end > within.start());
    let mut bookings: Vec<_> = in_week.map(|booking| shown(booking, &zone)).collect();
    bookings.sort_by_key(|shown| (shown.booking.start, shown.booking.end));
    let profile = Profile { provider: provider.public.clone(), offerings: Vec::new() };
    let live = LiveState { version: read.version, profile, openings: Openings::default(), zones: edition };
    let series = entries.iter().filter_map(|entry| match &entry.pattern {
        Pattern::Recurring(series) => Some(series.time_zone.name()),
        Pattern::OneOff(_) => None,
    });
    let zones = Zones::in_use().lines(series.chain([zone.name()]), told(within, present));
    Ok(Week { provider, monday, now, entries, hours, bookings, has_hours, zones, live })
}

/// The time of which a week's page tells: overlaps of series are judged for ten years, and the present moves on.
fn told(week: TimeRange, now: Instant) -> Option<TimeRange> {
    let (from, to) = (week.start().min(now), week.end().max(now));
    TimeRange::new(from - TimeDelta::days(370), to + TimeDelta::days(12 * 366)).ok()
}

fn occurrences(entry: &AvailabilityEntry, within: TimeRange, zone: &TimeZone) -> impl Iterator<Item = ShownHours> {
    entry.pattern.occurrences(within).into_iter().map(|occurrence| ShownHours {
        availability_id: entry.availability_id,
        effect: entry.effect,
        start: zone.local(occurrence.range.start()),
        end: zone.local(occurrence.range.end()),
        clocks: clocks(occurrence.range.start(), occurrence.range.end(), zone),
        date: occurrence.date,
    })
}
