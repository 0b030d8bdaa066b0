//! Who can be booked.

use chrono::{DateTime, Utc};
use domain::provider::ProviderChanges;
use domain::{Email, Handle, Provider, PublicProvider};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::{containing, unreadable};
use crate::change::CalendarTx;

struct Row {
    provider_id: Uuid,
    handle: String,
    email: String,
    display_name: String,
    bio: String,
    time_zone: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for Provider {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let time_zone = row.time_zone.parse().map_err(unreadable)?;
        let handle = row.handle.parse().map_err(unreadable)?;
        let Row { provider_id, display_name, bio, .. } = row;
        let public = PublicProvider { provider_id, handle, display_name, bio, time_zone };
        Ok(Self { public, email: Email::stored(row.email), created_at: row.created_at })
    }
}

/// With their calendar.
pub async fn insert(tx: &mut CalendarTx, provider: &Provider, password_hash: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "with made as (
             insert into provider
                 (provider_id, handle, email, password_hash, display_name, bio, time_zone, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
         )
         insert into calendar (provider_id) values ($1)",
        tx.provider_id(),
        &*provider.public.handle,
        &*provider.email,
        password_hash,
        provider.public.display_name,
        provider.public.bio,
        provider.public.time_zone.name(),
        provider.created_at
    )
    .execute(tx.db())
    .await?;
    Ok(())
}

/// Whether the handle and the e-mail are in use; a handle that was given up after `since` is, too.
pub async fn taken(
    db: impl PgExecutor<'_>,
    handle: &Handle,
    email: &Email,
    since: DateTime<Utc>,
) -> sqlx::Result<(bool, bool)> {
    let row = sqlx::query!(
        r#"select exists (
                      select from provider where handle = $1
                      union all select from former_handle where handle = $1 and given_up_at > $3
                  ) as "handle!",
                  exists (select from provider where email = any ($2)) as "email!""#,
        &**handle,
        &email.spellings(),
        since
    )
    .fetch_one(db)
    .await?;
    Ok((row.handle, row.email))
}

pub async fn get(db: impl PgExecutor<'_>, provider_id: Uuid) -> sqlx::Result<Option<Provider>> {
    let row = sqlx::query_as!(
        Row,
        "select provider_id, handle, email, display_name, bio, time_zone, created_at
         from provider where provider_id = $1",
        provider_id
    )
    .fetch_optional(db)
    .await?;
    row.map(Provider::try_from).transpose()
}

pub async fn update(tx: &mut CalendarTx, changes: &ProviderChanges) -> sqlx::Result<Option<Provider>> {
    let row = sqlx::query_as!(
        Row,
        "update provider set
             handle = coalesce($2, handle),
             display_name = coalesce($3, display_name),
             bio = coalesce($4, bio),
             time_zone = coalesce($5, time_zone)
         where provider_id = $1
         returning provider_id, handle, email, display_name, bio, time_zone, created_at",
        tx.provider_id(),
        changes.handle.as_deref(),
        changes.display_name.as_deref(),
        changes.bio.as_deref(),
        changes.time_zone.as_ref().map(|zone| zone.name())
    )
    .fetch_optional(tx.db())
    .await?;
    row.map(Provider::try_from).transpose()
}

pub async fn password(db: impl PgExecutor<'_>, email: &Email) -> sqlx::Result<Option<(Uuid, String)>> {
    let row = sqlx::query!(
        "select provider_id, password_hash from provider where email = any ($1)
         order by array_position($1::text[], email) limit 1",
        &email.spellings()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.provider_id, row.password_hash)))
}

/// Whether the password is still the one with this hash; it stays so until the transaction ends, and sign-ins of one
/// provider come one after another.
pub async fn keeps_password(db: impl PgExecutor<'_>, provider_id: Uuid, hash: &str) -> sqlx::Result<bool> {
    let row = sqlx::query!(
        "select provider_id from provider where provider_id = $1 and password_hash = $2 for no key update",
        provider_id,
        hash
    )
    .fetch_optional(db)
    .await?;
    Ok(row.is_some())
}

/// Whether `old_hash` was still the one.
pub async fn set_password(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    old_hash: &str,
    new_hash: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update provider set password_hash = $3 where provider_id = $1 and password_hash = $2",
        provider_id,
        old_hash,
        new_hash
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Who has the handle, or had it and gave it up after `since`.
pub async fn by_handle(db: impl PgExecutor<'_>, handle: &Handle, since: DateTime<Utc>) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        r#"select coalesce(
               (select provider_id from provider where handle = $1),
               (select provider_id from former_handle where handle = $1 and given_up_at > $2)
           ) as "provider_id?""#,
        &**handle,
        since
    )
    .fetch_one(db)
    .await
}

pub async fn any(db: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from provider) as "exists!""#).fetch_one(db).await
}

/// Those whose handle or name contains `search`, after a handle.
pub async fn search(
    db: impl PgExecutor<'_>,
    search: &str,
    after: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<PublicProvider>> {
    let rows = sqlx::query_as!(
        Row,
        "select provider_id, handle, email, display_name, bio, time_zone, created_at
         from provider
         where (handle ilike $1 or normalize(display_name, nfkc) ilike $1) and ($2::text is null or handle > $2)
         order by handle limit $3",
        containing(search),
        after,
        limit
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| Ok(Provider::try_from(row)?.public)).collect()
}
