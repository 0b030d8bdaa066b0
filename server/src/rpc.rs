//! Server functions at their door: what cannot be read is refused before leptos sees it, and a plain form that was
//! refused gets an answer for people.
//!
//! leptos answers what it cannot read with 500, and tells plain forms of errors in the address of the page they go
//! back to, where any link could forge them: here they travel in a cookie (`app::told`).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use app::error::ApiError;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Problem;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use leptos::server_fn::axum::server_fn_paths;
use leptos::server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER};

use crate::body;
use crate::middleware::{accepts_html, refused};
use crate::proof;
use crate::state::AppState;

/// Where leptos would send a plain form back to when the function itself names no place.
const NOWHERE: &str = "http://nowhere.invalid/";
/// Which leptos sets on errors, with the function's path.
const ERROR: HeaderName = HeaderName::from_static(SERVER_FN_ERROR_HEADER);
/// The longest address of a page that a form of ours goes back to.
const LONGEST_PAGE: usize = 2000;
const SIGN_OUT: &str = "/rpc/sign_out";
/// In which leptos would tell of errors, and would read them.
const FORGEABLE: [&str; 2] = ["__path", "__err"];

static FUNCTIONS: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| server_fn_paths().map(|(path, _)| path).collect());

/// The paths of all server functions.
pub fn functions() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().copied()
}

/// Around all pages and server functions.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/rpc/") {
        return call(&state, request, next).await;
    }
    match unforged(&request) {
        Some(page) => Redirect::to(&page).into_response(),
        None => next.run(request).await,
    }
}

async fn call(state: &AppState, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let headers = parts.headers.clone();
    let Some(function) = FUNCTIONS.get(parts.uri.path()) else {
        return refused(&Problem::NotFound, &headers, true);
    };
    if parts.method != Method::POST {
        return only_post(&headers);
    }
    let form = match form(&headers, body).await {
        Ok(form) => form,
        Err(problem) => return refused(&problem, &headers, true),
    };
    if let Err(problem) = proof::demanded(state, &parts, &form) {
        // From a page of a session that has ended: it is the start page that knows who is signed in now.
        if parts.uri.path() == SIGN_OUT && proof::is_of_another_session(&form) {
            return go_to("/", HeaderMap::new());
        }
        return refused(&problem, &headers, true);
    }
    parts.headers.insert(header::REFERER, HeaderValue::from_static(NOWHERE));
    let response = next.run(Request::from_parts(parts, Body::from(form))).await;
    let goes = response.headers().get(header::LOCATION);
    if !accepts_html(&headers) || goes.is_some_and(|goes| !goes.as_bytes().starts_with(NOWHERE.as_bytes())) {
        return response;
    }
    let page = page_before(&headers);
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    let is_of_function = parts.headers.remove(ERROR).is_some();
    if !is_of_function && !parts.status.is_client_error() && !parts.status.is_server_error() {
        return go_to(page.as_deref().unwrap_or("/"), parts.headers);
    }
    let error = ApiError::de(to_bytes(body, usize::MAX).await.unwrap_or_default());
    if !is_of_function {
        // It has not run to its end.
        return refused(&error.0, &headers, true);
    }
    let path = page.as_deref().and_then(|page| page.split('?').next()).unwrap_or_default();
    let cookies = app::told::headers(path, function, &error, state.config.is_https());
    match page.zip(cookies).filter(|_| !matches!(error.0, Problem::Malformed { .. })) {
        Some((page, cookies)) => {
            for cookie in cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
                parts.headers.append(header::SET_COOKIE, cookie);
            }
            go_to(&page, parts.headers)
        }
        // Nowhere to tell it.
        None => refused(&error.0, &headers, true),
    }
}

fn go_to(page: &str, mut headers: HeaderMap) -> Response {
    if let Ok(page) = HeaderValue::from_str(page) {
        headers.insert(header::LOCATION, page);
    }
    (StatusCode::FOUND, headers).into_response()
}

/// All of the body, if it can be a form.
async fn form(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    let malformed = |detail: &str| Problem::Malformed { detail: detail.into() };
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default());
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    if kind.is_some_and(|kind| kind != "application/x-www-form-urlencoded") {
        return Err(malformed("Send a form, with Content-Type: application/x-www-form-urlencoded."));
    }
    let form = body::read(headers, body).await?;
    if String::from_utf8(percent_decoded(&form)).is_err() {
        return Err(malformed("The form holds bytes that are not text."));
    }
    Ok(form)
}

/// Pieces of a form stay apart: what is between them is ASCII.
fn percent_decoded(form: &[u8]) -> Vec<u8> {
    let hex = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    let mut decoded = Vec::with_capacity(form.len());
    let mut rest = form;
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(high).zip(hex(low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        decoded.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    decoded
}

/// The page that a form was on, as a path on this server, without what leptos might have written into its query.
fn page_before(headers: &HeaderMap) -> Option<String> {
    let referer = url::Url::parse(headers.get(header::REFERER)?.to_str().ok()?).ok()?;
    let page = match referer.query().and_then(without_forgeable) {
        Some(query) if query.is_empty() => referer.path().to_owned(),
        Some(query) => format!("{}?{query}", referer.path()),
        None => referer[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
    };
    // Two slashes would lead to another server.
    (page.starts_with('/') && !page.starts_with("//") && page.len() <= LONGEST_PAGE).then_some(page)
}

/// The query without [`FORGEABLE`]; `None` if it has none of them.
fn without_forgeable(query: &str) -> Option<String> {
    let is_forgeable = |pair: &&str| {
        let name = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name.into_owned());
        name.is_some_and(|name| FORGEABLE.contains(&name.as_str()))
    };
    let pairs = query.split('&');
    pairs.clone().any(|pair| is_forgeable(&pair)).then(|| {
        let kept: Vec<&str> = pairs.filter(|pair| !is_forgeable(pair)).collect();
        kept.join("&")
    })
}

/// Where a page is whose address holds what leptos would show as an error of ours: at the same without.
fn unforged(request: &Request) -> Option<String> {
    let path = request.uri().path();
    let query = request.uri().query().and_then(without_forgeable)?;
    let page = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    Some(page).filter(|page| !page.starts_with("//"))
}

fn only_post(headers: &HeaderMap) -> Response {
    let mut response = if accepts_html(headers) {
        refused(&Problem::NotFound, headers, true)
    } else {
        let body = serde_json::json!({ "type": "about:blank", "title": "Method Not Allowed", "status": 405 });
        ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    };
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(referer: &'static str) -> Option<String> {
        page_before(&HeaderMap::from_iter([(header::REFERER, HeaderValue::from_static(referer))]))
    }

    #[test]
    fn a_form_goes_back_to_its_page_on_this_server() {
        assert_eq!(before("http://a.example/dashboard?date=2026-11-23"), Some("/dashboard?date=2026-11-23".into()));
        assert_eq!(before("http://a.example/dashboard?__path=x&date=1&%5F_err=y"), Some("/dashboard?date=1".into()));
        assert_eq!(before("http://a.example/dashboard?__err=y#x"), Some("/dashboard".into()));
        assert_eq!(before("http://a.example//evil.example"), None);
        assert_eq!(before("/dashboard"), None);
        assert_eq!(before("mailto:somebody"), None);
    }

    #[test]
    fn every_server_function_takes_forms() {
        assert!(FUNCTIONS.len() > 15);
        assert!(server_fn_paths().all(|(path, method)| path.starts_with("/rpc/") && method == Method::POST));
    }
}
