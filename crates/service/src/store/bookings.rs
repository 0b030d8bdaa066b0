//! Appointments and the seats in them.

use chrono::{DateTime, NaiveDateTime, Utc};
use domain::booking::BookingFilter;
use domain::{Booking, BookingStatus, Email, Guest, Side, TimeRange, TimeZone};
use serde::Deserialize;
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

use super::{containing, unreadable};
use crate::change::{AtOnce, CalendarTx};

/// A row, read from its columns or from JSON.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    booking_id: Uuid,
    reference: String,
    provider_id: Uuid,
    offering_id: Uuid,
    status: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    guest_name: String,
    guest_email: String,
    guest_phone: Option<String>,
    guest_notes: Option<String>,
    guest_time_zone: Option<String>,
    reason: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    title: String,
    location: String,
    sequence: i32,
    cancelled_by: Option<String>,
}

impl TryFrom<Row> for Booking {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        Ok(Self {
            booking_id: row.booking_id,
            reference: row.reference,
            provider_id: row.provider_id,
            offering_id: row.offering_id,
            status: row.status.parse().map_err(|()| unreadable("booking status"))?,
            start: row.starts_at,
            end: row.ends_at,
            duration_minutes: u32::try_from((row.ends_at - row.starts_at).num_minutes()).map_err(unreadable)?,
            guest: Guest {
                name: row.guest_name,
                email: Email::stored(row.guest_email),
                phone: row.guest_phone,
                notes: row.guest_notes,
                // A zone that a later database no longer knows is only a convenience lost.
                time_zone: row.guest_time_zone.and_then(|zone| zone.parse().ok()),
            },
            reason: row.reason,
            title: row.title,
            location: row.location,
            sequence: u32::try_from(row.sequence).map_err(unreadable)?,
            cancelled_by: row.cancelled_by.map(|side| side.parse().map_err(|()| unreadable("side"))).transpose()?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// A seat to be written, and the appointment around it.
pub struct NewSeat<'a> {
    pub booking: &'a Booking,
    pub appointment_id: Uuid,
    /// The appointment with its buffers.
    pub blocked: TimeRange,
    /// Seats in the appointment.
    pub capacity: i32,
    pub seat: i32,
    /// It is another guest's appointment too.
    pub joins: bool,
    pub manage_token_hash: &'a [u8],
    /// What the provider's clock shows at the start, and in which zone.
    pub agreed: (NaiveDateTime, &'a TimeZone),
}

/// The lowest free seat of a group.
pub async fn free_seat(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    appointment_id: Uuid,
    capacity: i32,
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "select min(seat) from generate_series(1, $3) as seat
         where not exists (
             select from booking
             where booking.provider_id = $1 and booking.appointment_id = $2 and booking.seat = seat.seat
               and booking.status not in ('cancelled', 'declined')
         )",
        provider_id,
        appointment_id,
        capacity
    )
    .fetch_one(db)
    .await
}

/// Takes a stretch of time and its first seat, or a seat of a group.
pub async fn book(tx: &mut CalendarTx, new: &NewSeat<'_>) -> sqlx::Result<()> {
    let (booking, guest) = (new.booking, &new.booking.guest);
    sqlx::query!(
        "with appointed as (
             insert into appointment
                 (provider_id, appointment_id, offering_id, during, blocked, state, capacity, created_at)
             select $1, $2, $3, tstzrange($4, $5), tstzrange($6, $7), 'active', $8, $10 where not $9
         )
         insert into booking
             (provider_id, booking_id, appointment_id, capacity, seat, status, reference, manage_token_hash,
              guest_name, guest_email, guest_phone, guest_notes, guest_time_zone, offering_id, starts_at,
              ends_at, created_at, updated_at, title, location, agreed_local, agreed_zone)
         values ($1, $11, $2, $8, $24, $12, $13, $14, $15, $16, $17, $18, $19, $3, $4, $5, $10, $10, $20, $21,
                 $22, $23)",
        tx.provider_id(),
        new.appointment_id,
        booking.offering_id,
        booking.start,
        booking.end,
        new.blocked.start(),
        new.blocked.end(),
        new.capacity,
        new.joins,
        booking.created_at,
        booking.booking_id,
        booking.status.as_str(),
        booking.reference,
        new.manage_token_hash,
        guest.name,
        &*guest.email,
        guest.phone,
        guest.notes,
        guest.time_zone.as_ref().map(TimeZone::name),
        booking.title,
        booking.location,
        new.agreed.0,
        new.agreed.1.name(),
        new.seat
    )
    .execute(tx.db())
    .await?;
    Ok(())
}

/// As [`book`], with all of [`AtOnce`] in the same statement. Whether it was written: the calendar was as expected and
/// the key unused. A key that is claimed at the same moment breaks its primary key, a seat that is taken its index.
///
/// Nothing in it looks at a parameter to find out what is to be done: Postgres would plan it anew for each booking.
pub async fn book_at_once(at: AtOnce<'_>, new: &NewSeat<'_>) -> sqlx::Result<bool> {
    let (booking, guest) = (new.booking, &new.booking.guest);
    let changed = at.seen.stretch(at.now);
    let key_hash = at.claimed.as_ref().map(|claimed| claimed.kept.key_hash);
    let body_hash = at.claimed.as_ref().map(|claimed| claimed.body_hash);
    let answer = at.claimed.as_ref().map(|claimed| claimed.kept.answer);
    let version = sqlx::query_scalar!(
        "with moved as (
             update calendar set version = version + 1
             where provider_id = $1 and version = $22
               and not exists (
                   select from idempotency_key where idempotency_key.provider_id = $1 and key_hash = $23
               )
             returning version
         ), claimed as (
             insert into idempotency_key (provider_id, key_hash, body_hash, answer, created_at)
             select $1, $23, $24, $25, $10 from moved where $23::bytea is not null
         ), appointed as (
             insert into appointment
                 (provider_id, appointment_id, offering_id, during, blocked, state, capacity, created_at)
             select $1, $2, $3, tstzrange($4, $5), tstzrange($6, $7), 'active', $8, $10 from moved where not $9
         ), seated as (
             insert into booking
                 (provider_id, booking_id, appointment_id, capacity, seat, status, reference, manage_token_hash,
                  guest_name, guest_email, guest_phone, guest_notes, guest_time_zone, offering_id, starts_at,
                  ends_at, created_at, updated_at, title, location, agreed_local, agreed_zone)
             select $1, $11, $2, $8, $34, $12, $13, $14, $15, $16, $17, $18, $19, $3, $4, $5, $10, $10, $20, $21,
                    $32, $33
             from moved
         ), told as (
             insert into outbox (provider_id, outbox_id, topic, payload, created_at)
             select $1, $26, $27, $28, $10 from moved
         ), logged as (
             insert into calendar_change (provider_id, version, kind, changed, created_at)
             select $1, version, $29, tstzrange($30, $31), $10 from moved
         )
         select version from moved",
        at.provider_id,
        new.appointment_id,
        booking.offering_id,
        booking.start,
        booking.end,
        new.blocked.start(),
        new.blocked.end(),
        new.capacity,
        new.joins,
        at.now,
        booking.booking_id,
        booking.status.as_str(),
        booking.reference,
        new.manage_token_hash,
        guest.name,
        &*guest.email,
        guest.phone,
        guest.notes,
        guest.time_zone.as_ref().map(TimeZone::name),
        booking.title,
        booking.location,
        at.expected,
        key_hash,
        body_hash,
        answer,
        at.message.outbox_id,
        at.message.topic,
        at.message.payload,
        at.seen.kind(),
        changed.start(),
        changed.end(),
        new.agreed.0,
        new.agreed.1.name(),
        new.seat
    )
    .fetch_optional(at.connection)
    .await?;
    Ok(version.is_some())
}

