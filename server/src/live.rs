//! The live socket: `GET /api/v1/availability/{provider}/live`, open to guests and programs alike.

mod addresses;
mod metered;
mod socket;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use domain::Problem;
use http::{HeaderMap, header};
use service::live::Live;
use service::providers;

use crate::accept::Capacity;
use crate::client_address::ClientAddress;
use crate::config::Config;
use crate::request_id::{RequestId, problem_response};
use crate::security::is_own_origin;
use crate::state::AppState;
use addresses::{Addresses, Full};
use socket::Socket;
use upgrade::Upgrade;

/// What a deployment seldom needs to change.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// A heartbeat at least so often: the contract says 25 s.
    pub heartbeat_every: Duration,
    /// A client that does not take a message for so long is dropped.
    pub patience: Duration,
    /// Sockets that one address may have open. Generous: it may be a whole office, or a proxy.
    pub most_per_address: usize,
    /// Sockets that all together may have open.
    pub most: usize,
}

impl Settings {
    /// As many sockets as the process may have.
    pub fn of(config: &Config) -> Self {
        Self { most: Capacity::of(config).live, ..Self::default() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            heartbeat_every: Duration::from_secs(20),
            patience: Duration::from_secs(10),
            most_per_address: 1000,
            most: usize::MAX,
        }
    }
}

/// What all sockets share.
pub struct Door {
    settings: Settings,
    addresses: Addresses,
}

impl Door {
    pub fn new(settings: Settings) -> Arc<Self> {
        Arc::new(Self { settings, addresses: Addresses::new(settings.most, settings.most_per_address) })
    }
}

pub async fn listen(
    door: Arc<Door>,
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    request_id: RequestId,
    provider: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    let opened = async {
        if brings_cookies_from_elsewhere(&parts.headers, &state) {
            return Err(Problem::Forbidden.into());
        }
        let query = parts.uri.query().unwrap_or_default();
        let (since, zones) = (since(query)?, word(query, "zones"));
        let Path(provider) = provider.map_err(|_| Problem::NotFound)?;
        let provider_id = providers::resolve(&state.services, &provider).await?;
        let upgrade = Upgrade::of(&mut parts)?;
        if state.shutdown.is_cancelled() {
            return Err(Problem::Unavailable.into());
        }
        let place = door.addresses.enter(address).map_err(|full| match full {
            Full::Address => Problem::RateLimited { retry_after_seconds: 60 },
            Full::Everything => Problem::Unavailable,
        })?;
        let listener = Live::join(&state.services, provider_id, since, zones.as_deref()).await?;
        Ok::<_, service::Error>((upgrade, place, listener))
    };
    match opened.await {
        Ok((upgrade, place, listener)) => upgrade.answer(move |stream| async move {
            Socket::new(stream, listener, state.services.clone(), door.settings).run(&state.shutdown).await;
            drop(place);
        }),
        Err(error) => problem_response(&error.into_problem(request_id.as_str())),
    }
}

/// Another site's page must not speak with this browser's cookies. Without cookies it is as welcome
/// as any program: the feed is public.
fn brings_cookies_from_elsewhere(headers: &HeaderMap, state: &AppState) -> bool {
    let of_a_page = headers.contains_key(header::ORIGIN) && headers.contains_key(header::COOKIE);
    of_a_page && !is_own_origin(&state.config.base_url, headers)
}

/// The version that the client has, where it has one.
fn since(query: &str) -> Result<Option<i64>, Problem> {
    let Some(text) = word(query, "since") else { return Ok(None) };
    match text.parse() {
        Ok(version) if version >= 0 => Ok(Some(version)),
        _ => Err(Problem::Malformed { detail: "since must be a version: a whole number, not negative.".into() }),
    }
}

fn word(query: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes()).find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
}
