//! Handles that were given up.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

/// Keeps the handle for the provider who had it, from now on.
pub async fn given_up(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    handle: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into former_handle (handle, provider_id, given_up_at) values ($1, $2, $3)
         on conflict on constraint former_handle_pkey do update
             set provider_id = excluded.provider_id, given_up_at = excluded.given_up_at",
        handle,
        provider_id,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether another provider gave it up after `since`.
pub async fn is_kept(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    handle: &str,
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from former_handle where handle = $1 and provider_id <> $2 and given_up_at > $3
           ) as "exists!""#,
        handle,
        provider_id,
        since
    )
    .fetch_one(db)
    .await
}

/// How many the provider gave up after `since`, but this one.
pub async fn kept_beside(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    handle: &str,
    since: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from former_handle
           where provider_id = $1 and handle <> $2 and given_up_at > $3"#,
        provider_id,
        handle,
        since
    )
    .fetch_one(db)
    .await
}

/// It is somebody's again.
pub async fn take(db: impl PgExecutor<'_>, handle: &str) -> sqlx::Result<()> {
    sqlx::query!("delete from former_handle where handle = $1", handle).execute(db).await?;
    Ok(())
}

pub async fn prune(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!("delete from former_handle where given_up_at <= $1", before).execute(db).await?;
    Ok(done.rows_affected())
}