/// When the guest's `nth` newest booking was made, cancelled ones counted, of those since `since`. Ids are in order of
/// creation: from `first_id` on, the key itself holds what was made lately, and no index is needed for this.
pub async fn nth_newest(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    email: &str,
    first_id: Uuid,
    since: DateTime<Utc>,
    nth: i64,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select created_at from booking
         where provider_id = $1 and booking_id >= $2 and created_at > $3 and lower(guest_email) = lower($4)
         order by created_at desc offset $5::bigint - 1 limit 1",
        provider_id,
        first_id,
        since,
        email,
        nth
    )
    .fetch_optional(db)
    .await
}

/// Lets go of holds that have expired: the constraint cannot look at the clock.
pub async fn release_expired(tx: &mut CalendarTx, blocked: TimeRange) -> sqlx::Result<()> {
    sqlx::query!(
        "update appointment set state = 'released', expires_at = null
         where provider_id = $1 and state = 'held' and expires_at <= $2 and blocked && tstzrange($3, $4)",
        tx.provider_id(),
        tx.now(),
        blocked.start(),
        blocked.end()
    )
    .execute(tx.db())
    .await?;
    Ok(())
}

/// A booking with what a change of it needs.
pub struct Standing {
    pub booking: Booking,
    pub appointment_id: Uuid,
    pub blocked: TimeRange,
    /// Whether its offering, if still offered, has a daily limit.
    pub daily_limit: bool,
    pub provider_zone: TimeZone,
}

