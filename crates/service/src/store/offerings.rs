//! Appointment types.

use chrono::{DateTime, Utc};
use domain::{Approval, NewOffering, Offering};
use serde::Deserialize;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::unreadable;

/// A row, read from its columns or from JSON.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    offering_id: Uuid,
    slug: String,
    title: String,
    description: String,
    location: String,
    durations_minutes: Vec<i32>,
    step_minutes: i32,
    buffer_before_minutes: i32,
    buffer_after_minutes: i32,
    min_notice_minutes: i32,
    horizon_days: i32,
    daily_limit: Option<i32>,
    capacity: i32,
    seats_per_guest: i32,
    approval: String,
    active: bool,
}

impl From<Row> for Offering {
    fn from(row: Row) -> Self {
        // The constraints keep negative numbers out.
        let whole = |number: i32| u32::try_from(number).unwrap_or_default();
        let details = NewOffering {
            slug: row.slug,
            title: row.title,
            description: row.description,
            location: row.location,
            durations_minutes: row.durations_minutes.into_iter().map(whole).collect(),
            step_minutes: whole(row.step_minutes),
            buffer_before_minutes: whole(row.buffer_before_minutes),
            buffer_after_minutes: whole(row.buffer_after_minutes),
            min_notice_minutes: whole(row.min_notice_minutes),
            horizon_days: whole(row.horizon_days),
            daily_limit: row.daily_limit.map(whole),
            capacity: whole(row.capacity),
            seats_per_guest: whole(row.seats_per_guest),
            approval: if row.approval == "manual" { Approval::Manual } else { Approval::Automatic },
            active: row.active,
        };
        Self { offering_id: row.offering_id, details }
    }
}

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

pub async fn insert(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    offering: &Offering,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into offering
             (provider_id, offering_id, slug, title, description, location, durations_minutes, step_minutes,
              buffer_before_minutes, buffer_after_minutes, min_notice_minutes, horizon_days, daily_limit,
              capacity, approval, active, created_at, seats_per_guest)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        provider_id,
        offering.offering_id,
        offering.slug,
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
        now,
        number(offering.seats_per_guest)?
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether there is one to replace.
pub async fn replace(db: impl PgExecutor<'_>, provider_id: Uuid, offering: &Offering) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update offering set
             slug = $3, title = $4, description = $5, location = $6, durations_minutes = $7, step_minutes = $8,
             buffer_before_minutes = $9, buffer_after_minutes = $10, min_notice_minutes = $11, horizon_days = $12,
             daily_limit = $13, capacity = $14, approval = $15, active = $16,
             seats_per_guest = $17
         where provider_id = $1 and offering_id = $2 and deleted_at is null",
        provider_id,
        offering.offering_id,
        offering.slug,
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
        number(offering.seats_per_guest)?
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether there was one.
pub async fn delete(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    offering_id: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update offering set deleted_at = $3
         where provider_id = $1 and offering_id = $2 and deleted_at is null",
        provider_id,
        offering_id,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub async fn get(db: impl PgExecutor<'_>, provider_id: Uuid, offering_id: Uuid) -> sqlx::Result<Option<Offering>> {
    let row = sqlx::query_as!(
        Row,
        "select offering_id, slug, title, description, location, durations_minutes, step_minutes,
                buffer_before_minutes, buffer_after_minutes, min_notice_minutes, horizon_days, daily_limit,
                capacity, seats_per_guest, approval, active
         from offering where provider_id = $1 and offering_id = $2 and deleted_at is null",
        provider_id,
        offering_id
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Offering::from))
}

/// In order of creation.
pub async fn list(db: impl PgExecutor<'_>, provider_id: Uuid) -> sqlx::Result<Vec<Offering>> {
    let rows = sqlx::query_as!(
        Row,
        "select offering_id, slug, title, description, location, durations_minutes, step_minutes,
                buffer_before_minutes, buffer_after_minutes, min_notice_minutes, horizon_days, daily_limit,
                capacity, seats_per_guest, approval, active
         from offering where provider_id = $1 and deleted_at is null
         order by created_at, offering_id",
        provider_id
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Offering::from).collect())
}
