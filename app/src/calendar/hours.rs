//! The form in which a provider says hours: from an entry to what is shown, and from what was typed to a form.

use chrono::{Datelike, NaiveDate, NaiveDateTime};
use domain::recurrence::RecurrenceEnd;
use domain::{AvailabilityEntry, Effect, Pattern, Series};

use super::placement::ShownHours;
use crate::dashboard::entered::Entered;

/// The weekdays as RRULE names them, with their names for people, from Monday.
pub const WEEKDAYS: [(&str, &str, &str); 7] = [
    ("MO", "Mon", "Monday"),
    ("TU", "Tue", "Tuesday"),
    ("WE", "Wed", "Wednesday"),
    ("TH", "Thu", "Thursday"),
    ("FR", "Fri", "Friday"),
    ("SA", "Sat", "Saturday"),
    ("SU", "Sun", "Sunday"),
];

/// Minutes since midnight as `HH:MM`; the end of the day is `00:00`, as a time input has it.
pub fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}

fn weekday_name(date: NaiveDate) -> &'static str {
    WEEKDAYS[date.weekday().num_days_from_monday() as usize].0
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
    for (index, (name, ..)) in WEEKDAYS.iter().enumerate() {
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
    let midnights = minutes(shown.start) == 0 && minutes(shown.end) == 0;
    match &entry.pattern {
        Pattern::OneOff(_) => {
            let last = if minutes(shown.end) == 0 { shown.end.date().pred_opt() } else { Some(shown.end.date()) };
            if let Some(last) = last.filter(|last| *last != shown.start.date()) {
                hours.set("end_date", last.to_string());
            }
        }
        Pattern::Recurring(series) => series_fields(&mut hours, series),
    }
    if midnights {
        hours.set("all_day", "on");
    }
    hours
}

fn series_fields(hours: &mut Entered, series: &Series) {
    hours.set("kind", "weekly");
    hours.set("start_time", clock(series.start_time.minutes()));
    hours.set("end_time", clock(series.end_time.minutes()));
    hours.set("starts_on", series.starts_on.to_string());
    hours.set("time_zone", series.time_zone.name());
    hours.set("interval", series.recurrence.interval.to_string());
    for (index, (name, ..)) in WEEKDAYS.iter().enumerate() {
        let on = series.recurrence.weekdays.iter().any(|day| day.num_days_from_monday() as usize == index);
        hours.set(name, if on { "on" } else { "" });
    }
    hours.set("week_start", WEEKDAYS[series.recurrence.week_start.num_days_from_monday() as usize].0);
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
            hours.set("until", instant.date_naive().to_string());
        }
        RecurrenceEnd::Count(count) => {
            hours.set("ends", "count");
            hours.set("count", count.to_string());
        }
    }
    let left_out: Vec<String> = series.exceptions.iter().map(|exception| exception.date.to_string()).collect();
    hours.set("exceptions", left_out.join(","));
}

fn minutes(at: NaiveDateTime) -> u16 {
    use chrono::Timelike;
    (at.hour() * 60 + at.minute()) as u16
}

/// A suggested stretch put into the form: a series keeps its weekdays, unless it has only one.
pub fn take_suggestion(hours: &mut Entered, start: NaiveDateTime, end: NaiveDateTime) {
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
    let chosen: Vec<&str> = WEEKDAYS.iter().map(|day| day.0).filter(|day| hours.is_on(day)).collect();
    if let [only] = chosen[..] {
        hours.set(only, "");
        hours.set(weekday_name(start.date()), "on");
        hours.set("starts_on", start.date().to_string());
    }
}

#[cfg(feature = "ssr")]
mod read {
    use chrono::{NaiveDate, NaiveTime, TimeDelta};
    use domain::{FieldError, Form, NewAvailability, TimeZone, WallTime};

    use super::{Entered, WEEKDAYS};

    /// What was typed, with local times read in `home`, the provider's zone.
    pub fn parse(hours: &Entered, home: &TimeZone) -> Result<NewAvailability, Vec<FieldError>> {
        let mut fields = vec![("effect", hours.get("effect").to_owned()), ("note", hours.get("note").to_owned())];
        if !hours.get("version").is_empty() {
            fields.push(("version", hours.get("version").to_owned()));
        }
        if hours.get("kind") == "weekly" {
            weekly(hours, &mut fields)?
        } else {
            once(hours, home, &mut fields)?
        }
        NewAvailability::parse(Form::entered(fields), home)
    }

