//! A provider's whole calendar in one statement, and so as of one moment.

use chrono::{DateTime, Utc};
use domain::calendar::Appointment;
use domain::{AvailabilityEntry, Offering, PublicProvider, TimeRange};
use serde::Deserialize;
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

use super::{availability, unreadable};
use crate::bookings::GuestKey;

/// What the rules look at, taken time only where it touches the range asked for.
pub struct Loaded {
    pub version: i64,
    pub provider: PublicProvider,
    pub entries: Vec<AvailabilityEntry>,
    pub offerings: Vec<Offering>,
    /// In order of start.
    pub appointments: Vec<Taken>,
}

pub struct Taken {
    pub appointment: Appointment,
    /// When a hold expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who sits in it, as often as they have a seat.
    pub guests: Vec<GuestKey>,
}

#[derive(Debug, Deserialize)]
struct AppointmentRow {
    appointment_id: Uuid,
    offering_id: Uuid,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    blocked_from: DateTime<Utc>,
    blocked_to: DateTime<Utc>,
    held: bool,
    expires_at: Option<DateTime<Utc>>,
    capacity: u32,
    guests: Vec<String>,
}

impl TryFrom<AppointmentRow> for Taken {
    type Error = sqlx::Error;

    fn try_from(row: AppointmentRow) -> sqlx::Result<Self> {
        let appointment = Appointment {
            appointment_id: row.appointment_id,
            offering_id: row.offering_id,
            during: TimeRange::new(row.starts_at, row.ends_at).map_err(unreadable)?,
            blocked: TimeRange::new(row.blocked_from, row.blocked_to).map_err(unreadable)?,
            held: row.held,
            capacity: row.capacity,
            seats_taken: u32::try_from(row.guests.len()).map_err(unreadable)?,
        };
        let guests = row.guests.iter().map(|email| GuestKey::of(email)).collect();
        Ok(Self { appointment, expires_at: row.expires_at, guests })
    }
}

pub async fn load(db: impl PgExecutor<'_>, provider_id: Uuid, covers: TimeRange) -> sqlx::Result<Option<Loaded>> {
    let row = sqlx::query!(
        r#"select calendar.version, provider.handle, provider.display_name, provider.bio, provider.time_zone,
             (select coalesce(json_agg(entry), '[]') from (
                 select availability_id, provider_id, effect, lower(during) as starts_at, upper(during) as ends_at,
                        start_minute, end_minute, starts_on, recurrence, time_zone, exceptions, note, version,
                        created_at, updated_at
                 from availability where provider_id = $1 order by availability_id
             ) as entry) as "entries!: Json<Vec<availability::Row>>",
             (select coalesce(json_agg(to_json(offering) order by created_at, offering_id), '[]') from offering
              where provider_id = $1 and deleted_at is null) as "offerings!: Json<Vec<Offering>>",
             (select coalesce(json_agg(taken), '[]') from (
                 select appointment_id, offering_id, lower(during) as starts_at, upper(during) as ends_at,
                        lower(blocked) as blocked_from, upper(blocked) as blocked_to, state = 'held' as held,
                        expires_at, capacity,
                        array(select guest_email from booking
                              where booking.provider_id = appointment.provider_id
                                and booking.appointment_id = appointment.appointment_id
                                and booking.status not in ('cancelled', 'declined')) as guests
                 from appointment
                 where provider_id = $1 and state in ('held', 'active') and blocked && tstzrange($2, $3)
                 order by lower(during)
             ) as taken) as "appointments!: Json<Vec<AppointmentRow>>"
           from calendar join provider using (provider_id)
           where calendar.provider_id = $1"#,
        provider_id,
        covers.start(),
        covers.end()
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Loaded {
        version: row.version,
        provider: PublicProvider {
            provider_id,
            handle: row.handle.parse().map_err(unreadable)?,
            display_name: row.display_name,
            bio: row.bio,
            time_zone: row.time_zone.parse().map_err(unreadable)?,
        },
        entries: row.entries.0.into_iter().map(AvailabilityEntry::try_from).collect::<sqlx::Result<_>>()?,
        offerings: row.offerings.0,
        appointments: row.appointments.0.into_iter().map(TryFrom::try_from).collect::<sqlx::Result<_>>()?,
    }))
}
