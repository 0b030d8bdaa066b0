//! When a provider can be booked: asked by guests, said by providers.

mod entries;
mod large;
mod openings;
mod week;

pub use entries::{Deleted, NewEntry, create, delete, get, list, orphans, replace};
pub use large::LargeAnswer;
pub(crate) use openings::CachedAnswer;
pub use openings::{
    AnswerBody, ExplainQuery, Explanation, OpeningsAnswer, OpeningsBody, OpeningsQuery, explain, openings,
};
pub use week::week;
