//! How long the engine takes for a year of one provider, beside an oracle that looks at every start.

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc, Weekday};
use domain::calendar::{Appointment, Calendar, conflicts};
use domain::slots::slots;
use domain::{
    AvailabilityEntry, Effect, NewOffering, Offering, Pattern, Recurrence, Series, Slot, TimeRange, WallTime,
};
use uuid::Uuid;

const WORKDAYS: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
const DURATION: u32 = 15;
/// Of an appointment that is already booked, in minutes.
const BOOKED: i64 = 20;

fn main() {
    let year = year(1);
    let calendar = calendar(2000, 1);
    let fast = median(400, || engine(&calendar, year));
    let openings = median(400, || calendar.openings(year).windows.len());
    let slow = median(3, || oracle(&calendar, year));
    assert_eq!(engine(&calendar, year), oracle(&calendar, year), "the engine and the oracle disagree");

    println!(
        "engine: a year, 2,000 bookings, 5-minute step | {} µs | naive oracle {} µs | {:.0} times faster",
        fast.as_micros(),
        slow.as_micros(),
        slow.as_secs_f64() / fast.as_secs_f64()
    );
    println!(
        "  of it the openings {} µs; {} windows, {} starts",
        openings.as_micros(),
        calendar.openings(year).windows.len(),
        engine(&calendar, year).len()
    );
    println!("growth: years, bookings | µs | windows + starts | ns for each");
    for (years, bookings) in [(1, 500), (1, 1000), (1, 2000), (1, 4000), (2, 1000), (2, 2000), (2, 4000), (2, 8000)] {
        let calendar = self::calendar(bookings, years);
        let within = self::year(years);
        let time = median(200, || engine(&calendar, within));
        let size = calendar.openings(within).windows.len() + engine(&calendar, within).len();
        let each = time.as_nanos() as usize / size;
        println!("  {years}, {bookings:>5} | {:>5} | {size:>6} | {each}", time.as_micros());
    }
    let entries: Vec<AvailabilityEntry> =
        (0..50).map(|index| entry(6 * 60 + index * 10, 6 * 60 + index * 10 + 10)).collect();
    let Pattern::Recurring(wanted) = entry(18 * 60, 19 * 60).pattern else { unreachable!() };
    let wanted = Pattern::Recurring(Series { time_zone: "Europe/London".parse().unwrap(), ..wanted });
    let one = median(50, || conflicts(&entries[..1], &wanted, 10));
    let all = median(10, || conflicts(&entries, &wanted, 10));
    println!(
        "conflicts over ten years, none found | 1 entry {} µs | 50 entries {} µs",
        one.as_micros(),
        all.as_micros()
    );
}

fn engine(calendar: &Calendar, within: TimeRange) -> Vec<Slot> {
    let openings = calendar.openings(within);
    slots(&openings, &calendar.offerings[0], DURATION, within, within.start())
}

/// Tries every fifth minute against every occurrence and every appointment.
fn oracle(calendar: &Calendar, within: TimeRange) -> Vec<Slot> {
    let open: Vec<TimeRange> = calendar
        .entries
        .iter()
        .flat_map(|entry| entry.pattern.occurrences(within))
        .map(|occurrence| occurrence.range)
        .collect();
    let mut found = Vec::new();
    let mut start = within.start();
    while start < within.end() {
        let during = TimeRange::from_start(start, DURATION.into()).unwrap();
        if open.iter().any(|range| range.encloses(&during))
            && !calendar.appointments.iter().any(|taken| taken.blocked.overlaps(&during))
        {
            found.push(Slot { start, end: during.end(), remaining: 1 });
        }
        start += TimeDelta::minutes(5);
    }
    found
}

fn median<T>(runs: usize, mut work: impl FnMut() -> T) -> Duration {
    black_box(work());
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let begun = Instant::now();
            black_box(work());
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[runs / 2]
}

fn year(years: i64) -> TimeRange {
    let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    TimeRange::new(start, start + TimeDelta::days(365 * years)).unwrap()
}

/// Mondays to Fridays 09:00-12:00 and 13:00-17:00 in Paris, with bookings strewn over them.
fn calendar(bookings: usize, years: i64) -> Calendar {
    let offering = Offering {
        offering_id: Uuid::nil(),
        version: 1,
        details: NewOffering {
            durations_minutes: vec![DURATION],
            step_minutes: 5,
            horizon_days: 366 * years as u32,
            ..NewOffering::first()
        },
    };
    let mut calendar = Calendar {
        time_zone: "Europe/Paris".parse().unwrap(),
        entries: vec![entry(9 * 60, 12 * 60), entry(13 * 60, 17 * 60)],
        appointments: Vec::new(),
        offerings: vec![offering],
    };
    let length = TimeDelta::minutes(BOOKED);
    let windows = calendar.openings(year(years)).windows;
    let places = windows.iter().flat_map(|window| {
        (0..).map(move |nth| window.start + length * nth).take_while(move |start| *start + length <= window.end)
    });
    // Strewn without a source of randomness, so that every run measures the same.
    let mut places: Vec<DateTime<Utc>> = places.collect();
    places.sort_by_key(|start| (start.timestamp() as u64 / 60).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    places.truncate(bookings);
    places.sort_unstable();
    assert_eq!(places.len(), bookings, "the hours are too few for so many bookings");
    let appointment = |(nth, start)| {
        let during = TimeRange::from_start(start, BOOKED).unwrap();
        Appointment {
            appointment_id: Uuid::from_u128(nth as u128),
            offering_id: Uuid::nil(),
            during,
            blocked: during,
            held: false,
            capacity: 1,
            seats_taken: 1,
        }
    };
    calendar.appointments = places.into_iter().enumerate().map(appointment).collect();
    calendar
}

fn entry(start: u16, end: u16) -> AvailabilityEntry {
    AvailabilityEntry {
        availability_id: Uuid::from_u128(start.into()),
        provider_id: Uuid::nil(),
        effect: Effect::Open,
        pattern: Pattern::Recurring(Series {
            start_time: WallTime::from_minutes(start).unwrap(),
            end_time: WallTime::from_minutes(end).unwrap(),
            starts_on: "2025-01-01".parse().unwrap(),
            recurrence: Recurrence::weekly(WORKDAYS),
            time_zone: "Europe/Paris".parse().unwrap(),
            exceptions: Vec::new(),
        }),
        note: None,
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}
