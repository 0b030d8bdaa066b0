//! A date or an instant, as programs and pages write it.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, NaiveDate};

use crate::Instant;

/// The years that are accepted anywhere: what lies beyond is a slip of the finger.
pub const YEARS: RangeInclusive<i32> = 1970..=2199;

/// What is said of any other.
pub const OUT_OF_RANGE: &str = "From the year 1970 to 2199.";

/// `2026-11-23`, four digits, two and two; of any year. chrono reads `2026-1-5`, `+2026-01-05` and blanks too.
pub fn date(text: &str) -> Option<NaiveDate> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
    };
    NaiveDate::from_ymd_opt(number(&[y1, y2, y3, y4])? as i32, number(&[m1, m2])?, number(&[d1, d2])?)
}

/// An instant of RFC 3339; of any year.
pub fn instant(text: &str) -> Option<Instant> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

/// Whether it is in the [`YEARS`].
pub fn is_near(value: &impl Datelike) -> bool {
    YEARS.contains(&value.year())
}

/// What a query's `from` and `to` may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Date(NaiveDate),
    Instant(Instant),
}

impl Moment {
    pub fn read(text: &str) -> Option<Self> {
        date(text).map(Self::Date).or_else(|| instant(text).map(Self::Instant))
    }

    pub fn is_near(&self) -> bool {
        match self {
            Self::Date(date) => is_near(date),
            Self::Instant(instant) => is_near(instant),
        }
    }

    /// Of a date its midnight by the clocks of `zone`.
    #[cfg(feature = "zones")]
    pub fn instant(self, zone: &crate::TimeZone) -> Instant {
        match self {
            Self::Date(date) => zone.instant(date.and_time(chrono::NaiveTime::MIN)),
            Self::Instant(instant) => instant,
        }
    }
}
