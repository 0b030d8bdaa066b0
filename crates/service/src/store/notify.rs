//! Telling the other nodes, outside any transaction that matters.

use sqlx::PgExecutor;

/// One statement for a batch: the lock that a NOTIFY takes at commit is taken once.
pub async fn notify(db: impl PgExecutor<'_>, channel: &str, payloads: &[String]) -> sqlx::Result<()> {
    sqlx::query_scalar!("select count(pg_notify($1, payload)) from unnest($2::text[]) as payload", channel, payloads)
        .fetch_one(db)
        .await?;
    Ok(())
}
