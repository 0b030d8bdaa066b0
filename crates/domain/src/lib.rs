//! What Eventide knows about time and booking: ranges, recurrence, openings, slots, forms, problems.
//!
//! Pure: no I/O and no clock (the present is an argument). Everything builds for wasm32; what needs
//! the zone database stands behind the `zones` feature, which the browser's crate leaves off.

pub mod availability;
pub mod booking;
#[cfg(feature = "zones")]
pub mod calendar;
pub mod dashboard;
pub mod email;
pub mod event;
#[cfg(feature = "zones")]
pub mod explain;
pub mod form;
pub mod handle;
pub mod id;
pub mod live;
pub mod moment;
pub mod offering;
pub mod offsets;
pub mod openings;
pub mod page;
pub mod problem;
pub mod provider;
pub mod range_set;
pub mod recurrence;
pub mod slots;
pub mod slug;
pub mod text;
pub mod time_range;
pub mod wall_time;
#[cfg(feature = "zones")]
pub mod zones;

pub use availability::{AvailabilityEntry, Effect, NewAvailability, Pattern, Series};
pub use booking::{Booking, BookingStatus, Guest, NewBooking, Side};
pub use email::Email;
pub use event::Event;
pub use form::{Field, FieldError, Form};
pub use handle::Handle;
pub use moment::Moment;
pub use offering::{Approval, NewOffering, Offering};
pub use openings::{FullDay, GroupSeats, Openings, Window};
pub use page::Page;
pub use problem::Problem;
pub use provider::{Provider, PublicProvider};
pub use range_set::RangeSet;
pub use recurrence::Recurrence;
pub use slots::Slot;
pub use slug::Slug;
pub use time_range::TimeRange;
pub use wall_time::{TimeZone, WallTime};

/// The instant type used everywhere: UTC, written `2026-11-22T09:00:00Z`.
pub type Instant = chrono::DateTime<chrono::Utc>;
