//! Answers kept for requests that may be repeated.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

/// Whether the key is new, or older than `forgotten`. Waits for another transaction with the key.
pub async fn claim(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    key_hash: &[u8],
    body_hash: &[u8],
    now: DateTime<Utc>,
    forgotten: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into idempotency_key (provider_id, key_hash, body_hash, created_at) values ($1, $2, $3, $4)
         on conflict on constraint idempotency_key_pkey do update
             set body_hash = excluded.body_hash, answer = null, created_at = excluded.created_at
             where idempotency_key.created_at < $5",
        provider_id,
        key_hash,
        body_hash,
        now,
        forgotten
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The body's hash and the sealed answer, of a key no older than `since`.
pub async fn answer(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    key_hash: &[u8],
    since: DateTime<Utc>,
) -> sqlx::Result<Option<(Vec<u8>, Option<Vec<u8>>)>> {
    let row = sqlx::query!(
        "select body_hash, answer from idempotency_key
         where provider_id = $1 and key_hash = $2 and created_at >= $3",
        provider_id,
        key_hash,
        since
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.body_hash, row.answer)))
}

pub async fn keep(db: impl PgExecutor<'_>, provider_id: Uuid, key_hash: &[u8], answer: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        "update idempotency_key set answer = $3 where provider_id = $1 and key_hash = $2",
        provider_id,
        key_hash,
        answer
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn prune(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!("delete from idempotency_key where created_at < $1", before).execute(db).await?;
    Ok(done.rows_affected())
}
