//! The version of each calendar, which is also its lock, and the numbered log of changes.

use chrono::{DateTime, Utc};
use domain::TimeRange;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::unreadable;
use crate::change::Settled;
use domain::live::Change;

/// Locks the calendar as it is until the transaction ends.
pub async fn lock(db: impl PgExecutor<'_>, provider_id: Uuid) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("select version from calendar where provider_id = $1 for no key update", provider_id)
        .fetch_optional(db)
        .await
}

pub async fn versions(db: impl PgExecutor<'_>, providers: &[Uuid]) -> sqlx::Result<Vec<(Uuid, i64)>> {
    let rows = sqlx::query!("select provider_id, version from calendar where provider_id = any($1)", providers)
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.provider_id, row.version)).collect())
}

/// Ends a change: the version, its row in the log, the messages, the answer kept. Under the lock of [`lock`].
pub async fn settle(db: impl PgExecutor<'_>, settled: &Settled<'_>) -> sqlx::Result<()> {
    let changed = settled.seen.stretch(settled.now);
    let ids: Vec<_> = settled.messages.iter().map(|message| message.outbox_id).collect();
    let topics: Vec<_> = settled.messages.iter().map(|message| message.topic.clone()).collect();
    let payloads: Vec<_> = settled.messages.iter().map(|message| message.payload.clone()).collect();
    let (key_hash, answer) = settled.kept.as_ref().map(|kept| (kept.key_hash, kept.answer)).unzip();
    sqlx::query!(
        "with moved as (
             update calendar set version = $2 where provider_id = $1
         ), told as (
             insert into outbox (provider_id, outbox_id, topic, payload, created_at)
             select $1, message.*, $6 from unnest($7::uuid[], $8::text[], $9::jsonb[]) as message
         ), kept as (
             update idempotency_key set answer = $11 where provider_id = $1 and key_hash = $10
         )
         insert into calendar_change (provider_id, version, kind, changed, created_at)
         values ($1, $2, $3, tstzrange($4, $5), $6)",
        settled.provider_id,
        settled.version,
        settled.seen.kind(),
        changed.start(),
        changed.end(),
        settled.now,
        &ids,
        &topics,
        &payloads,
        key_hash,
        answer
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn changes_after(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    since: i64,
    most: i64,
) -> sqlx::Result<Vec<Change>> {
    let rows = sqlx::query!(
        r#"select version, kind, lower(changed) as "start!", upper(changed) as "end!"
           from calendar_change where provider_id = $1 and version > $2
           order by version limit $3"#,
        provider_id,
        since,
        most
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let changed = TimeRange::new(row.start, row.end).map_err(unreadable)?;
            Ok(Change { version: row.version, profile: row.kind == "profile", changed })
        })
        .collect()
}

/// Deletes changes older than `before`, and of each provider all but the newest `most`.
pub async fn prune_changes(db: impl PgExecutor<'_>, before: DateTime<Utc>, most: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "delete from calendar_change using calendar
         where calendar.provider_id = calendar_change.provider_id
           and (calendar_change.created_at < $1 or calendar_change.version <= calendar.version - $2)",
        before,
        most
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
