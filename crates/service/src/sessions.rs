//! The browsers in which a provider is signed in: to see, and to end.

use chrono::{DateTime, Utc};
use domain::Problem;
use uuid::Uuid;

use crate::caller::Caller;
use crate::{Actor, Error, Services, audit, ids, store};

/// The most that one provider has; with one more the longest unused ends.
pub(crate) const MOST: i64 = 100;

pub struct SessionInfo {
    pub session_id: Uuid,
    pub created_at: DateTime<Utc>,
    /// To the hour.
    pub used_at: DateTime<Utc>,
    /// Of the last use that was noted; empty when it is not known.
    pub address: String,
    /// In short words; empty when it is not known.
    pub browser: String,
    /// The one that asks.
    pub current: bool,
}

/// Those that are not over, the one of `session_token` first.
pub async fn list(s: &Services, actor: &Actor, session_token: &str) -> Result<Vec<SessionInfo>, Error> {
    let provider_id = actor.provider()?;
    Ok(store::sessions::list(&s.pool, provider_id, &ids::hash(session_token), s.clock.now()).await?)
}

/// `not-found` for one that is over, or another's.
pub async fn end(s: &Services, actor: &Actor, session_id: Uuid, caller: &Caller) -> Result<(), Error> {
    let provider_id = actor.provider()?;
    if !store::sessions::delete_one(&s.pool, provider_id, session_id).await? {
        return Err(Problem::NotFound.into());
    }
    audit::account_changed(provider_id, caller.address, "session_ended");
    Ok(())
}

/// All but the one of `session_token`.
pub async fn end_others(s: &Services, actor: &Actor, session_token: &str, caller: &Caller) -> Result<(), Error> {
    let provider_id = actor.provider()?;
    store::sessions::delete_others(&s.pool, provider_id, &ids::hash(session_token)).await?;
    audit::account_changed(provider_id, caller.address, "sessions_ended");
    Ok(())
}
