//! API tokens, by their hash.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use domain::provider::TokenInfo;

pub async fn insert(
    db: impl PgExecutor<'_>,
    token_id: Uuid,
    token_hash: &[u8],
    provider_id: Uuid,
    name: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into api_token (token_id, token_hash, provider_id, name, created_at) values ($1, $2, $3, $4, $5)",
        token_id,
        token_hash,
        provider_id,
        name,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn provider(db: impl PgExecutor<'_>, token_hash: &[u8]) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!("select provider_id from api_token where token_hash = $1", token_hash).fetch_optional(db).await
}

pub async fn list(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<TokenInfo>> {
    sqlx::query_as!(
        TokenInfo,
        "select token_id, name, created_at from api_token
         where provider_id = $1 and ($2::uuid is null or token_id > $2)
         order by token_id limit $3",
        provider_id,
        after,
        limit
    )
    .fetch_all(db)
    .await
}

/// Whether there was one.
pub async fn delete(db: impl PgExecutor<'_>, provider_id: Uuid, token_id: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from api_token where provider_id = $1 and token_id = $2", provider_id, token_id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

pub async fn count(db: impl PgExecutor<'_>, provider_id: Uuid) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from api_token where provider_id = $1"#, provider_id)
        .fetch_one(db)
        .await
}
