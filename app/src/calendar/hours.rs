//! The form in which a provider says hours: from an entry to what is shown, and from what was typed to a form.

#[cfg(feature = "ssr")]
mod read;

use chrono::{Datelike, NaiveDate, NaiveDateTime};
use domain::recurrence::{DAY_NAMES, RecurrenceEnd};
use domain::{AvailabilityEntry, Effect, Pattern, Series, TimeRange};

use crate::dashboard::form_kit::Entered;
use crate::local_time::{self, WEEKDAYS};
use domain::dashboard::ShownHours;

/// The weekdays as RRULE names them, with their names for people, short and whole, from Monday.
pub fn weekdays() -> [(&'static str, &'static str, &'static str); 7] {
    std::array::from_fn(|day| (DAY_NAMES[day], &WEEKDAYS[day][..3], WEEKDAYS[day]))
}

/// Minutes since midnight as `HH:MM`; the end of the day is `00:00`, as a time input has it.
pub fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}

fn weekday_name(date: NaiveDate) -> &'static str {
    DAY_NAMES[date.weekday().num_days_from_monday() as usize]
}

/// New hours, once, on `date` from and to these minutes since midnight.
pub fn blank(effect: Effect, date: NaiveDate, from: u16, to: u16) -> Entered {
    let day = date.to_string();
    let mut hours = Entered::of([
        ("effect", effect_name(effect)),
        ("kind", "one_off"),
        ("date", &day),
        ("start_time", &clock(from)),
        ("end_time", &clock(to)),
        (weekday_name(date), "on"),
        ("starts_on", &day),
        ("interval", "1"),
        ("ends", "never"),
        ("week_start", "MO"),
    ]);
    if (from, to) == (0, 1440) {
        hours.set("all_day", "on");
    }
    hours
}

/// Monday to Friday, nine to five, from `date` on: a start with one click.
pub fn office_hours(date: NaiveDate) -> Entered {
    let mut hours = blank(Effect::Open, date, 540, 1020);
    hours.set("kind", "weekly");
    for (index, name) in DAY_NAMES.into_iter().enumerate() {
        hours.set(name, if index < 5 { "on" } else { "" });
    }
    hours
}

fn effect_name(effect: Effect) -> &'static str {
    match effect {
        Effect::Open => "open",
        Effect::Closed => "closed",
    }
}

/// An entry to be changed; `shown` is the occurrence that was chosen.
pub fn editing(entry: &AvailabilityEntry, shown: &ShownHours) -> Entered {
    let mut hours = blank(entry.effect, shown.start.date(), minutes(shown.start), minutes(shown.end));
    hours.set("availability_id", entry.availability_id.to_string());
    hours.set("version", entry.version.to_string());
    hours.set("note", entry.note.clone().unwrap_or_default());
    match &entry.pattern {
        Pattern::OneOff(_) => {
            let last = if minutes(shown.end) == 0 { shown.end.date().pred_opt() } else { Some(shown.end.date()) };
            if let Some(last) = last.filter(|last| *last != shown.start.date()) {
                hours.set("end_date", last.to_string());
            }
        }
        Pattern::Recurring(series) => series_fields(&mut hours, series),
    }
    // By the form's own clock: a series may be kept in another zone than the provider's.
    let all_day = hours.get("start_time") == "00:00" && hours.get("end_time") == "00:00";
    hours.set("all_day", if all_day { "on" } else { "" });
    hours
}

fn series_fields(hours: &mut Entered, series: &Series) {
    hours.set("kind", "weekly");
    hours.set("start_time", clock(series.start_time.minutes()));
    hours.set("end_time", clock(series.end_time.minutes()));
    hours.set("starts_on", series.starts_on.to_string());
    hours.set("time_zone", series.time_zone.name());
    hours.set("interval", series.recurrence.interval.to_string());
    for (index, name) in DAY_NAMES.into_iter().enumerate() {
        let on = series.recurrence.weekdays.iter().any(|day| day.num_days_from_monday() as usize == index);
        hours.set(name, if on { "on" } else { "" });
    }
    hours.set("week_start", DAY_NAMES[series.recurrence.week_start.num_days_from_monday() as usize]);
    match series.recurrence.end {
        RecurrenceEnd::Never => {}
        RecurrenceEnd::Until(date) => {
            hours.set("ends", "until");
            hours.set("until", date.to_string());
        }
        RecurrenceEnd::UntilLocal(local) => {
            hours.set("ends", "until");
            hours.set("until", local.date().to_string());
        }
        RecurrenceEnd::UntilInstant(instant) => {
            hours.set("ends", "until");
            hours.set("until", local_time::local(instant, series.time_zone.name()).date().to_string());
        }
        RecurrenceEnd::Count(count) => {
            hours.set("ends", "count");
            hours.set("count", count.to_string());
        }
    }
    let left_out: Vec<String> = series.exceptions.iter().map(|exception| exception.date.to_string()).collect();
    hours.set("exceptions", left_out.join(","));
}

