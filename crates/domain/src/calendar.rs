//! A provider's whole calendar as the rules see it, and the openings that follow from it.

use std::cmp::Reverse;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use crate::availability::Effect;
use crate::moment::YEARS;
use crate::openings::BUFFER_REACH;
use crate::{
    AvailabilityEntry, FullDay, GroupSeats, Instant, Offering, Openings, Pattern, RangeSet, TimeRange, TimeZone, Window,
};

/// Time of the provider that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appointment {
    pub appointment_id: Uuid,
    pub offering_id: Uuid,
    pub during: TimeRange,
    /// `during` with the buffers it was booked with.
    pub blocked: TimeRange,
    /// Held while a guest decides, not yet booked.
    pub held: bool,
    pub capacity: u32,
    pub seats_taken: u32,
}

/// Entries, taken time and offerings of one provider.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub time_zone: TimeZone,
    pub entries: Vec<AvailabilityEntry>,
    /// Held and active ones, in order of start; their blocked stretches do not overlap.
    pub appointments: Vec<Appointment>,
    pub offerings: Vec<Offering>,
}

impl Calendar {
    /// Open time less closed and taken time, within (and clipped to) `within`.
    ///
    /// Where occurrences of open entries overlap (possible only around a change of offset) the
    /// earlier start keeps the stretch. One sweep over sorted intervals. To cut slots from the
    /// result, `within` must reach the longest duration beyond the last start asked for; full days
    /// are listed whole.
    pub fn openings(&self, within: TimeRange) -> Openings {
        let near = self.appointments_near(within);
        let closed = self.stretches(Effect::Closed, within).map(|(range, _)| range);
        let busy: RangeSet = closed.chain(near.iter().map(|appointment| appointment.blocked)).collect();
        Openings {
            windows: windows(&self.open(within), busy.ranges(), near, within),
            groups: self.groups(near, within),
            full_days: self.full_days(within),
        }
    }

    /// Open stretches that overlap `within`, in order and disjoint, each with the start of its
    /// occurrence. Of occurrences that overlap, the earlier start (then the longer) keeps the time.
    pub(crate) fn open(&self, within: TimeRange) -> Vec<(TimeRange, Instant)> {
        let mut open: Vec<(TimeRange, Instant)> = self.stretches(Effect::Open, within).collect();
        open.sort_by_key(|(range, _)| (range.start(), Reverse(range.end())));
        let mut kept_until = DateTime::<Utc>::MIN_UTC;
        open.retain_mut(|(range, _)| match TimeRange::new(range.start().max(kept_until), range.end()) {
            Ok(rest) => {
                *range = rest;
                kept_until = rest.end();
                true
            }
            Err(_) => false,
        });
        open
    }

    /// Open less closed time, whatever is taken; complete in `within`, and reaching beyond it where occurrences do.
    pub fn open_time(&self, within: TimeRange) -> RangeSet {
        let of = |effect| self.stretches(effect, within).map(|(range, _)| range).collect::<RangeSet>();
        of(Effect::Open).subtract(&of(Effect::Closed))
    }

    /// Group appointments that start in `within`, still have seats, and lie in open time: hours that were closed or
    /// deleted take no more guests, and those who have booked are the provider's to tell.
    fn groups(&self, near: &[Appointment], within: TimeRange) -> Vec<GroupSeats> {
        let starting = near.iter().filter(|group| !group.held && within.contains(group.during.start()));
        let mut open: Vec<(&Appointment, u32)> = starting
            .filter_map(|group| {
                let remaining = group.capacity.checked_sub(group.seats_taken).filter(|seats| *seats > 0)?;
                Some((group, remaining))
            })
            .collect();
        let Some(all) = open.iter().map(|(group, _)| group.during).reduce(|a, b| a.hull(&b)) else { return Vec::new() };
        let open_time = self.open_time(all);
        open.retain(|(group, _)| open_time.encloses(&group.during));
        let mut groups: Vec<GroupSeats> = open
            .into_iter()
            .map(|(group, remaining)| GroupSeats {
                offering_id: group.offering_id,
                start: group.during.start(),
                end: group.during.end(),
                remaining,
            })
            .collect();
        groups.sort_by_key(|group| (group.start, group.offering_id));
        groups
    }

    /// Every occurrence of the entries of one effect, with its start; entry by entry.
    pub(crate) fn stretches(&self, effect: Effect, within: TimeRange) -> impl Iterator<Item = (TimeRange, Instant)> {
        let entries = self.entries.iter().filter(move |entry| entry.effect == effect);
        entries
            .flat_map(move |entry| entry.pattern.occurrences(within))
            .map(|occurrence| (occurrence.range, occurrence.range.start()))
    }

