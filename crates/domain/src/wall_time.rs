//! Wall-clock time: what a clock on the provider's wall shows, and what instant that is.

use std::fmt;

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

/// Minutes since local midnight, 0 to 1440; written `HH:MM`, and `24:00` as an end of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WallTime(u16);

/// Not of the form `HH:MM`, or beyond `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is written HH:MM, from 00:00 to 24:00")]
pub struct NotAWallTime;

impl WallTime {
    pub const MIDNIGHT: Self = Self(0);
    pub const END_OF_DAY: Self = Self(1440);

    pub fn from_minutes(minutes: u16) -> Result<Self, NotAWallTime> {
        if minutes <= 1440 { Ok(Self(minutes)) } else { Err(NotAWallTime) }
    }

    pub fn minutes(self) -> u16 {
        self.0
    }

    /// `None` for `24:00`, which is the next day's midnight.
    pub fn time(self) -> Option<NaiveTime> {
        NaiveTime::from_num_seconds_from_midnight_opt(u32::from(self.0) * 60, 0)
    }
}

impl std::str::FromStr for WallTime {
    type Err = NotAWallTime;

    fn from_str(text: &str) -> Result<Self, NotAWallTime> {
        let [h1, h2, b':', m1, m2] = *text.as_bytes() else { return Err(NotAWallTime) };
        if ![h1, h2, m1, m2].iter().all(u8::is_ascii_digit) {
            return Err(NotAWallTime);
        }
        let digits = |tens: u8, ones: u8| u16::from(tens - b'0') * 10 + u16::from(ones - b'0');
        let (hours, minutes) = (digits(h1, h2), digits(m1, m2));
        if minutes > 59 { Err(NotAWallTime) } else { Self::from_minutes(hours * 60 + minutes) }
    }
}

impl TryFrom<String> for WallTime {
    type Error = NotAWallTime;

    fn try_from(text: String) -> Result<Self, NotAWallTime> {
        text.parse()
    }
}

impl From<WallTime> for String {
    fn from(time: WallTime) -> Self {
        time.to_string()
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// The name of an IANA time zone, such as `Europe/Paris`.
///
/// With the `zones` feature (on the server) a value is known to be in the zone database; in the
/// browser, which has no database, only its shape is checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(String);

/// Not the name of a known IANA zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an IANA time zone, such as Europe/Paris")]
pub struct UnknownZone;

impl TimeZone {
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }

    pub fn name(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for TimeZone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        #[cfg(feature = "zones")]
        let known = crate::zones::Zones::in_use().rules(name).is_some();
        #[cfg(not(feature = "zones"))]
        let known = has_shape(name);
        if known { Ok(Self(name.to_owned())) } else { Err(UnknownZone) }
    }
}

/// Whether a zone could be called so.
#[cfg(not(feature = "zones"))]
fn has_shape(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b))
}

impl TryFrom<String> for TimeZone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, UnknownZone> {
        name.parse()
    }
}

impl From<TimeZone> for String {
    fn from(zone: TimeZone) -> Self {
        zone.0
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "zones")]
mod zoned {
    use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

    use super::TimeZone;
    use crate::zones::{ZoneRules, Zones};
    use crate::{Instant, TimeRange};

    impl TimeZone {
        /// The zone's rules, of the release in use; looked up once by who needs them often.
        pub fn rules(&self) -> ZoneRules {
            Zones::in_use().rules(&self.0).cloned().unwrap_or(ZoneRules::UTC)
        }

        /// The instant of a local date and time.
        ///
        /// A local time that does not exist is read with the offset before the gap (RFC 5545, 3.3.5);
        /// one that occurs twice is its first occurrence.
        pub fn instant(&self, local: NaiveDateTime) -> Instant {
            self.rules().instant(local)
        }

        /// What a clock in this zone shows at `instant`.
        pub fn local(&self, instant: Instant) -> NaiveDateTime {
            self.rules().local(instant)
        }

        /// From local midnight to the next local midnight: 23, 24 or 25 hours, or what the zone says.
        /// `None` for a day that the zone skipped, or beyond chrono's calendar.
        pub fn day(&self, date: NaiveDate) -> Option<TimeRange> {
            let rules = self.rules();
            let midnight = |date: NaiveDate| rules.instant(date.and_time(NaiveTime::MIN));
            TimeRange::new(midnight(date), midnight(date.succ_opt()?)).ok()
        }
    }
}