pub async fn standing(db: impl PgExecutor<'_>, provider_id: Uuid, booking_id: Uuid) -> sqlx::Result<Option<Standing>> {
    let found = sqlx::query!(
        r#"select to_json(booking) as "booking!: Json<Row>", appointment_id,
                  lower(blocked) as "blocked_from!", upper(blocked) as "blocked_to!",
                  offering.daily_limit is not null as "daily_limit!", provider.time_zone as provider_zone
           from booking
               join appointment using (provider_id, appointment_id)
               join offering on offering.provider_id = $1 and offering.offering_id = booking.offering_id
               join provider on provider.provider_id = $1
           where booking.provider_id = $1 and booking_id = $2"#,
        provider_id,
        booking_id
    )
    .fetch_optional(db)
    .await?;
    let Some(found) = found else { return Ok(None) };
    Ok(Some(Standing {
        booking: found.booking.0.try_into()?,
        appointment_id: found.appointment_id,
        blocked: TimeRange::new(found.blocked_from, found.blocked_to).map_err(unreadable)?,
        daily_limit: found.daily_limit,
        provider_zone: found.provider_zone.parse().map_err(unreadable)?,
    }))
}

/// Writes the booking's status and reason, and lets go of its time when nobody else sits in it.
/// Whether the time is free now.
pub async fn cancel(tx: &mut CalendarTx, booking: &Booking, appointment_id: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"with left_seat as (
               update booking set status = $3, reason = $4, updated_at = $5, sequence = $7, cancelled_by = $8
               where provider_id = $1 and booking_id = $2
           ), released as (
               update appointment set state = 'released'
               where provider_id = $1 and appointment_id = $6 and not exists (
                   select from booking
                   where booking.provider_id = $1 and booking.appointment_id = $6 and booking.booking_id <> $2
                     and booking.status not in ('cancelled', 'declined')
               )
               returning appointment_id
           )
           select exists (select from released) as "freed!""#,
        tx.provider_id(),
        booking.booking_id,
        booking.status.as_str(),
        booking.reason,
        booking.updated_at,
        appointment_id,
        i32::try_from(booking.sequence).map_err(unreadable)?,
        booking.cancelled_by.map(Side::as_str)
    )
    .fetch_one(tx.db())
    .await
}

pub async fn get(db: impl PgExecutor<'_>, provider_id: Uuid, booking_id: Uuid) -> sqlx::Result<Option<Booking>> {
    let row = sqlx::query_as!(
        Row,
        "select booking_id, reference, provider_id, offering_id, status, starts_at, ends_at, guest_name,
                guest_email, guest_phone, guest_notes, guest_time_zone, reason, created_at, updated_at,
                title, location, sequence, cancelled_by
         from booking where provider_id = $1 and booking_id = $2",
        provider_id,
        booking_id
    )
    .fetch_optional(db)
    .await?;
    row.map(Booking::try_from).transpose()
}

pub async fn manage_token_hash(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    booking_id: Uuid,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "select manage_token_hash from booking where provider_id = $1 and booking_id = $2",
        provider_id,
        booking_id
    )
    .fetch_optional(db)
    .await
}