    /// The appointments whose blocked time is at most a buffer's reach from `within`.
    pub(crate) fn appointments_near(&self, within: TimeRange) -> &[Appointment] {
        let (start, end) = (within.start() - BUFFER_REACH, within.end() + BUFFER_REACH);
        let from = self.appointments.partition_point(|appointment| appointment.blocked.end() <= start);
        let to = self.appointments.partition_point(|appointment| appointment.blocked.start() < end);
        self.appointments.get(from..to).unwrap_or_default()
    }

    /// The local days overlapping `within` on which an offering with a daily limit has reached it: in appointments,
    /// however many guests sit in each.
    pub(crate) fn full_days(&self, within: TimeRange) -> Vec<FullDay> {
        let limits: Vec<(Uuid, u32)> =
            self.offerings.iter().filter_map(|offering| Some((offering.offering_id, offering.daily_limit?))).collect();
        if limits.is_empty() {
            return Vec::new();
        }
        let mut full = Vec::new();
        let from = self.day_of(within.start()).start();
        let first = self.appointments.partition_point(|appointment| appointment.during.start() < from);
        let mut rest = self.appointments[first..].iter().peekable();
        while let Some(next) = rest.peek() {
            let day = self.day_of(next.during.start());
            if day.start() >= within.end() {
                break;
            }
            let mut booked = vec![0; limits.len()];
            while let Some(appointment) = rest.next_if(|next| next.during.start() < day.end()) {
                let limited = limits.iter().position(|(offering, _)| *offering == appointment.offering_id);
                if let Some(index) = limited.filter(|_| !appointment.held) {
                    booked[index] += 1;
                }
            }
            for ((offering_id, limit), booked) in limits.iter().zip(booked) {
                if booked >= *limit {
                    full.push(FullDay { offering_id: *offering_id, start: day.start(), end: day.end() });
                }
            }
        }
        full.sort_by_key(|day| (day.start, day.offering_id));
        full
    }

    /// The local day of the provider that `instant` lies in.
    fn day_of(&self, instant: Instant) -> TimeRange {
        let date = self.time_zone.local(instant).date();
        let days = [Some(date), date.pred_opt(), date.succ_opt()].into_iter().flatten();
        // Where midnight comes twice, an instant after the second shows the date that has ended.
        days.filter_map(|date| self.time_zone.day(date))
            .find(|day| day.contains(instant))
            .unwrap_or_else(|| TimeRange::new(instant, instant + TimeDelta::days(1)).expect("a day is not empty"))
    }
}

/// What is open and not busy, clipped, with the taken time next to it. All lists are sorted and disjoint.
fn windows(open: &[(TimeRange, Instant)], busy: &[TimeRange], near: &[Appointment], within: TimeRange) -> Vec<Window> {
    let mut windows = Vec::with_capacity(open.len() + near.len());
    let (mut past, mut before, mut after) = (0, 0, 0);
    let mut add = |range: TimeRange, origin: Instant| {
        while near.get(before).is_some_and(|taken| taken.blocked.end() <= range.start()) {
            before += 1;
        }
        while near.get(after).is_some_and(|taken| taken.blocked.start() < range.end()) {
            after += 1;
        }
        windows.push(Window {
            start: range.start(),
            end: range.end(),
            origin,
            taken_before: before
                .checked_sub(1)
                .map(|last| near[last].blocked.end())
                .filter(|taken| range.start() - *taken < BUFFER_REACH),
            taken_after: near
                .get(after)
                .map(|taken| taken.blocked.start())
                .filter(|taken| *taken - range.end() < BUFFER_REACH),
        });
    };
    for (range, origin) in open {
        let Some(range) = range.intersect(&within) else { continue };
        while busy.get(past).is_some_and(|busy| busy.end() <= range.start()) {
            past += 1;
        }
        let mut start = range.start();
        for gone in busy[past..].iter().take_while(|gone| gone.start() < range.end()) {
            if let Ok(free) = TimeRange::new(start, gone.start()) {
                add(free, *origin);
            }
            start = gone.end();
        }
        if let Ok(free) = TimeRange::new(start, range.end()) {
            add(free, *origin);
        }
    }
    windows
}

/// How far ahead two endless series are compared.
const CONFLICT_HORIZON: TimeDelta = TimeDelta::days(3653);

