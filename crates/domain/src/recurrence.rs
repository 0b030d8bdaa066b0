//! When a series repeats: the part of RFC 5545's RRULE that weekly hours need.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::moment::{self, YEARS};

/// Every `interval` weeks on `weekdays`. Written and read as an RRULE (RFC 5545, 3.3.10):
/// `FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20261231;WKST=SU`. What is the default is not written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recurrence {
    /// Weeks from one repetition to the next, at least 1.
    pub interval: u32,
    /// Sorted from `week_start`, without repetition; empty: the weekday of the first date.
    pub weekdays: Vec<Weekday>,
    pub end: RecurrenceEnd,
    /// WKST: the day on which weeks begin when every other week is skipped. Monday when not given.
    pub week_start: Weekday,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecurrenceEnd {
    Never,
    /// The last local date that may have an occurrence (`UNTIL=20261231`).
    Until(NaiveDate),
    /// The last local date and time at which an occurrence may start (`UNTIL=20261231T235959`).
    UntilLocal(NaiveDateTime),
    /// The last instant at which an occurrence may start (`UNTIL=20261231T235959Z`).
    UntilInstant(Instant),
    /// How many occurrences, left-out dates counted, as RFC 5545 counts them.
    Count(u32),
}

/// Why a text is not a recurrence: a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotARecurrence(pub String);

/// The last date any series reaches.
const LAST_DATE: NaiveDate = NaiveDate::from_ymd_opt(*YEARS.end(), 12, 31).unwrap();

/// The two letters of RFC 5545, Monday first.
pub const DAY_NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl Recurrence {
    /// Every week on these weekdays, for ever.
    pub fn weekly(weekdays: impl IntoIterator<Item = Weekday>) -> Self {
        let week_start = Weekday::Mon;
        let weekdays = sorted(weekdays.into_iter().collect(), week_start);
        Self { interval: 1, weekdays, end: RecurrenceEnd::Never, week_start }
    }

    /// The dates of the series that begins on `first`, from `from` to `to` (both inclusive), in order.
    ///
    /// `first` itself is one only where its weekday is listed. Whatever needs a time of day to be
    /// judged (an UNTIL with one) is cut to the date here and left to the caller. The cost grows with
    /// the dates listed, not with how far they are from `first`: COUNT is computed, not counted.
    pub fn dates(&self, first: NaiveDate, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
        let lead = i64::from(first.weekday().days_since(self.week_start));
        let first_week = i64::from(first.num_days_from_ce()) - lead;
        let days: Vec<i64> = match self.weekdays.as_slice() {
            [] => vec![lead],
            listed => sorted(listed.to_vec(), self.week_start)
                .into_iter()
                .map(|weekday| i64::from(weekday.days_since(self.week_start)))
                .collect(),
        };
        let before_first = days.iter().filter(|day| **day < lead).count() as i64;
        let most = match self.end {
            RecurrenceEnd::Count(count) => i64::from(count),
            _ => i64::MAX,
        };
        let last = match self.end {
            RecurrenceEnd::Until(date) => to.min(date),
            RecurrenceEnd::UntilLocal(local) => to.min(local.date()),
            _ => to,
        };
        let (from, last) = (from.max(first), last.min(LAST_DATE));
        let (from, last) = (i64::from(from.num_days_from_ce()), i64::from(last.num_days_from_ce()));

        let period = 7 * i64::from(self.interval.max(1));
        let mut dates = Vec::new();
        let mut repetition = (from - first_week).div_euclid(period).max(0);
        loop {
            let week = first_week + repetition * period;
            for (index, day) in days.iter().enumerate() {
                let nth = repetition * days.len() as i64 + index as i64 - before_first;
                if week + day > last || nth >= most {
                    return dates;
                }
                if week + day >= from {
                    dates.extend(NaiveDate::from_num_days_from_ce_opt((week + day) as i32));
                }
            }
            repetition += 1;
        }
    }
}

fn sorted(mut weekdays: Vec<Weekday>, week_start: Weekday) -> Vec<Weekday> {
    weekdays.sort_by_key(|weekday| weekday.days_since(week_start));
    weekdays.dedup();
    weekdays
}

impl std::str::FromStr for Recurrence {
    type Err = NotARecurrence;

