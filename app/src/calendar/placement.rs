//! What a week shows, and where on the page each thing goes: by wall clock, so that a day of 23 or 25 hours fits too.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use domain::live::LiveState;
use domain::{AvailabilityEntry, Booking, Effect, Pattern, Provider};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::hours::WEEKDAYS;
use crate::zoned::{date_label, full_date_label, time_label};

/// A week of a provider's calendar; local times are the provider's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeekData {
    pub provider: Provider,
    pub monday: NaiveDate,
    /// What the provider's clock showed when this was read.
    pub now: NaiveDateTime,
    pub entries: Vec<AvailabilityEntry>,
    pub hours: Vec<ShownHours>,
    pub bookings: Vec<ShownBooking>,
    /// Whether there are any entries at all, in whatever week.
    pub has_hours: bool,
    pub live: LiveState,
}

/// One occurrence of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownHours {
    pub availability_id: Uuid,
    pub effect: Effect,
    pub start: NaiveDateTime,
    pub end: NaiveDateTime,
    /// The date by which a series knows it.
    pub date: Option<NaiveDate>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownBooking {
    pub booking: Booking,
    pub start: NaiveDateTime,
    pub end: NaiveDateTime,
    /// The title of what was booked.
    pub offering: String,
}

/// Where a block opens to, when it is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// The occurrence with this index in [`WeekData::hours`].
    Hours(usize),
    /// The booking with this index in [`WeekData::bookings`], and how many share its time.
    Bookings(usize, usize),
}

/// A rectangle in the column of one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub target: Target,
    pub class: &'static str,
    /// Minutes since midnight, `to` at most 1440.
    pub from: u16,
    pub to: u16,
    /// How many minutes below `from` its words are, so that they are seen.
    pub words_after: u16,
    pub title: String,
    pub detail: String,
    /// The whole of it, for those who hear the page.
    pub label: String,
}

impl WeekData {
    pub fn day(&self, index: usize) -> NaiveDate {
        self.monday + TimeDelta::days(index as i64)
    }

    pub fn entry(&self, id: Uuid) -> Option<&AvailabilityEntry> {
        self.entries.iter().find(|entry| entry.availability_id == id)
    }

    /// The blocks of one day: open below closed below bookings.
    pub fn blocks(&self, index: usize) -> Vec<Block> {
        let day = self.day(index);
        let mut blocks = Vec::new();
        for effect in [Effect::Open, Effect::Closed] {
            for (at, hours) in self.hours.iter().enumerate().filter(|(_, hours)| hours.effect == effect) {
                if let Some((from, to)) = on_day(day, hours.start, hours.end) {
                    blocks.push(self.hours_block(at, hours, from, to));
                }
            }
        }
        let mut at = 0;
        while let Some(first) = self.bookings.get(at) {
            let together = self.bookings[at..]
                .iter()
                .take_while(|next| (next.booking.start, next.booking.end) == (first.booking.start, first.booking.end))
                .count();
            if let Some((from, to)) = on_day(day, first.start, first.end) {
                blocks.push(booking_block(at, together, first, from, to));
            }
            at += together;
        }
        for index in 0..blocks.len() {
            blocks[index].words_after = words_after(&blocks[index], &blocks[index + 1..]);
        }
        blocks
    }

    fn hours_block(&self, at: usize, hours: &ShownHours, from: u16, to: u16) -> Block {
        let entry = self.entry(hours.availability_id);
        let series = entry.and_then(|entry| match &entry.pattern {
            Pattern::Recurring(series) => Some(series),
            Pattern::OneOff(_) => None,
        });
        let repeats = match series.map(|series| series.recurrence.interval) {
            None => "once".to_owned(),
            Some(1) => "weekly".to_owned(),
            Some(weeks) => format!("every {weeks} weeks"),
        };
        let (class, effect) = match hours.effect {
            Effect::Open => ("block open", "Open"),
            Effect::Closed => ("block closed", "Closed"),
        };
        let note = entry.and_then(|entry| entry.note.clone()).unwrap_or_default();
        let mut label = format!("{effect}, {}, {repeats}", spoken_range(hours.start, hours.end));
        if !note.is_empty() {
            label = format!("{label}, {note}");
        }
        let detail = if note.is_empty() { repeats } else { note };
        let title = range(hours.start, hours.end);
        Block { target: Target::Hours(at), class, from, to, words_after: 0, title, detail, label }
    }

    /// Whether any open hours reach into these minutes of a day.
    pub fn is_open(&self, index: usize, from: u16, to: u16) -> bool {
        let day = self.day(index);
        self.hours
            .iter()
            .filter(|hours| hours.effect == Effect::Open)
            .filter_map(|hours| on_day(day, hours.start, hours.end))
            .any(|(start, end)| start < to && from < end)
    }

    /// The bookings that lie at least partly in an occurrence.
    pub fn booked_in<'a>(&'a self, hours: &'a ShownHours) -> impl Iterator<Item = &'a ShownBooking> {
        self.bookings.iter().filter(|booked| booked.start < hours.end && hours.start < booked.end)
    }

    /// The minute to scroll to: half an hour before the first thing of the week.
    pub fn first_minute(&self) -> u16 {
        let starts = (0..7).flat_map(|day| self.blocks(day)).map(|block| block.from).filter(|from| *from > 0);
        starts.min().unwrap_or(510).saturating_sub(30)
    }
}

