//! Handles that change hands, and when they may. The links that stand on cards and in mails name them: one that was
//! given up leads on to its provider's new one for a time, and is nobody else's meanwhile.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Handle, Problem};
use uuid::Uuid;

use crate::db::Connection;
use crate::providers::handle_taken;
use crate::{Error, Services, store};

const KEPT: TimeDelta = TimeDelta::days(90);

/// Of one provider: else one account could keep any number of names from everybody.
const MOST_KEPT: i64 = 5;

/// Handles given up after it are still kept.
pub(crate) fn kept_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - KEPT
}

/// After the handle was written, and so is no other provider's: nobody else may have given it up lately. Asked only
/// now because it may have been given up at the same moment; the constraint waited for that.
pub(crate) async fn taken(
    db: &mut Connection,
    provider_id: Uuid,
    handle: &Handle,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if store::handles::is_kept(&mut *db, provider_id, handle, kept_since(now)).await? {
        return Err(vec![handle_taken()].into());
    }
    Ok(store::handles::take(db, handle).await?)
}

/// With the change from `old` to `new`, both of the provider's.
pub(crate) async fn given_up(
    db: &mut Connection,
    provider_id: Uuid,
    old: &Handle,
    new: &Handle,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if store::handles::kept_beside(&mut *db, provider_id, new, kept_since(now)).await? >= MOST_KEPT {
        let message = format!(
            "You gave up {MOST_KEPT} handles in the last {} days, which are kept for you. Take one of them, or wait.",
            KEPT.num_days()
        );
        return Err(Problem::field("handle", "too_many", message).into());
    }
    Ok(store::handles::given_up(db, provider_id, old, now).await?)
}

/// Forgets those that are free again; for a background job.
pub(crate) async fn prune(s: &Services) -> Result<u64, Error> {
    Ok(store::handles::prune(&s.pool, kept_since(s.clock.now())).await?)
}
