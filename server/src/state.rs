//! What every handler can ask for.

use std::sync::Arc;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use service::Services;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::rate_limit::Limits;

#[derive(Clone)]
pub struct AppState {
    pub services: Services,
    pub config: Arc<Config>,
    /// Cancelled when the server is to stop.
    pub shutdown: CancellationToken,
    pub limits: Arc<Limits>,
    pub leptos: LeptosOptions,
}

impl AppState {
    pub fn new(services: Services, config: Config, shutdown: CancellationToken) -> Self {
        let leptos = crate::assets::leptos_options(config.addr);
        let limits = Arc::new(Limits::new(config.rate_limit));
        Self { services, config: Arc::new(config), shutdown, limits, leptos }
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
