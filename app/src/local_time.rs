//! What a clock in a zone shows, on both sides: by the rules in use on the server, and in the browser by what it was told of
//! them (`zone_tables`). And the words for it, our own, so that both sides render the same.

use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use domain::{Instant, moment};

/// What a clock in `zone` shows at `instant`. A zone that is not known is taken for UTC.
pub fn local(instant: Instant, zone: &str) -> NaiveDateTime {
    let utc = instant.naive_utc();
    utc.checked_add_signed(offset(instant, zone)).unwrap_or(utc)
}

/// The instant at which a clock in `zone` shows `local`, by the policy of [`domain::TimeZone`]: a time
/// that does not exist is read with the offset before the gap, one that occurs twice is its first.
pub fn instant(local: NaiveDateTime, zone: &str) -> Instant {
    let utc = local.and_utc();
    // No gap is longer than the day that Pacific/Apia left out in 2011.
    let around = [-25, 25].map(|hours| offset(utc.checked_add_signed(TimeDelta::hours(hours)).unwrap_or(utc), zone));
    let read = |offset: TimeDelta| utc.checked_sub_signed(offset).unwrap_or(utc);
    let shown = around.into_iter().filter(|&candidate| offset(read(candidate), zone) == candidate).map(read).min();
    shown.unwrap_or_else(|| read(around[0]))
}

/// How far clocks in `zone` are ahead of UTC at `instant`.
pub fn offset(instant: Instant, zone: &str) -> TimeDelta {
    TimeDelta::seconds(platform::offset_seconds(instant.timestamp(), zone))
}

/// `UTC+05:45`.
pub fn offset_label(instant: Instant, zone: &str) -> String {
    ahead_label(offset(instant, zone).num_minutes())
}

/// Of clocks that are so many minutes ahead of UTC.
pub fn ahead_label(minutes: i64) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("UTC{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// `America/New York`.
pub fn zone_label(zone: &str) -> String {
    zone.replace('_', " ")
}

/// `09:30`.
pub fn time_label(time: NaiveDateTime) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// `09:30 – 10:00`, and with a mark where the end is on a later day: `23:30 – 00:30 (+1)`. Over the hour that comes
/// twice, `01:30 UTC-04:00 – 01:30 UTC-05:00`.
pub fn range_label(start: Instant, end: Instant, zone: &str) -> String {
    let (from, to) = (local(start, zone), local(end, zone));
    let days = (to.date() - from.date()).num_days();
    let later = if days > 0 { format!(" (+{days})") } else { String::new() };
    let named = |time, at| match is_put_back(start, end, zone) {
        true => format!("{} {}", time_label(time), offset_label(at, zone)),
        false => time_label(time),
    };
    format!("{} – {}{later}", named(from, start), named(to, end))
}

/// Whether clocks are put back between two instants so that one of them could be read as an hour earlier or later.
pub fn is_put_back(start: Instant, end: Instant, zone: &str) -> bool {
    let back = offset(start, zone) - offset(end, zone);
    let shown = |at: Instant| local(at, zone);
    back > TimeDelta::zero() && (shown(start + back) == shown(start) || shown(end - back) == shown(end))
}

/// `Monday 23 November`.
pub fn date_label(date: NaiveDate) -> String {
    format!("{} {} {}", weekday(date), date.day(), month_name(date))
}

/// `November`.
pub fn month_name(date: NaiveDate) -> &'static str {
    MONTHS[date.month0() as usize]
}

/// `Monday 23 November 2026`.
pub fn full_date_label(date: NaiveDate) -> String {
    format!("{} {}", date_label(date), date.year())
}

/// `November 2026`.
pub fn month_label(date: NaiveDate) -> String {
    format!("{} {}", month_name(date), date.year())
}

/// `45 min`, `1 h`, `1 h 30 min`.
pub fn duration_label(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// `2026-11-23T09:00:00Z`.
pub fn instant_text(instant: Instant) -> String {
    // Not chrono's formatter, which a browser would have to load.
    let utc = instant.naive_utc();
    format!("{}T{:02}:{:02}:{:02}Z", utc.date(), utc.hour(), utc.minute(), utc.second())
}

/// An RFC 3339 instant in whole minutes and within the centuries the forms accept.
pub fn parse_instant(text: &str) -> Option<Instant> {
    moment::instant(text).filter(moment::is_near)
}

/// The browser's clock; for effects and events only, never for what is rendered first.
#[cfg(feature = "hydrate")]
pub fn now() -> Instant {
    chrono::DateTime::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default()
}

fn weekday(date: NaiveDate) -> &'static str {
    WEEKDAYS[date.weekday().num_days_from_monday() as usize]
}

