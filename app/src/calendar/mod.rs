//! The provider's calendar: a week (a day on a phone) of hours and bookings, edited in place.

mod booking_dialog;
mod element_rect;
mod first_hours;
mod grid;
pub(crate) mod hours;
mod hours_dialog;
mod loader;
mod page;
mod time_selection;
pub(crate) mod week_layout;

pub use page::CalendarPage;
pub(crate) use week_layout::{range, spoken_range};
