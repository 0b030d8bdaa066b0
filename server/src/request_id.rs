//! A name for each request, in its answer and in the log.

use std::convert::Infallible;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use domain::Problem;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of the request that is being answered here; empty outside of one.
pub fn current() -> String {
    RequestId::current().map(|id| id.as_str().to_owned()).unwrap_or_default()
}

/// Names one request in its answer and in the log. Kept as it is sent.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's own id, when it is short and plain, so that logs of several programs can be joined;
    /// else a new one.
    pub fn of(headers: &HeaderMap, now: DateTime<Utc>) -> Self {
        let own = headers.get(X_REQUEST_ID).filter(|id| is_short_and_plain(id.as_bytes()));
        own.cloned().map_or_else(|| Self::new(now), Self)
    }

    /// A UUIDv7 whose random part is drawn once and then counted up: these ids need to be different,
    /// not unguessable, and to ask the kernel for random bytes costs more than the rest of them.
    fn new(now: DateTime<Utc>) -> Self {
        static COUNT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(Uuid::new_v4().as_u64_pair().1));
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid();
        let mut text = [0; uuid::fmt::Simple::LENGTH];
        Self(HeaderValue::from_str(id.simple().encode_lower(&mut text)).expect("hexadecimal digits"))
    }

    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// While `work` runs, this request is the one that is answered.
    pub fn scope<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, work)
    }

    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub fn into_value(self) -> HeaderValue {
        self.0
    }
}

fn is_short_and_plain(id: &[u8]) -> bool {
    (1..=64).contains(&id.len()) && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self(HeaderValue::from_static(""))))
    }
}

/// Seconds: what stood still for a moment is back by then.
pub const WAIT_WHEN_UNAVAILABLE: u64 = 2;

/// `application/problem+json` with the problem's status.
pub fn problem_response(problem: &Problem) -> Response {
    let status = http::StatusCode::from_u16(problem.status()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [(http::header::CONTENT_TYPE, "application/problem+json")];
    let mut response = (status, headers, problem.document().to_string()).into_response();
    let wait = match problem {
        Problem::RateLimited { retry_after_seconds } => *retry_after_seconds,
        Problem::Unavailable => WAIT_WHEN_UNAVAILABLE,
        _ => return response,
    };
    response.headers_mut().insert(http::header::RETRY_AFTER, wait.into());
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn new_ids_are_uuids_of_version_7_and_all_different() {
        let now = DateTime::from_timestamp_millis(1_800_000_000_123).unwrap();
        let ids: BTreeSet<Uuid> = (0..1000).map(|_| RequestId::new(now).as_str().parse().unwrap()).collect();
        assert_eq!(ids.len(), 1000);
        for id in ids {
            assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
            let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
            assert_eq!((seconds, nanos), (1_800_000_000, 123_000_000));
        }
    }

    #[test]
    fn a_callers_id_is_kept_when_it_is_short_and_plain() {
        let now = DateTime::from_timestamp_millis(0).unwrap();
        let of = |id: &str| {
            let headers = HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_str(id).unwrap())]);
            RequestId::of(&headers, now).as_str() == id
        };
        assert!(of("from-outside_1.2"));
        assert!(!of("") && !of("two words") && !of(&"a".repeat(65)));
    }
}
