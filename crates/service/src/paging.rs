//! Asking for one page of a list.

use domain::{Page, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How much to list, and from where.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// 1 to 200.
    pub limit: u32,
    /// What the page before gave as `next_cursor`; opaque to callers.
    pub cursor: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: 50, cursor: None }
    }
}

impl PageRequest {
    /// `limit` defaults to 50; outside 1 to 200 it is a fault.
    pub fn parse(limit: Option<&str>, cursor: Option<String>) -> Result<Self, Problem> {
        let limit =
            match limit {
                None => 50,
                Some(text) => text.parse().ok().filter(|limit| (1..=200).contains(limit)).ok_or_else(|| {
                    Problem::Malformed { detail: "limit must be a whole number from 1 to 200.".into() }
                })?,
            };
        Ok(Self { limit, cursor })
    }
}

impl PageRequest {
    /// One row more than is listed tells whether there is a next page.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The key after which the page begins, as [`PageRequest::page`] wrote it.
    pub(crate) fn after<K: DeserializeOwned>(&self) -> Result<Option<K>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let bytes = hex::decode(cursor).ok();
        let key = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        key.map(Some).ok_or_else(|| Problem::Malformed { detail: "The cursor is not one that a list gave.".into() })
    }

    /// The page that begins with `items`, of which there may be one too many.
    pub(crate) fn page<T, K: Serialize>(&self, mut items: Vec<T>, key: impl Fn(&T) -> K) -> Page<T> {
        let limit = self.limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next_cursor = last.and_then(|last| serde_json::to_vec(&key(last)).ok()).map(hex::encode);
        Page { items, next_cursor }
    }
}
