//! Cutting openings into the starts that a guest can book. Runs on the server and in the browser.

use std::ops::ControlFlow;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{FullDay, GroupSeats, Instant, Offering, Openings, TimeRange, Window};

/// A start that can be booked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Slot {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    /// Free seats; 1 for an appointment of one guest.
    pub remaining: u32,
}

/// Every bookable start in `within` (by start, which may be the last minute of it), in order.
///
/// `duration_minutes` must be one the offering has, and the offering active; else there are none.
/// Notice and horizon are counted from `now`. The openings must reach that length beyond `within`,
/// or its last starts seem not to fit. One sweep: the cost grows with windows and slots.
pub fn slots(
    openings: &Openings,
    offering: &Offering,
    duration_minutes: u32,
    within: TimeRange,
    now: DateTime<Utc>,
) -> Vec<Slot> {
    let Some(cut) = Cut::new(openings, offering, duration_minutes) else { return Vec::new() };
    let (from, to) = cut.stretch(within, now);
    cut.list(from, to, usize::MAX).0
}

/// What [`slots`] lists, a part at a time: for who does not want all of it in memory.
///
/// Whoever asks for the parts gives the same openings, offering and length each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Seconds since 1970: where the next part begins, and the last start there may be.
    next: i64,
    last: i64,
}

impl Parts {
    /// Of the slots in `within`, seen from `now`: as for [`slots`].
    pub fn new(
        openings: &Openings,
        offering: &Offering,
        duration_minutes: u32,
        within: TimeRange,
        now: Instant,
    ) -> Self {
        let cut = Cut::new(openings, offering, duration_minutes);
        let (next, last) = cut.map_or((0, -1), |cut| cut.stretch(within, now));
        Self { next, last }
    }

    /// No more slots than this are left. Looks at windows only, not at their starts.
    pub fn at_most(&self, openings: &Openings, offering: &Offering, duration_minutes: u32) -> usize {
        Cut::new(openings, offering, duration_minutes).map_or(0, |cut| cut.at_most(self.next, self.last))
    }

    /// The next `most` slots, none at the end.
    pub fn take(&mut self, openings: &Openings, offering: &Offering, duration_minutes: u32, most: usize) -> Vec<Slot> {
        let Some(cut) = Cut::new(openings, offering, duration_minutes) else { return Vec::new() };
        let (slots, next) = cut.list(self.next, self.last, most);
        self.next = next.unwrap_or(self.last + 1);
        slots
    }

    /// Tells `note` enough of what is left to know it from any other list, in few numbers: the first and the last of
    /// starts that lie a step apart, and each group's start and seats.
    pub fn digest(
        &self,
        openings: &Openings,
        offering: &Offering,
        duration_minutes: u32,
        mut note: impl FnMut(i64, i64),
    ) {
        let Some(cut) = Cut::new(openings, offering, duration_minutes) else { return };
        let mut run: Option<(i64, i64)> = None;
        let _: ControlFlow<()> = cut.each_free(self.next, self.last, |start| {
            match &mut run {
                Some((_, last)) if *last + cut.step == start => *last = start,
                _ => {
                    if let Some((first, last)) = run.replace((start, start)) {
                        note(first, last);
                    }
                }
            }
            ControlFlow::Continue(())
        });
        if let Some((first, last)) = run {
            note(first, last);
        }
        for group in cut.groups(self.next, self.last) {
            note(group.start.timestamp(), i64::from(group.remaining));
        }
    }
}

/// Whether `start` is among [`slots`], without listing them.
pub fn is_bookable(
    openings: &Openings,
    offering: &Offering,
    duration_minutes: u32,
    start: DateTime<Utc>,
    now: DateTime<Utc>,
) -> bool {
    let Some(cut) = Cut::new(openings, offering, duration_minutes) else { return false };
    let second = start.timestamp();
    start.timestamp_subsec_nanos() == 0
        && cut.earliest(now) <= second
        && second <= cut.latest(now)
        && cut.first(second, second).is_some()
}