/// The form's times moved by so many minutes, by its own clock; the block that shows them does not leave its day.
pub fn moved(hours: &mut Entered, start: i32, end: i32) {
    for (name, by) in [("start_time", start), ("end_time", end)] {
        let time = hours.get(name).parse::<domain::WallTime>().ok();
        if let Some(time) = time.filter(|_| by != 0) {
            let minutes = (i32::from(time.minutes()) + by).rem_euclid(1440);
            hours.set(name, clock(minutes as u16));
            hours.set("all_day", "");
        }
    }
}

fn minutes(at: NaiveDateTime) -> u16 {
    use chrono::Timelike;
    (at.hour() * 60 + at.minute()) as u16
}

/// The zone whose clock the form's times are by: a series may have one of its own, all else is by `home`.
pub fn clock_zone<'a>(hours: &'a Entered, home: &'a str) -> &'a str {
    match hours.get("time_zone") {
        own if !own.is_empty() && hours.get("kind") == "weekly" => own,
        _ => home,
    }
}

/// A suggested stretch put into the form: a series keeps its weekdays, unless it has only one.
pub fn take_suggestion(hours: &mut Entered, range: TimeRange, home: &str) {
    let zone = clock_zone(hours, home).to_owned();
    let (start, end) = (local_time::local(range.start(), &zone), local_time::local(range.end(), &zone));
    hours.set("start_time", clock(minutes(start)));
    hours.set("end_time", clock(minutes(end)));
    hours.set("all_day", "");
    if hours.get("kind") != "weekly" {
        hours.set("date", start.date().to_string());
        let last = if minutes(end) == 0 { end.date().pred_opt() } else { Some(end.date()) };
        let last = last.filter(|last| *last != start.date());
        hours.set("end_date", last.map(|date| date.to_string()).unwrap_or_default());
        return;
    }
    let chosen: Vec<&str> = DAY_NAMES.into_iter().filter(|day| hours.is_on(day)).collect();
    if let [only] = chosen[..] {
        hours.set(only, "");
        hours.set(weekday_name(start.date()), "on");
        hours.set("starts_on", start.date().to_string());
    }
}

