//! The numbered log of changes: what a client that was away asks for.

use chrono::TimeDelta;
use domain::live::Change;
use uuid::Uuid;

use crate::{Error, Services, store};

/// How long changes are kept, in days; and at most [`MOST_KEPT`] a provider.
pub const KEPT_DAYS: i64 = 7;
pub const MOST_KEPT: i64 = 2000;

/// Where nodes tell each other of commits.
pub(crate) const CHANNEL: &str = "eventide_calendar";

/// The changes after `since` in order, gapless, at most `most`; `None` when some are no longer kept.
pub async fn after(s: &Services, provider_id: Uuid, since: i64, most: i64) -> Result<Option<Vec<Change>>, Error> {
    let changes = store::calendar::changes_after(&s.pool, provider_id, since, most).await?;
    // Pruning by age may leave a hole where two nodes' clocks differ.
    let gapless = changes.iter().zip(since + 1..).all(|(change, version)| change.version == version);
    if !gapless {
        return Ok(None);
    }
    if changes.is_empty() && most > 0 {
        // Nothing after `since` is right only if there was nothing.
        let versions = store::calendar::versions(&s.pool, &[provider_id]).await?;
        let pruned = versions.iter().any(|(_, version)| *version > since);
        return Ok((!pruned).then(Vec::new));
    }
    Ok(Some(changes))
}

/// The present versions of these calendars, for the poll.
pub async fn versions(s: &Services, providers: &[Uuid]) -> Result<Vec<(Uuid, i64)>, Error> {
    Ok(store::calendar::versions(&s.pool, providers).await?)
}

/// Hands hints to the other nodes, in one statement of its own.
pub async fn notify(s: &Services, payloads: &[String]) -> Result<(), Error> {
    Ok(store::notify::notify(&s.pool, CHANNEL, payloads).await?)
}

/// Deletes what is no longer kept; for a background job.
pub async fn prune(s: &Services) -> Result<u64, Error> {
    let before = s.clock.now() - TimeDelta::days(KEPT_DAYS);
    let mut tx = s.pool.begin_long().await?;
    let pruned = store::calendar::prune_changes(&mut *tx, before, MOST_KEPT).await?;
    tx.commit().await?;
    Ok(pruned)
}
