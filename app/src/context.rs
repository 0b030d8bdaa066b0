//! What the server provides to pages and server functions, and the session cookie.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use domain::Problem;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use service::acquaintances::Acquaintance;
use service::auth::SignedIn;
use service::{Actor, Caller, Services};

use crate::error::ApiError;

/// How this server is reached.
#[derive(Clone, Debug)]
pub struct Site {
    /// Without a slash at its end.
    pub base_url: String,
    /// Whether people come by https: cookies are `Secure` and `__Host-` then.
    pub secure_cookies: bool,
}

/// Slows what is worth guessing or flooding, as REST does.
#[derive(Clone)]
pub struct Guard(pub Arc<Check>);

type Check = dyn Fn(Guarded<'_>) -> Result<(), Problem> + Send + Sync;

/// What is about to be done.
pub enum Guarded<'a> {
    /// Before a password of an account to come is hashed.
    SignUp,
    /// Before a password is looked at.
    Password {
        email: &'a domain::Email,
        acquaintance: Acquaintance,
    },
    /// Before the password of somebody who is signed in is looked at once more.
    OwnPassword {
        email: &'a str,
    },
    Booking,
}

impl Guard {
    /// Asks the guard, where the server provides one.
    pub fn check(what: Guarded<'_>) -> Result<(), ApiError> {
        match use_context::<Self>() {
            Some(guard) => Ok((guard.0)(what)?),
            None => Ok(()),
        }
    }
}

/// Room for one more of what one address may make only so often, as REST asks for it.
#[derive(Clone)]
pub struct Allowed(pub Arc<Allow>);

type Allow = dyn Fn(Making) -> Result<Permit, Problem> + Send + Sync;

pub enum Making {
    Booking,
    Account,
}

/// Gives the room back unless it is used.
#[must_use]
pub struct Permit(Option<Box<dyn FnOnce() + Send>>);

impl Permit {
    pub fn given_back_by(give_back: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(give_back)))
    }

    /// Where nothing is counted.
    pub fn free() -> Self {
        Self(None)
    }

    /// It was made.
    pub fn used(self) {
        self.used_if(true);
    }

    /// Whether it was made now, or had been before.
    pub fn used_if(mut self, is_made: bool) {
        if is_made {
            self.0 = None;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(give_back) = self.0.take() {
            give_back();
        }
    }
}

impl Allowed {
    pub fn take(what: Making) -> Result<Permit, ApiError> {
        match use_context::<Self>() {
            Some(allowed) => Ok((allowed.0)(what)?),
            None => Ok(Permit::free()),
        }
    }
}

/// The network that the request comes from: what counts as one caller.
#[derive(Clone, Copy, Debug)]
pub struct Network(pub IpAddr);

pub fn network() -> Option<IpAddr> {
    use_context::<Network>().map(|network| network.0)
}

/// The address a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

pub fn services() -> Services {
    expect_context()
}

pub fn site() -> Site {
    expect_context()
}

/// Under which failures of this request are logged; set on the request by the server's outermost layer.
pub fn request_id() -> String {
    use_context::<RequestId>().map(|id| id.0).unwrap_or_default()
}

/// See [`request_id`].
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// From where this request comes.
pub fn caller() -> Caller {
    let Peer(address) = use_context().unwrap_or(Peer(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
    let parts = use_context::<Parts>();
    let agent = parts.as_ref().and_then(|parts| parts.headers.get(header::USER_AGENT)?.to_str().ok());
    Caller::new(address, agent.unwrap_or_default(), cookie(device_cookie_name()))
}

/// Who has sent this request, by the session cookie.
///
/// Here nothing tells a change from a look: all server functions but a few that are named are behind the server's
/// demand for a proof (`server/src/proof.rs`) before they are called.
pub async fn actor() -> Result<Actor, ApiError> {
    let Some(token) = session_token() else { return Ok(Actor::Anonymous) };
    // Looked up before anything is waited for: afterwards the context may be gone with the page.
    let (services, Caller { address, .. }, keeper) = (services(), caller(), CookieKeeper::new());
    let visit = service::auth::by_session(&services, &token, address).await?;
    if visit.renewed {
        keeper.set_session(&token);
    }
    Ok(visit.actor)
}

/// The value of a cookie of this request.
pub fn cookie(name: &str) -> Option<String> {
    use_context::<Parts>().and_then(|parts| cookie_of(&parts.headers, name).map(str::to_owned))
}

pub fn cookie_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// The token in the session cookie, unchecked.
pub fn session_token() -> Option<String> {
    cookie(session_cookie_name(site().secure_cookies))
}

/// The prefix makes the browser refuse the cookie without `Secure`, with a domain, or for a part of the site.
pub fn session_cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-eventide_session" } else { "eventide_session" }
}

/// Sent to server functions only: pages need not know.
fn device_cookie_name() -> &'static str {
    if site().secure_cookies { "__Secure-eventide_device" } else { "eventide_device" }
}

const DEVICE_PATH: &str = "/rpc";

/// The cookies of a browser that has just signed in.
pub fn set_session_cookies(signed_in: &SignedIn) {
    CookieKeeper::new().set_session(&signed_in.session);
    let seconds = service::acquaintances::REMEMBERED_DAYS * 24 * 60 * 60;
    set_cookie_for(DEVICE_PATH, device_cookie_name(), &signed_in.device, seconds);
}

pub fn clear_session_cookie() {
    let keeper = CookieKeeper::new();
    keeper.set("/", session_cookie_name(keeper.secure), "", 0);
}

/// A cookie that scripts cannot read, sent back only for `path` and what is below it; `seconds` 0 deletes it.
pub fn set_cookie_for(path: &str, name: &str, value: &str, seconds: i64) {
    CookieKeeper::new().set(path, name, value, seconds);
}

/// Puts cookies into the answer.
struct CookieKeeper {
    response: Option<ResponseOptions>,
    secure: bool,
}

impl CookieKeeper {
    fn new() -> Self {
        Self { response: use_context(), secure: site().secure_cookies }
    }

    fn set_session(&self, token: &str) {
        self.set("/", session_cookie_name(self.secure), token, service::auth::SESSION_DAYS * 24 * 60 * 60);
    }

    fn set(&self, path: &str, name: &str, value: &str, seconds: i64) {
        let cookie = cookie_text(path, name, value, seconds, self.secure);
        if let (Some(response), Ok(value)) = (&self.response, HeaderValue::from_str(&cookie)) {
            response.append_header(header::SET_COOKIE, value);
        }
    }
}

/// A `Set-Cookie` header.
pub fn cookie_text(path: &str, name: &str, value: &str, seconds: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

/// Whether a form was sent by a browser itself, without our scripts: the answer must be a page.
pub fn is_plain_form() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        let accepts = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        parts.method == http::Method::POST && accepts.is_some_and(|accepts| accepts.contains("text/html"))
    })
}
