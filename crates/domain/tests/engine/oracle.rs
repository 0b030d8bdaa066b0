//! What the answers should be, found by looking at every minute: slow, and plain to read.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use domain::calendar::Calendar;
use domain::recurrence::RecurrenceEnd;
use domain::{
    Effect, FullDay, GroupSeats, Offering, Openings, Pattern, Recurrence, Series, Slot, TimeRange, TimeZone, Window,
};

type Instant = DateTime<Utc>;

const MINUTE: TimeDelta = TimeDelta::minutes(1);
const REACH: i64 = 1440;

/// Every date from `first` to `last`, one by one.
pub fn dates(rule: &Recurrence, first: NaiveDate, last: NaiveDate) -> Vec<NaiveDate> {
    let week_of = |date: NaiveDate| date.week(rule.week_start).first_day();
    let mut dates = Vec::new();
    for date in first.iter_days().take_while(|date| *date <= last) {
        let weeks = (week_of(date) - week_of(first)).num_weeks();
        let listed = match rule.weekdays.as_slice() {
            [] => date.weekday() == first.weekday(),
            listed => listed.contains(&date.weekday()),
        };
        let ended = match rule.end {
            RecurrenceEnd::Until(until) => date > until,
            RecurrenceEnd::UntilLocal(until) => date > until.date(),
            RecurrenceEnd::Count(count) => dates.len() >= count as usize,
            _ => false,
        };
        if weeks % i64::from(rule.interval) == 0 && listed && !ended {
            dates.push(date);
        }
    }
    dates
}

/// What a wall clock shows, minute by minute.
struct WallClock {
    from: Instant,
    shown: Vec<NaiveDateTime>,
}

impl WallClock {
    fn new(zone: &TimeZone, span: TimeRange) -> Self {
        let rules = zone.rules();
        let minutes = span.length().num_minutes();
        let shown = |minute| rules.local(span.start() + MINUTE * minute);
        Self { from: span.start(), shown: (0..minutes as i32).map(shown).collect() }
    }

