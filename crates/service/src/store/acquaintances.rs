//! From where accounts were signed in to, by the hash of what tells the place.

use chrono::{DateTime, Utc};
use domain::Email;
use sqlx::PgExecutor;
use uuid::Uuid;

pub async fn is_known(
    db: impl PgExecutor<'_>,
    mark_hash: &[u8],
    email: &Email,
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from acquaintance join provider using (provider_id)
               where mark_hash = $1 and email = any ($2) and used_at > $3
           ) as "exists!""#,
        mark_hash,
        &email.spellings(),
        since
    )
    .fetch_one(db)
    .await
}

pub async fn note(
    db: impl PgExecutor<'_>,
    mark_hash: &[u8],
    provider_id: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into acquaintance (mark_hash, provider_id, used_at) values ($1, $2, $3)
         on conflict on constraint acquaintance_pkey do update set used_at = excluded.used_at",
        mark_hash,
        provider_id,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn replace(db: impl PgExecutor<'_>, old: &[u8], new: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("update acquaintance set mark_hash = $2 where mark_hash = $1", old, new).execute(db).await?;
    Ok(())
}

/// Leaves the `most` of a provider's that were used last, and none from before `before`.
pub async fn prune(db: impl PgExecutor<'_>, provider_id: Uuid, before: DateTime<Utc>, most: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from acquaintance where provider_id = $1 and (used_at <= $2 or mark_hash in (
             select mark_hash from acquaintance where provider_id = $1 order by used_at desc, mark_hash offset $3
         ))",
        provider_id,
        before,
        most
    )
    .execute(db)
    .await?;
    Ok(())
}

/// All of a provider's but these.
pub async fn delete_others(db: impl PgExecutor<'_>, provider_id: Uuid, own: &[Vec<u8>]) -> sqlx::Result<()> {
    sqlx::query!("delete from acquaintance where provider_id = $1 and mark_hash <> all ($2)", provider_id, own)
        .execute(db)
        .await?;
    Ok(())
}
