//! The outermost layer: a request id on every answer, the client's address, and a net for panics.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Problem;
use futures::FutureExt;
use http::request::Parts;
use http::{HeaderName, HeaderValue};

use crate::client_address::ClientAddress;
use crate::state::AppState;

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names one request in its answer and in the log.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self(String::new())))
    }
}

/// A caller's own id is kept when it is short and plain, so that logs of several programs can be joined.
fn taken_over(request: &Request) -> Option<String> {
    let id = request.headers().get(X_REQUEST_ID)?.to_str().ok()?;
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    (plain && (1..=64).contains(&id.len())).then(|| id.to_owned())
}

/// Logs the path's pattern and never the query: manage keys travel in it.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let id = taken_over(&request).unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string());
    let (mut parts, body) = request.into_parts();
    let address = ClientAddress::of(&parts, state.config.trust_proxy);
    parts.extensions.insert(address);
    parts.extensions.insert(RequestId(id.clone()));
    let method = parts.method.clone();
    let path = parts.extensions.get::<MatchedPath>().cloned();
    let started = Instant::now();

    let answered = AssertUnwindSafe(next.run(Request::from_parts(parts, body))).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|panic| {
        tracing::error!(request_id = %id, panic = panic_text(&*panic), "a handler panicked");
        problem_response(&Problem::Internal { request_id: id.clone() })
    });

    let path = path.as_ref().map_or("(no route)", MatchedPath::as_str);
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    if status >= 500 {
        tracing::warn!(request_id = %id, %method, path, status, ?elapsed, "answered");
    } else {
        tracing::debug!(request_id = %id, %method, path, status, ?elapsed, "answered");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}

/// `application/problem+json` with the problem's status.
pub fn problem_response(problem: &Problem) -> Response {
    let status = http::StatusCode::from_u16(problem.status()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [(http::header::CONTENT_TYPE, "application/problem+json")];
    let mut response = (status, headers, problem.document().to_string()).into_response();
    let wait = match problem {
        Problem::RateLimited { retry_after_seconds } => *retry_after_seconds,
        Problem::Unavailable => 2,
        _ => return response,
    };
    response.headers_mut().insert(http::header::RETRY_AFTER, wait.into());
    response
}