    /// The first minute at which the clock shows `local`; where it never does, the minute at which it
    /// would have, had it gone on without the jump.
    fn instant(&self, local: NaiveDateTime) -> Instant {
        assert!(self.shown[0] <= local && local <= self.shown[self.shown.len() - 1], "{local} is beyond the oracle");
        match self.shown.iter().position(|shown| *shown == local) {
            Some(minute) => self.from + MINUTE * minute as i32,
            None => {
                let jump = self.shown.iter().position(|shown| *shown > local).unwrap() - 1;
                self.from + MINUTE * jump as i32 + (local - self.shown[jump])
            }
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Minute {
    /// The start of the occurrence that has it.
    origin: Option<Instant>,
    closed: bool,
    blocked: bool,
}

pub struct Oracle<'a> {
    calendar: &'a Calendar,
    within: TimeRange,
    from: Instant,
    minutes: Vec<Minute>,
    home: WallClock,
}

impl<'a> Oracle<'a> {
    pub fn new(calendar: &'a Calendar, within: TimeRange) -> Self {
        let span = within.widened(3 * REACH, 3 * REACH);
        let clocks = within.widened(10 * REACH, 10 * REACH);
        let mut minutes = vec![Minute::default(); span.length().num_minutes() as usize];
        let from = span.start();
        let at = |minute: usize| from + MINUTE * minute as i32;

        let mut open: Vec<TimeRange> = Vec::new();
        let mut walls: HashMap<TimeZone, WallClock> = HashMap::new();
        for entry in &calendar.entries {
            let ranges = match &entry.pattern {
                Pattern::OneOff(range) => vec![*range],
                Pattern::Recurring(series) => {
                    let wall = walls
                        .entry(series.time_zone.clone())
                        .or_insert_with(|| WallClock::new(&series.time_zone, clocks));
                    occurrences(series, wall, span)
                }
            };
            match entry.effect {
                Effect::Open => open.extend(ranges),
                Effect::Closed => {
                    for (index, minute) in minutes.iter_mut().enumerate() {
                        minute.closed |= ranges.iter().any(|range| range.contains(at(index)));
                    }
                }
            }
        }
        for (index, minute) in minutes.iter_mut().enumerate() {
            let holders = open.iter().filter(|range| range.contains(at(index)));
            minute.origin = holders.map(TimeRange::start).min();
            minute.blocked = calendar.appointments.iter().any(|taken| taken.blocked.contains(at(index)));
        }
        let home = WallClock::new(&calendar.time_zone, clocks);
        Self { calendar, within, from, minutes, home }
    }

    fn minute(&self, instant: Instant) -> Minute {
        self.minutes[(instant - self.from).num_minutes() as usize]
    }

    fn free(&self, instant: Instant) -> Option<Instant> {
        let minute = self.minute(instant);
        minute.origin.filter(|_| !minute.closed && !minute.blocked)
    }

    pub fn openings(&self) -> Openings {
        let mut windows: Vec<Window> = Vec::new();
        for instant in each_minute(self.within) {
            let Some(origin) = self.free(instant) else { continue };
            match windows.last_mut() {
                Some(last) if last.end == instant && last.origin == origin => last.end += MINUTE,
                _ => windows.push(Window {
                    start: instant,
                    end: instant + MINUTE,
                    origin,
                    taken_before: None,
                    taken_after: None,
                }),
            }
        }
        for window in &mut windows {
            let blocked = |instant: &Instant| self.minute(*instant).blocked;
            let before = (1..=REACH).map(|minutes| window.start - TimeDelta::minutes(minutes));
            window.taken_before = before.take(REACH as usize).find(blocked).map(|minute| minute + MINUTE);
            let after = (0..REACH).map(|minutes| window.end + TimeDelta::minutes(minutes));
            window.taken_after = after.take(REACH as usize).find(blocked);
        }
        Openings { windows, groups: self.groups(), full_days: self.full_days() }
    }

    fn groups(&self) -> Vec<GroupSeats> {
        let mut groups = Vec::new();
        for taken in &self.calendar.appointments {
            let is_open = |instant| self.minute(instant).origin.is_some() && !self.minute(instant).closed;
            if self.within.contains(taken.during.start())
                && !taken.held
                && taken.seats_taken < taken.capacity
                && each_minute(taken.during).all(is_open)
            {
                groups.push(GroupSeats {
                    offering_id: taken.offering_id,
                    start: taken.during.start(),
                    end: taken.during.end(),
                    remaining: taken.capacity - taken.seats_taken,
                });
            }
        }
        groups
    }

    fn full_days(&self) -> Vec<FullDay> {
        let mut full = Vec::new();
        let first = self.within.start().date_naive() - TimeDelta::days(3);
        for date in first.iter_days().take_while(|date| *date <= self.within.end().date_naive() + TimeDelta::days(3)) {
            let midnight = |date: NaiveDate| self.home.instant(date.and_hms_opt(0, 0, 0).unwrap());
            let Ok(day) = TimeRange::new(midnight(date), midnight(date + TimeDelta::days(1))) else { continue };
            for offering in &self.calendar.offerings {
                let booked = self.calendar.appointments.iter().filter(|taken| {
                    !taken.held && taken.offering_id == offering.offering_id && day.contains(taken.during.start())
                });
                let booked = booked.count();
                if day.overlaps(&self.within) && offering.daily_limit.is_some_and(|limit| booked >= limit as usize) {
                    full.push(FullDay { offering_id: offering.offering_id, start: day.start(), end: day.end() });
                }
            }
        }
        full
    }

    pub fn slots(&self, offering: &Offering, duration: u32, now: Instant) -> Vec<Slot> {
        if !offering.active || !offering.durations_minutes.contains(&duration) {
            return Vec::new();
        }
        let (groups, full_days) = (self.groups(), self.full_days());
        let mut slots = Vec::new();
        for start in each_minute(self.within) {
            let end = start + TimeDelta::minutes(duration.into());
            let on_full_day = full_days
                .iter()
                .any(|day| day.offering_id == offering.offering_id && day.start <= start && start < day.end);
            if start - now < TimeDelta::minutes(offering.min_notice_minutes.into())
                || start - now > TimeDelta::days(offering.horizon_days.into())
            {
                continue;
            }
            let seats = groups
                .iter()
                .find(|group| group.offering_id == offering.offering_id && group.start == start && group.end == end);
            if let Some(group) = seats {
                slots.push(Slot { start, end, remaining: group.remaining });
                continue;
            }
            if on_full_day {
                continue;
            }
            let Some(origin) = self.free(start) else { continue };
            let during = TimeRange::new(start, end).unwrap();
            let kept = during.widened(offering.buffer_before_minutes.into(), offering.buffer_after_minutes.into());
            if (start - origin).num_minutes() % i64::from(offering.step_minutes) == 0
                && each_minute(during).all(|minute| self.free(minute).is_some())
                && each_minute(kept).all(|minute| !self.minute(minute).blocked)
            {
                slots.push(Slot { start, end, remaining: offering.capacity });
            }
        }
        slots
    }
}

pub fn each_minute(range: TimeRange) -> impl Iterator<Item = Instant> {
    (0..)
        .map(move |minute| range.start() + TimeDelta::minutes(minute))
        .take_while(move |instant| *instant < range.end())
}

fn occurrences(series: &Series, wall: &WallClock, span: TimeRange) -> Vec<TimeRange> {
    let mut ranges = Vec::new();
    for date in dates(&series.recurrence, series.starts_on, span.end().date_naive() + TimeDelta::days(2)) {
        if date < span.start().date_naive() - TimeDelta::days(4) {
            continue;
        }
        let at = |minutes: u16| date.and_hms_opt(0, 0, 0).unwrap() + TimeDelta::minutes(minutes.into());
        let local_start = at(series.start_time.minutes());
        let mut local_end = at(series.end_time.minutes());
        if local_end <= local_start {
            local_end += TimeDelta::days(1);
        }
        let (start, end) = (wall.instant(local_start), wall.instant(local_end));
        let late = match series.recurrence.end {
            RecurrenceEnd::UntilLocal(until) => local_start > until,
            RecurrenceEnd::UntilInstant(until) => start > until,
            _ => false,
        };
        let left_out = series.exceptions.iter().any(|exception| exception.date == date);
        if start < end && !late && !left_out {
            ranges.push(TimeRange::new(start, end).unwrap());
        }
    }
    ranges
}
