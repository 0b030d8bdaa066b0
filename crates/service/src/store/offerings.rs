//! Appointment types. The columns have the names that the domain has: a row is read as JSON, whole.

use domain::{Approval, NewOffering, Offering};
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

use super::unreadable;
use crate::change::CalendarTx;

fn approval(approval: Approval) -> &'static str {
    match approval {
        Approval::Automatic => "automatic",
        Approval::Manual => "manual",
    }
}

fn number(number: u32) -> sqlx::Result<i32> {
    i32::try_from(number).map_err(|_| unreadable(number))
}

fn numbers(numbers: &[u32]) -> sqlx::Result<Vec<i32>> {
    numbers.iter().copied().map(number).collect()
}

pub async fn insert(tx: &mut CalendarTx, offering: &Offering) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into offering
             (provider_id, offering_id, slug, title, description, location, durations_minutes, step_minutes,
              buffer_before_minutes, buffer_after_minutes, min_notice_minutes, horizon_days, daily_limit,
              capacity, approval, active, created_at, seats_per_guest)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        tx.provider_id(),
        offering.offering_id,
        &*offering.slug,
        offering.title,
        offering.description,
        offering.location,
        &numbers(&offering.durations_minutes)?,
        number(offering.step_minutes)?,
        number(offering.buffer_before_minutes)?,
        number(offering.buffer_after_minutes)?,
        number(offering.min_notice_minutes)?,
        number(offering.horizon_days)?,
        offering.daily_limit.map(number).transpose()?,
        number(offering.capacity)?,
        approval(offering.approval),
        offering.active,
        tx.now(),
        number(offering.seats_per_guest)?
    )
    .execute(tx.db())
    .await?;
    Ok(())
}

/// Raises its version. The one that it had; `None` when there is none to replace.
pub async fn replace(tx: &mut CalendarTx, offering_id: Uuid, new: &NewOffering) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "update offering set
             slug = $3, title = $4, description = $5, location = $6, durations_minutes = $7, step_minutes = $8,
             buffer_before_minutes = $9, buffer_after_minutes = $10, min_notice_minutes = $11, horizon_days = $12,
             daily_limit = $13, capacity = $14, approval = $15, active = $16, seats_per_guest = $17,
             version = version + 1
         where provider_id = $1 and offering_id = $2 and deleted_at is null
         returning version",
        tx.provider_id(),
        offering_id,
        &*new.slug,
        new.title,
        new.description,
        new.location,
        &numbers(&new.durations_minutes)?,
        number(new.step_minutes)?,
        number(new.buffer_before_minutes)?,
        number(new.buffer_after_minutes)?,
        number(new.min_notice_minutes)?,
        number(new.horizon_days)?,
        new.daily_limit.map(number).transpose()?,
        number(new.capacity)?,
        approval(new.approval),
        new.active,
        number(new.seats_per_guest)?
    )
    .fetch_optional(tx.db())
    .await
}

/// Offers it, or no longer. Whether there is such an offering.
pub async fn set_active(tx: &mut CalendarTx, offering_id: Uuid, active: bool) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update offering set active = $3, version = version + 1
         where provider_id = $1 and offering_id = $2 and deleted_at is null",
        tx.provider_id(),
        offering_id,
        active
    )
    .execute(tx.db())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether there was one.
pub async fn delete(tx: &mut CalendarTx, offering_id: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update offering set deleted_at = $3
         where provider_id = $1 and offering_id = $2 and deleted_at is null",
        tx.provider_id(),
        offering_id,
        tx.now()
    )
    .execute(tx.db())
    .await?;
    Ok(done.rows_affected() > 0)
}

pub async fn get(db: impl PgExecutor<'_>, provider_id: Uuid, offering_id: Uuid) -> sqlx::Result<Option<Offering>> {
    let found = sqlx::query_scalar!(
        r#"select to_jsonb(offering) as "offering!: Json<Offering>" from offering
           where provider_id = $1 and offering_id = $2 and deleted_at is null"#,
        provider_id,
        offering_id
    )
    .fetch_optional(db)
    .await?;
    Ok(found.map(|offering| offering.0))
}

/// In order of creation.
pub async fn list(db: impl PgExecutor<'_>, provider_id: Uuid) -> sqlx::Result<Vec<Offering>> {
    let found = sqlx::query_scalar!(
        r#"select to_jsonb(offering) as "offering!: Json<Offering>" from offering
           where provider_id = $1 and deleted_at is null
           order by created_at, offering_id"#,
        provider_id
    )
    .fetch_all(db)
    .await?;
    Ok(found.into_iter().map(|offering| offering.0).collect())
}
