//! A stretch of time: half-open and never empty.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::Instant;

/// `[start, end)` in UTC, with `start < end` always true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Ends")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimeRange {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// The end is not after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the end must be after the start")]
pub struct EmptyRange;

impl TimeRange {
    /// Fails when `end` is not after `start`.
    pub fn new(start: Instant, end: Instant) -> Result<Self, EmptyRange> {
        if start < end { Ok(Self { start, end }) } else { Err(EmptyRange) }
    }

    /// `minutes` long from `start`; fails when `minutes` is not positive or the end is beyond what chrono can hold.
    pub fn from_start(start: Instant, minutes: i64) -> Result<Self, EmptyRange> {
        let length = TimeDelta::try_minutes(minutes).ok_or(EmptyRange)?;
        Self::new(start, start.checked_add_signed(length).ok_or(EmptyRange)?)
    }

    pub fn start(&self) -> Instant {
        self.start
    }

    pub fn end(&self) -> Instant {
        self.end
    }

    pub fn length(&self) -> TimeDelta {
        self.end - self.start
    }

    pub fn contains(&self, instant: Instant) -> bool {
        self.start <= instant && instant < self.end
    }

    pub fn encloses(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Touching is not overlapping.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    pub fn intersect(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end)).ok()
    }

    /// Longer by `before` and `after` minutes (not negative) on its two sides.
    pub fn widened(&self, before: i64, after: i64) -> Self {
        let start = self.start - TimeDelta::minutes(before.max(0));
        let end = self.end + TimeDelta::minutes(after.max(0));
        Self { start, end }
    }

    /// The smallest range that encloses both.
    pub fn hull(&self, other: &Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

#[derive(Deserialize)]
struct Ends {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl TryFrom<Ends> for TimeRange {
    type Error = EmptyRange;

    fn try_from(ends: Ends) -> Result<Self, EmptyRange> {
        Self::new(ends.start, ends.end)
    }
}
