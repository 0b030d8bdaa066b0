//! Giving a booked time back.

use domain::booking::Transition;
use domain::calendar::Appointment;
use domain::{Booking, Problem, TimeRange};
use serde_json::json;
use uuid::Uuid;

use super::guests::GuestKey;
use super::plan::changed_by;
use super::provider_for;
use crate::changes::Change;
use crate::retry::Attempts;
use crate::snapshot::Seat;
use crate::{Actor, Error, Services, ids, store};

/// Frees the time at once. `invalid-transition` when it is not active.
pub async fn cancel(s: &Services, actor: &Actor, booking_id: Uuid, reason: Option<String>) -> Result<Booking, Error> {
    let provider_id = provider_for(s, actor, booking_id).await?;
    let mut attempts = Attempts::default();
    loop {
        match try_cancel(s, provider_id, booking_id, reason.as_deref()).await {
            Err(error) if attempts.again(&error).await => {}
            done => return done,
        }
    }
}

async fn try_cancel(s: &Services, provider_id: Uuid, booking_id: Uuid, reason: Option<&str>) -> Result<Booking, Error> {
    let now = s.clock.now();
    let mut tx = s.pool.begin().await?;
    let version = store::calendar::bump(&mut *tx, provider_id).await?.ok_or(Problem::NotFound)?;
    let standing = store::bookings::standing(&mut *tx, provider_id, booking_id).await?.ok_or(Problem::NotFound)?;
    let (mut booking, blocked) = (standing.booking, standing.blocked);
    booking.status =
        booking.status.after(Transition::Cancel).map_err(|refused| Problem::InvalidTransition { status: refused.0 })?;
    booking.reason = reason.map(str::to_owned);
    booking.updated_at = now;

    let freed = store::bookings::cancel(&mut *tx, &booking, standing.appointment_id).await?;
    let message = json!({ "booking_id": booking_id });
    store::bookings::tell(&mut *tx, provider_id, ids::new_id(now), "booking.cancelled", &message, now).await?;
    let during = TimeRange::new(booking.start, booking.end).map_err(|_| Problem::NotFound)?;
    let changed = changed_by(blocked, during, standing.daily_limit, &standing.provider_zone);
    store::calendar::log(&mut *tx, provider_id, &Change { version, profile: false, changed }, now).await?;
    tx.commit().await?;

    if let Some(before) = s.snapshots.at(provider_id, version - 1, now) {
        let others = before.calendar.appointments.iter().find(|other| other.appointment_id == standing.appointment_id);
        let left = others.filter(|_| !freed);
        let left = left.map(|left| Appointment { seats_taken: left.seats_taken.saturating_sub(1), ..left.clone() });
        let seat = Seat {
            appointment_id: standing.appointment_id,
            start: booking.start,
            guest: GuestKey::of(&booking.guest.email),
        };
        s.snapshots.put(provider_id, before.after(standing.appointment_id, left, changed).left(seat));
    }
    s.committed(provider_id, version);
    Ok(booking)
}
