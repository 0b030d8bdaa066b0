//! API tokens.

use chrono::{DateTime, Utc};
use domain::provider::{Credentials, TokenInfo};
use domain::{Page, Problem};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::Known;
use crate::db::Connection;
use crate::idempotency::{Claim, Repeatable};
use crate::paging::PageRequest;
use crate::retry::Attempts;
use crate::{Actor, Caller, Error, Services, audit, auth, ids, store};

/// A new token, shown once.
#[derive(Clone, Serialize, Deserialize)]
pub struct CreatedToken {
    pub token_id: Uuid,
    pub token: String,
}

/// By e-mail and password, as [`crate::auth::sign_in`]. `invalid` (`too_many`) when there are as many as can be.
pub async fn create(
    s: &Services,
    mut credentials: Credentials,
    caller: &Caller,
    repeat: Option<Repeatable>,
) -> Result<CreatedToken, Error> {
    let name = credentials.name.take().unwrap_or_else(|| "API token".into());
    let known = auth::by_password(s, credentials, caller).await?;
    let mut attempts = Attempts::default();
    loop {
        match try_create(s, &known, &name, caller, repeat.as_ref()).await {
            Err(error) if attempts.again(&error).await => {}
            done => return done,
        }
    }
}

async fn try_create(
    s: &Services,
    known: &Known,
    name: &str,
    caller: &Caller,
    repeat: Option<&Repeatable>,
) -> Result<CreatedToken, Error> {
    let (now, provider_id) = (s.clock.now(), known.provider_id);
    let mut tx = s.pool.begin().await?;
    known.hold(&mut tx, caller, now).await?;
    let claim = repeat.map(|repeat| Claim::new(repeat, provider_id, "tokens"));
    if let Some(claim) = &claim
        && let Some(before) = claim.begin(&mut tx, now).await?
    {
        return Ok(before);
    }
    // Of several at once each sees those before it.
    store::calendar::lock(&mut *tx, provider_id).await?;
    let most = s.limits.tokens;
    if store::tokens::count(&mut *tx, provider_id).await? >= i64::from(most) {
        let message = format!("There are {most} tokens, as many as can be. Revoke one that is no longer used.");
        return Err(Problem::field("name", "too_many", message).into());
    }
    let created = issue(&mut tx, provider_id, name, now).await?;
    if let Some(claim) = &claim {
        claim.keep(&mut tx, &created).await?;
    }
    tx.commit().await?;
    audit::signed_in(provider_id, caller.address, "token");
    Ok(created)
}

/// Writes a new token.
pub(crate) async fn issue(
    db: &mut Connection,
    provider_id: Uuid,
    name: &str,
    now: DateTime<Utc>,
) -> Result<CreatedToken, Error> {
    let created = CreatedToken { token_id: ids::new_id(now), token: ids::api_token() };
    store::tokens::insert(db, created.token_id, &ids::hash(&created.token), provider_id, name, now).await?;
    Ok(created)
}

pub async fn list(s: &Services, actor: &Actor, page: PageRequest) -> Result<Page<TokenInfo>, Error> {
    let provider_id = actor.provider()?;
    let tokens = store::tokens::list(&s.pool, provider_id, page.after()?, page.rows()).await?;
    Ok(page.page(tokens, |token| token.token_id))
}

pub async fn revoke(s: &Services, actor: &Actor, token_id: Uuid) -> Result<(), Error> {
    let provider_id = actor.provider()?;
    let known = store::tokens::delete(&s.pool, provider_id, token_id).await?;
    if known { Ok(()) } else { Err(Problem::NotFound.into()) }
}
