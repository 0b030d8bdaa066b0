//! The part of an address that names one of a provider's offerings.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::id;

const LONGEST: usize = 60;

/// 1 to 60 of `a-z 0-9 -`, unique within the provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(
    String,
    /// Whether nobody asked for just this one: then another will do as well.
    bool,
);

crate::text::text_type!(Slug);

/// Not of the form of a slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only the letters a to z, digits and hyphens")]
pub struct NotASlug;

impl Slug {
    /// Of what a new provider starts with.
    pub fn first() -> Self {
        Self("appointment".to_owned(), false)
    }

    /// `First visit (new)` becomes `first-visit-new`; a title with no Latin letter becomes `offering`, and so does one
    /// that would be taken for an id.
    pub fn of_title(title: &str) -> Self {
        let mut slug = String::new();
        for c in title.to_lowercase().chars() {
            if c.is_ascii_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        slug.truncate(LONGEST);
        let slug = slug.trim_end_matches('-');
        let is_good = !slug.is_empty() && !id::is_id(slug);
        Self(if is_good { slug } else { "offering" }.to_owned(), true)
    }

    /// As it is, or, where it was made of a title, with the first number that nobody has: `offering-2`.
    pub fn beside(self, taken: &[&str]) -> Self {
        if !self.1 || !taken.contains(&self.0.as_str()) {
            return self;
        }
        let numbered = |number: usize| {
            let end = format!("-{number}");
            let start = &self.0[..self.0.len().min(LONGEST - end.len())];
            format!("{}{end}", start.trim_end_matches('-'))
        };
        // One more than there are others is enough.
        let free = (2..taken.len() + 3).map(numbered).find(|slug| !taken.contains(&slug.as_str()));
        Self(free.unwrap_or_else(|| self.0.clone()), true)
    }

    /// Whether it depends on the others what it will be, see [`Slug::beside`].
    pub fn is_made(&self) -> bool {
        self.1
    }
}

impl std::str::FromStr for Slug {
    type Err = NotASlug;

    fn from_str(text: &str) -> Result<Self, NotASlug> {
        let is_good = (1..=LONGEST).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if is_good { Ok(Self(text.to_owned(), false)) } else { Err(NotASlug) }
    }
}

impl TryFrom<String> for Slug {
    type Error = NotASlug;

    fn try_from(text: String) -> Result<Self, NotASlug> {
        text.parse()
    }
}

/// By the text: how it came about makes no other slug of it.
impl PartialEq for Slug {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Slug {}

impl Hash for Slug {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
