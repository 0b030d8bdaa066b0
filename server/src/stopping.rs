//! Told to stop, the process stops: in good order within its grace, and whatever happens soon after it.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::accept::GRACE;

/// What comes after the grace: feeds end, connections of the pool are given back, Postgres is stopped.
const CLOSING: Duration = Duration::from_secs(20);

/// Cancels `shutdown` at Ctrl-C or SIGTERM. Who tells it a second time, or waits in vain, gets a hard exit.
///
/// On a thread and a runtime of its own: it has to work when all others stand still.
pub fn on_signal(shutdown: CancellationToken) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let listening = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
        shutdown.cancel();
        tokio::select! {
            _ = interrupt.recv() => tracing::warn!("told to stop again: stopped without waiting"),
            _ = terminate.recv() => tracing::warn!("told to stop again: stopped without waiting"),
            () = tokio::time::sleep(GRACE + CLOSING) => tracing::error!("something does not end: stopped without it"),
        }
        std::process::exit(1)
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listening))?;
    Ok(())
}
