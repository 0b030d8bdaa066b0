//! The usual headers, and where a request that the cookie authorises may come from.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use domain::Problem;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::request_id::problem_response;
use crate::state::AppState;

const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Not no-referrer: forms that work without JavaScript return to the page they came from.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
];

/// How many headers an answer gets on its way out, these and others. Who makes the map can leave room for
/// them: a map that grows is hashed anew.
pub const MOST_ADDED: usize = 12;

/// For answers that set no policy of their own (pages do, with the hashes of their scripts): nothing may be loaded.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// Leaves what an answer says itself.
pub fn add_headers(headers: &mut HeaderMap, https: bool) {
    headers.reserve(MOST_ADDED);
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(CONTENT_SECURITY_POLICY);
    if https {
        let value = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(value);
    }
}

/// Refuses a state-changing request of a browser that another site made. Stands before everything
/// that the session cookie authorises; REST takes no cookies and is not behind it.
pub async fn same_origin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_own(&state, request.headers()) {
        return next.run(request).await;
    }
    problem_response(&Problem::Forbidden)
}

/// `Sec-Fetch-Site` decides where it is sent, else `Origin`. A request with neither is no browser's
/// of today; it is let through only if it brings no cookie.
fn is_own(state: &AppState, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match headers.get(header::ORIGIN) {
        Some(_) => is_own_origin(&state.config.base_url, headers),
        None => !headers.contains_key(header::COOKIE),
    }
}

/// Whether the `Origin` header names this server: by its base URL, or by the host that was asked.
pub fn is_own_origin(base_url: &url::Url, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let Some(origin) = origin.and_then(|origin| url::Url::parse(origin).ok()) else { return false };
    if origin.origin() == base_url.origin() {
        return true;
    }
    let asked = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    asked.is_some_and(|asked| {
        url::Url::parse(&format!("{}://{asked}", origin.scheme())).is_ok_and(|url| url.origin() == origin.origin())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(origin: &str, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers.insert(header::HOST, host.parse().unwrap());
        is_own_origin(&"https://book.example.com".parse().unwrap(), &headers)
    }

    #[test]
    fn only_the_base_url_and_the_host_asked_are_own_origins() {
        assert!(asked("https://book.example.com", "10.0.0.1:3000"));
        assert!(asked("http://localhost:3000", "localhost:3000"));
        assert!(!asked("https://evil.example", "book.example.com"));
        assert!(!asked("https://book.example.com.evil.example", "book.example.com"));
        assert!(!asked("null", "book.example.com"));
    }
}
