//! Signing in and out by browser: passwords, sessions, and the password's change.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use domain::Problem;
use domain::provider::{Credentials, Password, PasswordChange};

use uuid::Uuid;

use crate::caller::Caller;
use crate::db::Connection;
use crate::password::rules::{self, Owner};
use crate::{Actor, Error, Services, acquaintances, audit, ids, password, sessions, store};

/// How long a browser stays signed in without being used.
pub const SESSION_DAYS: i64 = 30;

/// A session that is used writes so at most once in this time.
const NOTED_EVERY: TimeDelta = TimeDelta::hours(1);

/// What a browser keeps of having signed in. 256 random bits each, for cookies; only their hashes are stored.
pub struct SignedIn {
    pub session: String,
    /// By which it is an acquaintance of the account from now on, see [`acquaintances`].
    pub device: String,
}

/// Who a session's token makes of a request.
pub struct Visit {
    pub actor: Actor,
    /// The session lasts longer from now on, and its cookie has to as well.
    pub renewed: bool,
}

/// The same answer, after the same work, for an unknown e-mail and a wrong password: `invalid` on
/// field `password`, code `wrong_credentials`. The session that the browser had `before` ends.
pub async fn sign_in(
    s: &Services,
    credentials: Credentials,
    caller: &Caller,
    before: Option<&str>,
) -> Result<SignedIn, Error> {
    let known = by_password(s, credentials, caller).await?;
    let mut tx = s.pool.begin().await?;
    known.hold(&mut tx, caller, s.clock.now()).await?;
    let signed_in = open(s, &mut tx, known.provider_id, caller, before).await?;
    tx.commit().await?;
    audit::signed_in(known.provider_id, caller.address, "password");
    Ok(signed_in)
}

/// A provider who gave the right password.
pub(crate) struct Known {
    pub provider_id: Uuid,
    hash: String,
}

impl Known {
    /// Before anything lasting is made of it: while the password was looked at it may have been changed, which ended
    /// all that the old one had opened. From then on the caller's network is known to the provider.
    pub async fn hold(&self, db: &mut Connection, caller: &Caller, now: DateTime<Utc>) -> Result<(), Error> {
        if !store::providers::keeps_password(&mut *db, self.provider_id, &self.hash).await? {
            return Err(wrong_credentials());
        }
        acquaintances::note_network(db, self.provider_id, caller.address, now).await
    }
}

/// Whose credentials these are.
pub(crate) async fn by_password(s: &Services, credentials: Credentials, caller: &Caller) -> Result<Known, Error> {
    let Credentials { email, password, .. } = credentials;
    let (provider_id, hash) = store::providers::password(&s.pool, &email).await?.unzip();
    let right = password::verify(password, hash.clone()).await?;
    let (Some(provider_id), Some(hash), true) = (provider_id, hash, right) else {
        audit::sign_in_failed(provider_id, &email, caller.address);
        return Err(wrong_credentials());
    };
    Ok(Known { provider_id, hash })
}

fn wrong_credentials() -> Error {
    Problem::field("password", "wrong_credentials", "There is no account with this e-mail and password.").into()
}

/// A session for a provider who was just made.
pub async fn open_session(
    s: &Services,
    provider_id: Uuid,
    caller: &Caller,
    before: Option<&str>,
) -> Result<SignedIn, Error> {
    let mut tx = s.pool.begin().await?;
    let signed_in = open(s, &mut tx, provider_id, caller, before).await?;
    tx.commit().await?;
    Ok(signed_in)
}

async fn open(
    s: &Services,
    tx: &mut Connection,
    provider_id: Uuid,
    caller: &Caller,
    before: Option<&str>,
) -> Result<SignedIn, Error> {
    let now = s.clock.now();
    let session = ids::session_token();
    if let Some(before) = before {
        store::sessions::delete(&mut *tx, &ids::hash(before)).await?;
    }
    store::sessions::prune(&mut *tx, provider_id, now, sessions::MOST - 1).await?;
    let opened = store::sessions::Opened {
        session_id: ids::new_id(now),
        provider_id,
        now,
        expires_at: now + TimeDelta::days(SESSION_DAYS),
        address: &caller.address.to_string(),
        browser: &caller.browser,
    };
    store::sessions::insert(&mut *tx, &ids::hash(&session), opened).await?;
    let device = acquaintances::note_device(tx, provider_id, caller.device.as_deref(), now).await?;
    Ok(SignedIn { session, device })
}

