//! The booking transaction.
//!
//! Mostly it is one statement: the snapshot in memory says that the booking is allowed at version V,
//! and the statement writes it only if the calendar still is at V. That is as good as judging under
//! the lock, because whatever changes the rules' answer changes the version. When the calendar has
//! moved on, or the snapshot says no, the calendar is locked and judged as it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use domain::{Booking, BookingStatus, Event, NewBooking, Problem};
use uuid::Uuid;

use super::Booked;
use super::guests::{GuestKey, LATELY, Turn};
use super::plan::{Plan, seconds_until, slot_taken};
use crate::change::{Answered, AtOnce, Calendar, CalendarTx, Change, Done, change_at_once, change_or_repeat};
use crate::idempotency::{Claim, Repeatable};
use crate::limits::GuestLimits;
use crate::providers::snapshot_of;
use crate::snapshot::Snapshot;
use crate::store::bookings::NewSeat;
use crate::{Actor, Error, Services, ids, store};

/// The booking transaction of docs/architecture.md. Problems: `slot-taken`, `not-bookable`,
/// `not-found` (provider or offering), `invalid` (`already_booked`), `idempotency-mismatch`, `rate-limited`.
///
/// Anybody may book. The limits of guests are not for a provider who books for guests of their own.
pub async fn book(s: &Services, actor: &Actor, new: NewBooking, repeat: Option<Repeatable>) -> Result<Booked, Error> {
    let snapshot = snapshot_of(s, &new.provider).await?;
    let provider_id = snapshot.provider.provider_id;
    let claim = repeat.as_ref().map(|repeat| claim(actor, repeat, provider_id));
    let limits = s.limits.guest.filter(|_| *actor != Actor::Provider(provider_id));
    let guest = GuestKey::of(&new.guest.email);
    let turn = limits.map(|limits| s.lately.begin(provider_id, guest, limits.an_hour, s.clock.now()));
    // Where the guest has booked much lately, their bookings are counted first, within the transaction.
    let counted = turn.as_ref().filter(|turn| turn.counted);
    let wanted = Wanted { new: &new, limits, counted, was_full: AtomicBool::new(false) };
    let booked = match counted {
        None => book_at_once(s, &snapshot, &wanted, claim.as_ref()).await?,
        Some(_) => None,
    };
    let booked = match booked {
        Some(booked) => booked,
        None => book_locked(s, provider_id, &wanted, claim.as_ref()).await?,
    };
    if let Some(turn) = turn.filter(|_| !booked.is_repeated) {
        turn.made();
    }
    Ok(booked)
}

/// What the same request was answered before, if it was. For who may book no more: to ask again is not to book again.
pub async fn booked_before(
    s: &Services,
    actor: &Actor,
    new: &NewBooking,
    repeat: &Repeatable,
) -> Result<Option<Booked>, Error> {
    let provider_id = snapshot_of(s, &new.provider).await?.provider.provider_id;
    let mut tx = s.pool.begin().await?;
    let before = claim(actor, repeat, provider_id).begin(&mut tx, s.clock.now()).await?;
    tx.rollback().await?;
    Ok(before)
}

/// A provider's keys are their own; of anybody else nothing is known but where they are.
fn claim<'a>(actor: &Actor, repeat: &'a Repeatable, provider_id: Uuid) -> Claim<'a> {
    let scope = match actor {
        Actor::Provider(actor) => format!("bookings of {actor}"),
        Actor::Anonymous | Actor::Guest { .. } => repeat.anonymous_scope("bookings"),
    };
    Claim::new(repeat, provider_id, &scope)
}

/// A booking as it is asked for, and the limits of who asks.
struct Wanted<'a> {
    new: &'a NewBooking,
    limits: Option<GuestLimits>,
    counted: Option<&'a Turn>,
    /// The database had no seat where the snapshot had one.
    was_full: AtomicBool,
}

/// `None` when it has to be judged under the lock.
async fn book_at_once(
    s: &Services,
    snapshot: &Arc<Snapshot>,
    wanted: &Wanted<'_>,
    claim: Option<&Claim<'_>>,
) -> Result<Option<Booked>, Error> {
    let now = s.clock.now();
    let Ok(plan) = Plan::new(snapshot, wanted.new, wanted.limits, now) else { return Ok(None) };
    if snapshot.has_expired_holds(plan.appointment.blocked, now) {
        return Ok(None);
    }
    let booked = booked(snapshot.provider.provider_id, wanted.new, &plan, now);
    let token = ids::hash(&booked.manage_token);
    let seat = seat(snapshot, &booked.booking, &plan, &token)?;
    let (event, next) = (event(&booked.booking), after(snapshot, &plan));
    let change = Change { answer: &booked, event, changed: plan.changed, next };
    let statement = async |at: AtOnce<'_>| store::bookings::book_at_once(at, &seat).await;
    let is_booked = change_at_once(s, snapshot, now, claim, change, statement).await?;
    Ok(is_booked.then_some(booked))
}

