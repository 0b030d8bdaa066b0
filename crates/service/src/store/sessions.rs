//! Browser sessions, by the hash of their token.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

pub async fn insert(
    db: impl PgExecutor<'_>,
    token_hash: &[u8],
    provider_id: Uuid,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into session (token_hash, provider_id, created_at, expires_at) values ($1, $2, $3, $4)",
        token_hash,
        provider_id,
        now,
        expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn provider(db: impl PgExecutor<'_>, token_hash: &[u8], now: DateTime<Utc>) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!("select provider_id from session where token_hash = $1 and expires_at > $2", token_hash, now)
        .fetch_optional(db)
        .await
}

pub async fn delete(db: impl PgExecutor<'_>, token_hash: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("delete from session where token_hash = $1", token_hash).execute(db).await?;
    Ok(())
}

/// Sessions that are over; called when the provider opens another.
pub async fn delete_expired(db: impl PgExecutor<'_>, provider_id: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from session where provider_id = $1 and expires_at <= $2", provider_id, now)
        .execute(db)
        .await?;
    Ok(())
}
