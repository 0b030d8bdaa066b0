//! Conflicts between open entries, and where else the hours would fit.

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{conflicts, suggestions};
use domain::{AvailabilityEntry, Effect, Pattern, Series, TimeRange};
use proptest::prelude::*;
use uuid::Uuid;

use crate::arbitrary::{pattern, scene, zone};
use crate::cases;
use crate::oracle::each_minute;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn range(start: &str, end: &str) -> TimeRange {
    TimeRange::new(utc(start), utc(end)).unwrap()
}

fn entry(id: u128, effect: Effect, pattern: Pattern) -> AvailabilityEntry {
    AvailabilityEntry {
        availability_id: Uuid::from_u128(id),
        provider_id: Uuid::nil(),
        effect,
        pattern,
        note: None,
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

fn weekly(rule: &str, start: &str, end: &str, zone_name: &str, starts_on: &str) -> Pattern {
    Pattern::Recurring(Series {
        start_time: start.parse().unwrap(),
        end_time: end.parse().unwrap(),
        starts_on: starts_on.parse().unwrap(),
        recurrence: rule.parse().unwrap(),
        time_zone: zone(zone_name),
        exceptions: Vec::new(),
    })
}

const MONDAYS: &str = "FREQ=WEEKLY;BYDAY=MO";

#[test]
fn hours_that_touch_do_not_conflict() {
    let existing = [entry(1, Effect::Open, weekly(MONDAYS, "09:00", "12:00", "Europe/Paris", "2026-01-01"))];
    let wanted = weekly(MONDAYS, "12:00", "14:00", "Europe/Paris", "2026-01-01");
    assert_eq!(conflicts(&existing, &wanted, 10), []);
}

#[test]
fn a_closed_entry_is_in_nobodys_way() {
    let existing = [entry(1, Effect::Closed, weekly(MONDAYS, "09:00", "12:00", "Europe/Paris", "2026-01-01"))];
    let wanted = weekly(MONDAYS, "09:00", "12:00", "Europe/Paris", "2026-01-01");
    assert_eq!(conflicts(&existing, &wanted, 10), []);
}

#[test]
fn conflicts_name_the_entry_and_the_time_both_would_open() {
    let existing = [
        entry(1, Effect::Open, weekly(MONDAYS, "09:00", "12:00", "Europe/Paris", "2026-01-01")),
        entry(2, Effect::Open, Pattern::OneOff(range("2026-01-12T12:00:00Z", "2026-01-12T15:00:00Z"))),
    ];
    let wanted = weekly(MONDAYS, "11:00", "14:00", "Europe/Paris", "2026-01-06");
    assert_eq!(
        conflicts(&existing, &wanted, 3),
        [
            (Uuid::from_u128(1), range("2026-01-12T10:00:00Z", "2026-01-12T11:00:00Z")),
            (Uuid::from_u128(2), range("2026-01-12T12:00:00Z", "2026-01-12T13:00:00Z")),
            (Uuid::from_u128(1), range("2026-01-19T10:00:00Z", "2026-01-19T11:00:00Z")),
        ]
    );
}

#[test]
fn series_of_two_zones_conflict_only_while_their_offsets_differ_so() {
    // Paris and New York are five hours apart for three weeks of March, six otherwise.
    let existing = [entry(1, Effect::Open, weekly(MONDAYS, "09:00", "10:00", "America/New_York", "2026-01-01"))];
    let wanted = weekly(MONDAYS, "14:00", "15:00", "Europe/Paris", "2026-01-01");
    let found = conflicts(&existing, &wanted, 3);
    let dates: Vec<String> = found.iter().map(|(_, place)| place.start().date_naive().to_string()).collect();
    assert_eq!(dates, ["2026-03-09", "2026-03-16", "2026-03-23"]);
}

#[test]
fn series_of_two_intervals_are_compared_years_ahead() {
    let existing =
        [entry(1, Effect::Open, weekly("FREQ=WEEKLY;INTERVAL=47;BYDAY=MO", "09:00", "10:00", "UTC", "2026-01-05"))];
    let wanted = weekly("FREQ=WEEKLY;INTERVAL=5;BYDAY=MO", "09:00", "10:00", "UTC", "2026-01-12");
    let found = conflicts(&existing, &wanted, 10);
    // Week 47 a = week 1 + 5 b for the first time at a = 3, b = 28.
    assert_eq!(found[0].1, range("2028-09-18T09:00:00Z", "2028-09-18T10:00:00Z"));
}

#[test]
fn a_day_that_does_not_exist_conflicts_once() {
    // Thursday to Saturday, of which Friday the 30th was left out in Samoa: its hours are Saturday's.
    let days = "FREQ=WEEKLY;BYDAY=TH,FR,SA;UNTIL=20111231";
    let existing = [entry(1, Effect::Open, weekly(days, "00:00", "09:15", "Pacific/Apia", "2011-12-29"))];
    let wanted = Pattern::OneOff(range("2011-12-30T10:00:00Z", "2011-12-30T10:15:00Z"));
    let found = conflicts(&existing, &wanted, usize::MAX);
    assert_eq!(
        found.iter().map(|(_, place)| *place).collect::<Vec<_>>(),
        [range("2011-12-30T10:00:00Z", "2011-12-30T10:15:00Z")]
    );
}

#[test]
fn suggestions_are_the_gaps_next_to_what_is_wanted() {
    let existing = [entry(1, Effect::Open, weekly(MONDAYS, "10:00", "11:00", "UTC", "2026-01-01"))];
    let wanted = range("2026-01-12T09:00:00Z", "2026-01-12T12:00:00Z");
    assert_eq!(
        suggestions(&existing, wanted, 4),
        [
            range("2026-01-12T09:00:00Z", "2026-01-12T10:00:00Z"),
            range("2026-01-12T11:00:00Z", "2026-01-12T12:00:00Z"),
            range("2026-01-12T07:00:00Z", "2026-01-12T10:00:00Z"),
            range("2026-01-12T11:00:00Z", "2026-01-12T14:00:00Z"),
        ]
    );
    assert_eq!(suggestions(&[], wanted, 4), [wanted], "what is free is suggested as it is");
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn there_are_conflicts_exactly_where_a_minute_is_open_in_both(scene in scene(), pick in any::<prop::sample::Index>()) {
        let mut existing = scene.calendar.entries.clone();
        let wanted = existing.remove(pick.index(existing.len())).pattern;
        let found = conflicts(&existing, &wanted, usize::MAX);
        for minute in each_minute(scene.within) {
            let this = TimeRange::from_start(minute, 1).unwrap();
            let both = |entry: &&AvailabilityEntry| {
                entry.effect == Effect::Open
                    && !entry.pattern.occurrences(this).is_empty()
                    && !wanted.occurrences(this).is_empty()
            };
            let named = found.iter().any(|(_, place)| place.contains(minute));
            prop_assert_eq!(named, existing.iter().any(|entry| both(&entry)), "{}", minute);
            if minute > scene.within.start() + TimeDelta::hours(30) {
                break;
            }
        }
        let few = conflicts(&existing, &wanted, 3);
        prop_assert_eq!(&few[..], &found[..few.len()]);
        prop_assert_eq!(few.len(), found.len().min(3));
    }

    #[test]
    fn a_suggestion_never_overlaps_open_hours(
        scene in scene(), wanted in pattern(zone("UTC"), TimeRange::from_start(utc("2026-03-27T00:00:00Z"), 4000).unwrap()),
    ) {
        let within = scene.within.widened(10_000, 10_000);
        if let Some(wanted) = wanted.occurrences(within).first() {
            for suggestion in suggestions(&scene.calendar.entries, wanted.range, 5) {
                prop_assert!(suggestion.length() <= wanted.range.length());
                let open = scene.calendar.entries.iter().filter(|entry| entry.effect == Effect::Open);
                prop_assert!(open.into_iter().all(|entry| entry.pattern.occurrences(suggestion).is_empty()));
            }
        }
    }
}
