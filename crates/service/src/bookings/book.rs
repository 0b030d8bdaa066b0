//! The booking transaction.
//!
//! Mostly it is one statement: the snapshot in memory says that the booking is allowed at version V,
//! and the statement writes it only if the calendar still is at V. That is as good as judging under
//! the lock, because whatever changes the rules' answer changes the version. When the calendar has
//! moved on, or the snapshot says no, the calendar is locked and judged as it is.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{Booking, NewBooking, Problem};
use serde_json::json;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::Booked;
use super::guests::{GuestKey, LATELY, Turn};
use super::plan::{Plan, seconds_until, slot_taken};
use crate::db::Connection;
use crate::idempotency::{Claim, Repeatable};
use crate::providers::snapshot_of;
use crate::retry::Attempts;
use crate::snapshot::Snapshot;
use crate::store::bookings::NewSeat;
use crate::{Error, Services, ids, store};

/// The booking transaction of docs/architecture.md. Problems: `slot-taken`, `not-bookable`,
/// `not-found` (provider or offering), `invalid` (`already_booked`), `idempotency-mismatch`, `rate-limited`.
pub async fn book(s: &Services, new: NewBooking, repeat: Option<Repeatable>) -> Result<Booked, Error> {
    let snapshot = snapshot_of(s, &new.provider).await?;
    let (provider_id, guest) = (snapshot.provider.provider_id, GuestKey::of(&new.guest.email));
    let turn = s.limits.guest.map(|limits| s.lately.begin(provider_id, guest, limits.an_hour, s.clock.now()));
    let counted = turn.as_ref().filter(|turn| turn.counted);
    let booked = book_counted(s, snapshot, &new, repeat.as_ref(), counted).await?;
    if let Some(turn) = turn.filter(|_| !booked.is_repeated) {
        turn.made();
    }
    Ok(booked)
}

/// What the same request was answered before, if it was. For who may book no more: to ask again is not to book again.
pub async fn booked_before(s: &Services, new: &NewBooking, repeat: &Repeatable) -> Result<Option<Booked>, Error> {
    let provider_id = snapshot_of(s, &new.provider).await?.provider.provider_id;
    let mut tx = s.pool.begin().await?;
    let claim = Claim::new(repeat, provider_id, &repeat.anonymous_scope("bookings"));
    let before = claim.begin(&mut tx, s.clock.now()).await?;
    tx.rollback().await?;
    Ok(before)
}

/// With `counted`, the guest's bookings of the last hour are counted in the database.
async fn book_counted(
    s: &Services,
    snapshot: Arc<Snapshot>,
    new: &NewBooking,
    repeat: Option<&Repeatable>,
    counted: Option<&Turn>,
) -> Result<Booked, Error> {
    let provider_id = snapshot.provider.provider_id;
    // A key has to be looked up first, within the transaction; bookings are counted there, too.
    if repeat.is_none()
        && counted.is_none()
        && let Some(booked) = book_at_once(s, &snapshot, new).await?
    {
        return Ok(booked);
    }
    let mut attempts = Attempts::default();
    loop {
        match book_locked(s, provider_id, new, repeat, counted, attempts.failed() > 0).await {
            Err(error) if error.constraint() == Some("appointment_no_overlap") => {
                return Err(taken_after_all(s, provider_id, new).await?.into());
            }
            Err(error) if attempts.again(&error).await => {}
            done => return done,
        }
    }
}

/// `None` when it has to be judged under the lock.
async fn book_at_once(s: &Services, snapshot: &Arc<Snapshot>, new: &NewBooking) -> Result<Option<Booked>, Error> {
    let now = s.clock.now();
    let Ok(plan) = Plan::new(snapshot, new, s.limits.guest, now) else { return Ok(None) };
    if snapshot.has_expired_holds(plan.appointment.blocked, now) {
        return Ok(None);
    }
    let booked = booked(snapshot.provider.provider_id, new, &plan, now);
    let mut connection = s.lane.take().await?;
    match write(&mut connection, snapshot, &plan, &booked).await.map_err(Error::from) {
        Ok(version) => {
            s.lane.keep(connection);
            let Some(version) = version else { return Ok(None) };
            settle(s, snapshot, plan, version);
            Ok(Some(booked))
        }
        Err(error) if error.constraint().is_some() || error.is_transient() => Ok(None),
        Err(error) => Err(error),
    }
}

