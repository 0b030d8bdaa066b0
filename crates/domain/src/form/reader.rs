//! Reads a form field by field and keeps every fault, so that all are told at once.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde_json::Value;
use uuid::Uuid;

use super::{Field, FieldError, Form};
use crate::{Email, Instant, TimeZone, WallTime, id, moment, text};

/// Takes fields out of a form; [`Reader::finish`] reports the faults and whatever was not asked for.
pub struct Reader {
    fields: BTreeMap<String, Field>,
    prefix: String,
    errors: Vec<FieldError>,
}

/// So many faults are told at once: nobody mends more, and a body of nonsense must not be answered with more of it.
const MOST_FAULTS: usize = 100;

impl Reader {
    pub fn new(form: Form) -> Self {
        Self { fields: form.0, prefix: String::new(), errors: Vec::new() }
    }

    /// Notes a fault of `field`, for checks across fields.
    pub fn fault(&mut self, field: &str, code: &str, message: impl Into<String>) {
        if self.errors.len() >= MOST_FAULTS {
            return;
        }
        let field = format!("{}{field}", self.prefix);
        self.errors.push(FieldError::new(&field, code, message));
    }

    /// The value with the faults found so far, if there are none: `None` values mean a fault was noted.
    pub fn finish<T>(mut self, value: impl FnOnce() -> Option<T>) -> Result<T, Vec<FieldError>> {
        for name in std::mem::take(&mut self.fields).into_keys() {
            self.fault(&name, "unknown_field", format!("There is no field “{name}”."));
        }
        match value() {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(self.errors),
        }
    }

    /// The faults alone, where reading cannot go on.
    pub fn into_faults(self) -> Vec<FieldError> {
        self.errors
    }

    /// One line of text without the blanks around it; `None` when missing, null or blank. A line break
    /// would reach headers of mail.
    pub fn text(&mut self, name: &str, longest: usize) -> Option<String> {
        self.plain(name, longest, |_| false)
    }

    /// As [`Reader::text`], with line breaks and tabs.
    pub fn paragraphs(&mut self, name: &str, longest: usize) -> Option<String> {
        self.plain(name, longest, |c| matches!(c, '\n' | '\r' | '\t'))
    }

    fn plain(&mut self, name: &str, longest: usize, allowed: impl Fn(char) -> bool) -> Option<String> {
        let raw = self.raw(name)?;
        if raw.chars().any(|c| c.is_control() && !allowed(c)) {
            self.fault(name, "invalid", "Line breaks and control characters are not allowed here.");
            return None;
        }
        self.seen(name, raw.trim(), longest)
    }

    /// As it is, unless there is nothing to see or it is too long.
    fn seen(&mut self, name: &str, text: &str, longest: usize) -> Option<String> {
        if text::is_blank(text) {
            return None;
        }
        if text::length(text) > longest {
            self.fault(name, "too_long", format!("At most {longest} characters."));
            return None;
        }
        Some(text.to_owned())
    }

    /// How somebody can be called, as they write it; no booking fails for the look of it. Of one line, and without
    /// what phones paste around a number to keep it from being turned around.
    pub fn phone(&mut self, name: &str, longest: usize) -> Option<String> {
        let raw = self.paragraphs(name, usize::MAX)?;
        let shown: String = raw.chars().filter(|c| !text::is_invisible(*c)).collect();
        let phone = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        if !phone.chars().any(char::is_numeric) {
            self.fault(name, "invalid", "This has no digit.");
            return None;
        }
        self.seen(name, &phone, longest)
    }

    /// As [`Reader::text`], for what has a form of its own: a program may leave it out, but sends neither nothing
    /// nor blanks around it.
    pub fn word(&mut self, name: &str, longest: usize) -> Option<String> {
        let wrong = match self.fields.get(name) {
            Some(Field::Json(Value::String(text))) if text.is_empty() => {
                ("required", "It is empty: give it a value, or leave it out.")
            }
            Some(Field::Json(Value::String(text))) if text.trim().len() != text.len() => {
                ("invalid", "There are blanks around it.")
            }
            Some(Field::Entered(text)) => {
                let bare = Field::Entered(text::bare(text).to_owned());
                self.fields.insert(name.to_owned(), bare);
                return self.text(name, longest);
            }
            _ => return self.text(name, longest),
        };
        self.fields.remove(name);
        self.fault(name, wrong.0, wrong.1);
        None
    }

    /// Text exactly as it came, as a password must be; `None` when missing, null or empty.
    pub fn secret(&mut self, name: &str, longest: usize) -> Option<String> {
        let text = self.raw(name)?;
        if text.contains('\0') {
            self.fault(name, "invalid", "Control characters are not allowed.");
            return None;
        }
        if text.chars().count() > longest {
            self.fault(name, "too_long", format!("At most {longest} characters."));
            return None;
        }
        (!text.is_empty()).then_some(text)
    }

