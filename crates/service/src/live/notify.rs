//! Hints from node to node that a calendar has moved: batched, and allowed to be lost.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::tasks::cause;
use super::{Live, locked};
use crate::{Error, Services, change_log};

/// Postgres refuses payloads of 8000 bytes.
const MOST_PAYLOAD: usize = 7900;
/// How long commits are gathered after a batch was sent. The first after a pause goes at once.
const GATHER: Duration = Duration::from_millis(20);
/// A node says something at least so often, so that it can tell a quiet channel from a dead one.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// A channel as quiet as this is dead: even the own signs of life do not come back.
const DEAD: Duration = Duration::from_secs(100);
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LAST_BACKOFF: Duration = Duration::from_secs(5);

/// `<node> <provider>:<version>,…` in as few payloads as hold it; the node's name alone when there
/// is nothing to tell.
fn encode(node: Uuid, moved: &HashMap<Uuid, i64>) -> Vec<String> {
    let mut payloads = vec![node.simple().to_string()];
    for (provider_id, version) in moved {
        if payloads.last().is_some_and(|last| last.len() + 54 > MOST_PAYLOAD) {
            payloads.push(node.simple().to_string());
        }
        if let Some(last) = payloads.last_mut() {
            let separator = if last.len() == 32 { ' ' } else { ',' };
            let _ = write!(last, "{separator}{}:{version}", provider_id.simple());
        }
    }
    payloads
}

/// The sender and what it tells; whatever cannot be read is left out, as a lost hint would be.
fn decode(payload: &str) -> Option<(Uuid, impl Iterator<Item = (Uuid, i64)>)> {
    let (node, moved) = payload.split_once(' ').unwrap_or((payload, ""));
    let moved = moved.split(',').filter_map(|pair| {
        let (provider_id, version) = pair.split_once(':')?;
        Some((provider_id.parse().ok()?, version.parse().ok()?))
    });
    Some((node.parse().ok()?, moved))
}

/// Tells the other nodes of this node's commits.
pub(super) async fn send(services: &Services) {
    let live = &services.live;
    loop {
        let _ = timeout(SIGN_OF_LIFE, live.own_commits.notified()).await;
        let moved = std::mem::take(&mut *locked(&live.moved));
        if let Err(error) = change_log::notify(services, &encode(live.node, &moved)).await {
            // Not kept for later: the other nodes' polls find out sooner than a retry would tell.
            tracing::warn!(error = %cause(&error), "hints to other nodes were lost");
        }
        sleep(GATHER).await;
    }
}

/// A connection of its own to listen on, so that none of the services' is gone for good.
pub(super) fn pool(services: &Services) -> PgPool {
    let options = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    // What it waits for is nobody's request, and a poll does its work meanwhile.
    let options = options.acquire_timeout(LAST_BACKOFF).acquire_slow_threshold(LAST_BACKOFF);
    options.connect_lazy_with((*services.pool.connect_options()).clone())
}

/// Hears the other nodes; connects again, ever more slowly, whenever the connection fails.
pub(super) async fn receive(services: &Services, pool: &PgPool) {
    let mut backoff = FIRST_BACKOFF;
    loop {
        match listen(services, pool, &mut backoff).await {
            Ok(()) => tracing::warn!("the channel of hints is silent; connecting again"),
            Err(error) => {
                services.pool.distrust();
                tracing::warn!(error = %cause(&error), "the channel of hints was lost; connecting again");
            }
        }
        sleep(backoff).await;
        backoff = (backoff * 2).min(LAST_BACKOFF);
    }
}

/// Returns when the channel is silent for too long.
async fn listen(services: &Services, pool: &PgPool, backoff: &mut Duration) -> Result<(), Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(change_log::CHANNEL).await?;
    *backoff = FIRST_BACKOFF;
    // Whatever was hinted while nobody listened.
    services.live.poll_now.notify_one();
    loop {
        let Ok(received) = timeout(DEAD, listener.try_recv()).await else { return Ok(()) };
        match received? {
            Some(notification) => heard(services, notification.payload()),
            None => {
                // The first to notice when Postgres ends: this connection always listens.
                services.pool.distrust();
                services.live.poll_now.notify_one();
            }
        }
    }
}

fn heard(services: &Services, payload: &str) {
    let live: &Live = &services.live;
    let Some((node, moved)) = decode(payload) else { return };
    if node == live.node {
        return;
    }
    for (provider_id, version) in moved {
        services.snapshots.note_version(provider_id, version);
        live.heard_of(provider_id, version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_of_many_calendars_fit_into_short_payloads() {
        let node = Uuid::now_v7();
        let moved: HashMap<Uuid, i64> = (0..1000).map(|n| (Uuid::now_v7(), i64::MAX - n)).collect();
        let payloads = encode(node, &moved);
        assert!(payloads.len() < 10 && payloads.iter().all(|payload| payload.len() < 8000));
        let mut heard = HashMap::new();
        for payload in &payloads {
            let (from, pairs) = decode(payload).expect("a payload of ours");
            assert_eq!(from, node);
            heard.extend(pairs);
        }
        assert_eq!(heard, moved);
    }

    #[test]
    fn a_sign_of_life_tells_nothing() {
        let node = Uuid::now_v7();
        let payloads = encode(node, &HashMap::new());
        assert_eq!(payloads.len(), 1);
        let (from, mut pairs) = decode(&payloads[0]).expect("a payload of ours");
        assert_eq!((from, pairs.next()), (node, None));
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        assert!(decode("").is_none());
        assert!(decode("hello world").is_none());
        let (node, provider) = (Uuid::now_v7(), Uuid::now_v7());
        let payload = format!("{node} x:1,{provider}:no,{provider}:7,,{provider}");
        let (_, pairs) = decode(&payload).expect("a node's name");
        assert_eq!(pairs.collect::<Vec<_>>(), [(provider, 7)]);
    }
}
