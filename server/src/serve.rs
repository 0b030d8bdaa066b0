//! From a configuration to a running server, and cleanly back.

use std::time::Duration;

use service::{Clock, Services};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::accept;
use crate::config::Config;
use crate::state::AppState;

/// Serves until `shutdown` is cancelled: then sockets are told, requests finished.
pub async fn serve(listener: TcpListener, services: Services, config: Config, shutdown: CancellationToken) {
    let settings = accept::Settings::of(&config);
    serve_with(listener, services, config, shutdown, settings).await;
}

pub async fn serve_with(
    listener: TcpListener,
    services: Services,
    config: Config,
    shutdown: CancellationToken,
    settings: accept::Settings,
) {
    let services = services.with_limits(config.limits);
    let feeds = tokio::spawn(service::live::Live::run(services.clone(), shutdown.clone()));
    let router = crate::router(AppState::new(services, config, shutdown.clone()));
    if !accept::serve(listener, router, settings, shutdown).await {
        tracing::warn!("some requests did not finish in time");
    }
    let _ = tokio::time::timeout(Duration::from_secs(2), feeds).await;
}

/// On the system's clock.
pub fn services(db: service::Db) -> Services {
    Services::new(db, Clock::system())
}
