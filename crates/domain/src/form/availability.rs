//! What a provider sends to open or close time.

use chrono::{Datelike, TimeDelta};

use super::{FieldError, Form, Reader};
use crate::availability::SeriesException;
use crate::{Effect, NewAvailability, Pattern, Recurrence, Series, TimeRange, TimeZone};

/// The longest one-off stretch.
const LONGEST: TimeDelta = TimeDelta::days(366);

impl NewAvailability {
    /// Fields: `effect`, `pattern`, `note`, `version`. A series without `time_zone` gets `home`,
    /// the provider's.
    pub fn parse(form: Form, home: &TimeZone) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::new(form);
        let effect =
            reader.required("effect", |r| r.choice("effect", &[("open", Effect::Open), ("closed", Effect::Closed)]));
        let pattern = reader.required("pattern", |r| r.nested("pattern", |form| Pattern::parse(form, home)));
        let note = reader.paragraphs("note", 500);
        let version = reader.integer("version", 1, i64::MAX);
        reader.finish(|| Some(Self { effect: effect?, pattern: pattern?, note, version }))
    }
}

impl Pattern {
    fn parse(form: Form, home: &TimeZone) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::new(form);
        match reader.required("kind", |r| r.choice("kind", &[("one_off", false), ("recurring", true)])) {
            Some(false) => one_off(reader),
            Some(true) => series(reader, home),
            // Which other fields belong here is not known: only the kind is at fault.
            None => Err(reader.into_faults()),
        }
    }
}

fn one_off(mut reader: Reader) -> Result<Pattern, Vec<FieldError>> {
    let start = reader.required("start", |r| r.instant("start"));
    let end = reader.required("end", |r| r.instant("end"));
    let range = start.zip(end).and_then(|(start, end)| TimeRange::new(start, end).ok());
    if start.is_some() && end.is_some() {
        match range {
            None => reader.fault("end", "invalid", "The end must be after the start."),
            Some(range) if range.length() > LONGEST => {
                reader.fault("end", "out_of_range", "At most 366 days; use a series for more.");
            }
            Some(_) => {}
        }
    }
    reader.finish(|| range.map(Pattern::OneOff))
}

fn series(mut reader: Reader, home: &TimeZone) -> Result<Pattern, Vec<FieldError>> {
    let start_time = reader.required("start_time", |r| r.wall_time("start_time"));
    if start_time.is_some_and(|time| time.time().is_none()) {
        reader.fault("start_time", "out_of_range", "24:00 can only be an end; write 00:00.");
    }
    let end_time = reader.required("end_time", |r| r.wall_time("end_time"));
    let starts_on = reader.required("starts_on", |r| r.date("starts_on"));
    let recurrence = reader.required("recurrence", |r| {
        let text = r.word("recurrence", 300)?;
        let parsed = text.parse::<Recurrence>();
        parsed.map_err(|why| r.fault("recurrence", "invalid", why.to_string())).ok()
    });
    let time_zone = reader.zone("time_zone").unwrap_or_else(|| home.clone());
    let exceptions = reader.list("exceptions", 1000, |form| {
        let mut reader = Reader::new(form);
        let date = reader.required("date", |r| r.date("date"));
        reader.finish(|| Some(SeriesException { date: date? }))
    });
    reader.finish(|| {
        let starts_on = starts_on?;
        let mut recurrence = recurrence?;
        if recurrence.weekdays.is_empty() {
            recurrence.weekdays.push(starts_on.weekday());
        }
        Some(Pattern::Recurring(Series {
            start_time: start_time?,
            end_time: end_time?,
            starts_on,
            recurrence,
            time_zone,
            exceptions,
        }))
    })
}
