//! Random calendars of a few days, set where offsets change.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc, Weekday};
use domain::availability::SeriesException;
use domain::calendar::{Appointment, Calendar};
use domain::recurrence::RecurrenceEnd;
use domain::{
    AvailabilityEntry, Effect, NewOffering, Offering, Pattern, Recurrence, Series, TimeRange, TimeZone, WallTime,
};
use proptest::prelude::*;
use uuid::Uuid;

/// Zones with a date near which something happens to their offset.
const SCENES: [(&str, i32, u32, u32); 13] = [
    ("UTC", 2026, 6, 15),
    ("Europe/Paris", 2026, 3, 29),
    ("Europe/Paris", 2026, 10, 25),
    ("America/New_York", 2026, 3, 8),
    ("America/New_York", 2026, 11, 1),
    ("Australia/Lord_Howe", 2026, 4, 5),
    ("Australia/Lord_Howe", 2026, 10, 4),
    ("Asia/Kathmandu", 1986, 1, 1),
    ("Africa/Casablanca", 2025, 2, 23),
    ("Africa/Casablanca", 2025, 4, 6),
    ("America/Santiago", 2026, 4, 5),
    ("America/Santiago", 2026, 9, 6),
    ("Pacific/Apia", 2011, 12, 30),
];

#[derive(Clone, Debug)]
pub struct Scene {
    pub calendar: Calendar,
    pub within: TimeRange,
    pub now: DateTime<Utc>,
}

impl Scene {
    pub fn offering(&self) -> &Offering {
        &self.calendar.offerings[0]
    }

    pub fn duration(&self) -> u32 {
        self.offering().durations_minutes[0]
    }
}

pub fn zone(name: &str) -> TimeZone {
    name.parse().unwrap()
}

pub fn scene() -> impl Strategy<Value = Scene> {
    (prop::sample::select(&SCENES[..]), -4000i64..1500, 600i64..5000).prop_flat_map(
        |((name, y, m, d), from, length)| {
            let date = NaiveDate::from_ymd_opt(y, m, d).unwrap();
            let start = date.and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::minutes(from);
            let within = TimeRange::from_start(start, length).unwrap();
            let appointments = appointments(within);
            let entries = prop::collection::vec(entry(zone(name), within), 1..7);
            let offerings = prop::collection::vec(offering(), 2);
            (entries, appointments, offerings, -3000i64..3000, prop::sample::select(&[0, 1, 30_000_000_000i64][..]))
                .prop_map(move |(mut entries, appointments, mut offerings, now, nanos)| {
                    for (index, entry) in entries.iter_mut().enumerate() {
                        entry.availability_id = Uuid::from_u128(index as u128);
                    }
                    for (index, offering) in offerings.iter_mut().enumerate() {
                        offering.offering_id = Uuid::from_u128(index as u128);
                    }
                    let calendar = Calendar { time_zone: zone(name), entries, appointments, offerings };
                    let now = within.start() + TimeDelta::minutes(now) + TimeDelta::nanoseconds(nanos);
                    Scene { calendar, within, now }
                })
        },
    )
}

pub fn entry(home: TimeZone, within: TimeRange) -> impl Strategy<Value = AvailabilityEntry> {
    let effect = prop_oneof![3 => Just(Effect::Open), 1 => Just(Effect::Closed)];
    (effect, pattern(home, within)).prop_map(|(effect, pattern)| AvailabilityEntry {
        availability_id: Uuid::nil(),
        provider_id: Uuid::nil(),
        effect,
        pattern,
        note: None,
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    })
}

pub fn pattern(home: TimeZone, within: TimeRange) -> impl Strategy<Value = Pattern> {
    let one_off = (-2000..within.length().num_minutes() + 500, 1i64..2500).prop_map(move |(from, length)| {
        let start = within.start() + TimeDelta::minutes(from);
        Pattern::OneOff(TimeRange::from_start(start, length).unwrap())
    });
    prop_oneof![1 => one_off, 4 => series(home, within).prop_map(Pattern::Recurring)]
}

