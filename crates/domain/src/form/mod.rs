//! Parse once, trust after: raw input in, a good value or every fault together out.
//!
//! Browser and server call the same parsers, so that they say the same words. Each thing that can be
//! asked for has its parser beside this file, as an `impl` of the type it makes.

mod availability;
mod booking;
mod offering;
mod provider;
mod reader;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use booking::parse_reason;
pub use offering::OfferingChange;
pub use reader::Reader;

/// One value as it came in.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// Typed by a person: numbers and lists come as text too, and empty means nothing was entered.
    Entered(String),
    /// Sent by a program: its JSON type must be right.
    Json(Value),
}

/// Named values, not yet looked at.
#[derive(Clone, Default, PartialEq)]
pub struct Form(BTreeMap<String, Field>);

/// Passwords and contacts pass through here: names only.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Dotted where nested: `guest.email`.
    pub field: String,
    /// For programs: `required`, `unknown_field`, `wrong_type`, `too_short`, `too_long`, `out_of_range`, `invalid`, …
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

impl FieldError {
    pub fn new(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code: code.to_owned(), message: message.into() }
    }
}

impl Form {
    /// A JSON body; anything but an object is one fault.
    pub fn from_json(body: Value) -> Result<Self, Vec<FieldError>> {
        match body {
            Value::Object(members) => {
                Ok(Self(members.into_iter().map(|(name, value)| (name, Field::Json(value))).collect()))
            }
            _ => Err(vec![FieldError::new("", "wrong_type", "The body must be a JSON object.")]),
        }
    }

    /// What a person typed, by field. Dotted names are nested fields (`guest.email`).
    pub fn entered<N: Into<String>, V: Into<String>>(fields: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), Field::Entered(value.into()))).collect())
    }
}
