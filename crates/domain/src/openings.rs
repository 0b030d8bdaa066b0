//! When a provider can be booked, in the form that travels: UTC windows, no names, no zones.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::TimeRange;

/// The longest buffer an offering may have, in minutes: how far from a window taken time matters.
pub const MAX_BUFFER_MINUTES: i64 = 1440;

/// The same as a length.
pub(crate) const BUFFER_REACH: TimeDelta = TimeDelta::minutes(MAX_BUFFER_MINUTES);

/// A stretch of one open entry that is neither closed nor taken.
///
/// Windows come sorted by start and never overlap; windows of different entries may touch, and an
/// appointment may run across such a seam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Window {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    /// From where starts are counted: the start of the entry's occurrence, so that a taken stretch
    /// does not shift the times after it.
    pub origin: DateTime<Utc>,
    /// The end of the nearest taken stretch before, where it is less than a day before `start`: a
    /// buffer may reach into time that is not open, but not into time that is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_before: Option<DateTime<Utc>>,
    /// The start of the nearest taken stretch after, where it is less than a day after `end`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_after: Option<DateTime<Utc>>,
}

/// A group appointment that still has seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupSeats {
    pub offering_id: Uuid,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub remaining: u32,
}

/// A local day of the provider on which an offering has reached its daily limit: no appointment is begun on it, and
/// seats of those that there are can still be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FullDay {
    pub offering_id: Uuid,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

/// All that is needed to cut bookable starts, for any offering and length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Openings {
    pub windows: Vec<Window>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupSeats>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub full_days: Vec<FullDay>,
}

impl Window {
    /// The part of it in `within`, as it would be had nothing else been looked at.
    pub(crate) fn clipped(&self, within: TimeRange) -> Option<Self> {
        let (start, end) = (self.start.max(within.start()), self.end.min(within.end()));
        (start < end).then(|| Self {
            start,
            end,
            origin: self.origin,
            taken_before: self.taken_before.filter(|taken| start - *taken < BUFFER_REACH),
            taken_after: self.taken_after.filter(|taken| *taken - end < BUFFER_REACH),
        })
    }
}

impl Openings {
    /// The parts of everything here that lie in `within`: windows clipped to it (origins kept),
    /// group appointments that start in it, full days that overlap it (whole).
    ///
    /// The same as computing the openings of `within` afresh.
    pub fn clipped(&self, within: TimeRange) -> Self {
        let overlapping = overlapping(&self.windows, within);
        Self {
            windows: overlapping.iter().filter_map(|window| window.clipped(within)).collect(),
            groups: self.groups.iter().filter(|group| within.contains(group.start)).copied().collect(),
            full_days: self.full_days.iter().filter(|day| day.overlaps(within)).copied().collect(),
        }
    }

    /// The windows of [`Openings::clipped`], from the one of that number on.
    pub fn windows_within(&self, within: TimeRange, from: usize) -> impl Iterator<Item = Window> {
        let overlapping = overlapping(&self.windows, within).get(from..).unwrap_or_default();
        overlapping.iter().filter_map(move |window| window.clipped(within))
    }

    /// Puts `fresh` in place of what was known of `within`; what lies outside stays. Idempotent.
    ///
    /// The result is the same as computing everything afresh, provided that `within` covers each
    /// changed open or closed stretch, and each changed taken stretch (the old one and the new) with
    /// [`MAX_BUFFER_MINUTES`] more on both sides, because windows so near to it name it. Windows that
    /// were cut at an edge of `within` are joined again.
    pub fn replace(&mut self, within: TimeRange, fresh: Self) {
        let fresh = fresh.clipped(within);

        // Those that overlap `within` and those that touch it; all others stay where they are.
        let from = self.windows.partition_point(|window| window.end < within.start());
        let to = self.windows.partition_point(|window| window.start <= within.end()).max(from);
        let outside = |side: Result<TimeRange, _>| {
            let known = &self.windows[from..to];
            side.ok().into_iter().flat_map(move |side| known.iter().filter_map(move |window| window.clipped(side)))
        };
        let before = outside(TimeRange::new(DateTime::<Utc>::MIN_UTC, within.start()));
        let after = outside(TimeRange::new(within.end(), DateTime::<Utc>::MAX_UTC));
        let mut joined: Vec<Window> = Vec::with_capacity(fresh.windows.len() + 4);
        for window in before.chain(fresh.windows).chain(after) {
            match joined.last_mut() {
                Some(last @ &mut Window { end, origin, .. }) if end == window.start && origin == window.origin => {
                    *last = Window { end: window.end, taken_after: window.taken_after, ..*last };
                }
                _ => joined.push(window),
            }
        }
        self.windows.splice(from..to, joined);

        self.groups.retain(|group| !within.contains(group.start));
        self.groups.extend(fresh.groups);
        self.groups.sort_by_key(|group| (group.start, group.offering_id));

        self.full_days.retain(|day| !day.overlaps(within));
        self.full_days.extend(fresh.full_days);
        self.full_days.sort_by_key(|day| (day.start, day.offering_id));
    }
}

impl FullDay {
    fn overlaps(&self, within: TimeRange) -> bool {
        self.start < within.end() && within.start() < self.end
    }
}

/// The windows that overlap `within`; found by halving, because windows are sorted.
fn overlapping(windows: &[Window], within: TimeRange) -> &[Window] {
    let from = windows.partition_point(|window| window.end <= within.start());
    let to = windows.partition_point(|window| window.start < within.end());
    windows.get(from..to).unwrap_or_default()
}
