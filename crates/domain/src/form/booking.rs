//! What a guest sends to book.

use super::{FieldError, Form, Reader};
use crate::offering::MAX_DURATION_MINUTES;
use crate::{Guest, NewBooking};

impl NewBooking {
    /// Fields: `provider`, `offering_id`, `start`, `duration_minutes`, and `guest` with `name`,
    /// `email`, `phone`, `notes`, `time_zone`.
    pub fn parse(form: Form) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::new(form);
        let provider = reader.required("provider", |r| r.word("provider", 100));
        let offering_id = reader.uuid("offering_id");
        let start = reader.required("start", |r| r.instant("start"));
        let duration =
            reader.required("duration_minutes", |r| r.integer("duration_minutes", 1, MAX_DURATION_MINUTES.into()));
        let guest = reader.required("guest", |r| r.nested("guest", Guest::parse));
        reader.finish(|| {
            Some(Self {
                provider: provider?,
                offering_id,
                start: start?,
                duration_minutes: duration? as u32,
                guest: guest?,
            })
        })
    }
}

impl Guest {
    pub fn parse(form: Form) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::new(form);
        let name = reader.required("name", |r| r.text("name", 120));
        let email = reader.required("email", |r| r.email("email"));
        let phone = reader.phone("phone", 40);
        let notes = reader.paragraphs("notes", 2000);
        let time_zone = reader.zone("time_zone");
        reader.finish(|| Some(Self { name: name?, email: email?, phone, notes, time_zone }))
    }
}

/// What somebody who cancels may say: `{reason?}`.
pub fn parse_reason(form: Form) -> Result<Option<String>, Vec<FieldError>> {
    let mut reader = Reader::new(form);
    let reason = reader.paragraphs("reason", 500);
    reader.finish(|| Some(reason))
}