pub async fn sign_out(s: &Services, session_token: &str) -> Result<(), Error> {
    Ok(store::sessions::delete(&s.pool, &ids::hash(session_token)).await?)
}

/// `Anonymous` when the session is unknown or over.
///
/// Asks the database each time, so that a session that is over is over on every node at once.
pub async fn by_session(s: &Services, session_token: &str, address: IpAddr) -> Result<Visit, Error> {
    let (hash, now) = (ids::hash(session_token), s.clock.now());
    let Some((provider_id, used_at)) = store::sessions::provider(&s.pool, &hash, now).await? else {
        return Ok(Visit { actor: Actor::Anonymous, renewed: false });
    };
    let renewed = now - used_at >= NOTED_EVERY;
    if renewed {
        let expires_at = now + TimeDelta::days(SESSION_DAYS);
        store::sessions::note_use(&s.pool, &hash, used_at, now, expires_at, &address.to_string()).await?;
    }
    Ok(Visit { actor: Actor::Provider(provider_id), renewed })
}

/// A Bearer token: an API token makes a provider; anything of a manage token's form makes a guest;
/// else `unauthenticated`.
pub async fn by_bearer(s: &Services, token: &str) -> Result<Actor, Error> {
    if token.starts_with(ids::API_TOKEN_PREFIX) {
        let provider_id = store::tokens::provider(&s.pool, &ids::hash(token)).await?;
        return provider_id.map(Actor::Provider).ok_or(Problem::Unauthenticated.into());
    }
    match ids::provider_of_manage_token(token) {
        Some(_) => Ok(Actor::Guest { manage_token: token.to_owned() }),
        None => Err(Problem::Unauthenticated.into()),
    }
}

/// Ends every session but the one of `session_token`, and forgets by what else the account was known: somebody may
/// have had the old password. API tokens stay.
///
/// Faults: `password` `wrong_credentials`; `new_password` `unchanged`, and those of [`rules::check`].
pub async fn change_password(
    s: &Services,
    actor: &Actor,
    change: PasswordChange,
    caller: &Caller,
    session_token: &str,
) -> Result<(), Error> {
    let provider_id = actor.provider()?;
    let PasswordChange { password: Password(old), new_password } = change;
    let provider = store::providers::get(&s.pool, provider_id).await?.ok_or(Problem::NotFound)?;
    let (_, old_hash) = store::providers::password(&s.pool, &provider.email).await?.ok_or(Problem::NotFound)?;
    if !password::verify(Password(old.clone()), Some(old_hash.clone())).await? {
        audit::sign_in_failed(Some(provider_id), &provider.email, caller.address);
        return Err(Problem::field("password", "wrong_credentials", "This is not your password.").into());
    }
    if password::is_same(&old, &new_password.0) {
        return Err(Problem::field("new_password", "unchanged", "This is the password you have already.").into());
    }
    let owner =
        Owner { email: &provider.email, handle: &provider.public.handle, display_name: &provider.public.display_name };
    rules::check("new_password", &new_password, &owner).map_err(|fault| Error::from(vec![fault]))?;
    let new_hash = password::hash(new_password).await?;

    let mut tx = s.pool.begin().await?;
    // Only if it is still the one that was given: another change may have been faster.
    if !store::providers::set_password(&mut *tx, provider_id, &old_hash, &new_hash).await? {
        return Err(Problem::field("password", "wrong_credentials", "The password was changed meanwhile.").into());
    }
    store::sessions::delete_others(&mut *tx, provider_id, &ids::hash(session_token)).await?;
    acquaintances::forget_others(&mut tx, provider_id, caller).await?;
    tx.commit().await?;
    audit::account_changed(provider_id, caller.address, "password_changed");
    Ok(())
}
