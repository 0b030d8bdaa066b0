//! Who acts by a session cookie must be a page of ours: each form carries what only such a page can know, and
//! scripts send a header that no form can send. So a form that somebody smuggled into a page, to be clicked by a
//! provider who is signed in, changes nothing.
//!
//! All server functions are behind it but the ones named here, so that a new one cannot forget it.

use app::context::{cookie_of, session_cookie_name};
use app::proof::{FIELD, HEADER};
use domain::Problem;
use http::HeaderMap;
use http::request::Parts;
use service::{audit, proof};

use crate::client_address::ClientAddress;
use crate::state::AppState;

/// Server functions that do nothing by the session: what guests use, what reads for every page, and what opens a
/// session by a password.
pub const OPEN: [&str; 8] =
    ["guest_page", "book", "booking_page", "cancel_booking", "current_viewer", "kept_flash", "sign_in", "sign_up"];

/// Before a server function is called: `forbidden` unless it is one of [`OPEN`], nobody is signed in, or a page of
/// ours asks.
pub fn demanded(state: &AppState, parts: &Parts, body: &[u8]) -> Result<(), Problem> {
    let path = parts.uri.path();
    let is_open = path.strip_prefix("/rpc/").is_some_and(|function| OPEN.contains(&function));
    let session = cookie_of(&parts.headers, session_cookie_name(state.config.is_https()));
    let Some(session) = session.filter(|_| !is_open && !parts.headers.contains_key(HEADER)) else { return Ok(()) };
    let sent = is_form(&parts.headers).then(|| sent(body));
    if sent.flatten().is_some_and(|sent| proof::fits(&sent, session)) {
        return Ok(());
    }
    tell(state, parts);
    Err(Problem::Forbidden)
}

/// Whether a form that was refused has a proof, such as pages of other sessions have.
pub fn is_of_another_session(body: &[u8]) -> bool {
    sent(body).is_some_and(|sent| sent.len() == 64 && sent.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn sent(body: &[u8]) -> Option<String> {
    url::form_urlencoded::parse(body).find(|(name, _)| name == FIELD).map(|(_, sent)| sent.into_owned())
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn tell(state: &AppState, parts: &Parts) {
    let Some(ClientAddress(address)) = parts.extensions.get() else { return };
    if state.limits.is_told(*address) {
        let path: String = parts.uri.path().chars().take(60).collect();
        audit::without_proof(&path, *address);
    }
}