async fn book_locked(
    s: &Services,
    provider_id: Uuid,
    wanted: &Wanted<'_>,
    claim: Option<&Claim<'_>>,
) -> Result<Booked, Error> {
    match change_or_repeat(s, Calendar::Known(provider_id), claim, |tx| judged(tx, wanted)).await {
        Ok(Answered { answer, is_repeated }) => Ok(Booked { is_repeated, ..answer }),
        Err(error)
            if error.constraint() == Some("appointment_no_overlap") || wanted.was_full.load(Ordering::Relaxed) =>
        {
            Err(taken_after_all(s, provider_id, wanted.new).await?.into())
        }
        Err(error) => Err(error),
    }
}

async fn judged(mut tx: CalendarTx, wanted: &Wanted<'_>) -> Result<Done<Booked>, Error> {
    let (provider_id, now, new) = (tx.provider_id(), tx.now(), wanted.new);
    if let Some((limits, turn)) = wanted.limits.zip(wanted.counted)
        && let most = limits.an_hour.saturating_sub(turn.unseen()).max(1)
        && let Some(oldest) = made_lately(&mut tx, &new.guest.email, most).await?
    {
        return Err(Problem::RateLimited { retry_after_seconds: seconds_until(oldest + LATELY, now) }.into());
    }
    let snapshot = tx.snapshot().await?;
    let plan = Plan::new(&snapshot, new, wanted.limits, now)?;
    if snapshot.has_expired_holds(plan.appointment.blocked, now) {
        store::bookings::release_expired(&mut tx, plan.appointment.blocked).await?;
    }
    let booked = booked(provider_id, new, &plan, now);
    let token = ids::hash(&booked.manage_token);
    let mut seat = seat(&snapshot, &booked.booking, &plan, &token)?;
    if plan.joins {
        let (group, capacity) = (seat.appointment_id, seat.capacity);
        let Some(free) = store::bookings::free_seat(tx.db(), provider_id, group, capacity).await? else {
            // The version is locked: a group has fewer seats than it seemed. Looked at again after the lock.
            wanted.was_full.store(true, Ordering::Relaxed);
            return Err(slot_taken(&snapshot, new, now).into());
        };
        seat.seat = free;
    }
    store::bookings::book(&mut tx, &seat).await?;
    tx.tell(event(&booked.booking));
    tx.changed(plan.changed);
    tx.moves_to(after(&snapshot, &plan));
    Ok(tx.done(booked))
}

/// When the oldest of the guest's last `most` bookings was made, if that is less than an hour ago.
async fn made_lately(tx: &mut CalendarTx, email: &str, most: u32) -> Result<Option<DateTime<Utc>>, Error> {
    let (provider_id, since) = (tx.provider_id(), tx.now() - LATELY);
    let first_id = ids::first_of(since);
    Ok(store::bookings::nth_newest(tx.db(), provider_id, email, first_id, since, most.into()).await?)
}

fn booked(provider_id: Uuid, new: &NewBooking, plan: &Plan, now: DateTime<Utc>) -> Booked {
    let booking = Booking {
        booking_id: ids::new_id(now),
        reference: ids::reference(),
        provider_id,
        offering_id: plan.appointment.offering_id,
        title: plan.title.clone(),
        location: plan.location.clone(),
        status: plan.status,
        start: plan.appointment.during.start(),
        end: plan.appointment.during.end(),
        duration_minutes: new.duration_minutes,
        guest: new.guest.clone(),
        reason: None,
        cancelled_by: None,
        sequence: 0,
        created_at: now,
        updated_at: now,
    };
    Booked { booking, manage_token: ids::manage_token(provider_id), is_repeated: false }
}

fn event(booking: &Booking) -> Event {
    let booking = booking.clone();
    match booking.status {
        BookingStatus::Pending => Event::BookingRequested { booking },
        _ => Event::BookingConfirmed { booking },
    }
}

/// Of a group the seat after those that are taken: the next one where nobody has given theirs back.
fn seat<'a>(
    snapshot: &'a Snapshot,
    booking: &'a Booking,
    plan: &Plan,
    manage_token_hash: &'a [u8],
) -> Result<NewSeat<'a>, Error> {
    let zone = &snapshot.provider.time_zone;
    Ok(NewSeat {
        agreed: (zone.local(booking.start), zone),
        booking,
        appointment_id: plan.appointment.appointment_id,
        blocked: plan.appointment.blocked,
        capacity: i32::try_from(plan.appointment.capacity).map_err(store::unreadable)?,
        seat: i32::try_from(plan.appointment.seats_taken).map_err(store::unreadable)?,
        joins: plan.joins,
        manage_token_hash,
    })
}

/// What is in memory moves on by this booking, without asking the database.
fn after(snapshot: &Snapshot, plan: &Plan) -> Snapshot {
    let appointment = plan.appointment.clone();
    snapshot.after(appointment.appointment_id, Some(appointment), plan.changed).seated(plan.seat)
}

/// The database refused what the rules allowed: somebody wrote past the calendar's version. What is
/// in memory is read again, so that the next guest is not misled.
async fn taken_after_all(s: &Services, provider_id: Uuid, new: &NewBooking) -> Result<Problem, Error> {
    let now = s.clock.now();
    let loaded = Snapshot::load(&s.pool, provider_id, Snapshot::coverage(now), now).await?;
    let snapshot = s.snapshots.put(provider_id, loaded.ok_or(Problem::NotFound)?);
    Ok(slot_taken(&snapshot, new, now))
}