/// With `distrust` the calendar is read again though the snapshot in memory has the right version.
async fn book_locked(
    s: &Services,
    provider_id: Uuid,
    new: &NewBooking,
    repeat: Option<&Repeatable>,
    counted: Option<&Turn>,
    distrust: bool,
) -> Result<Booked, Error> {
    let now = s.clock.now();
    let mut tx = s.pool.begin().await?;
    let claim = repeat.map(|repeat| Claim::new(repeat, provider_id, &repeat.anonymous_scope("bookings")));
    if let Some(claim) = &claim
        && let Some(before) = claim.begin::<Booked>(&mut tx, now).await?
    {
        return Ok(Booked { is_repeated: true, ..before });
    }
    let version = store::calendar::lock(&mut *tx, provider_id).await?.ok_or(Problem::NotFound)?;
    if let Some((limits, turn)) = s.limits.guest.zip(counted)
        && let most = limits.an_hour.saturating_sub(turn.unseen()).max(1)
        && let Some(oldest) = made_lately(&mut tx, provider_id, &new.guest.email, most, now).await?
    {
        tx.rollback().await?;
        return Err(Problem::RateLimited { retry_after_seconds: seconds_until(oldest + LATELY, now) }.into());
    }
    let snapshot = match s.snapshots.at(provider_id, version, now).filter(|_| !distrust) {
        Some(snapshot) => snapshot,
        None => {
            let loaded = Snapshot::load(&mut *tx, provider_id, Snapshot::coverage(now), now).await?;
            s.snapshots.put(provider_id, loaded.ok_or(Problem::NotFound)?)
        }
    };
    let plan = match Plan::new(&snapshot, new, s.limits.guest, now) {
        Ok(plan) => plan,
        Err(problem) => {
            // At once: others wait for the lock.
            tx.rollback().await?;
            return Err(problem.into());
        }
    };
    if snapshot.has_expired_holds(plan.appointment.blocked, now) {
        store::bookings::release_expired(&mut *tx, provider_id, plan.appointment.blocked, now).await?;
    }
    let booked = booked(provider_id, new, &plan, now);
    let Some(version) = write(&mut *tx, &snapshot, &plan, &booked).await? else {
        // The version is locked: a group has fewer seats than it seemed.
        tx.rollback().await?;
        return Err(taken_after_all(s, provider_id, new).await?.into());
    };
    if let Some(claim) = &claim {
        claim.keep(&mut tx, &booked).await?;
    }
    tx.commit().await?;
    settle(s, &snapshot, plan, version);
    Ok(booked)
}

/// When the oldest of the guest's last `most` bookings was made, if that is less than an hour ago.
async fn made_lately(
    db: &mut Connection,
    provider_id: Uuid,
    email: &str,
    most: u32,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    let since = now - LATELY;
    Ok(store::bookings::nth_newest(db, provider_id, email, ids::first_of(since), since, most.into()).await?)
}

fn booked(provider_id: Uuid, new: &NewBooking, plan: &Plan, now: DateTime<Utc>) -> Booked {
    let booking = Booking {
        booking_id: ids::new_id(now),
        reference: ids::reference(),
        provider_id,
        offering_id: plan.appointment.offering_id,
        status: plan.status,
        start: plan.appointment.during.start(),
        end: plan.appointment.during.end(),
        duration_minutes: new.duration_minutes,
        guest: new.guest.clone(),
        reason: None,
        created_at: now,
        updated_at: now,
    };
    Booked { booking, manage_token: ids::manage_token(provider_id), is_repeated: false }
}

async fn write(
    db: impl PgExecutor<'_>,
    snapshot: &Snapshot,
    plan: &Plan,
    booked: &Booked,
) -> sqlx::Result<Option<i64>> {
    let booking = &booked.booking;
    let seat = NewSeat {
        booking,
        appointment_id: plan.appointment.appointment_id,
        blocked: plan.appointment.blocked,
        capacity: i32::try_from(plan.appointment.capacity).map_err(store::unreadable)?,
        manage_token_hash: &ids::hash(&booked.manage_token),
        expected: snapshot.version,
        changed: plan.changed,
        outbox_id: ids::new_id(booking.created_at),
        message: &json!({ "booking_id": booking.booking_id }),
    };
    if plan.joins { store::bookings::book_seat(db, &seat).await } else { store::bookings::book(db, &seat).await }
}

/// After the commit: what is in memory moves on by this booking, without asking the database.
fn settle(s: &Services, snapshot: &Snapshot, plan: Plan, version: i64) {
    let provider_id = snapshot.provider.provider_id;
    let appointment_id = plan.appointment.appointment_id;
    let next = snapshot.after(appointment_id, Some(plan.appointment), plan.changed).seated(plan.seat);
    s.snapshots.put(provider_id, next);
    s.committed(provider_id, version);
}

/// The database refused what the rules allowed: somebody wrote past the calendar's version. What is
/// in memory is read again, so that the next guest is not misled.
async fn taken_after_all(s: &Services, provider_id: Uuid, new: &NewBooking) -> Result<Problem, Error> {
    let now = s.clock.now();
    let loaded = Snapshot::load(&s.pool, provider_id, Snapshot::coverage(now), now).await?;
    let snapshot = s.snapshots.put(provider_id, loaded.ok_or(Problem::NotFound)?);
    Ok(slot_taken(&snapshot, new, now))
}
