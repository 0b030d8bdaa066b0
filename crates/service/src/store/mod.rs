//! All SQL: one function, one statement. Whoever needs the transaction opens it.

use unicode_normalization::UnicodeNormalization;

pub mod acquaintances;
pub mod availability;
pub mod bookings;
pub mod calendar;
pub mod distribution;
pub mod handles;
pub mod idempotency;
pub mod notify;
pub mod offerings;
pub mod providers;
pub mod sessions;
pub mod snapshot;
pub mod tokens;
pub mod week;

/// What stands in a column is not what this program writes there.
pub(crate) fn unreadable(what: impl std::fmt::Display) -> sqlx::Error {
    sqlx::Error::Decode(format!("unreadable {what}").into())
}

/// `text` anywhere within a value, for `ilike`; the text's own wildcards are only letters. Composed, as the value must
/// be (`normalize(…, nfkc)`): keyboards differ in how they send an accented letter, and in the width of letters.
pub(crate) fn containing(text: &str) -> String {
    let text: String = text.nfkc().collect();
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}