fn series(home: TimeZone, within: TimeRange) -> impl Strategy<Value = Series> {
    let first = within.start().date_naive();
    let time_zone = prop_oneof![5 => Just(home), 1 => Just(zone("Asia/Tokyo")), 1 => Just(zone("Europe/London"))];
    // Hours when clocks change come up often, and so does the same start as another series'.
    let start = prop_oneof![2 => 0u16..96, 1 => 0u16..16, 1 => Just(36)].prop_map(|quarter| quarter * 15);
    let end = prop_oneof![2 => 0u16..=96, 1 => 0u16..16].prop_map(|quarter| quarter * 15);
    let exceptions = prop::collection::vec(-2i64..8, 0..3);
    (start, end, -25i64..4, recurrence(first), time_zone, exceptions).prop_map(
        move |(start, end, starts, recurrence, time_zone, exceptions)| Series {
            start_time: WallTime::from_minutes(start).unwrap(),
            end_time: WallTime::from_minutes(end).unwrap(),
            starts_on: first + TimeDelta::days(starts),
            recurrence,
            time_zone,
            exceptions: exceptions
                .into_iter()
                .map(|day| SeriesException { date: first + TimeDelta::days(day) })
                .collect(),
        },
    )
}

pub fn recurrence(first: NaiveDate) -> impl Strategy<Value = Recurrence> {
    let end = (0u32..5, -5i64..12, 0i64..1440, 1u32..12).prop_map(move |(kind, days, minutes, count)| {
        let date = first + TimeDelta::days(days);
        let local = date.and_hms_opt(0, 0, 0).unwrap() + TimeDelta::minutes(minutes);
        match kind {
            0 => RecurrenceEnd::Until(date),
            1 => RecurrenceEnd::UntilLocal(local),
            2 => RecurrenceEnd::UntilInstant(local.and_utc()),
            3 => RecurrenceEnd::Count(count),
            _ => RecurrenceEnd::Never,
        }
    });
    (prop::bits::u8::masked(0x7f), 1u32..4, end, 0u8..7).prop_map(|(days, interval, end, week_start)| {
        let weekday = |day: u8| Weekday::try_from(day).unwrap();
        let week_start = weekday(week_start);
        let mut weekdays: Vec<_> = (0..7).filter(|day| days & (1 << day) != 0).map(weekday).collect();
        weekdays.sort_by_key(|day| day.days_since(week_start));
        Recurrence { interval, weekdays, end, week_start }
    })
}

/// One after the other, from two days before `within` on; blocked stretches touch now and then.
fn appointments(within: TimeRange) -> impl Strategy<Value = Vec<Appointment>> {
    let gap = prop_oneof![Just(0i64), 0i64..60, 0i64..900];
    let buffer = prop_oneof![Just(0i64), 0i64..40];
    let one = (gap, buffer.clone(), 1i64..24, buffer, any::<bool>(), 1u32..4, 1u32..4, 0u128..2);
    prop::collection::vec(one, 0..16).prop_map(move |all| {
        let mut free = within.start() - TimeDelta::days(2);
        let mut appointments = Vec::new();
        for (index, (gap, before, length, after, held, capacity, seats, offering)) in all.into_iter().enumerate() {
            let start = free + TimeDelta::minutes(gap + before);
            let during = TimeRange::from_start(start, length * 5).unwrap();
            let blocked = during.widened(before, after);
            free = blocked.end();
            appointments.push(Appointment {
                appointment_id: Uuid::from_u128(index as u128),
                offering_id: Uuid::from_u128(offering),
                during,
                blocked,
                held: held && index % 3 == 0,
                capacity,
                seats_taken: seats.min(capacity),
            });
        }
        appointments
    })
}

fn offering() -> impl Strategy<Value = Offering> {
    let buffer = prop_oneof![2 => Just(0u32), 2 => 0u32..60, 1 => 0u32..=1440];
    let notice = prop_oneof![Just(0u32), 0u32..2000];
    let limit = prop::option::of(1u32..4);
    (1u32..40, 1u32..20, buffer.clone(), buffer, notice, 1u32..6, limit, 1u32..4, 0u8..20).prop_map(
        |(length, step, buffer_before_minutes, buffer_after_minutes, notice, horizon_days, limit, capacity, active)| {
            let details = NewOffering {
                durations_minutes: vec![length * 5],
                step_minutes: step * 5,
                buffer_before_minutes,
                buffer_after_minutes,
                min_notice_minutes: notice,
                horizon_days,
                daily_limit: limit,
                capacity,
                active: active > 0,
                ..NewOffering::first()
            };
            Offering { offering_id: Uuid::nil(), version: 1, details }
        },
    )
}
