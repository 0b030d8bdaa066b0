//! Wall clock stays wall clock: what a change of offset does to hours, days and slots.
#![cfg(feature = "zones")]

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use domain::calendar::Calendar;
use domain::slots::slots;
use domain::zones::Zones;
use domain::{AvailabilityEntry, Effect, NewOffering, Offering, Pattern, Series, TimeRange, TimeZone, WallTime};
use proptest::prelude::*;
use uuid::Uuid;

/// Any zone there is.
fn any_zone() -> impl Strategy<Value = TimeZone> {
    let names: Vec<String> = Zones::in_use().names().into_iter().map(str::to_owned).collect();
    proptest::sample::select(names).prop_map(|name| zone(&name))
}

fn zone(name: &str) -> TimeZone {
    name.parse().unwrap()
}

fn local(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn range(start: &str, end: &str) -> TimeRange {
    TimeRange::new(utc(start), utc(end)).unwrap()
}

/// Every day of the week at the same hours, from the day before the first one asked about.
fn daily(zone_name: &str, start: &str, end: &str, starts_on: &str) -> Pattern {
    Pattern::Recurring(Series {
        start_time: start.parse().unwrap(),
        end_time: end.parse().unwrap(),
        starts_on: starts_on.parse().unwrap(),
        recurrence: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU".parse().unwrap(),
        time_zone: zone(zone_name),
        exceptions: Vec::new(),
    })
}

fn hours(pattern: &Pattern, from: &str, to: &str) -> Vec<TimeRange> {
    pattern.occurrences(range(from, to)).iter().map(|occurrence| occurrence.range).collect()
}

#[test]
fn hours_stay_the_same_on_the_wall_across_a_change_of_offset() {
    let nine_to_twelve = daily("Europe/Paris", "09:00", "12:00", "2026-03-01");
    assert_eq!(
        hours(&nine_to_twelve, "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z"),
        [range("2026-03-28T08:00:00Z", "2026-03-28T11:00:00Z"), range("2026-03-29T07:00:00Z", "2026-03-29T10:00:00Z"),]
    );
}

#[test]
fn spring_forward_day_loses_one_hour() {
    let date = |text: &str| text.parse::<NaiveDate>().unwrap();
    let length = |zone_name: &str, day: &str| zone(zone_name).day(date(day)).unwrap().length();
    assert_eq!(length("Europe/Paris", "2026-03-29"), TimeDelta::hours(23));
    assert_eq!(length("America/New_York", "2026-03-08"), TimeDelta::hours(23));
    let night = daily("America/New_York", "00:00", "06:00", "2026-03-01");
    let lengths: Vec<i64> = hours(&night, "2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z")
        .iter()
        .map(|range| range.length().num_hours())
        .collect();
    assert_eq!(lengths, [5, 6]);
}

#[test]
fn fall_back_day_gains_one_hour() {
    let date = "2026-10-25".parse().unwrap();
    assert_eq!(zone("Europe/Paris").day(date).unwrap().length(), TimeDelta::hours(25));
    let night = daily("Europe/Paris", "00:00", "06:00", "2026-10-01");
    assert_eq!(
        hours(&night, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
        [range("2026-10-24T22:00:00Z", "2026-10-25T05:00:00Z")]
    );
}

#[test]
fn lord_howe_moves_by_half_an_hour() {
    let date = |text: &str| text.parse::<NaiveDate>().unwrap();
    let lord_howe = zone("Australia/Lord_Howe");
    assert_eq!(lord_howe.day(date("2026-10-04")).unwrap().length(), TimeDelta::minutes(23 * 60 + 30));
    assert_eq!(lord_howe.day(date("2026-04-05")).unwrap().length(), TimeDelta::minutes(24 * 60 + 30));
}

#[test]
fn a_local_time_that_does_not_exist_uses_the_offset_before_the_gap() {
    // RFC 5545, 3.3.5: 02:30 in New York on that night is 02:30 EST, which a clock shows as 03:30 EDT.
    let new_york = zone("America/New_York");
    assert_eq!(new_york.instant(local("2026-03-08 02:30")), utc("2026-03-08T07:30:00Z"));
    assert_eq!(new_york.local(utc("2026-03-08T07:30:00Z")), local("2026-03-08 03:30"));
}

#[test]
fn a_local_time_that_comes_twice_is_its_first() {
    let new_york = zone("America/New_York");
    assert_eq!(new_york.instant(local("2026-11-01 01:30")), utc("2026-11-01T05:30:00Z"));
    assert_eq!(zone("Australia/Lord_Howe").instant(local("2026-04-05 01:45")), utc("2026-04-04T14:45:00Z"));
}

#[test]
fn hours_that_a_gap_swallows_are_not_listed() {
    let swallowed = daily("Europe/Paris", "02:00", "03:00", "2026-03-01");
    assert_eq!(
        hours(&swallowed, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
        [range("2026-03-30T00:00:00Z", "2026-03-30T01:00:00Z")]
    );
}

#[test]
fn midnight_in_a_gap_begins_the_day_at_its_end() {
    // Santiago goes from 24:00 on Saturday to 01:00 on Sunday.
    let day = zone("America/Santiago").day("2026-09-06".parse().unwrap()).unwrap();
    assert_eq!(day, range("2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"));
}

#[test]
fn a_skipped_day_has_no_length_and_opens_nothing_twice() {
    // Samoa went from the 29th to the 31st of December 2011.
    let apia = zone("Pacific/Apia");
    assert_eq!(apia.day("2011-12-30".parse().unwrap()), None);
    let entry = |pattern| AvailabilityEntry {
        availability_id: Uuid::nil(),
        provider_id: Uuid::nil(),
        effect: Effect::Open,
        pattern,
        note: None,
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    };
    let calendar = Calendar {
        time_zone: apia,
        entries: vec![entry(daily("Pacific/Apia", "09:00", "10:00", "2011-12-01"))],
        appointments: Vec::new(),
        offerings: Vec::new(),
    };
    let windows = calendar.openings(range("2011-12-29T12:00:00Z", "2012-01-01T12:00:00Z")).windows;
    let starts: Vec<_> = windows.iter().map(|window| window.start).collect();
    assert_eq!(starts, [utc("2011-12-29T19:00:00Z"), utc("2011-12-30T19:00:00Z"), utc("2011-12-31T19:00:00Z")]);
}

#[test]
fn an_end_at_or_before_the_start_is_the_next_days() {
    let night = daily("Asia/Kathmandu", "22:00", "02:00", "2026-06-01");
    assert_eq!(
        hours(&night, "2026-06-09T17:00:00Z", "2026-06-10T00:00:00Z"),
        [range("2026-06-09T16:15:00Z", "2026-06-09T20:15:00Z")],
        "begun before what is asked for, and not clipped to it"
    );
    let whole = daily("UTC", "00:00", "24:00", "2026-06-01");
    assert_eq!(
        hours(&whole, "2026-06-09T23:00:00Z", "2026-06-10T00:00:00Z"),
        [range("2026-06-09T00:00:00Z", "2026-06-10T00:00:00Z")]
    );
}

#[test]
fn an_until_with_an_instant_judges_the_instant_of_the_start() {
    let Pattern::Recurring(mut series) = daily("America/New_York", "21:00", "22:00", "2026-06-01") else {
        unreachable!()
    };
    // 21:00 on the 3rd in New York is 01:00 on the 4th in UTC.
    series.recurrence = "FREQ=WEEKLY;BYDAY=TU,WE,TH;UNTIL=20260604T010000Z".parse().unwrap();
    let last = |series: &Series| {
        let pattern = Pattern::Recurring(series.clone());
        pattern.occurrences(range("2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z")).last().unwrap().date.unwrap()
    };
    assert_eq!(last(&series).to_string(), "2026-06-03");
    series.recurrence = "FREQ=WEEKLY;BYDAY=TU,WE,TH;UNTIL=20260604T005959Z".parse().unwrap();
    assert_eq!(last(&series).to_string(), "2026-06-02");
    series.recurrence = "FREQ=WEEKLY;BYDAY=TU,WE,TH;UNTIL=20260604T205959".parse().unwrap();
    assert_eq!(last(&series).to_string(), "2026-06-03");
    series.recurrence = "FREQ=WEEKLY;BYDAY=TU,WE,TH;UNTIL=20260604T210000".parse().unwrap();
    assert_eq!(last(&series).to_string(), "2026-06-04");
}

#[test]
fn an_hour_that_comes_twice_is_offered_twice_and_a_lost_one_not_at_all() {
    let offering = Offering {
        offering_id: Uuid::nil(),
        version: 1,
        details: NewOffering {
            step_minutes: 60,
            durations_minutes: vec![60],
            horizon_days: 366,
            ..NewOffering::first()
        },
    };
    let starts = |day: &str| {
        let paris = zone("Europe/Paris");
        let within = paris.day(day.parse().unwrap()).unwrap();
        let entry = AvailabilityEntry {
            availability_id: Uuid::nil(),
            provider_id: Uuid::nil(),
            effect: Effect::Open,
            pattern: daily("Europe/Paris", "01:00", "04:00", "2026-01-01"),
            note: None,
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        };
        let calendar = Calendar {
            time_zone: paris.clone(),
            entries: vec![entry],
            appointments: Vec::new(),
            offerings: vec![offering.clone()],
        };
        let slots = slots(&calendar.openings(within), &offering, 60, within, within.start());
        slots.iter().map(|slot| paris.local(slot.start).format("%H:%M").to_string()).collect::<Vec<_>>()
    };
    assert_eq!(starts("2026-10-25"), ["01:00", "02:00", "02:00", "03:00"]);
    assert_eq!(starts("2026-03-29"), ["01:00", "03:00"]);
}

#[test]
fn times_of_day_are_written_with_two_digits_each() {
    for good in ["00:00", "09:05", "23:59", "24:00"] {
        assert_eq!(good.parse::<WallTime>().unwrap().to_string(), good);
    }
    for bad in ["", "9:00", "09:60", "24:01", "25:00", "09-00", "09:0a", "０９:00", "09:00:00", "+9:00"] {
        assert!(bad.parse::<WallTime>().is_err(), "{bad}");
    }
}

#[test]
fn only_names_of_the_zone_database_are_zones() {
    for bad in ["", "Mars/Olympus", "europe/paris", "+01:00", "Europe/Paris "] {
        assert!(bad.parse::<TimeZone>().is_err(), "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_instant_shown_on_the_wall_is_found_again_or_was_the_second_of_two(
        zone in any_zone(), minutes in 0i64..70 * 366 * 1440,
    ) {
        let instant = DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let shown = zone.local(instant);
        let found = zone.instant(shown);
        prop_assert!(found <= instant);
        prop_assert_eq!(zone.local(found), shown);
    }

    #[test]
    fn days_follow_one_another_without_a_gap(zone in any_zone(), days in 0i64..60 * 366) {
        let date = NaiveDate::default() + TimeDelta::days(days);
        if let (Some(day), Some(next)) = (zone.day(date), zone.day(date.succ_opt().unwrap())) {
            prop_assert_eq!(day.end(), next.start());
        }
    }
}