    /// Names and values in any case, in any order, with or without a leading `RRULE:`.
    fn from_str(text: &str) -> Result<Self, NotARecurrence> {
        let text = text.trim().to_ascii_uppercase();
        let parts = parts(text.strip_prefix("RRULE:").unwrap_or(&text))?;
        let value = |name: &str| parts.iter().find(|(part, _)| *part == name).map(|(_, value)| *value);

        match value("FREQ") {
            Some("WEEKLY") => {}
            Some("DAILY" | "MONTHLY" | "YEARLY" | "HOURLY" | "MINUTELY" | "SECONDLY") => {
                return no("Only FREQ=WEEKLY is supported so far.");
            }
            Some(other) => return no(format!("FREQ={other} is not known; write FREQ=WEEKLY.")),
            None => return no("FREQ is missing; a rule begins with FREQ=WEEKLY."),
        }
        const KNOWN: [&str; 6] = ["FREQ", "INTERVAL", "BYDAY", "UNTIL", "COUNT", "WKST"];
        if let Some((other, _)) = parts.iter().find(|(name, _)| !KNOWN.contains(name)) {
            return no(match *other {
                "BYMONTHDAY" | "BYMONTH" | "BYSETPOS" | "BYYEARDAY" | "BYWEEKNO" | "BYHOUR" | "BYMINUTE"
                | "BYSECOND" => format!("{other} is not supported so far; name the weekdays with BYDAY."),
                _ => format!("{other} is not a part of a rule; known are {}.", KNOWN.join(", ")),
            });
        }

        let interval = value("INTERVAL").map_or(Ok(1), |text| number("INTERVAL", text, 52))?;
        let week_start = value("WKST").map_or(Ok(Weekday::Mon), |text| weekday("WKST", text))?;
        let weekdays = match value("BYDAY") {
            Some(text) => text.split(',').map(|day| weekday("BYDAY", day)).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let end = match (value("UNTIL"), value("COUNT")) {
            (Some(_), Some(_)) => return no("A rule ends by UNTIL or by COUNT, not by both."),
            (Some(text), None) => until(text)?,
            (None, Some(text)) => RecurrenceEnd::Count(number("COUNT", text, 5000)?),
            (None, None) => RecurrenceEnd::Never,
        };
        Ok(Self { interval, weekdays: sorted(weekdays, week_start), end, week_start })
    }
}

fn no<T>(why: impl Into<String>) -> Result<T, NotARecurrence> {
    Err(NotARecurrence(why.into()))
}

fn parts(rule: &str) -> Result<Vec<(&str, &str)>, NotARecurrence> {
    let mut parts: Vec<(&str, &str)> = Vec::new();
    // Many programs end a rule with a separator, some begin it with one, and others break it after one: RFC 5545 does
    // not, and what is meant is plain.
    for part in rule.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((name, value)) = part.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty())
        else {
            return no("A rule is made of NAME=value parts with ; between them, such as FREQ=WEEKLY;BYDAY=MO,WE.");
        };
        if parts.iter().any(|(seen, _)| *seen == name) {
            return no(format!("{name} is given twice."));
        }
        parts.push((name, value));
    }
    Ok(parts)
}

fn number(name: &str, text: &str, most: u32) -> Result<u32, NotARecurrence> {
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) && !text.starts_with('+') => Ok(number),
        _ => no(format!("{name} must be a whole number from 1 to {most}.")),
    }
}

fn weekday(name: &str, text: &str) -> Result<Weekday, NotARecurrence> {
    if let Some(index) = DAY_NAMES.iter().position(|day| *day == text) {
        return Ok(Weekday::try_from(index as u8).unwrap_or(Weekday::Mon));
    }
    if DAY_NAMES.iter().any(|day| text.ends_with(day)) {
        return no(format!("{name}={text}: a weekly rule names weekdays without a number, such as MO."));
    }
    no(format!("{name}={text}: weekdays are MO, TU, WE, TH, FR, SA and SU."))
}

/// `20261231`, `20261231T235959` (local) or `20261231T235959Z`.
fn until(text: &str) -> Result<RecurrenceEnd, NotARecurrence> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let end = match (text.get(..8), text.get(8..)) {
        (Some(date), Some(rest)) if digits(date) => NaiveDate::parse_from_str(date, "%Y%m%d").ok().and_then(|date| {
            let time = |text: &str| {
                let text = text.strip_prefix('T').filter(|text| text.len() == 6 && digits(text))?;
                let two = |from: usize| text[from..from + 2].parse().ok();
                NaiveTime::from_hms_opt(two(0)?, two(2)?, two(4)?).map(|time| date.and_time(time))
            };
            match rest.strip_suffix('Z') {
                _ if rest.is_empty() => Some(RecurrenceEnd::Until(date)),
                Some(utc) => time(utc).map(|local| RecurrenceEnd::UntilInstant(local.and_utc())),
                None => time(rest).map(RecurrenceEnd::UntilLocal),
            }
            .map(|end| (date, end))
        }),
        _ => None,
    };
    match end {
        Some((date, end)) if moment::is_near(&date) => Ok(end),
        Some(_) => no("UNTIL must lie in the years from 1970 to 2199."),
        None => no("UNTIL is written 20261231, or with a time 20261231T235959Z."),
    }
}

impl std::fmt::Display for Recurrence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FREQ=WEEKLY")?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        for (index, weekday) in sorted(self.weekdays.clone(), self.week_start).iter().enumerate() {
            let before = if index == 0 { ";BYDAY=" } else { "," };
            write!(f, "{before}{}", day_name(*weekday))?;
        }
        match self.end {
            RecurrenceEnd::Never => {}
            RecurrenceEnd::Until(date) => write!(f, ";UNTIL={}", date.format("%Y%m%d"))?,
            RecurrenceEnd::UntilLocal(local) => write!(f, ";UNTIL={}", local.format("%Y%m%dT%H%M%S"))?,
            RecurrenceEnd::UntilInstant(instant) => write!(f, ";UNTIL={}", instant.format("%Y%m%dT%H%M%SZ"))?,
            RecurrenceEnd::Count(count) => write!(f, ";COUNT={count}")?,
        }
        if self.week_start != Weekday::Mon {
            write!(f, ";WKST={}", day_name(self.week_start))?;
        }
        Ok(())
    }
}

fn day_name(weekday: Weekday) -> &'static str {
    DAY_NAMES[weekday.num_days_from_monday() as usize]
}

impl TryFrom<String> for Recurrence {
    type Error = NotARecurrence;

    fn try_from(text: String) -> Result<Self, NotARecurrence> {
        text.parse()
    }
}

impl From<Recurrence> for String {
    fn from(recurrence: Recurrence) -> Self {
        recurrence.to_string()
    }
}
