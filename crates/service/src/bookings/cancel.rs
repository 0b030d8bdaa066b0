//! Giving a booked time back.

use domain::calendar::Appointment;
use domain::{Booking, Event, Problem, Side, TimeRange};
use uuid::Uuid;

use super::guests::GuestKey;
use super::plan::changed_by;
use super::provider_for;
use crate::change::{CalendarTx, Done, change};
use crate::snapshot::{Seat, Snapshot};
use crate::{Actor, Error, Services, store};

/// Frees the time at once. `invalid-transition` when it is not active, and for its guest when it is over.
pub async fn cancel(s: &Services, actor: &Actor, booking_id: Uuid, reason: Option<String>) -> Result<Booking, Error> {
    let provider_id = provider_for(s, actor, booking_id).await?;
    let by = match actor {
        Actor::Provider(_) => Side::Provider,
        Actor::Guest { .. } | Actor::Anonymous => Side::Guest,
    };
    change(s, provider_id, None, |tx| judged(tx, booking_id, by, reason.clone())).await
}

async fn judged(
    mut tx: CalendarTx,
    booking_id: Uuid,
    by: Side,
    reason: Option<String>,
) -> Result<Done<Booking>, Error> {
    let (provider_id, now) = (tx.provider_id(), tx.now());
    let standing = store::bookings::standing(tx.db(), provider_id, booking_id).await?.ok_or(Problem::NotFound)?;
    let appointment_id = standing.appointment_id;
    let booking = standing.booking.cancel(by, reason, now).map_err(Problem::from)?;

    let freed = store::bookings::cancel(&mut tx, &booking, appointment_id).await?;
    let during = TimeRange::new(booking.start, booking.end).map_err(|_| Problem::NotFound)?;
    let changed = changed_by(standing.blocked, during, standing.daily_limit, &standing.provider_zone);
    tx.tell(Event::BookingCancelled { booking: booking.clone() });
    tx.changed(changed);
    if let Some(before) = tx.known_snapshot() {
        tx.moves_to(after(&before, &booking, appointment_id, freed, changed));
    }
    Ok(tx.done(booking))
}

/// The snapshot without the seat, and without the appointment where that is free now.
fn after(before: &Snapshot, booking: &Booking, appointment_id: Uuid, freed: bool, changed: TimeRange) -> Snapshot {
    let others = before.calendar.appointments.iter().find(|other| other.appointment_id == appointment_id);
    let left = others.filter(|_| !freed);
    let left = left.map(|left| Appointment { seats_taken: left.seats_taken.saturating_sub(1), ..left.clone() });
    let seat = Seat { appointment_id, start: booking.start, guest: GuestKey::of(&booking.guest.email) };
    before.after(appointment_id, left, changed).left(seat)
}
