//! Browser sessions, by the hash of their token.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::sessions::SessionInfo;

/// What is kept of a session beside its token.
pub struct Opened<'a> {
    pub session_id: Uuid,
    pub provider_id: Uuid,
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub address: &'a str,
    pub browser: &'a str,
}

pub async fn insert(db: impl PgExecutor<'_>, token_hash: &[u8], opened: Opened<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into session (token_hash, session_id, provider_id, created_at, used_at, expires_at, address, browser)
         values ($1, $2, $3, $4, $4, $5, $6, $7)",
        token_hash,
        opened.session_id,
        opened.provider_id,
        opened.now,
        opened.expires_at,
        opened.address,
        opened.browser
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whose it is, and when its last use was noted.
pub async fn provider(
    db: impl PgExecutor<'_>,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<(Uuid, DateTime<Utc>)>> {
    let row = sqlx::query!(
        "select provider_id, used_at from session where token_hash = $1 and expires_at > $2",
        token_hash,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.provider_id, row.used_at)))
}

/// Of requests that come together one notes it: the others find another time than `seen`.
pub async fn note_use(
    db: impl PgExecutor<'_>,
    token_hash: &[u8],
    seen: DateTime<Utc>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    address: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update session set used_at = $3, expires_at = $4, address = $5 where token_hash = $1 and used_at = $2",
        token_hash,
        seen,
        now,
        expires_at,
        address
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Those that are not over: `own` first, then the last used.
pub async fn list(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    own: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<SessionInfo>> {
    sqlx::query_as!(
        SessionInfo,
        r#"select session_id, created_at, used_at, address, browser, token_hash = $2 as "current!"
           from session where provider_id = $1 and expires_at > $3
           order by token_hash = $2 desc, used_at desc, session_id"#,
        provider_id,
        own,
        now
    )
    .fetch_all(db)
    .await
}

pub async fn delete(db: impl PgExecutor<'_>, token_hash: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("delete from session where token_hash = $1", token_hash).execute(db).await?;
    Ok(())
}

/// Whether there was one.
pub async fn delete_one(db: impl PgExecutor<'_>, provider_id: Uuid, session_id: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from session where provider_id = $1 and session_id = $2", provider_id, session_id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// All of the provider's but `own`.
pub async fn delete_others(db: impl PgExecutor<'_>, provider_id: Uuid, own: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("delete from session where provider_id = $1 and token_hash <> $2", provider_id, own)
        .execute(db)
        .await?;
    Ok(())
}

/// Leaves the `most` of a provider's that were used last, and none that is over; called when another is opened.
pub async fn prune(db: impl PgExecutor<'_>, provider_id: Uuid, now: DateTime<Utc>, most: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from session where provider_id = $1 and (expires_at <= $2 or token_hash in (
             select token_hash from session where provider_id = $1 order by used_at desc, token_hash offset $3
         ))",
        provider_id,
        now,
        most
    )
    .execute(db)
    .await?;
    Ok(())
}