    /// A text of whatever length and letters.
    fn raw(&mut self, name: &str) -> Option<String> {
        match self.fields.remove(name)? {
            Field::Entered(text) | Field::Json(Value::String(text)) => Some(text),
            Field::Json(Value::Null) => None,
            Field::Json(_) => {
                self.fault(name, "wrong_type", "This must be a text.");
                None
            }
        }
    }

    /// A value or the fault that it is missing. A fault already noted is not noted twice.
    pub fn required<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let faults = self.errors.len();
        let value = read(self);
        if value.is_none() && self.errors.len() == faults {
            self.fault(name, "required", "This is needed.");
        }
        value
    }

    /// As [`Reader::required`] where the field is there and not null: it may be left out, not emptied.
    pub fn unless_blank<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        match self.fields.get(name) {
            None | Some(Field::Json(Value::Null)) => read(self),
            Some(_) => self.required(name, read),
        }
    }

    /// A whole number from `least` to `most`.
    pub fn integer(&mut self, name: &str, least: i64, most: i64) -> Option<i64> {
        let number = match self.fields.remove(name)? {
            Field::Json(Value::Null) => return None,
            Field::Json(Value::Number(number)) => whole(&number),
            Field::Entered(text) if text.trim().is_empty() => return None,
            Field::Entered(text) => text.trim().parse().ok(),
            Field::Json(_) => {
                self.fault(name, "wrong_type", "This must be a whole number.");
                return None;
            }
        };
        self.within(name, number, least, most)
    }

    /// At most `longest` whole numbers from `least` to `most`; a person separates them by commas or blanks.
    pub fn integers(&mut self, name: &str, longest: usize, least: i64, most: i64) -> Option<Vec<i64>> {
        let numbers: Vec<Option<i64>> = match self.fields.remove(name)? {
            Field::Json(Value::Null) => return None,
            Field::Json(Value::Array(values)) => {
                values.iter().take(longest + 1).map(|value| whole(value.as_number()?)).collect()
            }
            Field::Entered(text) => text
                .split(|c: char| c == ',' || c == ';' || c.is_whitespace())
                .filter(|part| !part.is_empty())
                .take(longest + 1)
                .map(|part| part.parse().ok())
                .collect(),
            Field::Json(_) => {
                self.fault(name, "wrong_type", "This must be a list of whole numbers.");
                return None;
            }
        };
        if numbers.len() > longest {
            self.fault(name, "invalid", format!("At most {longest} of them."));
            return None;
        }
        numbers.into_iter().map(|number| self.within(name, number, least, most)).collect()
    }

    fn within(&mut self, name: &str, number: Option<i64>, least: i64, most: i64) -> Option<i64> {
        match number {
            Some(number) if (least..=most).contains(&number) => Some(number),
            Some(_) => {
                self.fault(name, "out_of_range", format!("From {least} to {most}."));
                None
            }
            None => {
                self.fault(name, "wrong_type", "This must be a whole number.");
                None
            }
        }
    }

    /// `true` or `false`; from a person also a ticked box (`on`) or an empty one (nothing).
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.fields.remove(name)? {
            Field::Json(Value::Null) => None,
            Field::Json(Value::Bool(value)) => Some(value),
            Field::Entered(text) => Some(matches!(text.as_str(), "on" | "true")),
            Field::Json(_) => {
                self.fault(name, "wrong_type", "This must be true or false.");
                None
            }
        }
    }

    /// A text that `T` can be read from; `wrong` is said when it cannot.
    pub fn parsed<T: FromStr>(&mut self, name: &str, wrong: &str) -> Option<T> {
        let text = self.word(name, 300)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.fault(name, "invalid", wrong);
        }
        value
    }

    /// One of the named choices.
    pub fn choice<T: Clone>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.word(name, 100)?;
        let found = choices.iter().find(|(choice, _)| *choice == text).map(|(_, value)| value.clone());
        if found.is_none() {
            let known = choices.iter().map(|(choice, _)| *choice).collect::<Vec<_>>().join(", ");
            self.fault(name, "invalid", format!("One of: {known}."));
        }
        found
    }

    pub fn uuid(&mut self, name: &str) -> Option<Uuid> {
        let text = self.word(name, 300)?;
        let id = id::read(&text);
        if id.is_none() {
            self.fault(name, "invalid", "This must be a UUID.");
        }
        id
    }

    /// Programs that do not know one may send it empty.
    pub fn zone(&mut self, name: &str) -> Option<TimeZone> {
        if matches!(self.fields.get(name), Some(Field::Json(Value::String(text))) if text.is_empty()) {
            self.fields.remove(name);
            return None;
        }
        self.parsed(name, "This must be the name of an IANA time zone, such as Europe/Paris.")
    }

    pub fn wall_time(&mut self, name: &str) -> Option<WallTime> {
        self.parsed(name, "A time of day is written HH:MM, from 00:00 to 24:00.")
    }

    /// A date of the [`moment::YEARS`].
    pub fn date(&mut self, name: &str) -> Option<NaiveDate> {
        let text = self.word(name, 64)?;
        let Some(date) = moment::date(&text) else {
            self.fault(name, "invalid", "A date is written YYYY-MM-DD.");
            return None;
        };
        self.near(name, date)
    }

    /// An RFC 3339 instant with whole minutes, of the [`moment::YEARS`].
    pub fn instant(&mut self, name: &str) -> Option<Instant> {
        let text = self.word(name, 64)?;
        let Some(instant) = moment::instant(&text) else {
            self.fault(name, "invalid", "This must be an RFC 3339 instant, such as 2026-11-23T09:00:00Z.");
            return None;
        };
        if instant.timestamp().rem_euclid(60) != 0 || instant.timestamp_subsec_nanos() != 0 {
            self.fault(name, "invalid", "Whole minutes only.");
            return None;
        }
        self.near(name, instant)
    }

    fn near<T: Datelike>(&mut self, name: &str, value: T) -> Option<T> {
        if moment::is_near(&value) {
            return Some(value);
        }
        self.fault(name, "out_of_range", moment::OUT_OF_RANGE);
        None
    }

    pub fn email(&mut self, name: &str) -> Option<Email> {
        let email = self.word(name, 254)?.parse().ok();
        if email.is_none() {
            self.fault(name, "invalid", "This does not look like an e-mail address.");
        }
        email
    }

    /// The fields of a nested object, faults named `name.field`; `None` when it is missing.
    pub fn nested<T>(&mut self, name: &str, read: impl FnOnce(Form) -> Result<T, Vec<FieldError>>) -> Option<T> {
        // A program sends objects: a dotted name of its own is no field.
        let prefix = format!("{name}.");
        let entered: BTreeMap<String, Field> = self
            .fields
            .extract_if(.., |field, value| field.starts_with(&prefix) && matches!(value, Field::Entered(_)))
            .map(|(field, value)| (field[prefix.len()..].to_owned(), value))
            .collect();
        let form = match self.fields.remove(name) {
            Some(Field::Json(Value::Object(members))) => {
                Form(members.into_iter().map(|(name, value)| (name, Field::Json(value))).collect())
            }
            None | Some(Field::Json(Value::Null)) if entered.is_empty() => return None,
            None => Form(entered),
            Some(_) => {
                self.fault(name, "wrong_type", "This must be an object.");
                return None;
            }
        };
        self.keep(name, read(form))
    }

    /// The objects of a list, faults named `name.0.field`; empty when it is missing.
    pub fn list<T>(&mut self, name: &str, longest: usize, read: impl Fn(Form) -> Result<T, Vec<FieldError>>) -> Vec<T> {
        let values = match self.fields.remove(name) {
            None | Some(Field::Json(Value::Null)) => return Vec::new(),
            Some(Field::Json(Value::Array(values))) => values,
            // A person's list of objects is never typed: the one list there is, dates, comes by commas.
            Some(Field::Entered(text)) => text
                .split(|c: char| c == ',' || c.is_whitespace())
                .filter(|part| !part.is_empty())
                .map(|date| serde_json::json!({ "date": date }))
                .collect(),
            Some(Field::Json(_)) => {
                self.fault(name, "wrong_type", "This must be a list.");
                return Vec::new();
            }
        };
        if values.len() > longest {
            self.fault(name, "too_long", format!("At most {longest} of them."));
            return Vec::new();
        }
        let read_one = |value| Form::from_json(value).and_then(&read);
        values
            .into_iter()
            .enumerate()
            .filter_map(|(index, value)| self.keep(&format!("{name}.{index}"), read_one(value)))
            .collect()
    }

    fn keep<T>(&mut self, name: &str, result: Result<T, Vec<FieldError>>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(errors) => {
                for error in errors {
                    let field =
                        if error.field.is_empty() { name.to_owned() } else { format!("{name}.{}", error.field) };
                    self.fault(&field, &error.code, error.message);
                }
                None
            }
        }
    }
}

/// JSON knows one kind of number: 30.0 is as whole as 30.
fn whole(number: &serde_json::Number) -> Option<i64> {
    let of_float = |number: f64| (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64);
    number.as_i64().or_else(|| of_float(number.as_f64()?))
}
