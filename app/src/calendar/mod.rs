//! The provider's calendar: a week (a day on a phone) of hours and bookings, edited in place.

mod booking_dialog;
pub mod calls;
mod first_hours;
mod grid;
mod hours;
mod hours_dialog;
mod loader;
mod measure;
mod page;
mod placement;
mod pointer;
#[cfg(feature = "ssr")]
pub mod reading;

pub use page::CalendarPage;
pub use placement::ShownBooking;
pub(crate) use placement::{range, spoken_range};
