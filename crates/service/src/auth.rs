//! Signing in and out by browser: passwords and sessions.

use chrono::TimeDelta;
use domain::Problem;
use domain::provider::Credentials;
use uuid::Uuid;

use crate::{Actor, Error, Services, ids, password, store};

/// How long a browser stays signed in.
pub const SESSION_DAYS: i64 = 30;

/// The provider's session token (256 random bits, for the cookie; only its hash is stored).
/// The same answer, after the same work, for an unknown e-mail and a wrong password: `invalid` on
/// field `password`, code `wrong_credentials`.
pub async fn sign_in(s: &Services, credentials: Credentials) -> Result<String, Error> {
    let provider_id = provider_by_password(s, credentials).await?;
    open_session(s, provider_id).await
}

/// Whose credentials these are.
pub(crate) async fn provider_by_password(s: &Services, credentials: Credentials) -> Result<Uuid, Error> {
    let (provider_id, hash) = store::providers::password(&s.pool, &credentials.email).await?.unzip();
    let right = password::verify(credentials.password, hash).await?;
    provider_id.filter(|_| right).ok_or_else(|| {
        Problem::field("password", "wrong_credentials", "There is no account with this e-mail and password.").into()
    })
}

/// A session for a provider who was just made.
pub async fn open_session(s: &Services, provider_id: Uuid) -> Result<String, Error> {
    let now = s.clock.now();
    let token = ids::session_token();
    store::sessions::delete_expired(&s.pool, provider_id, now).await?;
    let expires_at = now + TimeDelta::days(SESSION_DAYS);
    store::sessions::insert(&s.pool, &ids::hash(&token), provider_id, now, expires_at).await?;
    Ok(token)
}

pub async fn sign_out(s: &Services, session_token: &str) -> Result<(), Error> {
    Ok(store::sessions::delete(&s.pool, &ids::hash(session_token)).await?)
}

/// `Anonymous` when the session is unknown or over.
///
/// Asks the database each time, so that a session that is over is over on every node at once.
pub async fn by_session(s: &Services, session_token: &str) -> Result<Actor, Error> {
    let provider_id = store::sessions::provider(&s.pool, &ids::hash(session_token), s.clock.now()).await?;
    Ok(provider_id.map_or(Actor::Anonymous, Actor::Provider))
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
