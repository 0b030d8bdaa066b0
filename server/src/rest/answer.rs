//! The shapes of answers that several routes share.

use std::convert::Infallible;

use axum::Json;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderValue};
use http::request::Parts;
use serde::Serialize;

use crate::security;

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

/// What the client has already: the values of `If-None-Match`.
pub struct IfNoneMatch(Vec<HeaderValue>);

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect()))
    }
}

impl IfNoneMatch {
    /// Whether it names this tag, compared weakly.
    pub fn names(&self, etag: &HeaderValue) -> bool {
        !self.0.is_empty() && etag.to_str().is_ok_and(|etag| is_match(self, etag))
    }
}

/// JSON that a client may keep and ask about: 304 when `If-None-Match` names `etag`.
pub fn conditional(asked: &IfNoneMatch, etag: &str, body: impl Into<Body>) -> Response {
    const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    let fresh = is_match(asked, etag);
    let mut response = if fresh { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(body.into()) };
    let headers = response.headers_mut();
    headers.reserve(3 + security::MOST_ADDED);
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
pub fn is_match(asked: &IfNoneMatch, etag: &str) -> bool {
    let wanted = opaque(etag);
    let lists = asked.0.iter().filter_map(|value| value.to_str().ok());
    // Our own tags hold no comma, so that cutting at commas finds every one of ours.
    lists.flat_map(|list| list.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == wanted)
}

fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(values: &[&'static str]) -> IfNoneMatch {
        IfNoneMatch(values.iter().map(|value| HeaderValue::from_static(value)).collect())
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