    type Fields = Vec<(&'static str, String)>;

    fn weekly(hours: &Entered, fields: &mut Fields) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        let days: Vec<&str> = WEEKDAYS.iter().map(|day| day.0).filter(|day| hours.is_on(day)).collect();
        if days.is_empty() {
            faults.push(FieldError::new("weekdays", "required", "Choose at least one day."));
        }
        let interval = match hours.get("interval").trim() {
            "" => 1,
            text => text.parse::<u32>().ok().filter(|weeks| (1..=52).contains(weeks)).unwrap_or_else(|| {
                faults.push(FieldError::new("interval", "out_of_range", "From 1 to 52 weeks."));
                1
            }),
        };
        let mut rule = format!("FREQ=WEEKLY;INTERVAL={interval};BYDAY={}", days.join(","));
        match hours.get("ends") {
            "until" => match hours.get("until").parse::<NaiveDate>() {
                Ok(date) => rule.push_str(&date.format(";UNTIL=%Y%m%d").to_string()),
                Err(_) => faults.push(FieldError::new("until", "required", "Choose the last day.")),
            },
            "count" => match hours.get("count").trim().parse::<u32>() {
                Ok(count) if (1..=10_000).contains(&count) => rule.push_str(&format!(";COUNT={count}")),
                _ => faults.push(FieldError::new("count", "out_of_range", "From 1 to 10000 times.")),
            },
            _ => {}
        }
        if !matches!(hours.get("week_start"), "" | "MO") {
            rule.push_str(&format!(";WKST={}", hours.get("week_start")));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let all_day = hours.is_on("all_day");
        let start_time = if all_day { "00:00" } else { hours.get("start_time") };
        let end_time = if all_day { "24:00" } else { hours.get("end_time") };
        let exceptions = match (hours.get("exceptions"), hours.get("skip")) {
            (kept, "") => kept.to_owned(),
            (kept, skip) => format!("{kept},{skip}"),
        };
        fields.push(("pattern.kind", "recurring".into()));
        fields.push(("pattern.start_time", start_time.into()));
        fields.push(("pattern.end_time", end_time.into()));
        fields.push(("pattern.starts_on", hours.get("starts_on").into()));
        fields.push(("pattern.recurrence", rule));
        fields.push(("pattern.exceptions", exceptions));
        if !hours.get("time_zone").is_empty() {
            fields.push(("pattern.time_zone", hours.get("time_zone").into()));
        }
        Ok(())
    }

    fn once(hours: &Entered, home: &TimeZone, fields: &mut Fields) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut needed = |field: &str, message: &str| faults.push(FieldError::new(field, "required", message));
        let date = hours.get("date").parse::<NaiveDate>().ok();
        if date.is_none() {
            needed("date", "Choose a day.");
        }
        let end_date = match hours.get("end_date") {
            "" => date,
            text => text.parse::<NaiveDate>().ok(),
        };
        if end_date.is_none() && date.is_some() {
            needed("end_date", "This is not a date.");
        }
        let all_day = hours.is_on("all_day");
        let mut time = |name: &str| {
            let text = if all_day { "00:00" } else { hours.get(name) };
            let time = text.parse::<WallTime>().ok().and_then(WallTime::time);
            if time.is_none() {
                needed(name, "Choose a time.");
            }
            time
        };
        let (start_time, end_time) = (time("start_time"), time("end_time"));
        let (Some(date), Some(end_date), Some(start_time), Some(end_time)) = (date, end_date, start_time, end_time)
        else {
            return Err(faults);
        };
        // An end at midnight is the end of its day; an end before the start, without a date, the next day's.
        let next_day = all_day
            || end_time == NaiveTime::MIN
            || (end_time <= start_time && (hours.get("end_date").is_empty() || end_date == date));
        let start = home.instant(date.and_time(start_time));
        let end = end_date.and_time(end_time).checked_add_signed(TimeDelta::days(i64::from(next_day)));
        fields.push(("pattern.kind", "one_off".into()));
        fields.push(("pattern.start", start.to_rfc3339()));
        fields.push(("pattern.end", end.map(|end| home.instant(end).to_rfc3339()).unwrap_or_default()));
        Ok(())
    }
}

#[cfg(feature = "ssr")]
pub use read::parse;
