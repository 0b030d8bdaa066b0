//! What a provider sends about an appointment type.

use super::{FieldError, Form, Reader};
use crate::offering::MAX_DURATION_MINUTES;
use crate::{Approval, NewOffering, Slug, id};

/// What an offering is to be, and the version that it is thought to have: checked where given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferingChange {
    pub details: NewOffering,
    pub version: Option<i64>,
}

impl OfferingChange {
    /// The fields of [`NewOffering::parse`], and `version`.
    pub fn parse(form: Form) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::new(form);
        let version = reader.integer("version", 1, i64::MAX);
        let details = NewOffering::read(&mut reader);
        reader.finish(|| Some(Self { details: details?, version }))
    }
}

impl From<NewOffering> for OfferingChange {
    /// Whatever version it has.
    fn from(details: NewOffering) -> Self {
        Self { details, version: None }
    }
}

impl NewOffering {
    /// Only `title` and `durations_minutes` are needed; the rest defaults to [`NewOffering::first`],
    /// the slug to one made of the title.
    pub fn parse(form: Form) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::new(form);
        let offering = Self::read(&mut reader);
        reader.finish(|| offering)
    }

    fn read(r: &mut Reader) -> Option<Self> {
        let defaults = Self::first();
        let title = r.required("title", |r| r.text("title", 80));
        let slug = slug(r).or_else(|| title.as_deref().map(Slug::of_title));
        let description = r.paragraphs("description", 2000).unwrap_or_default();
        let location = r.text("location", 300).unwrap_or_default();
        let durations =
            r.required("durations_minutes", |r| r.integers("durations_minutes", 10, 5, MAX_DURATION_MINUTES.into()));
        let durations = durations.map(|minutes| {
            let sorted: std::collections::BTreeSet<u32> = minutes.into_iter().map(|m| m as u32).collect();
            sorted.into_iter().collect::<Vec<_>>()
        });
        if durations.as_ref().is_some_and(Vec::is_empty) {
            r.fault("durations_minutes", "invalid", "From 1 to 10 lengths.");
        }
        let mut number = |name: &str, least: i64, most: i64, default: u32| {
            r.integer(name, least, most).map_or(default, |number| number as u32)
        };
        let step_minutes = number("step_minutes", 5, 1440, defaults.step_minutes);
        let buffer_before_minutes = number("buffer_before_minutes", 0, 1440, defaults.buffer_before_minutes);
        let buffer_after_minutes = number("buffer_after_minutes", 0, 1440, defaults.buffer_after_minutes);
        let min_notice_minutes = number("min_notice_minutes", 0, 525_600, defaults.min_notice_minutes);
        let horizon_days = number("horizon_days", 1, 366, defaults.horizon_days);
        let capacity = number("capacity", 1, 1000, defaults.capacity);
        let seats_per_guest = number("seats_per_guest", 1, 1000, defaults.seats_per_guest);
        let daily_limit = r.integer("daily_limit", 1, 1000).map(|limit| limit as u32);
        let approval = r
            .choice("approval", &[("automatic", Approval::Automatic), ("manual", Approval::Manual)])
            .unwrap_or(defaults.approval);
        let active = r.boolean("active").unwrap_or(true);
        Some(Self {
            slug: slug?,
            title: title?,
            description,
            location,
            durations_minutes: durations?,
            step_minutes,
            buffer_before_minutes,
            buffer_after_minutes,
            min_notice_minutes,
            horizon_days,
            daily_limit,
            capacity,
            seats_per_guest,
            approval,
            active,
        })
    }
}

fn slug(r: &mut Reader) -> Option<Slug> {
    let slug = r.word("slug", 60)?;
    // It would be taken for an id.
    if id::is_id(&slug) {
        r.fault("slug", "invalid", "This has the form of an id. Choose another name.");
        return None;
    }
    let slug = slug.parse().ok();
    if slug.is_none() {
        r.fault("slug", "invalid", "Only the letters a to z, digits and hyphens.");
    }
    slug
}
