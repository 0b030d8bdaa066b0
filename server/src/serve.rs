//! From a configuration to a running server, and cleanly back.

use std::net::SocketAddr;
use std::time::Duration;

use service::{Clock, Services};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::state::AppState;

/// How long requests may take to finish once the server is told to stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// Serves until `shutdown` is cancelled: then sockets are told, requests finished.
pub async fn serve(listener: TcpListener, services: Services, config: Config, shutdown: CancellationToken) {
    let feeds = tokio::spawn(service::live::Live::run(services.clone(), shutdown.clone()));
    let state = AppState::new(services, config, shutdown.clone());
    let router = crate::router(state).into_make_service_with_connect_info::<SocketAddr>();
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        let _ = stream.set_nodelay(true);
    });
    let told = shutdown.clone();
    let serving = tokio::spawn(async move {
        axum::serve(listener, router).with_graceful_shutdown(async move { told.cancelled().await }).await
    });
    shutdown.cancelled().await;
    if tokio::time::timeout(GRACE, serving).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
    let _ = tokio::time::timeout(Duration::from_secs(2), feeds).await;
}

/// As many sockets and files as the system lets this process have: what it starts with is often 1024, made for
/// programs that use `select`.
pub fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "the number of open files stays as it is");
    }
}

/// On the system's clock.
pub fn services(pool: sqlx::PgPool) -> Services {
    Services::new(pool, Clock::system())
}
