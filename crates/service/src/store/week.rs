//! What a week of a calendar shows, in one statement and so as of one moment.

use chrono::{DateTime, Utc};
use domain::{AvailabilityEntry, Booking, Email, Provider, PublicProvider, TimeRange};
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

use super::{availability, bookings, unreadable};

pub struct Read {
    pub version: i64,
    pub provider: Provider,
    /// All of them: which series meet a week is for the domain to say.
    pub entries: Vec<AvailabilityEntry>,
    /// Active ones that overlap the range asked for.
    pub bookings: Vec<Booking>,
}

pub async fn week(db: impl PgExecutor<'_>, provider_id: Uuid, within: TimeRange) -> sqlx::Result<Option<Read>> {
    let row = sqlx::query!(
        r#"select calendar.version, provider.handle, provider.email, provider.display_name, provider.bio,
             provider.time_zone, provider.created_at,
             (select coalesce(json_agg(entry), '[]') from (
                 select availability_id, provider_id, effect, lower(during) as starts_at, upper(during) as ends_at,
                        start_minute, end_minute, starts_on, recurrence, time_zone, exceptions, note, version,
                        created_at, updated_at
                 from availability where provider_id = $1 order by availability_id
             ) as entry) as "entries!: Json<Vec<availability::Row>>",
             -- No appointment is longer than a day: the first condition is for the index.
             (select coalesce(json_agg(to_json(booking) order by starts_at, booking_id), '[]') from booking
              where provider_id = $1 and starts_at >= $2::timestamptz - interval '1 day' and starts_at < $3
                and ends_at > $2 and status in ('pending', 'confirmed')
             ) as "bookings!: Json<Vec<bookings::Row>>"
           from calendar join provider using (provider_id)
           where calendar.provider_id = $1"#,
        provider_id,
        within.start() as DateTime<Utc>,
        within.end()
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let public = PublicProvider {
        provider_id,
        handle: row.handle.parse().map_err(unreadable)?,
        display_name: row.display_name,
        bio: row.bio,
        time_zone: row.time_zone.parse().map_err(unreadable)?,
    };
    Ok(Some(Read {
        version: row.version,
        provider: Provider { public, email: Email::stored(row.email), created_at: row.created_at },
        entries: row.entries.0.into_iter().map(AvailabilityEntry::try_from).collect::<sqlx::Result<_>>()?,
        bookings: row.bookings.0.into_iter().map(Booking::try_from).collect::<sqlx::Result<_>>()?,
    }))
}
