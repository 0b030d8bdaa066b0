//! What who waits sees of the line: a page that shows the place and follows it without being loaded again.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use domain::Problem;
use serde_json::json;
use tokio::time::Instant;

use super::Place;
use crate::problem_pages;
use crate::request_id::problem_response;
use crate::state::AppState;

const TICKET: &str = "eventide_line";
const SECONDS: u32 = 3600;

/// `{"position": n}`; 0: now.
pub async fn position(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let position =
        ticket(&headers).and_then(|ticket| state.line.position(ticket, state.rendering.free(), Instant::now()));
    match position {
        Some(position) => Json(json!({ "position": position })).into_response(),
        None => problem_response(&Problem::NotFound),
    }
}

/// The ticket that a request brings.
pub fn ticket(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    cookies.find(|(name, _)| *name == TICKET).map(|(_, ticket)| ticket)
}

/// The page of who has to wait.
pub fn waiting(place: &Place, https: bool) -> Response {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; \
         base-uri 'none'; form-action 'none'",
    );
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, Html(page(place.position))).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!("{TICKET}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={SECONDS}{secure}", place.ticket);
    headers.extend(HeaderValue::try_from(cookie).ok().map(|cookie| (SET_COOKIE, cookie)));
    response
}

fn page(position: u64) -> String {
    let head = "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\
                <script type=\"module\" src=\"/problems/line.js\"></script>";
    let body = format!(
        "<h1>Many guests at once</h1>\
         <p class=\"place\" aria-live=\"polite\" aria-atomic=\"true\">You are number \
         <strong id=\"position\">{position}</strong> in line.</p>\
         <p>Keep this page open: it follows by itself and lets you in when it is your turn. To load it again gains \
         nothing, and loses nothing.</p>"
    );
    problem_pages::document(head, "Many guests at once", &body, "")
}

const SCRIPT: &str = "\
const position = document.getElementById('position');
async function look() {
  try {
    const answer = await fetch('/rpc/line', { cache: 'no-store', headers: { accept: 'application/json' } });
    const found = answer.ok ? await answer.json() : null;
    if (found?.position === 0 || answer.status === 404) return location.reload();
    if (found) position.textContent = found.position;
  } catch { /* The network is away: the place is kept for a while. */ }
  // Who is far back need not look often.
  setTimeout(look, Math.min(1500 + Number(position.textContent) * 10, 12000) * (0.75 + Math.random() / 2));
}
look();
";

/// Follows the place, for the page of who waits.
pub async fn script() -> Response {
    let kind = (CONTENT_TYPE, "text/javascript; charset=utf-8");
    ([kind, (CACHE_CONTROL, "public, max-age=3600")], SCRIPT).into_response()
}
