//! RRULE: what is read, how it is written, and which dates it names.

#[path = "engine/arbitrary.rs"]
#[cfg(feature = "zones")]
#[allow(dead_code)]
mod arbitrary;
#[path = "engine/oracle.rs"]
#[cfg(feature = "zones")]
#[allow(dead_code)]
mod oracle;

use chrono::{NaiveDate, Weekday};
use domain::Recurrence;
use domain::recurrence::RecurrenceEnd;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn rule(text: &str) -> Recurrence {
    text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn dates(text: &str, first: &str, from: &str, to: &str) -> Vec<String> {
    rule(text).dates(date(first), date(from), date(to)).iter().map(NaiveDate::to_string).collect()
}

#[test]
fn a_rule_is_read_in_any_case_and_order_with_or_without_its_name() {
    let expected = Recurrence {
        interval: 2,
        weekdays: vec![Weekday::Mon, Weekday::Wed],
        end: RecurrenceEnd::Until(date("2026-12-31")),
        week_start: Weekday::Mon,
    };
    for text in [
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20261231",
        "RRULE:UNTIL=20261231;BYDAY=WE,MO,MO;FREQ=WEEKLY;INTERVAL=2;WKST=MO",
        " rrule:freq=weekly;interval=2;byday=we,mo;until=20261231 ",
    ] {
        assert_eq!(rule(text), expected, "{text}");
    }
    assert_eq!(expected.to_string(), "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20261231");
}

#[test]
fn until_is_a_date_or_a_local_time_or_an_instant() {
    assert_eq!(rule("FREQ=WEEKLY;UNTIL=20261231").end, RecurrenceEnd::Until(date("2026-12-31")));
    let local = date("2026-12-31").and_hms_opt(23, 59, 59).unwrap();
    assert_eq!(rule("FREQ=WEEKLY;UNTIL=20261231T235959").end, RecurrenceEnd::UntilLocal(local));
    assert_eq!(rule("FREQ=WEEKLY;UNTIL=20261231T235959Z").end, RecurrenceEnd::UntilInstant(local.and_utc()));
}

#[test]
fn what_is_not_a_rule_is_refused_with_a_sentence() {
    for (text, said) in [
        ("", "FREQ is missing"),
        (";", "FREQ is missing"),
        ("FREQ=WEEKLY;=MO", "NAME=value"),
        ("FREQ=WEEKLY;BYDAY=", "NAME=value"),
        ("weekly", "NAME=value"),
        ("BYDAY=MO", "FREQ is missing"),
        ("FREQ=DAILY", "Only FREQ=WEEKLY is supported so far."),
        ("FREQ=MONTHLY;BYDAY=1MO", "Only FREQ=WEEKLY is supported so far."),
        ("FREQ=YEARLY;BYMONTH=3", "Only FREQ=WEEKLY is supported so far."),
        ("FREQ=OFTEN", "not known"),
        ("FREQ=WEEKLY;FREQ=WEEKLY", "FREQ is given twice."),
        ("FREQ=WEEKLY;byday=MO;BYDAY=TU", "BYDAY is given twice."),
        ("FREQ=WEEKLY;BYDAY=1MO", "without a number"),
        ("FREQ=WEEKLY;BYDAY=XX", "weekdays are MO"),
        ("FREQ=WEEKLY;BYDAY=MO,", "weekdays are MO"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY is not supported so far"),
        ("FREQ=WEEKLY;COLOUR=RED", "COLOUR is not a part of a rule"),
        ("FREQ=WEEKLY;INTERVAL=0", "INTERVAL must be a whole number from 1 to 52."),
        ("FREQ=WEEKLY;INTERVAL=53", "INTERVAL must be"),
        ("FREQ=WEEKLY;INTERVAL=+1", "INTERVAL must be"),
        ("FREQ=WEEKLY;COUNT=0", "COUNT must be a whole number from 1 to 5000."),
        ("FREQ=WEEKLY;COUNT=5001", "COUNT must be"),
        ("FREQ=WEEKLY;COUNT=99999999999", "COUNT must be"),
        ("FREQ=WEEKLY;COUNT=3;UNTIL=20261231", "not by both"),
        ("FREQ=WEEKLY;UNTIL=20260230", "UNTIL is written"),
        ("FREQ=WEEKLY;UNTIL=2026-12-31", "UNTIL is written"),
        ("FREQ=WEEKLY;UNTIL=20261231T2400", "UNTIL is written"),
        ("FREQ=WEEKLY;UNTIL=20261231T250000Z", "UNTIL is written"),
        ("FREQ=WEEKLY;UNTIL=20261231Z", "UNTIL is written"),
        ("FREQ=WEEKLY;UNTIL=２０２６１２３１", "UNTIL is written"),
        ("FREQ=WEEKLY;UNTIL=22000101", "1970 to 2199"),
        ("FREQ=WEEKLY;WKST=1", "weekdays are MO"),
    ] {
        let why = text.parse::<Recurrence>().expect_err(text).to_string();
        assert!(why.contains(said), "{text}: {why}");
    }
}

#[test]
fn separators_too_many_are_tolerated() {
    let meant = rule("FREQ=WEEKLY;BYDAY=MO,WE");
    for text in [
        "FREQ=WEEKLY;BYDAY=MO,WE;",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;",
        "RRULE:;FREQ=WEEKLY;BYDAY=MO,WE",
        "FREQ=WEEKLY;;BYDAY=MO,WE",
        "FREQ=WEEKLY; BYDAY=MO,WE ; ",
    ] {
        assert_eq!(rule(text), meant, "{text}");
    }
    assert_eq!(rule("FREQ=WEEKLY;BYDAY=MO,WE;").to_string(), "FREQ=WEEKLY;BYDAY=MO,WE", "and not kept");
}

#[test]
fn weeks_begin_on_wkst_when_every_other_is_skipped() {
    // The example of RFC 5545, 3.8.5.3, where WKST makes a difference.
    let (first, last) = ("1997-08-05", "1997-12-31");
    assert_eq!(
        dates("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", first, first, last),
        ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"]
    );
    assert_eq!(
        dates("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", first, first, last),
        ["1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"]
    );
}

#[test]
fn a_first_date_of_another_weekday_is_no_occurrence() {
    // 2026-11-24 is a Tuesday.
    assert_eq!(
        dates("FREQ=WEEKLY;BYDAY=MO;COUNT=2", "2026-11-24", "2026-01-01", "2027-01-01"),
        ["2026-11-30", "2026-12-07"]
    );
}

#[test]
fn without_weekdays_it_is_that_of_the_first_date() {
    assert_eq!(dates("FREQ=WEEKLY;COUNT=2", "2026-11-24", "2026-01-01", "2027-01-01"), ["2026-11-24", "2026-12-01"]);
}

#[test]
fn count_is_kept_far_from_the_first_date() {
    let weekly = "FREQ=WEEKLY;BYDAY=MO,TH;COUNT=5000";
    let last = dates(weekly, "1970-01-01", "2017-11-20", "2199-12-31");
    // 1970-01-01 is a Thursday, and 5,000 occurrences at two a week end 2,499.5 weeks later.
    assert_eq!(last, ["2017-11-20", "2017-11-23", "2017-11-27"]);
    assert!(dates(weekly, "1970-01-01", "2100-01-01", "2199-12-31").is_empty());
}

#[test]
fn a_series_ends_with_the_year_2199() {
    let far = dates("FREQ=WEEKLY;BYDAY=TU", "1970-01-01", "2199-12-20", "2300-01-01");
    assert_eq!(far, ["2199-12-24", "2199-12-31"]);
}

#[cfg(feature = "zones")]
mod properties {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

        #[test]
        fn what_is_written_reads_the_same(rule in arbitrary::recurrence(date("2026-11-23"))) {
            prop_assert_eq!(rule.to_string().parse::<Recurrence>(), Ok(rule.clone()));
            let json = serde_json::to_string(&rule).unwrap();
            prop_assert_eq!(serde_json::from_str::<Recurrence>(&json).unwrap(), rule);
        }

        #[test]
        fn dates_are_those_a_walk_from_the_first_day_finds(
            rule in arbitrary::recurrence(date("2026-11-23")), first in 0i64..40, from in -30i64..400, length in 0i64..60,
        ) {
            let first = date("2026-11-01") + TimeDelta::days(first);
            let from = first + TimeDelta::days(from);
            let to = from + TimeDelta::days(length);
            let walked: Vec<_> = oracle::dates(&rule, first, to).into_iter().filter(|date| *date >= from).collect();
            prop_assert_eq!(rule.dates(first, from, to), walked);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "(RRULE:)?([A-Z]{3,8}=[A-Z0-9,é+-]{0,9};?){0,4}|UNTIL=.{0,18}|FREQ=WEEKLY;UNTIL=.{0,18}") {
            if let Ok(rule) = text.parse::<Recurrence>() {
                prop_assert_eq!(rule.to_string().parse::<Recurrence>(), Ok(rule));
            }
        }
    }
}
