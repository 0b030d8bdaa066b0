//! What a week shows, and where on the page each thing goes: by wall clock, so that a day of 23 or 25 hours fits too.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use domain::dashboard::{Clocks, ShownBooking, ShownHours, Week};
use domain::{AvailabilityEntry, Effect, Instant, Pattern};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::hours::weekdays;
use crate::local_time::{self, date_label, full_date_label, time_label};

/// The week on the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeekData {
    pub week: Week,
    /// The page to share, whole.
    pub public_url: String,
}

impl std::ops::Deref for WeekData {
    type Target = Week;

    fn deref(&self) -> &Week {
        &self.week
    }
}

/// [`Clocks`] in a zone.
fn clocks_in(start: Instant, end: Instant, zone: &str) -> Clocks {
    let ahead = |at| local_time::offset(at, zone).num_minutes() as i32;
    local_time::is_put_back(start, end, zone).then(|| [ahead(start), ahead(end)])
}

fn named(time: NaiveDateTime, ahead: Option<i32>) -> String {
    let clock = ahead.map(|ahead| format!(" {}", local_time::ahead_label(ahead.into())));
    format!("{}{}", time_label(time), clock.unwrap_or_default())
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
    /// Of what it is, on whichever day: its id and its local start. Bookings that share their time are one.
    pub key: (Uuid, NaiveDateTime),
    pub target: Target,
    pub class: &'static str,
    /// Minutes since midnight, `to` at most 1440.
    pub from: u16,
    pub to: u16,
    /// All of what it is lies in this day.
    pub is_whole: bool,
    /// How many minutes below `from` its words are, so that they are seen.
    pub words_after: u16,
    pub title: String,
    pub detail: String,
    /// What those hear before and after it who cannot see where it stands, and how it looks.
    pub before: String,
    pub after: String,
}

impl Block {
    pub fn classes(&self) -> String {
        let short = if self.to - self.from < 45 { " short" } else { "" };
        format!("{}{short}", self.class)
    }
}

impl WeekData {
    pub fn day(&self, index: usize) -> NaiveDate {
        self.monday + TimeDelta::days(index as i64)
    }

    pub fn holds(&self, date: NaiveDate) -> bool {
        (self.monday..self.monday + TimeDelta::days(7)).contains(&date)
    }