/// The instants after `now` at which [`slots`] changes by the passing of time alone: the first at
/// which a start falls inside the notice, or one comes within the horizon. `None`: never.
///
/// Exact to the nanosecond: a start can still be booked at the very instant its notice begins.
pub fn unchanged_until(
    openings: &Openings,
    offering: &Offering,
    duration_minutes: u32,
    within: TimeRange,
    now: DateTime<Utc>,
) -> Option<Instant> {
    let cut = Cut::new(openings, offering, duration_minutes)?;
    if cut.notice > cut.horizon {
        return None;
    }
    let (from, to) = (ceil(within.start()), ceil(within.end()) - 1);
    let leaves =
        cut.first(cut.earliest(now).max(from), to).and_then(|start| DateTime::from_timestamp(start - cut.notice, 1));
    let enters = cut
        .first((cut.latest(now) + 1).max(from), to)
        .and_then(|start| DateTime::from_timestamp(start - cut.horizon, 0));
    leaves.into_iter().chain(enters).min()
}

/// The `count` slots of `all` nearest to `wanted`, nearest first; of two as near, the later.
pub fn nearest(all: &[Slot], wanted: Instant, count: usize) -> Vec<TimeRange> {
    let split = all.partition_point(|slot| slot.start < wanted);
    let (mut before, mut after) = (all[..split].iter().rev().peekable(), all[split..].iter().peekable());
    let next = || {
        let slot = match (before.peek(), after.peek()) {
            (Some(earlier), Some(later)) if wanted - earlier.start < later.start - wanted => before.next(),
            (Some(_), None) => before.next(),
            _ => after.next(),
        };
        slot.map(|slot| TimeRange::new(slot.start, slot.end).expect("a slot is not empty"))
    };
    std::iter::from_fn(next).take(count).collect()
}

/// The first whole second at or after `instant`.
fn ceil(instant: Instant) -> i64 {
    instant.timestamp() + i64::from(instant.timestamp_subsec_nanos() > 0)
}

/// Openings with the rules of one offering and length, in seconds since 1970: what slots are cut
/// from, whatever the present is.
struct Cut<'a> {
    windows: &'a [Window],
    groups: &'a [GroupSeats],
    /// Days on which this offering takes no new appointment, in order.
    full_days: Vec<&'a FullDay>,
    offering: &'a Offering,
    length: i64,
    step: i64,
    buffer_before: i64,
    buffer_after: i64,
    notice: i64,
    horizon: i64,
}

impl<'a> Cut<'a> {
    /// `None` where the offering has no such length or cannot be booked at all.
    fn new(openings: &'a Openings, offering: &'a Offering, duration_minutes: u32) -> Option<Self> {
        if !offering.active || duration_minutes == 0 || !offering.durations_minutes.contains(&duration_minutes) {
            return None;
        }
        let seconds = |minutes: u32| i64::from(minutes) * 60;
        Some(Self {
            windows: &openings.windows,
            groups: &openings.groups,
            full_days: openings.full_days.iter().filter(|day| day.offering_id == offering.offering_id).collect(),
            offering,
            length: seconds(duration_minutes),
            step: seconds(offering.step_minutes.max(1)),
            buffer_before: seconds(offering.buffer_before_minutes),
            buffer_after: seconds(offering.buffer_after_minutes),
            notice: seconds(offering.min_notice_minutes),
            horizon: i64::from(offering.horizon_days) * 86_400,
        })
    }

    /// The first start and the last that may be listed.
    fn stretch(&self, within: TimeRange, now: Instant) -> (i64, i64) {
        (self.earliest(now).max(ceil(within.start())), self.latest(now).min(ceil(within.end()) - 1))
    }

