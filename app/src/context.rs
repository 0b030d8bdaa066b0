//! What the server provides to pages and server functions, and the session cookie.

use std::net::IpAddr;
use std::sync::Arc;

use domain::Problem;
use http::request::Parts;
use http::{HeaderValue, header};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use service::{Actor, Services};

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
    /// Before a password is looked at or hashed; the e-mail as entered.
    Password {
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
    pub fn used(mut self) {
        self.0 = None;
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

/// Who has sent this request, by the session cookie.
pub async fn actor() -> Result<Actor, ApiError> {
    match session_token() {
        Some(token) => Ok(service::auth::by_session(&services(), &token).await?),
        None => Ok(Actor::Anonymous),
    }
}

/// The value of a cookie of this request.
pub fn cookie(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    let cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned())
}

/// The token in the session cookie, unchecked.
pub fn session_token() -> Option<String> {
    cookie(session_cookie_name())
}

/// The prefix makes the browser refuse the cookie without `Secure`, with a domain, or for a part of the site.
fn session_cookie_name() -> &'static str {
    if site().secure_cookies { "__Host-eventide_session" } else { "eventide_session" }
}

pub fn set_session_cookie(token: &str) {
    set_cookie(session_cookie_name(), token, service::auth::SESSION_DAYS * 24 * 60 * 60);
}

pub fn clear_session_cookie() {
    set_cookie(session_cookie_name(), "", 0);
}

/// A cookie that scripts cannot read; `seconds` 0 deletes it.
pub fn set_cookie(name: &str, value: &str, seconds: i64) {
    set_cookie_for("/", name, value, seconds);
}

/// [`set_cookie`], sent back only for `path` and what is below it.
pub fn set_cookie_for(path: &str, name: &str, value: &str, seconds: i64) {
    let cookie = cookie_text(path, name, value, seconds, site().secure_cookies);
    if let (Some(response), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(&cookie)) {
        response.append_header(header::SET_COOKIE, value);
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
