//! The shapes of answers that several routes share.

use axum::Json;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// 201 with `Location`, relative to the server.
pub struct Created<T> {
    pub location: String,
    pub body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, [(header::LOCATION, self.location)], Json(self.body)).into_response()
    }
}

/// Ready JSON that a client may keep and ask about: 304 when `If-None-Match` names `etag`.
pub fn conditional(asked: &HeaderMap, etag: &str, body: Bytes) -> Response {
    const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    let fresh = is_match(asked, etag);
    let mut response = if fresh { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() };
    let headers = response.headers_mut();
    if !fresh {
        headers.insert(header::CONTENT_TYPE, JSON);
    }
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, REVALIDATE);
    response
}

/// RFC 9110, 13.1.2: a list of tags or `*`, compared weakly (`W/` does not count).
fn is_match(asked: &HeaderMap, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().strip_prefix("W/").unwrap_or(tag.trim()).to_owned();
    let wanted = opaque(etag);
    let lists = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // Our own tags hold no comma, so that cutting at commas finds every one of ours.
    lists.flat_map(|list| list.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (header::IF_NONE_MATCH, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn if_none_match_takes_lists_and_weak_tags_and_the_star() {
        assert!(is_match(&asked(&["\"7\""]), "\"7\""));
        assert!(is_match(&asked(&["\"5\", W/\"7\""]), "\"7\""));
        assert!(is_match(&asked(&["\"5\"", "\"7\""]), "W/\"7\""));
        assert!(is_match(&asked(&["*"]), "\"7\""));
        assert!(!is_match(&asked(&["\"77\", 7"]), "\"7\""));
        assert!(!is_match(&asked(&[]), "\"7\""));
    }
}
