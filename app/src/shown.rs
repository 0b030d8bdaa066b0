//! How long a page that is made for many stays right, told while it is made.

use std::sync::{Arc, OnceLock};

use domain::{Instant, TimeZone};
use leptos::prelude::use_context;

/// Told by a page while it is made, where it is made for many.
#[derive(Clone, Default)]
pub struct Telling(Arc<OnceLock<Shown>>);

/// Of which version a page is, and until when it is right though the version stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    pub version: i64,
    /// The next instant at which time alone changes what is shown; `None`: never.
    pub until: Option<Instant>,
}

impl Telling {
    /// Whether the page that is being made is for many.
    pub fn is_wanted() -> bool {
        use_context::<Self>().is_some()
    }

    pub fn tell(shown: Shown) {
        if let Some(Self(slot)) = use_context() {
            let _ = slot.set(shown);
        }
    }

    pub fn told(&self) -> Option<Shown> {
        self.0.get().copied()
    }
}

/// The end of the day that a clock in `zone` shows at `now`.
pub fn midnight(zone: &str, now: Instant) -> Option<Instant> {
    let zone: TimeZone = zone.parse().ok()?;
    zone.day(zone.local(now).date()).map(|day| day.end())
}
