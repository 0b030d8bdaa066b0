//! From what was typed to what the domain checks. Local times are read on the server, which has the zone database.

use chrono::{NaiveTime, TimeDelta};
use domain::recurrence::DAY_NAMES;
use domain::{AvailabilityEntry, FieldError, Form, NewAvailability, Pattern, TimeRange, TimeZone, WallTime, moment};

use super::{Entered, ShownHours, editing};

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

/// What was typed for an entry that is there. Other programs can say more than the form shows (an
/// UNTIL with a time, the second of two hours that the clock repeats): what was not touched stays
/// as it is stored.
pub fn parse_change(
    hours: &Entered,
    entry: &AvailabilityEntry,
    home: &TimeZone,
) -> Result<NewAvailability, Vec<FieldError>> {
    let mut new = parse(hours, home)?;
    let before = editing(entry, &whole(entry, home));
    let untouched = |names: &[&str]| names.iter().all(|name| hours.get(name) == before.get(name));
    match (&mut new.pattern, &entry.pattern) {
        (Pattern::OneOff(range), Pattern::OneOff(stored)) => {
            let keeps_start = untouched(&["date", "start_time", "all_day"]);
            let keeps_end = untouched(&["date", "end_date", "end_time", "all_day"]);
            let start = if keeps_start { stored.start() } else { range.start() };
            let end = if keeps_end { stored.end() } else { range.end() };
            *range = TimeRange::new(start, end).unwrap_or(*range);
        }
        (Pattern::Recurring(series), Pattern::Recurring(stored)) => {
            if untouched(&["ends", "until", "count"]) {
                series.recurrence.end = stored.recurrence.end;
            }
            if untouched(&["end_time", "all_day"]) {
                // `24:00`, which an input of time cannot say.
                series.end_time = stored.end_time;
            }
        }
        _ => {}
    }
    Ok(new)
}

/// The occurrence that the form is about: of a one-off the only one. Of a series the form shows
/// the rule, whichever occurrence was chosen.
fn whole(entry: &AvailabilityEntry, home: &TimeZone) -> ShownHours {
    let (start, end) = match &entry.pattern {
        Pattern::OneOff(range) => (home.local(range.start()), home.local(range.end())),
        Pattern::Recurring(series) => {
            let first = series.starts_on.and_time(NaiveTime::MIN);
            (first, first)
        }
    };
    ShownHours { availability_id: entry.availability_id, effect: entry.effect, start, end, clocks: None, date: None }
}

type Fields = Vec<(&'static str, String)>;

fn weekly(hours: &Entered, fields: &mut Fields) -> Result<(), Vec<FieldError>> {
    let mut faults = Vec::new();
    let days: Vec<&str> = DAY_NAMES.into_iter().filter(|day| hours.is_on(day)).collect();
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
        "until" => match moment::date(hours.get("until")) {
            Some(date) => rule.push_str(&date.format(";UNTIL=%Y%m%d").to_string()),
            None => faults.push(FieldError::new("until", "required", "Choose the last day.")),
        },
        "count" => match hours.get("count").trim().parse::<u32>() {
            Ok(count) if (1..=5000).contains(&count) => rule.push_str(&format!(";COUNT={count}")),
            _ => faults.push(FieldError::new("count", "out_of_range", "From 1 to 5000 times.")),
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
    let date = moment::date(hours.get("date"));
    if date.is_none() {
        needed("date", "Choose a day.");
    }
    let end_date = match hours.get("end_date") {
        "" => date,
        text => moment::date(text),
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
    let (Some(date), Some(end_date), Some(start_time), Some(end_time)) = (date, end_date, start_time, end_time) else {
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
