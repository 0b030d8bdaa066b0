//! What a provider says about when they can be booked: open or closed, once or in a series.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Recurrence, TimeRange, TimeZone, WallTime};

/// Whether an entry opens time or closes it. A closed entry overrides what it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Effect {
    Open,
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Pattern {
    OneOff(TimeRange),
    Recurring(Series),
}

/// The same wall-clock hours on every date of a recurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Series {
    /// Local time in `time_zone`.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "09:00"))]
    pub start_time: WallTime,
    /// Local time in `time_zone`; at or before `start_time` it is the next day's.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "12:00"))]
    pub end_time: WallTime,
    /// The first local date that may have an occurrence.
    pub starts_on: NaiveDate,
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "FREQ=WEEKLY;BYDAY=MO,WE"))]
    pub recurrence: Recurrence,
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "Europe/Paris"))]
    pub time_zone: TimeZone,
    /// Dates left out, by the local date on which the occurrence would start.
    #[serde(default)]
    pub exceptions: Vec<SeriesException>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeriesException {
    pub date: NaiveDate,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AvailabilityEntry {
    pub availability_id: Uuid,
    pub provider_id: Uuid,
    pub effect: Effect,
    pub pattern: Pattern,
    pub note: Option<String>,
    /// Counts the entry's own changes, from 1.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An entry as somebody asks for it, every field checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewAvailability {
    pub effect: Effect,
    pub pattern: Pattern,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The version the entry is thought to have; checked by a replacement where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// One stretch that an entry makes open or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    pub range: TimeRange,
    /// The local date, in the series' own zone, on which it starts; `None` for a one-off.
    pub date: Option<NaiveDate>,
}

#[cfg(feature = "zones")]
mod occurrences {
    use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

    use super::{Occurrence, Pattern, Series};
    use crate::recurrence::RecurrenceEnd;
    use crate::{TimeRange, WallTime};

    /// How far, in local days, an occurrence's date may lie before the last day it covers: it may end
    /// a day later by its own clock, and a zone may have skipped a day meanwhile (Pacific/Apia, 2011).
    const REACH: TimeDelta = TimeDelta::days(3);

    impl Pattern {
        /// The occurrences that overlap `within`, in order of start, none clipped.
        /// An occurrence that a change of offset leaves empty is not listed.
        pub fn occurrences(&self, within: TimeRange) -> Vec<Occurrence> {
            match self {
                Self::OneOff(range) if range.overlaps(&within) => vec![Occurrence { range: *range, date: None }],
                Self::OneOff(_) => Vec::new(),
                Self::Recurring(series) => series.occurrences(within),
            }
        }
    }

    impl Series {
        fn occurrences(&self, within: TimeRange) -> Vec<Occurrence> {
            let rules = self.time_zone.rules();
            let (from, to) = (within.start().date_naive() - REACH, within.end().date_naive() + REACH);
            let mut left_out: Vec<NaiveDate> = self.exceptions.iter().map(|exception| exception.date).collect();
            left_out.sort_unstable();
            let next_day = self.end_time <= self.start_time;

            let mut occurrences: Vec<Occurrence> = Vec::new();
            for date in self.recurrence.dates(self.starts_on, from, to) {
                let local_start = at(date, self.start_time);
                let ended = matches!(self.recurrence.end, RecurrenceEnd::UntilLocal(last) if local_start > last);
                if ended || left_out.binary_search(&date).is_ok() {
                    continue;
                }
                let local_end = at(if next_day { date + TimeDelta::days(1) } else { date }, self.end_time);
                let Ok(range) = TimeRange::new(rules.instant(local_start), rules.instant(local_end)) else {
                    continue;
                };
                if matches!(self.recurrence.end, RecurrenceEnd::UntilInstant(last) if range.start() > last) {
                    continue;
                }
                if range.overlaps(&within) {
                    occurrences.push(Occurrence { range, date: Some(date) });
                }
            }
            // Dates are in order, and so are instants except where a zone skips a whole day.
            occurrences.sort_by_key(|occurrence| occurrence.range.start());
            occurrences
        }
    }

    /// `24:00` is the next day's midnight.
    fn at(date: NaiveDate, time: WallTime) -> NaiveDateTime {
        match time.time() {
            Some(time) => date.and_time(time),
            None => (date + TimeDelta::days(1)).and_time(NaiveTime::MIN),
        }
    }
}