    /// The slots that start from `from` to `to`, and where to go on when there were `most` of them.
    fn list(&self, from: i64, to: i64, most: usize) -> (Vec<Slot>, Option<i64>) {
        let mut slots = Vec::with_capacity(self.at_most(from, to).min(most));
        let length = TimeDelta::seconds(self.length);
        let mut groups = self
            .groups(from, to)
            .map(|group| Slot { start: group.start, end: group.end, remaining: group.remaining })
            .peekable();
        let free = self.each_free(from, to, |second| {
            let Some(start) = DateTime::from_timestamp(second, 0) else { return ControlFlow::Continue(()) };
            while let Some(group) = groups.next_if(|group| group.start <= start) {
                slots.push(group);
            }
            slots.push(Slot { start, end: start + length, remaining: self.offering.capacity });
            if slots.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(second + 1) }
        });
        let mut next = free.break_value();
        if next.is_none() {
            slots.extend(groups);
            // Groups without free starts between them.
            if slots.len() > most {
                slots.truncate(most);
                next = slots.last().map(|slot| slot.start.timestamp() + 1);
            }
        }
        (slots, next)
    }

    fn earliest(&self, now: Instant) -> i64 {
        ceil(now) + self.notice
    }

    fn latest(&self, now: Instant) -> i64 {
        now.timestamp() + self.horizon
    }

    /// The first start from `from` to `to`, free or in a group.
    fn first(&self, from: i64, to: i64) -> Option<i64> {
        let free = match self.each_free(from, to, ControlFlow::Break) {
            ControlFlow::Break(start) => Some(start),
            ControlFlow::Continue(()) => None,
        };
        let group = self.groups(from, to).next().map(|group| group.start.timestamp());
        free.into_iter().chain(group).min()
    }

    /// Group appointments of this offering and length that start from `from` to `to`. On a full day too: who joins
    /// one makes none.
    fn groups(&self, from: i64, to: i64) -> impl Iterator<Item = &'a GroupSeats> {
        let first = self.groups.partition_point(|group| group.start.timestamp() < from);
        self.groups[first..].iter().take_while(move |group| group.start.timestamp() <= to).filter(move |group| {
            group.offering_id == self.offering.offering_id
                && group.remaining > 0
                && (group.end - group.start).num_seconds() == self.length
        })
    }

    /// Hands every free start from `from` to `to` to `take`, in order, until it breaks off.
    ///
    /// A start lies in a window and on its grid; the appointment may run on through windows that
    /// touch. No taken time lies inside such a run, so the nearest one before the start is the one
    /// before its window, and the nearest one after the end is the one after the run.
    fn each_free<B>(&self, from: i64, to: i64, mut take: impl FnMut(i64) -> ControlFlow<B>) -> ControlFlow<B> {
        let first = self.windows.partition_point(|window| window.end.timestamp() <= from);
        let mut last = first;
        for (index, window) in self.windows.iter().enumerate().skip(first) {
            let (start, end) = (window.start.timestamp(), window.end.timestamp());
            if start > to {
                break;
            }
            last = last.max(index);
            while let [this, next, ..] = &self.windows[last..]
                && this.end == next.start
                && this.end.timestamp() < end + self.length
            {
                last += 1;
            }
            let run = &self.windows[last];

            let mut earliest = from.max(start);
            if let Some(taken) = window.taken_before {
                earliest = earliest.max(taken.timestamp() + self.buffer_before);
            }
            let mut latest_end = run.end.timestamp();
            if let Some(taken) = run.taken_after {
                latest_end = latest_end.min(taken.timestamp() - self.buffer_after);
            }
            let latest = to.min(end - 1).min(latest_end - self.length);

            let origin = window.origin.timestamp();
            let on_grid = |from: i64| from + (origin - from).rem_euclid(self.step);
            let mut start = on_grid(earliest);
            while start <= latest {
                // The whole stretch up to the next full day is free of them.
                let (clear_until, resume) = match self.next_full_day(start) {
                    Some(day) => (latest.min(day.start.timestamp() - 1), Some(day.end.timestamp())),
                    None => (latest, None),
                };
                while start <= clear_until {
                    take(start)?;
                    start += self.step;
                }
                match resume {
                    Some(resume) => start = on_grid(start.max(resume)),
                    None => break,
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The first full day that ends after `start`.
    fn next_full_day(&self, start: i64) -> Option<&FullDay> {
        let day = self.full_days.partition_point(|day| day.end.timestamp() <= start);
        self.full_days.get(day).copied()
    }

    /// No more slots than this lie from `from` to `to`.
    fn at_most(&self, from: i64, to: i64) -> usize {
        let free = self.windows.iter().map(|window| {
            let stretch = window.end.timestamp().min(to + 1) - window.start.timestamp().max(from);
            if stretch > 0 { stretch / self.step + 1 } else { 0 }
        });
        free.sum::<i64>() as usize + self.groups.len()
    }
}