#[cfg(feature = "ssr")]
pub use read::{parse, parse_change};

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use domain::{TimeZone, WallTime};
    use uuid::Uuid;

    use super::*;

    const HOME: &str = "Europe/Paris";

    fn home() -> TimeZone {
        HOME.parse().unwrap()
    }

    fn range(start: &str, end: &str) -> TimeRange {
        TimeRange::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
    }

    fn entry(pattern: Pattern) -> AvailabilityEntry {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        AvailabilityEntry {
            availability_id: Uuid::nil(),
            provider_id: Uuid::nil(),
            effect: Effect::Open,
            pattern,
            note: None,
            version: 3,
            created_at: now,
            updated_at: now,
        }
    }

    fn series(rule: &str, zone: &str) -> Series {
        Series {
            start_time: "09:00".parse().unwrap(),
            end_time: "12:00".parse().unwrap(),
            starts_on: "2026-11-23".parse().unwrap(),
            recurrence: rule.parse().unwrap(),
            time_zone: zone.parse().unwrap(),
            exceptions: Vec::new(),
        }
    }

    /// The form as the calendar opens it, at the first occurrence.
    fn opened(entry: &AvailabilityEntry) -> Entered {
        let within = range("2026-01-01T00:00:00Z", "2027-12-31T00:00:00Z");
        let first = entry.pattern.occurrences(within)[0];
        let (start, end) = (local_time::local(first.range.start(), HOME), local_time::local(first.range.end(), HOME));
        let shown = ShownHours {
            availability_id: entry.availability_id,
            effect: entry.effect,
            start,
            end,
            clocks: None,
            date: first.date,
        };
        editing(entry, &shown)
    }

    #[test]
    fn a_note_alone_changes_nothing_else() {
        let night = |zone| Series { end_time: WallTime::END_OF_DAY, ..series("FREQ=WEEKLY;BYDAY=MO", zone) };
        let all_day = Series { start_time: WallTime::MIDNIGHT, ..night("Asia/Tokyo") };
        for pattern in [
            Pattern::Recurring(series("FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261231T080000Z", HOME)),
            Pattern::Recurring(series("FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261231T080000Z", "Pacific/Auckland")),
            Pattern::Recurring(series("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20261230T080000;WKST=SU", HOME)),
            Pattern::Recurring(series("FREQ=WEEKLY;BYDAY=MO;COUNT=7", "America/New_York")),
            Pattern::Recurring(night(HOME)),
            Pattern::Recurring(all_day),
            // Paris goes from summer to winter time on 25 October 2026 at 01:00 UTC: 02:00 to 03:00 comes twice.
            Pattern::OneOff(range("2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z")),
            Pattern::OneOff(range("2026-10-25T01:15:00Z", "2026-10-25T01:45:00Z")),
            Pattern::OneOff(range("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")),
            Pattern::OneOff(range("2026-11-23T23:00:00Z", "2026-11-25T23:00:00Z")),
        ] {
            let entry = entry(pattern);
            let mut hours = opened(&entry);
            hours.set("note", "Bring the keys");
            let new = parse_change(&hours, &entry, &home()).unwrap();
            assert_eq!(new.pattern, entry.pattern);
            assert_eq!(new.note.as_deref(), Some("Bring the keys"));
        }
    }

    #[test]
    fn dragged_hours_have_new_times_by_their_own_clock() {
        let entry = entry(Pattern::Recurring(series("FREQ=WEEKLY;BYDAY=MO", "America/New_York")));
        let mut hours = opened(&entry);
        moved(&mut hours, -30, 60);
        assert_eq!((hours.get("start_time"), hours.get("end_time")), ("08:30", "13:00"));
        let mut all_day = blank(Effect::Open, "2026-11-23".parse().unwrap(), 0, 1440);
        moved(&mut all_day, 0, -60);
        let times = (all_day.get("start_time"), all_day.get("end_time"), all_day.get("all_day"));
        assert_eq!(times, ("00:00", "23:00", ""));
        moved(&mut all_day, 0, 60);
        assert_eq!(all_day.get("end_time"), "00:00");
    }

    #[test]
    fn what_was_touched_is_read_as_typed() {
        let stored = series("FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261231T080000Z", HOME);
        let entry = entry(Pattern::Recurring(stored.clone()));
        let mut hours = opened(&entry);
        hours.set("start_time", "10:00");
        hours.set("skip", "2026-11-25");
        let new = parse_change(&hours, &entry, &home()).unwrap();
        let Pattern::Recurring(changed) = new.pattern else { panic!("a series no more") };
        assert_eq!(changed.start_time.to_string(), "10:00");
        assert_eq!(changed.exceptions.len(), 1);
        assert_eq!(changed.recurrence, stored.recurrence);

        hours.set("until", "2026-12-24");
        let new = parse_change(&hours, &entry, &home()).unwrap();
        let Pattern::Recurring(changed) = new.pattern else { panic!("a series no more") };
        assert_eq!(changed.recurrence.end, RecurrenceEnd::Until("2026-12-24".parse().unwrap()));
    }

    #[test]
    fn one_end_of_a_one_off_moves_without_the_other() {
        let entry = entry(Pattern::OneOff(range("2026-10-25T01:15:00Z", "2026-10-25T03:00:00Z")));
        let mut hours = opened(&entry);
        hours.set("end_time", "05:00");
        let new = parse_change(&hours, &entry, &home()).unwrap();
        assert_eq!(new.pattern, Pattern::OneOff(range("2026-10-25T01:15:00Z", "2026-10-25T04:00:00Z")));
    }

    #[test]
    fn a_series_of_another_zone_is_all_day_by_its_own_clock() {
        let mut tokyo = series("FREQ=WEEKLY;BYDAY=MO", "Asia/Tokyo");
        (tokyo.start_time, tokyo.end_time) = ("08:00".parse().unwrap(), "08:00".parse().unwrap());
        // In Paris from midnight to midnight.
        assert!(!opened(&entry(Pattern::Recurring(tokyo.clone()))).is_on("all_day"));
        (tokyo.start_time, tokyo.end_time) = (WallTime::MIDNIGHT, WallTime::END_OF_DAY);
        assert!(opened(&entry(Pattern::Recurring(tokyo))).is_on("all_day"));
    }

    #[test]
    fn a_suggestion_is_put_in_by_the_clock_of_the_series() {
        let mut hours = opened(&entry(Pattern::Recurring(series("FREQ=WEEKLY;BYDAY=MO", "America/New_York"))));
        // In Paris it is Tuesday already.
        take_suggestion(&mut hours, range("2026-11-24T01:00:00Z", "2026-11-24T03:30:00Z"), HOME);
        assert_eq!((hours.get("start_time"), hours.get("end_time")), ("20:00", "22:30"));
        assert_eq!((hours.get("MO"), hours.get("TU"), hours.get("starts_on")), ("on", "", "2026-11-23"));
    }

    #[test]
    fn a_suggestion_for_one_date_is_put_in_by_the_clock_of_the_provider() {
        let mut hours = opened(&entry(Pattern::Recurring(series("FREQ=WEEKLY;BYDAY=MO", "America/New_York"))));
        hours.set("kind", "one_off");
        take_suggestion(&mut hours, range("2026-11-24T01:00:00Z", "2026-11-24T03:30:00Z"), HOME);
        assert_eq!(
            (hours.get("date"), hours.get("start_time"), hours.get("end_time")),
            ("2026-11-24", "02:00", "04:30")
        );
    }
}
