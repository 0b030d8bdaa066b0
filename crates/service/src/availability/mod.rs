//! When a provider can be booked: asked by guests, said by providers.

mod entries;
mod openings;

pub use entries::{Deleted, create, delete, get, list, replace};
pub(crate) use openings::CachedAnswer;
pub use openings::{ExplainQuery, Explanation, OpeningsAnswer, OpeningsBody, OpeningsQuery, explain, openings};