/// Where `wanted` would overlap open entries of `existing`, at most `limit` places, in order: the id
/// of the entry in the way, and the time that both would open.
///
/// Judged in instants from the later first date on, for ten years: further ahead two endless series
/// of different zones or intervals may still meet; the earlier start then keeps the stretch.
pub fn conflicts(existing: &[AvailabilityEntry], wanted: &Pattern, limit: usize) -> Vec<(Uuid, TimeRange)> {
    let mut found: Vec<(Uuid, TimeRange)> = Vec::new();
    let Some(reach) = reach(wanted) else { return found };
    let open = existing.iter().filter(|entry| entry.effect == Effect::Open);
    let pairs: Vec<(Uuid, &Pattern, TimeRange)> = open
        .filter_map(|entry| {
            let both = reach.intersect(&self::reach(&entry.pattern)?)?;
            let compared = TimeRange::new(both.start(), both.end().min(both.start() + CONFLICT_HORIZON)).ok()?;
            Some((entry.availability_id, &entry.pattern, compared))
        })
        .collect();
    let Some(all) = pairs.iter().map(|(_, _, compared)| *compared).reduce(|a, b| a.hull(&b)) else { return found };

    let wanted = wanted.occurrences(all);
    for (id, pattern, compared) in pairs {
        let mut ahead = 0;
        let mut places = Vec::new();
        // Year by year, because most conflicts show in the first.
        let mut from = compared.start();
        while let Ok(year) = TimeRange::new(from, compared.end().min(from + TimeDelta::days(366))) {
            for theirs in pattern.occurrences(year) {
                if theirs.range.start() < from && from > compared.start() {
                    continue; // it runs over the seam of two years, and the year before has listed it
                }
                ahead += wanted[ahead..].iter().take_while(|ours| ours.range.end() <= theirs.range.start()).count();
                let ours = wanted[ahead..].iter().take_while(|ours| ours.range.start() < theirs.range.end());
                places.extend(ours.filter_map(|ours| ours.range.intersect(&theirs.range)));
            }
            // Where a local day does not exist, as 30 December 2011 in Samoa, two days of one series are the same time.
            places.sort_unstable();
            places.dedup();
            if places.len() >= limit {
                break;
            }
            from = year.end();
        }
        found.extend(places.into_iter().take(limit).map(|place| (id, place)));
    }
    found.sort_by_key(|(id, place)| (*place, *id));
    found.truncate(limit);
    found
}

/// All the time a pattern may ever touch.
fn reach(pattern: &Pattern) -> Option<TimeRange> {
    match pattern {
        Pattern::OneOff(range) => Some(*range),
        Pattern::Recurring(series) => {
            let midnight = |date: NaiveDate| series.time_zone.instant(date.and_time(chrono::NaiveTime::MIN));
            TimeRange::new(midnight(series.starts_on), midnight(NaiveDate::from_ymd_opt(YEARS.end() + 1, 1, 3)?)).ok()
        }
    }
}

/// How far around the wanted time suggestions are looked for.
const SUGGESTION_REACH: TimeDelta = TimeDelta::days(7);

/// What is left of a wanted stretch is only suggested from this length on.
const SHORTEST_SUGGESTION: TimeDelta = TimeDelta::minutes(5);

/// Up to `count` stretches as long as `wanted` (or what is left of it beside the conflicts) that
/// overlap no open entry, within a week of it, nearest first: those of which the two ends together
/// had to move least.
pub fn suggestions(existing: &[AvailabilityEntry], wanted: TimeRange, count: usize) -> Vec<TimeRange> {
    let Ok(around) = TimeRange::new(wanted.start() - SUGGESTION_REACH, wanted.end() + SUGGESTION_REACH) else {
        return Vec::new();
    };
    let entries = existing.iter().filter(|entry| entry.effect == Effect::Open);
    let open: RangeSet =
        entries.flat_map(|entry| entry.pattern.occurrences(around)).map(|occurrence| occurrence.range).collect();
    let free = RangeSet::from_iter([around]).subtract(&open);

    let mut suggestions: Vec<TimeRange> = Vec::new();
    for gap in free.ranges() {
        if let Some(latest_start) = Some(gap.end() - wanted.length()).filter(|latest| *latest >= gap.start()) {
            let start = wanted.start().clamp(gap.start(), latest_start);
            suggestions.extend(TimeRange::new(start, start + wanted.length()));
        }
        suggestions.extend(gap.intersect(&wanted).filter(|rest| rest.length() >= SHORTEST_SUGGESTION));
    }
    let moved = |range: &TimeRange| (range.start() - wanted.start()).abs() + (range.end() - wanted.end()).abs();
    suggestions.sort_by_key(|range| (moved(range), *range));
    suggestions.dedup();
    suggestions.truncate(count);
    suggestions
}