/// Below what lies over the top of the block; at its top when there is no room below.
fn words_after(block: &Block, above: &[Block]) -> u16 {
    /// The height of two lines.
    const WORDS: u16 = 40;
    let mut at = block.from;
    while let Some(cover) = above.iter().find(|cover| cover.from < at + WORDS && at < cover.to) {
        at = cover.to;
    }
    if at + WORDS <= block.to { at - block.from } else { 0 }
}

fn booking_block(at: usize, together: usize, first: &ShownBooking, from: u16, to: u16) -> Block {
    let name = if together == 1 { first.booking.guest.name.clone() } else { format!("{together} guests") };
    let pending = first.booking.status == domain::BookingStatus::Pending;
    let state = if pending { ", awaits your answer" } else { "" };
    Block {
        target: Target::Bookings(at, together),
        class: if pending { "block taken pending" } else { "block taken" },
        from,
        to,
        words_after: 0,
        label: format!("Booking, {name}, {}, {}{state}", first.offering, spoken_range(first.start, first.end)),
        title: name,
        detail: format!("{} {}", range(first.start, first.end), first.offering),
    }
}

/// The minutes of `day` that a stretch covers. An hour that the clock repeats can make the end look
/// earlier than the start: such a stretch is shown a quarter of an hour long.
fn on_day(day: NaiveDate, start: NaiveDateTime, end: NaiveDateTime) -> Option<(u16, u16)> {
    let end = end.max(start + TimeDelta::minutes(15));
    let midnight = day.and_time(NaiveTime::MIN);
    let minutes = |at: NaiveDateTime| (at - midnight).num_minutes().clamp(0, 1440) as u16;
    let (from, to) = (minutes(start), minutes(end));
    (from < to).then_some((from, to))
}

/// `09:00–12:00`.
pub fn range(start: NaiveDateTime, end: NaiveDateTime) -> String {
    format!("{}–{}", time_label(start), time_label(end))
}

/// Its name as RRULE has it, short, and whole.
pub fn weekday(day: NaiveDate) -> (&'static str, &'static str, &'static str) {
    WEEKDAYS[day.weekday().num_days_from_monday() as usize]
}

/// `Monday 23 November, 09:00 to 12:00`, with the second day where it is another.
pub fn spoken_range(start: NaiveDateTime, end: NaiveDateTime) -> String {
    let last = if end.time() == NaiveTime::MIN { end.date().pred_opt() } else { Some(end.date()) };
    let until = match last {
        Some(last) if last > start.date() => format!("{} {}", date_label(end.date()), time_label(end)),
        _ => time_label(end),
    };
    format!("{}, {} to {until}", date_label(start.date()), time_label(start))
}

/// `23 – 29 November 2026`, `30 November – 6 December 2026`.
pub fn week_title(monday: NaiveDate) -> String {
    let sunday = monday + TimeDelta::days(6);
    let without_weekday = |label: String| label.split_once(' ').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    let from = match (monday.year() == sunday.year(), monday.month() == sunday.month()) {
        (true, true) => monday.day().to_string(),
        (true, false) => without_weekday(date_label(monday)),
        _ => without_weekday(full_date_label(monday)),
    };
    format!("{from} – {}", without_weekday(full_date_label(sunday)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_shift_is_shown_on_both_days() {
        let (start, end) = (at("2026-11-23T22:00:00"), at("2026-11-24T06:00:00"));
        assert_eq!(on_day(date("2026-11-23"), start, end), Some((1320, 1440)));
        assert_eq!(on_day(date("2026-11-24"), start, end), Some((0, 360)));
        assert_eq!(on_day(date("2026-11-25"), start, end), None);
    }

    #[test]
    fn an_end_at_midnight_does_not_reach_the_next_day() {
        let (start, end) = (at("2026-11-23T18:00:00"), at("2026-11-24T00:00:00"));
        assert_eq!(on_day(date("2026-11-23"), start, end), Some((1080, 1440)));
        assert_eq!(on_day(date("2026-11-24"), start, end), None);
        assert_eq!(spoken_range(start, end), "Monday 23 November, 18:00 to 00:00");
    }

    #[test]
    fn a_stretch_in_a_repeated_hour_keeps_a_visible_height() {
        // 02:45 summer time to 02:15 winter time: half an hour that the wall clock shows backwards.
        let (start, end) = (at("2026-10-25T02:45:00"), at("2026-10-25T02:15:00"));
        assert_eq!(on_day(date("2026-10-25"), start, end), Some((165, 180)));
    }

    #[test]
    fn words_make_way_for_what_lies_over_them() {
        let block = |from, to| Block {
            target: Target::Hours(0),
            class: "block",
            from,
            to,
            words_after: 0,
            title: String::new(),
            detail: String::new(),
            label: String::new(),
        };
        let hours = block(540, 720);
        assert_eq!(words_after(&hours, &[]), 0);
        assert_eq!(words_after(&hours, &[block(580, 640)]), 0);
        assert_eq!(words_after(&hours, &[block(570, 600), block(540, 570)]), 60);
        assert_eq!(words_after(&hours, &[block(540, 570), block(600, 640)]), 100);
        assert_eq!(words_after(&hours, &[block(540, 700)]), 0);
    }

    #[test]
    fn a_title_names_a_month_or_a_year_only_once() {
        assert_eq!(week_title(date("2026-11-23")), "23 – 29 November 2026");
        assert_eq!(week_title(date("2026-11-30")), "30 November – 6 December 2026");
        assert_eq!(week_title(date("2026-12-28")), "28 December 2026 – 3 January 2027");
    }
}
