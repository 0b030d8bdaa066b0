//! What providers say about when they can be booked.

use chrono::{DateTime, NaiveDate, Utc};
use domain::availability::SeriesException;
use domain::{AvailabilityEntry, Effect, Pattern, Series, TimeRange, WallTime};
use serde::Deserialize;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::unreadable;
use crate::change::CalendarTx;

/// A row, read from its columns or from JSON.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    availability_id: Uuid,
    provider_id: Uuid,
    effect: String,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    start_minute: Option<i16>,
    end_minute: Option<i16>,
    starts_on: Option<NaiveDate>,
    recurrence: Option<String>,
    time_zone: Option<String>,
    exceptions: Vec<NaiveDate>,
    note: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Row> for AvailabilityEntry {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let pattern = row.pattern().ok_or_else(|| unreadable(format!("availability {}", row.availability_id)))?;
        Ok(Self {
            availability_id: row.availability_id,
            provider_id: row.provider_id,
            effect: if row.effect == "open" { Effect::Open } else { Effect::Closed },
            pattern,
            note: row.note,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl Row {
    /// `None` where the columns say nothing that this program writes.
    fn pattern(&self) -> Option<Pattern> {
        if let Some((start, end)) = self.starts_at.zip(self.ends_at) {
            return TimeRange::new(start, end).ok().map(Pattern::OneOff);
        }
        let wall_time = |minute: Option<i16>| WallTime::from_minutes(u16::try_from(minute?).ok()?).ok();
        Some(Pattern::Recurring(Series {
            start_time: wall_time(self.start_minute)?,
            end_time: wall_time(self.end_minute)?,
            starts_on: self.starts_on?,
            recurrence: self.recurrence.as_deref()?.parse().ok()?,
            time_zone: self.time_zone.as_deref()?.parse().ok()?,
            exceptions: self.exceptions.iter().map(|date| SeriesException { date: *date }).collect(),
        }))
    }
}

/// A pattern as its columns hold it: those of the other kind are null.
#[derive(Default)]
struct Columns {
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    start_minute: Option<i16>,
    end_minute: Option<i16>,
    starts_on: Option<NaiveDate>,
    recurrence: Option<String>,
    time_zone: Option<String>,
    exceptions: Vec<NaiveDate>,
}

impl From<&Pattern> for Columns {
    fn from(pattern: &Pattern) -> Self {
        match pattern {
            Pattern::OneOff(range) => {
                Self { starts_at: Some(range.start()), ends_at: Some(range.end()), ..Self::default() }
            }
            Pattern::Recurring(series) => Self {
                start_minute: i16::try_from(series.start_time.minutes()).ok(),
                end_minute: i16::try_from(series.end_time.minutes()).ok(),
                starts_on: Some(series.starts_on),
                recurrence: Some(series.recurrence.to_string()),
                time_zone: Some(series.time_zone.name().to_owned()),
                exceptions: series.exceptions.iter().map(|exception| exception.date).collect(),
                ..Self::default()
            },
        }
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Open => "open",
        Effect::Closed => "closed",
    }
}

pub async fn insert(tx: &mut CalendarTx, entry: &AvailabilityEntry) -> sqlx::Result<()> {
    let columns = Columns::from(&entry.pattern);
    sqlx::query!(
        "insert into availability
             (provider_id, availability_id, effect, during, start_minute, end_minute, starts_on, recurrence,
              time_zone, exceptions, note, version, created_at, updated_at)
         values ($1, $2, $3, case when $4::timestamptz is not null then tstzrange($4, $5) end,
                 $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        tx.provider_id(),
        entry.availability_id,
        effect(entry.effect),
        columns.starts_at,
        columns.ends_at,
        columns.start_minute,
        columns.end_minute,
        columns.starts_on,
        columns.recurrence,
        columns.time_zone,
        &columns.exceptions,
        entry.note,
        entry.version,
        entry.created_at,
        entry.updated_at
    )
    .execute(tx.db())
    .await?;
    Ok(())
}

pub async fn replace(tx: &mut CalendarTx, entry: &AvailabilityEntry) -> sqlx::Result<()> {
    let columns = Columns::from(&entry.pattern);
    sqlx::query!(
        "update availability set
             effect = $3, during = case when $4::timestamptz is not null then tstzrange($4, $5) end,
             start_minute = $6, end_minute = $7, starts_on = $8, recurrence = $9, time_zone = $10,
             exceptions = $11, note = $12, version = $13, updated_at = $14
         where provider_id = $1 and availability_id = $2",
        tx.provider_id(),
        entry.availability_id,
        effect(entry.effect),
        columns.starts_at,
        columns.ends_at,
        columns.start_minute,
        columns.end_minute,
        columns.starts_on,
        columns.recurrence,
        columns.time_zone,
        &columns.exceptions,
        entry.note,
        entry.version,
        entry.updated_at
    )
    .execute(tx.db())
    .await?;
    Ok(())
}

pub async fn delete(tx: &mut CalendarTx, availability_id: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from availability where provider_id = $1 and availability_id = $2",
        tx.provider_id(),
        availability_id
    )
    .execute(tx.db())
    .await?;
    Ok(())
}

pub async fn get(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    availability_id: Uuid,
) -> sqlx::Result<Option<AvailabilityEntry>> {
    let row = sqlx::query_as!(
        Row,
        "select availability_id, provider_id, effect, lower(during) as starts_at, upper(during) as ends_at,
                start_minute, end_minute, starts_on, recurrence, time_zone, exceptions, note, version,
                created_at, updated_at
         from availability where provider_id = $1 and availability_id = $2",
        provider_id,
        availability_id
    )
    .fetch_optional(db)
    .await?;
    row.map(AvailabilityEntry::try_from).transpose()
}

/// In order of creation, after an id; all of them without a limit.
pub async fn list(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    after: Option<Uuid>,
    limit: Option<i64>,
) -> sqlx::Result<Vec<AvailabilityEntry>> {
    let rows = sqlx::query_as!(
        Row,
        "select availability_id, provider_id, effect, lower(during) as starts_at, upper(during) as ends_at,
                start_minute, end_minute, starts_on, recurrence, time_zone, exceptions, note, version,
                created_at, updated_at
         from availability
         where provider_id = $1 and ($2::uuid is null or availability_id > $2)
         order by availability_id limit $3",
        provider_id,
        after,
        limit
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(AvailabilityEntry::try_from).collect()
}