    /// Where new hours are proposed: today in its own week, on Monday in any other.
    pub fn day_to_add_on(&self, today: NaiveDate) -> NaiveDate {
        if self.holds(today) { today } else { self.monday }
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
        let (detail, after) = if note.is_empty() { (repeats, String::new()) } else { (note, repeats) };
        let title = range(hours.start, hours.end, &hours.clocks);
        let before = format!("{effect}, {}, ", dates(hours.start, hours.end));
        let key = (hours.availability_id, hours.start);
        let is_whole = last_day(hours.start, hours.end).is_none();
        Block {
            key,
            target: Target::Hours(at),
            class,
            from,
            to,
            is_whole,
            words_after: 0,
            title,
            detail,
            before,
            after,
        }
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

    /// How high an hour is at least, in quarters of a rem: so high that the shortest block can be read and
    /// pressed (24 CSS pixels, WCAG 2.2, 2.5.8), and within bounds.
    pub fn least_hour(&self) -> u32 {
        let lengths = (0..7).flat_map(|day| self.blocks(day)).map(|block| block.to - block.from);
        least_hour(lengths.min().unwrap_or(60))
    }

    /// The minute to scroll to: half an hour before the first thing of the week.
    pub fn first_minute(&self) -> u16 {
        let starts = (0..7).flat_map(|day| self.blocks(day)).map(|block| block.from).filter(|from| *from > 0);
        starts.min().unwrap_or(510).saturating_sub(30)
    }
}

/// For blocks of `shortest` minutes.
fn least_hour(shortest: u16) -> u32 {
    /// Of a block, with its gap to the next: 26 CSS pixels.
    const LEAST: u32 = 26;
    const HIGHEST: u32 = 12 * 4;
    (LEAST * 60).div_ceil(u32::from(shortest.max(1)) * 4).min(HIGHEST)
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
    Block {
        // Not the first guest's id: another may be the first by the next look.
        key: (Uuid::nil(), first.start),
        target: Target::Bookings(at, together),
        class: if pending { "block taken pending" } else { "block taken" },
        from,
        to,
        is_whole: true,
        words_after: 0,
        before: format!("Booking, {}, ", dates(first.start, first.end)),
        after: if pending { "awaits your answer".to_owned() } else { String::new() },
        title: name,
        detail: format!("{} {}", range(first.start, first.end, &first.clocks), first.offering),
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

/// `09:00–12:00`, `01:30 UTC-04:00–01:30 UTC-05:00`.
pub fn range(start: NaiveDateTime, end: NaiveDateTime, clocks: &Clocks) -> String {
    let [first, last] = clocks.map_or([None; 2], |clocks| clocks.map(Some));
    format!("{}–{}", named(start, first), named(end, last))
}

/// Its name as RRULE has it, short, and whole.
pub fn weekday(day: NaiveDate) -> (&'static str, &'static str, &'static str) {
    weekdays()[day.weekday().num_days_from_monday() as usize]
}

/// The day on which a stretch ends, where it is a later one than that of its start. An end at midnight is still of
/// the day before.
fn last_day(start: NaiveDateTime, end: NaiveDateTime) -> Option<NaiveDate> {
    let last = if end.time() == NaiveTime::MIN { end.date().pred_opt()? } else { end.date() };
    (last > start.date()).then_some(end.date())
}

/// `Monday 23 November`, `Monday 23 November to Tuesday 24 November`.
fn dates(start: NaiveDateTime, end: NaiveDateTime) -> String {
    let first = date_label(start.date());
    last_day(start, end).map_or_else(|| first.clone(), |last| format!("{first} to {}", date_label(last)))
}

/// `Monday 23 November, 09:00 to 12:00`, with the second day where it is another.
pub fn spoken_range(start: NaiveDateTime, end: NaiveDateTime, clocks: &Clocks) -> String {
    let [first, last] = clocks.map_or([None; 2], |clocks| clocks.map(Some));
    let later = last_day(start, end);
    let later = later.map(|day| format!("{} ", date_label(day))).unwrap_or_default();
    format!("{}, {} to {later}{}", date_label(start.date()), named(start, first), named(end, last))
}

/// [`spoken_range`] by the clock of a zone.
pub fn spoken_in(start: Instant, end: Instant, zone: &str) -> String {
    spoken_range(local_time::local(start, zone), local_time::local(end, zone), &clocks_in(start, end, zone))
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

    /// An empty one.
    fn week() -> WeekData {
        let provider = serde_json::json!({
            "provider_id": Uuid::nil(), "handle": "ada", "display_name": "Ada", "bio": "", "time_zone": "Europe/Paris",
            "email": "ada@example.com", "created_at": "2026-11-20T12:00:00Z",
        });
        let provider: domain::Provider = serde_json::from_value(provider).unwrap();
        let profile = domain::live::Profile { provider: provider.public.clone(), offerings: Vec::new() };
        let week = Week {
            provider,
            monday: date("2026-11-23"),
            now: at("2026-11-25T12:00:00"),
            entries: Vec::new(),
            hours: Vec::new(),
            bookings: Vec::new(),
            has_hours: false,
            zones: String::new(),
            live: domain::live::LiveState {
                version: 1,
                profile,
                openings: domain::Openings::default(),
                zones: String::new(),
            },
        };
        WeekData { week, public_url: String::new() }
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
        assert_eq!(spoken_range(start, end, &None), "Monday 23 November, 18:00 to 00:00");
    }

    #[test]
    fn a_stretch_over_a_repeated_hour_names_its_clocks() {
        let (start, end) = ("2026-11-01T05:30:00Z".parse().unwrap(), "2026-11-01T06:30:00Z".parse().unwrap());
        let spoken = spoken_in(start, end, "America/New_York");
        assert_eq!(spoken, "Sunday 1 November, 01:30 UTC-04:00 to 01:30 UTC-05:00");
        assert_eq!(spoken_in(start, end, "Europe/Paris"), "Sunday 1 November, 06:30 to 07:30");
        let (shown, clocks) = (at("2026-11-01T01:30:00"), clocks_in(start, end, "America/New_York"));
        assert_eq!(range(shown, shown, &clocks), "01:30 UTC-04:00–01:30 UTC-05:00");
        assert_eq!(range(shown, shown + TimeDelta::hours(2), &None), "01:30–03:30");
    }

    #[test]
    fn a_stretch_in_a_repeated_hour_keeps_a_visible_height() {
        // 02:45 summer time to 02:15 winter time: half an hour that the wall clock shows backwards.
        let (start, end) = (at("2026-10-25T02:45:00"), at("2026-10-25T02:15:00"));
        assert_eq!(on_day(date("2026-10-25"), start, end), Some((165, 180)));
    }

    #[test]
    fn an_hour_is_as_high_as_its_shortest_block_needs() {
        // A quarter of a rem is 4 pixels.
        let height = |shortest: u16| f64::from(least_hour(shortest) * 4) * f64::from(shortest) / 60.0;
        for shortest in [10, 15, 20, 30, 45, 60] {
            assert!((26.0..30.0).contains(&height(shortest)), "{shortest}: {}", height(shortest));
        }
        assert_eq!(least_hour(5), 48);
    }

    #[test]
    fn new_hours_are_proposed_in_the_week_shown() {
        let of_week = |monday: &str| WeekData { week: Week { monday: date(monday), ..week().week }, ..week() };
        let today = date("2026-11-25");
        assert_eq!(of_week("2026-11-23").day_to_add_on(today), today);
        assert_eq!(of_week("2027-03-01").day_to_add_on(today), date("2027-03-01"));
        assert_eq!(of_week("2026-11-16").day_to_add_on(today), date("2026-11-16"));
    }

    #[test]
    fn words_make_way_for_what_lies_over_them() {
        let block = |from, to| Block {
            key: (Uuid::nil(), NaiveDateTime::MIN),
            target: Target::Hours(0),
            class: "block",
            from,
            to,
            is_whole: true,
            words_after: 0,
            title: String::new(),
            detail: String::new(),
            before: String::new(),
            after: String::new(),
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
