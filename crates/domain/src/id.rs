//! How an id is written: in one way, though the format knows several.

use uuid::Uuid;

/// With its hyphens (RFC 9562, 4): 32 hex digits alone may as well be somebody's slug.
pub fn read(text: &str) -> Option<Uuid> {
    text.parse().ok().filter(|_| text.len() == 36)
}

/// Whether the text has the form of an id.
pub fn is_id(text: &str) -> bool {
    read(text).is_some()
}
