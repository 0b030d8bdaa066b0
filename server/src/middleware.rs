//! What is around every route: a request id and the usual headers on every answer, compression, the
//! client's address, a net for panics, a line in the log.
//!
//! One layer and not five, because axum clones all that is inside a layer for each layer and request:
//! what they cost grows with the square of their number. REST has it together with its limits.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Problem;
use futures::FutureExt;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};

use crate::client_address::ClientAddress;
use crate::request_id::{RequestId, WAIT_WHEN_UNAVAILABLE, X_REQUEST_ID, problem_response};
use crate::state::AppState;
use crate::{compression, problem_pages, security};

/// With the limit of what one address may ask; REST counts for itself and tells where one stands.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let answer = async |request: Request, _, ClientAddress(address)| match state.limits.check(address, None, false) {
        Err(problem) if !is_watch(request.uri().path()) => {
            refused(&problem, request.headers(), request.uri().path().starts_with("/rpc/"))
        }
        _ => compression::run(request, next).await,
    };
    let mut response = around(&state, request, answer).await;
    // Pages are somebody's own, and of one moment: what was typed, who is signed in.
    if is(&response, "text/html") || is(&response, "application/json") {
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// For the guest's page, which is packed already and says itself who may keep it.
pub async fn guests(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let answer = async |request: Request, _, ClientAddress(address)| match state.limits.check(address, None, false) {
        Err(problem) => refused(&problem, request.headers(), false),
        Ok(_) => next.run(request).await,
    };
    around(&state, request, answer).await
}

/// Whoever watches over the server asks from where its guests may come from too.
fn is_watch(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// Whether who asks wants a page.
pub fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|kinds| kinds.contains("text/html"))
}

/// In the form that who asks can read: a page, what a server function answers, or a problem's document.
pub fn refused(problem: &Problem, headers: &HeaderMap, is_rpc: bool) -> Response {
    let mut response = problem_response(problem);
    let (kind, body) = if accepts_html(headers) {
        ("text/html; charset=utf-8", problem_pages::told(problem))
    } else if is_rpc {
        ("application/json", serde_json::to_string(problem).unwrap_or_default())
    } else {
        return response;
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    *response.body_mut() = body.into();
    response
}

fn is(response: &Response, kind: &str) -> bool {
    let found = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    found.is_some_and(|found| found.starts_with(kind))
}

/// Logs the path's pattern and never the query: manage keys travel in it.
pub async fn around<F: Future<Output = Response>>(
    state: &AppState,
    mut request: Request,
    answer: impl FnOnce(Request, RequestId, ClientAddress) -> F,
) -> Response {
    let id = RequestId::of(request.headers(), state.services.clock.now());
    let address = ClientAddress::of(&request, &state.config.trust_proxy);
    request.extensions_mut().insert(address);
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let started = Instant::now();

    let answer = async {
        match without_path(&request) {
            Some(response) => response,
            None => answer(request, id.clone(), address).await,
        }
    };
    let answer = id.clone().scope(answer);
    // Why it panicked is in the log already: see `panics`.
    let answered = AssertUnwindSafe(answer).catch_unwind().await;
    let mut response =
        answered.unwrap_or_else(|_| problem_response(&Problem::Internal { request_id: id.as_str().to_owned() }));

    let path = path.as_ref().map_or("(no route)", MatchedPath::as_str);
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    if status == 503 {
        // Pages and their calls set the status only. Why it is so is said once, not for each of thousands.
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from(WAIT_WHEN_UNAVAILABLE));
    }
    if status >= 500 && status != 503 {
        tracing::warn!(request_id = id.as_str(), %method, path, status, ?elapsed, "answered");
    } else {
        tracing::debug!(request_id = id.as_str(), %method, path, status, ?elapsed, "answered");
    }
    security::add_headers(response.headers_mut(), state.config.is_https());
    response.headers_mut().insert(X_REQUEST_ID, id.into_value());
    response
}

/// What is asked for when the request names no path (RFC 9112, 3.2): a tunnel (`CONNECT host:1`) or a host alone,
/// neither of which is here, or the server as a whole (`*`), of which only OPTIONS may be asked.
fn without_path(request: &Request) -> Option<Response> {
    match request.uri().path_and_query() {
        Some(path) if path.as_str().starts_with('/') => None,
        Some(path) if path == "*" && request.method() == Method::OPTIONS => Some(
            (StatusCode::NO_CONTENT, [(header::ALLOW, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")]).into_response(),
        ),
        _ => {
            let detail = "The request names no path.".to_owned();
            Some(refused(&Problem::Malformed { detail }, request.headers(), false))
        }
    }
}