/// In order of start, after the start and id of another.
pub async fn list(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    filter: &BookingFilter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> sqlx::Result<Vec<Booking>> {
    let (after_start, after_id) = after.unzip();
    let rows = sqlx::query_as!(
        Row,
        "select booking_id, reference, provider_id, offering_id, status, starts_at, ends_at, guest_name,
                guest_email, guest_phone, guest_notes, guest_time_zone, reason, created_at, updated_at,
                title, location, sequence, cancelled_by
         from booking
         where provider_id = $1
           and ($2::timestamptz is null or starts_at >= $2)
           and ($3::timestamptz is null or starts_at < $3)
           and ($4::text is null or status = $4)
           and ($5::text is null or normalize(guest_name, nfkc) ilike $5
                or normalize(guest_email, nfkc) ilike $5 or reference ilike $5)
           and ($6::timestamptz is null or (starts_at, booking_id) > ($6, $7::uuid))
         order by starts_at, booking_id limit $8",
        provider_id,
        filter.from,
        filter.to,
        filter.status.map(BookingStatus::as_str),
        filter.search.as_deref().map(containing),
        after_start,
        after_id,
        limit
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Booking::try_from).collect()
}

/// Active ones that are not over at `now`, the next first, after the start and id of another.
pub async fn upcoming_page(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    now: DateTime<Utc>,
    search: Option<&str>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> sqlx::Result<Vec<Booking>> {
    let (after_start, after_id) = after.unzip();
    let rows = sqlx::query_as!(
        Row,
        // No appointment is longer than a day: the first condition is for the index.
        "select booking_id, reference, provider_id, offering_id, status, starts_at, ends_at, guest_name,
                guest_email, guest_phone, guest_notes, guest_time_zone, reason, created_at, updated_at,
                title, location, sequence, cancelled_by
         from booking
         where provider_id = $1 and starts_at >= $2::timestamptz - interval '1 day' and ends_at > $2
           and status in ('pending', 'confirmed')
           and ($3::text is null or normalize(guest_name, nfkc) ilike $3
                or normalize(guest_email, nfkc) ilike $3 or reference ilike $3)
           and ($4::timestamptz is null or (starts_at, booking_id) > ($4, $5::uuid))
         order by starts_at, booking_id limit $6",
        provider_id,
        now,
        search.map(containing),
        after_start,
        after_id,
        limit
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Booking::try_from).collect()
}

/// Those of these statuses that were over at `over_by`, where that is asked, the latest first, after the start and id
/// of another.
pub async fn latest_page(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    statuses: &[BookingStatus],
    over_by: Option<DateTime<Utc>>,
    search: Option<&str>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> sqlx::Result<Vec<Booking>> {
    let (after_start, after_id) = after.unzip();
    let statuses: Vec<String> = statuses.iter().map(|status| status.as_str().to_owned()).collect();
    let rows = sqlx::query_as!(
        Row,
        "select booking_id, reference, provider_id, offering_id, status, starts_at, ends_at, guest_name,
                guest_email, guest_phone, guest_notes, guest_time_zone, reason, created_at, updated_at,
                title, location, sequence, cancelled_by
         from booking
         where provider_id = $1 and status = any($2)
           and ($3::timestamptz is null or (starts_at < $3 and ends_at <= $3))
           and ($4::text is null or normalize(guest_name, nfkc) ilike $4
                or normalize(guest_email, nfkc) ilike $4 or reference ilike $4)
           and ($5::timestamptz is null or (starts_at, booking_id) < ($5, $6::uuid))
         order by starts_at desc, booking_id desc limit $7",
        provider_id,
        &statuses,
        over_by,
        search.map(containing),
        after_start,
        after_id,
        limit
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Booking::try_from).collect()
}

/// Those of these bookings that the provider has, in order of start.
pub async fn among(db: impl PgExecutor<'_>, provider_id: Uuid, bookings: &[Uuid]) -> sqlx::Result<Vec<Booking>> {
    let rows = sqlx::query_as!(
        Row,
        "select booking_id, reference, provider_id, offering_id, status, starts_at, ends_at, guest_name,
                guest_email, guest_phone, guest_notes, guest_time_zone, reason, created_at, updated_at,
                title, location, sequence, cancelled_by
         from booking where provider_id = $1 and booking_id = any($2) order by starts_at, booking_id",
        provider_id,
        bookings
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Booking::try_from).collect()
}

/// Ids and times of active bookings that are not over.
pub async fn upcoming(
    db: impl PgExecutor<'_>,
    provider_id: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(Uuid, TimeRange)>> {
    let rows = sqlx::query!(
        "select booking_id, starts_at, ends_at from booking
         where provider_id = $1 and starts_at >= $2::timestamptz - interval '1 day' and ends_at > $2
           and status in ('pending', 'confirmed')
         order by starts_at, booking_id",
        provider_id,
        now
    )
    .fetch_all(db)
    .await?;
    let range = |start, end| TimeRange::new(start, end).map_err(unreadable);
    rows.into_iter().map(|row| Ok((row.booking_id, range(row.starts_at, row.ends_at)?))).collect()
}
