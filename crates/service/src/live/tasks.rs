//! The tasks behind live refresh: feeding rooms, hints both ways, polling, pruning the log.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Live, locked, notify};
use crate::{Services, change_log, handles, idempotency};

/// So many rooms are fed at a time.
const FEEDING: usize = 4;
/// So many calendars are asked for in one poll's query.
const POLLED_AT_ONCE: usize = 1000;
const PRUNED_EVERY: Duration = Duration::from_secs(3600);
/// How long the listeners may take to leave once the server is told to stop.
const FAREWELL: Duration = Duration::from_millis(1500);
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// What a deployment seldom needs to change.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether nodes tell each other by `NOTIFY`; without, each relies on its poll.
    pub hints: bool,
    pub poll_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { hints: true, poll_every: Duration::from_secs(1) }
    }
}

impl Live {
    /// Runs until `shutdown`: without it nothing reaches a listener.
    pub async fn run(services: Services, shutdown: CancellationToken) {
        Self::run_with(services, shutdown, Settings::default()).await;
    }

    pub async fn run_with(services: Services, shutdown: CancellationToken, settings: Settings) {
        let mut tasks = JoinSet::new();
        keep(&mut tasks, "feed", &services, |services| async move { feed(&services).await });
        let every = settings.poll_every;
        keep(&mut tasks, "poll", &services, move |services| async move { poll(&services, every).await });
        keep(&mut tasks, "prune", &services, |services| async move { prune(&services).await });
        let listening = notify::pool(&services);
        if settings.hints {
            keep(&mut tasks, "send hints", &services, |services| async move { notify::send(&services).await });
            let pool = listening.clone();
            keep(&mut tasks, "receive hints", &services, move |services| {
                let pool = pool.clone();
                async move { notify::receive(&services, &pool).await }
            });
        }
        shutdown.cancelled().await;
        // Whoever waits for this waits for the sockets' goodbyes.
        let _ = timeout(FAREWELL, services.live.emptied()).await;
        tasks.shutdown().await;
        let _ = timeout(FAREWELL, listening.close()).await;
    }
}

/// Runs a task that must never end: whatever ends it, a panic included, is logged and it starts again.
fn keep<F>(
    tasks: &mut JoinSet<()>,
    name: &'static str,
    services: &Services,
    task: impl Fn(Services) -> F + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let services = services.clone();
    tasks.spawn(async move {
        loop {
            let mut one = JoinSet::new();
            one.spawn(task(services.clone()));
            match one.join_next().await {
                Some(Err(error)) => tracing::error!(task = name, %error, "a background task failed; starting it again"),
                _ => tracing::error!(task = name, "a background task ended; starting it again"),
            }
            sleep(RESTART_AFTER).await;
        }
    });
}

/// Feeds the rooms that are behind, several at a time.
async fn feed(services: &Services) {
    let live = &services.live;
    let turns = Arc::new(Semaphore::new(FEEDING));
    let mut feeding = JoinSet::new();
    loop {
        live.hunger.notified().await;
        let hungry = std::mem::take(&mut *locked(&live.hungry));
        for room in hungry.into_iter().filter_map(|provider_id| live.room(provider_id)) {
            let Ok(turn) = turns.clone().acquire_owned().await else { return };
            let services = services.clone();
            feeding.spawn(async move {
                if let Err(error) = room.feed(&services).await {
                    // The poll asks for it again.
                    tracing::warn!(provider_id = %room.provider_id, error = %cause(&error), "a room was not fed");
                }
                drop(turn);
            });
        }
        while let Some(done) = feeding.try_join_next() {
            if let Err(error) = done {
                tracing::error!(%error, "feeding a room failed");
            }
        }
    }
}

/// Asks the database how far the calendars in use are: what makes lost hints harmless.
async fn poll(services: &Services, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = services.live.poll_now.notified() => {}
        }
        match poll_once(services).await {
            Ok(()) => failing = false,
            Err(error) => {
                if !failing {
                    tracing::warn!(error = %cause(&error), "the poll of versions fails");
                }
                failing = true;
            }
        }
    }
}

async fn poll_once(services: &Services) -> Result<(), crate::Error> {
    let live = &services.live;
    let mut used: HashSet<Uuid> = services.snapshots.known().into_iter().map(|(provider_id, _)| provider_id).collect();
    used.extend(locked(&live.rooms).keys());
    let used: Vec<Uuid> = used.into_iter().collect();
    for some in used.chunks(POLLED_AT_ONCE) {
        for (provider_id, version) in change_log::versions(services, some).await? {
            services.snapshots.note_version(provider_id, version);
            live.heard_of(provider_id, version);
        }
    }
    Ok(())
}

async fn prune(services: &Services) {
    loop {
        // Not all nodes at the same moment.
        sleep(PRUNED_EVERY + PRUNED_EVERY.mul_f64(rand::random::<f64>() / 4.0)).await;
        if let Err(error) = prune_once(services).await {
            tracing::warn!(error = %cause(&error), "what is no longer kept was not deleted");
        }
    }
}

async fn prune_once(services: &Services) -> Result<(), crate::Error> {
    let changes = change_log::prune(services).await?;
    let keys = idempotency::prune(services).await?;
    let handles = handles::prune(services).await?;
    tracing::debug!(changes, keys, handles, "deleted what is no longer kept");
    Ok(())
}

/// An error with what caused it.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