pub const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

#[cfg(feature = "ssr")]
mod platform {
    use chrono::DateTime;
    use domain::zones::Zones;

    pub fn offset_seconds(timestamp: i64, zone: &str) -> i64 {
        let at = DateTime::from_timestamp(timestamp, 0).unwrap_or_default();
        Zones::in_use().rules(zone).map_or(0, |rules| rules.offset_seconds(at).into())
    }
}

#[cfg(not(feature = "ssr"))]
mod platform {
    #[cfg(feature = "hydrate")]
    pub use crate::zone_tables::offset_seconds;

    /// Neither server nor browser: only so that the crate can be checked alone.
    #[cfg(not(feature = "hydrate"))]
    pub fn offset_seconds(_timestamp: i64, _zone: &str) -> i64 {
        0
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    const ZONES: [&str; 8] = [
        "Europe/Paris",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "America/Santiago",
        "Pacific/Apia",
        "UTC",
    ];

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn local_times_are_read_as_the_domain_reads_them() {
        for zone in ZONES {
            let known: domain::TimeZone = zone.parse().unwrap();
            for year in [2011, 2026] {
                let start = NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_time(chrono::NaiveTime::MIN);
                for quarter in 0..(366 * 96) {
                    let wall = start + TimeDelta::minutes(quarter * 15);
                    assert_eq!(instant(wall, zone), known.instant(wall), "{wall} in {zone}");
                    assert_eq!(local(wall.and_utc(), zone), known.local(wall.and_utc()), "{wall} UTC in {zone}");
                }
            }
        }
    }

    #[test]
    fn a_zone_that_is_not_known_is_utc() {
        assert_eq!(local(at("2026-07-01T12:00:00").and_utc(), "Mars/Olympus"), at("2026-07-01T12:00:00"));
    }

    #[test]
    fn labels_say_what_a_person_would() {
        let start = at("2026-11-23T09:05:00");
        assert_eq!(time_label(start), "09:05");
        assert_eq!(date_label(start.date()), "Monday 23 November");
        assert_eq!(full_date_label(start.date()), "Monday 23 November 2026");
        let range = |start: &str, end: &str| range_label(at(start).and_utc(), at(end).and_utc(), "UTC");
        assert_eq!(range("2026-11-23T09:05:00", "2026-11-23T10:00:00"), "09:05 – 10:00");
        assert_eq!(range("2026-11-23T23:30:00", "2026-11-24T00:30:00"), "23:30 – 00:30 (+1)");
        assert_eq!(offset_label(start.and_utc(), "Asia/Kathmandu"), "UTC+05:45");
        assert_eq!(offset_label(start.and_utc(), "America/St_Johns"), "UTC-03:30");
        assert_eq!([30, 60, 90].map(duration_label), ["30 min", "1 h", "1 h 30 min"]);
    }

    #[test]
    fn a_stretch_over_the_hour_that_comes_twice_names_both_offsets() {
        let range = |start: &str, end: &str| range_label(at(start).and_utc(), at(end).and_utc(), "America/New_York");
        // Clocks go back from 02:00 to 01:00 on 1 November 2026, at 06:00 UTC.
        assert_eq!(range("2026-11-01T05:30:00", "2026-11-01T06:30:00"), "01:30 UTC-04:00 – 01:30 UTC-05:00");
        assert_eq!(range("2026-11-01T05:30:00", "2026-11-01T07:30:00"), "01:30 UTC-04:00 – 02:30 UTC-05:00");
        assert_eq!(range("2026-11-01T04:30:00", "2026-11-01T06:15:00"), "00:30 UTC-04:00 – 01:15 UTC-05:00");
        // A night around it, and the spring's, are what they seem.
        assert_eq!(range("2026-11-01T02:00:00", "2026-11-01T11:00:00"), "22:00 – 06:00 (+1)");
        assert_eq!(range("2027-03-14T06:30:00", "2027-03-14T07:30:00"), "01:30 – 03:30");
    }

    #[test]
    fn only_sensible_instants_are_read() {
        assert_eq!(
            parse_instant("2026-11-23T10:00:00+01:00").map(instant_text),
            Some("2026-11-23T09:00:00Z".to_owned())
        );
        assert_eq!(parse_instant("+12026-11-23T10:00:00Z"), None);
        assert_eq!(parse_instant("tomorrow"), None);
    }
}
