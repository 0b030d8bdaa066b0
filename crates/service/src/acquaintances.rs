//! By what an account is known: browsers and networks from which its right password came.
//!
//! Who guesses a password is slowed, and so is everybody who asks for the same account from anywhere once many
//! guess at it. Its owner must not be kept out by that: an acquaintance is counted apart from strangers (OWASP,
//! “Slow down online guessing attacks with device cookies”). It gives no other right.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use domain::Email;
use uuid::Uuid;

use crate::caller::{Caller, network};
use crate::db::Connection;
use crate::{Error, Services, ids, store};

/// How long a browser or a network is remembered without the right password from it.
pub const REMEMBERED_DAYS: i64 = 400;

/// The most that are remembered of one account; the longest unused go first.
const MOST: i64 = 100;

/// What a caller is to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Acquaintance {
    Stranger,
    /// From a network that the right password came from before.
    Network,
    /// With the cookie of a browser that the right password came from before; its hash tells it from others.
    Device([u8; 32]),
}

/// Before a password is looked at. A stranger to an account that does not exist.
pub async fn of(s: &Services, email: &Email, caller: &Caller) -> Result<Acquaintance, Error> {
    let since = s.clock.now() - TimeDelta::days(REMEMBERED_DAYS);
    let device = caller.device.as_deref().map(ids::hash);
    let known = async |mark: &[u8; 32]| store::acquaintances::is_known(&s.pool, mark, email, since).await;
    if let Some(device) = device
        && known(&device).await?
    {
        return Ok(Acquaintance::Device(device));
    }
    let known = known(&network_mark(caller.address)).await?;
    Ok(if known { Acquaintance::Network } else { Acquaintance::Stranger })
}

/// The right password came from there.
pub(crate) async fn note_network(
    db: &mut Connection,
    provider_id: Uuid,
    address: IpAddr,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    // Of everybody whose address is not known it would be the same.
    if address.is_unspecified() {
        return Ok(());
    }
    note(db, provider_id, &network_mark(address), now).await
}

/// The new secret of a browser's cookie. It takes over what the old one was known to, so that several accounts of
/// one browser stay known there; an old one that somebody else put there is worth nothing afterwards.
pub(crate) async fn note_device(
    db: &mut Connection,
    provider_id: Uuid,
    old: Option<&str>,
    now: DateTime<Utc>,
) -> Result<String, Error> {
    let device = ids::session_token();
    let mark = ids::hash(&device);
    if let Some(old) = old {
        store::acquaintances::replace(&mut *db, &ids::hash(old), &mark).await?;
    }
    note(db, provider_id, &mark, now).await?;
    Ok(device)
}

async fn note(db: &mut Connection, provider_id: Uuid, mark: &[u8; 32], now: DateTime<Utc>) -> Result<(), Error> {
    store::acquaintances::note(&mut *db, mark, provider_id, now).await?;
    let before = now - TimeDelta::days(REMEMBERED_DAYS);
    Ok(store::acquaintances::prune(db, provider_id, before, MOST).await?)
}

/// All but the caller's own browser and network.
pub(crate) async fn forget_others(db: &mut Connection, provider_id: Uuid, caller: &Caller) -> Result<(), Error> {
    let device = caller.device.as_deref().map_or([0; 32], ids::hash);
    let own = [device.to_vec(), network_mark(caller.address).to_vec()];
    Ok(store::acquaintances::delete_others(db, provider_id, &own).await?)
}

/// No cookie has this form.
fn network_mark(address: IpAddr) -> [u8; 32] {
    ids::hash(&format!("network {}", network(address)))
}
