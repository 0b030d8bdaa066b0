//! The doors of the REST API, version 1; `crate::routes` says what leads to them.

mod answer;
pub mod availability;
pub mod bookings;
pub mod calendar_file;
mod extract;
mod from_to;
pub mod health;
mod json;
mod large;
mod limits;
pub mod me;
pub mod meta;
pub mod offerings;
mod problem;
pub mod providers;
mod replies;
pub mod requests;
pub mod tokens;

pub use answer::{IfNoneMatch, conditional};
pub use large::LargeAnswers;
pub use limits::layer as limits;
pub use problem::{ApiProblem, layer as documents, not_found};
