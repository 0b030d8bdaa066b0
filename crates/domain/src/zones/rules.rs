//! One zone's rules: which offset from UTC holds when. The only place that speaks both chrono, whose instants and dates
//! are used everywhere, and jiff, which reads the rules.

use chrono::{Datelike, NaiveDateTime, TimeDelta, Timelike};
use jiff::tz::AmbiguousOffset;

use crate::offsets::Offsets;
use crate::{Instant, TimeRange};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct ZoneRules(jiff::tz::TimeZone);

impl ZoneRules {
    pub const UTC: Self = Self(jiff::tz::TimeZone::UTC);

    pub(crate) fn read(name: &str, tzif: &[u8]) -> Result<Self, jiff::Error> {
        jiff::tz::TimeZone::tzif(name, tzif).map(Self)
    }

    /// How many seconds clocks are ahead of UTC at `instant`.
    pub fn offset_seconds(&self, instant: Instant) -> i32 {
        self.0.to_offset(timestamp(instant)).seconds()
    }

    /// What a clock shows at `instant`.
    pub fn local(&self, instant: Instant) -> NaiveDateTime {
        let utc = instant.naive_utc();
        utc.checked_add_signed(seconds(self.offset_seconds(instant))).unwrap_or(utc)
    }

    /// See [`TimeZone::instant`](crate::TimeZone::instant).
    pub fn instant(&self, local: NaiveDateTime) -> Instant {
        let offset = match self.0.to_ambiguous_timestamp(civil(local)).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
        };
        local.checked_sub_signed(seconds(offset.seconds())).unwrap_or(local).and_utc()
    }

    /// What holds in `within`.
    pub fn offsets(&self, within: TimeRange) -> Offsets {
        let first = self.offset_seconds(within.start());
        let mut last = first;
        let mut changes = Vec::new();
        for next in self.0.following(timestamp(within.start())) {
            let (at, offset) = (next.timestamp().as_second(), next.offset().seconds());
            if at >= within.end().timestamp() {
                break;
            }
            // A zone may change its name or what it calls summer, and no clock.
            if std::mem::replace(&mut last, offset) != offset {
                changes.push((at, offset.into()));
            }
        }
        Offsets::new(first.into(), changes)
    }
}

fn seconds(seconds: i32) -> TimeDelta {
    TimeDelta::seconds(seconds.into())
}

/// chrono's calendar is longer: beyond the year 9999 the offset is that at its end.
fn timestamp(instant: Instant) -> jiff::Timestamp {
    let end = if instant.timestamp() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_second(instant.timestamp()).unwrap_or(end)
}

fn civil(local: NaiveDateTime) -> jiff::civil::DateTime {
    let end = if local.year() < 0 { jiff::civil::DateTime::MIN } else { jiff::civil::DateTime::MAX };
    let Ok(year) = i16::try_from(local.year()) else { return end };
    // All but the year fit into a byte.
    let (month, day) = (local.month() as i8, local.day() as i8);
    let (hour, minute, second) = (local.hour() as i8, local.minute() as i8, local.second() as i8);
    jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).unwrap_or(end)
}
