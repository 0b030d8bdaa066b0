//! Openings: open, less closed, less taken.

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{Appointment, Calendar};
use domain::openings::MAX_BUFFER_MINUTES;
use domain::{AvailabilityEntry, Effect, Pattern, RangeSet, TimeRange, TimeZone};
use proptest::prelude::*;
use uuid::Uuid;

use crate::arbitrary::scene;
use crate::cases;
use crate::oracle::Oracle;

proptest! {
    #![proptest_config(cases(160))]

    #[test]
    fn openings_are_what_every_minute_says(scene in scene()) {
        let expected = Oracle::new(&scene.calendar, scene.within).openings();
        prop_assert_eq!(scene.calendar.openings(scene.within), expected);
    }

    #[test]
    fn a_clipped_piece_is_the_same_as_one_computed_afresh(scene in scene(), from in 0i64..5000, length in 1i64..3000) {
        let start = scene.within.start() + TimeDelta::minutes(from);
        let piece = TimeRange::from_start(start, length).unwrap();
        if let Some(piece) = piece.intersect(&scene.within) {
            let whole = scene.calendar.openings(scene.within);
            prop_assert_eq!(whole.clipped(piece), scene.calendar.openings(piece));
        }
    }

    #[test]
    fn windows_are_sorted_disjoint_and_on_the_far_side_of_their_origin(scene in scene()) {
        let windows = scene.calendar.openings(scene.within).windows;
        for window in &windows {
            prop_assert!(window.origin <= window.start && window.start < window.end);
        }
        for pair in windows.windows(2) {
            prop_assert!(pair[0].end <= pair[1].start);
        }
        let taken: RangeSet = scene.calendar.appointments.iter().map(|taken| taken.blocked).collect();
        let free: RangeSet = windows.iter().map(|window| TimeRange::new(window.start, window.end).unwrap()).collect();
        prop_assert!(free.intersect(&taken).ranges().is_empty());
    }
}

/// 2026-11-23, the whole of it.
fn day() -> TimeRange {
    TimeRange::from_start("2026-11-23T00:00:00Z".parse().unwrap(), 1440).unwrap()
}

/// One-off openings and half-hour appointments, in UTC.
fn calendar(open: &[TimeRange], taken: &[DateTime<Utc>]) -> Calendar {
    let entry = |range: &TimeRange| AvailabilityEntry {
        availability_id: Uuid::nil(),
        provider_id: Uuid::nil(),
        effect: Effect::Open,
        pattern: Pattern::OneOff(*range),
        note: None,
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    };
    let appointment = |start: &DateTime<Utc>| {
        let during = TimeRange::from_start(*start, 30).unwrap();
        Appointment {
            appointment_id: Uuid::nil(),
            offering_id: Uuid::nil(),
            during,
            blocked: during,
            held: false,
            capacity: 1,
            seats_taken: 1,
        }
    };
    Calendar {
        time_zone: TimeZone::utc(),
        entries: open.iter().map(entry).collect(),
        appointments: taken.iter().map(appointment).collect(),
        offerings: Vec::new(),
    }
}

#[test]
fn taken_time_is_named_up_to_a_day_away() {
    let named = |minutes_away: i64| {
        let away = TimeDelta::minutes(minutes_away);
        let taken = [day().start() - away - TimeDelta::minutes(30), day().end() + away];
        let window = calendar(&[day()], &taken).openings(day().widened(60, 60)).windows[0];
        (window.taken_before, window.taken_after)
    };
    let away = TimeDelta::minutes(MAX_BUFFER_MINUTES - 1);
    assert_eq!(named(MAX_BUFFER_MINUTES - 1), (Some(day().start() - away), Some(day().end() + away)));
    assert_eq!(named(MAX_BUFFER_MINUTES), (None, None));
}

#[test]
fn of_two_entries_that_start_together_the_longer_keeps_the_time() {
    let half = TimeRange::from_start(day().start(), 720).unwrap();
    let one = calendar(&[day()], &[]).openings(day());
    assert_eq!(one.windows.len(), 1);
    assert_eq!(calendar(&[half, day()], &[]).openings(day()), one);
    assert_eq!(calendar(&[day(), half], &[]).openings(day()), one);
}
