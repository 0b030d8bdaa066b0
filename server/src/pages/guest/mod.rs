//! `GET /{provider}`: the guest's page. What many ask for alike is made once and then sent like a file.

mod kept;

use std::sync::Arc;
use std::time::Duration;

use app::shared::Question;
use app::shown::Telling;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::zones::Zones;
use domain::{Handle, Problem};
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue,
    LOCATION, VARY,
};
use http::{HeaderMap, StatusCode};
use service::providers::{self, Found};
use tokio::time::{Instant, timeout};

use super::rendering::whole;
use crate::client_address::ClientAddress;
use crate::compression::Coding;
use crate::line::{self, Arrival};
use crate::request_id::{RequestId, problem_response};
use crate::rest::IfNoneMatch;
use crate::state::AppState;
use crate::{middleware, security};
use kept::{Key, Page};

pub use kept::Kept;

/// How long a guest waits for a page before it is the line that they see.
const PATIENCE: Duration = Duration::from_secs(1);

pub async fn show(
    State(state): State<AppState>,
    id: RequestId,
    address: ClientAddress,
    provider: Result<Path<String>, PathRejection>,
    asked: IfNoneMatch,
    request: Request,
) -> Response {
    let Ok(Path(provider)) = provider else {
        let detail = "The address holds bytes that are not text.".to_owned();
        return middleware::refused(&Problem::Malformed { detail }, request.headers(), false);
    };
    let coding = Coding::of(request.headers());
    let found = providers::find(&state.services, &provider).await;
    if let Ok(Found { moved_to: Some(handle), .. }) = &found {
        return lead_on(handle, request.uri().query());
    }
    if let Some(question) = Question::of(&provider, request.uri(), request.headers())
        && let Ok(Found { provider_id, version, .. }) = found
    {
        let key = (provider_id, question);
        if let Some(page) = state.kept.get(&key, version, state.services.clock.now()) {
            return page.answer(coding, &asked).await;
        }
        let ticket = line::ticket(request.headers());
        let place = match state.line.arrive(ticket, address.network(), state.rendering.free(), Instant::now()) {
            Arrival::Enters => match timeout(PATIENCE, page(&state, &id, key, version)).await {
                Ok(Some(page)) => return page.answer(coding, &asked).await,
                Ok(None) => return own(super::show(State(state), id, request).await, coding).await,
                Err(_) => state.line.step_back(ticket, address.network(), Instant::now()),
            },
            Arrival::Waits(place) => place,
            Arrival::Refused => return middleware::refused(&Problem::Unavailable, request.headers(), false),
        };
        return line::waiting(&place, state.config.is_https());
    }
    own(super::show(State(state), id, request).await, coding).await
}

/// To the page under the handle that the provider has now. Not for ever: the old one can be taken back, and some day be
/// another's.
fn lead_on(handle: &Handle, query: Option<&str>) -> Response {
    let address = query.map_or_else(|| format!("/{handle}"), |query| format!("/{handle}?{query}"));
    match HeaderValue::try_from(address) {
        Ok(address) => {
            let headers = [(LOCATION, address), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
            (StatusCode::FOUND, headers).into_response()
        }
        Err(_) => problem_response(&Problem::NotFound),
    }
}

/// Makes the page of this version or a later one, unless somebody does already. `None`: it cannot be made for many,
/// because it tells of a problem.
async fn page(state: &AppState, id: &RequestId, key: Key, version: i64) -> Option<Arc<Page>> {
    // In a task of its own: who asked may leave, and others wait for the same page.
    let (state, id) = (state.clone(), id.clone());
    let made = tokio::spawn(async move {
        let made = || make(&state, &id, &key.1);
        state.kept.get_or_make(&key, version, || state.services.clock.now(), made).await
    });
    made.await.ok().flatten()
}

async fn make(state: &AppState, id: &RequestId, question: &Question) -> Option<Page> {
    let telling = Telling::default();
    // Before the page reads any, so that one made while others are put to use is not kept.
    let zones = Zones::in_use().id();
    let mut request = question.request(Body::empty())?;
    request.extensions_mut().insert(telling.clone());
    request.extensions_mut().insert(id.clone());
    let response = super::show(State(state.clone()), id.clone(), request).await;
    let shown = telling.told().filter(|_| response.status() == StatusCode::OK)?;
    let (parts, body) = response.into_parts();
    let body = whole(body).await?;
    let policy = parts.headers.get(CONTENT_SECURITY_POLICY)?.clone();
    Page::new(state.services.clock.now(), zones, shown, policy, body)
}

impl Page {
    async fn answer(&self, coding: Coding, asked: &IfNoneMatch) -> Response {
        const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
        // A browser keeps it and asks each time; nobody between may, because it depends on cookies.
        const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");
        const BY: HeaderValue = HeaderValue::from_static("accept-encoding, cookie");
        let fresh = asked.names(&self.etag);
        let mut response = if fresh {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let (body, packed) = self.packed(coding).await;
            let mut response = Response::new(body.into());
            response.headers_mut().reserve(6 + security::MOST_ADDED);
            response.headers_mut().insert(CONTENT_TYPE, HTML);
            response.headers_mut().extend(packed.name().map(|name| (CONTENT_ENCODING, name)));
            response
        };
        let headers = response.headers_mut();
        headers.insert(ETAG, self.etag.clone());
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(CACHE_CONTROL, REVALIDATE);
        headers.insert(VARY, BY);
        response
    }
}

/// A page that is somebody's own, and of one moment.
async fn own(response: Response, coding: Coding) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let body = pack(&mut parts.headers, whole(body).await.unwrap_or_default(), coding).await;
    Response::from_parts(parts, Body::from(body))
}

async fn pack(headers: &mut HeaderMap, body: Bytes, coding: Coding) -> Bytes {
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    let (true, Some(name)) =
        (headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/")), coding.name())
    else {
        return body;
    };
    match coding.pack(body.clone()).await {
        Some(packed) => {
            headers.remove(CONTENT_LENGTH);
            headers.insert(CONTENT_ENCODING, name);
            packed
        }
        None => body,
    }
}
