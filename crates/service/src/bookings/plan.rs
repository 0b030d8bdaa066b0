//! Whether a booking is allowed, and what exactly it would write: judged by the domain's rules.

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::Appointment;
use domain::openings::MAX_BUFFER_MINUTES;
use domain::problem::ReasonCode;
use domain::{Approval, BookingStatus, NewBooking, Offering, Problem, TimeRange, TimeZone, slots};

use super::guests::GuestKey;
use crate::snapshot::{Seat, Snapshot};
use crate::{GuestLimits, ids};

/// A booking that the rules allow at one version of the calendar.
pub struct Plan {
    /// As it will be, this guest's seat taken.
    pub appointment: Appointment,
    /// Whether it is another guest's appointment too.
    pub joins: bool,
    pub status: BookingStatus,
    /// Of the offering, as they are said now.
    pub title: String,
    pub location: String,
    /// The stretch in which windows will differ.
    pub changed: TimeRange,
    pub seat: Seat,
}

const MOST_ALTERNATIVES: usize = 5;

impl Plan {
    /// Problems: `not-found` (offering), `slot-taken`, `not-bookable`; `invalid` when the guest has all the seats that
    /// one may have, `rate-limited` when they have as many bookings ahead of them as one may have.
    pub fn new(
        snapshot: &Snapshot,
        new: &NewBooking,
        limits: Option<GuestLimits>,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let offering = find_offering(snapshot, new)?;
        if !slots::is_bookable(&snapshot.openings_for(new.start), offering, new.duration_minutes, new.start, now) {
            return Err(refusal(snapshot, offering, new, now));
        }
        let during =
            TimeRange::from_start(new.start, i64::from(new.duration_minutes)).map_err(|_| Problem::NotFound)?;
        let group = group_at(&snapshot.calendar.appointments, offering, during);
        let guest = GuestKey::of(&new.guest.email);
        if let Some(group) = group {
            refuse_more_seats(snapshot, offering, group, guest)?;
        }
        if let Some(limits) = limits {
            refuse_more_ahead(snapshot, guest, limits.upcoming as usize, now)?;
        }
        let appointment = match group {
            Some(group) => Appointment { seats_taken: group.seats_taken + 1, ..group.clone() },
            None => Appointment {
                appointment_id: ids::new_id(now),
                offering_id: offering.offering_id,
                during,
                blocked: during
                    .widened(i64::from(offering.buffer_before_minutes), i64::from(offering.buffer_after_minutes)),
                held: false,
                capacity: offering.capacity,
                seats_taken: 1,
            },
        };
        let status = match offering.approval {
            Approval::Automatic => BookingStatus::Confirmed,
            Approval::Manual => BookingStatus::Pending,
        };
        let limited = offering.daily_limit.is_some();
        let changed = changed_by(appointment.blocked, during, limited, &snapshot.provider.time_zone);
        let seat = Seat { appointment_id: appointment.appointment_id, start: during.start(), guest };
        let (title, location) = (offering.title.clone(), offering.location.clone());
        Ok(Self { joins: group.is_some(), appointment, status, title, location, changed, seat })
    }
}

fn refuse_more_seats(
    snapshot: &Snapshot,
    offering: &Offering,
    group: &Appointment,
    guest: GuestKey,
) -> Result<(), Problem> {
    let seats = snapshot.seats_of(guest).filter(|seat| seat.appointment_id == group.appointment_id).count();
    if seats < offering.seats_per_guest as usize {
        return Ok(());
    }
    let message = match offering.seats_per_guest {
        1 => "There is a booking for this time under this e-mail already: one seat a guest.".to_owned(),
        most => format!("There are {seats} bookings for this time under this e-mail already: at most {most} a guest."),
    };
    Err(Problem::field("guest.email", "already_booked", message))
}

/// There is room again when the first of them begins.
fn refuse_more_ahead(snapshot: &Snapshot, guest: GuestKey, most: usize, now: DateTime<Utc>) -> Result<(), Problem> {
    let mut ahead: Vec<_> = snapshot.seats_of(guest).map(|seat| seat.start).filter(|start| *start > now).collect();
    if ahead.len() < most {
        return Ok(());
    }
    ahead.sort_unstable();
    let room_at = ahead.get(ahead.len() - most).copied().unwrap_or(now);
    Err(Problem::RateLimited { retry_after_seconds: seconds_until(room_at, now) })
}

/// Whole ones, at least one.
pub fn seconds_until(then: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    u64::try_from((then - now).num_seconds()).unwrap_or_default() + 1
}

/// The stretch in which windows differ when `blocked` is taken or let go of: neighbours name what is
/// taken within the longest buffer, and a daily limit reaches over the whole local day.
pub fn changed_by(blocked: TimeRange, during: TimeRange, daily_limit: bool, zone: &TimeZone) -> TimeRange {
    let near = blocked.widened(MAX_BUFFER_MINUTES, MAX_BUFFER_MINUTES);
    let day = daily_limit.then(|| zone.day(zone.local(during.start()).date())).flatten();
    day.map_or(near, |day| near.hull(&day))
}

fn find_offering<'a>(snapshot: &'a Snapshot, new: &NewBooking) -> Result<&'a Offering, Problem> {
    let mut offerings = snapshot.calendar.offerings.iter();
    let found = match new.offering_id {
        Some(wanted) => offerings.find(|offering| offering.offering_id == wanted),
        None => offerings.find(|offering| offering.active),
    };
    found.ok_or(Problem::NotFound)
}

/// The appointment of this offering and time that has a seat left. They come in order of start.
fn group_at<'a>(appointments: &'a [Appointment], offering: &Offering, during: TimeRange) -> Option<&'a Appointment> {
    let first = appointments.partition_point(|appointment| appointment.during.start() < during.start());
    appointments[first..].iter().take_while(|appointment| appointment.during.start() == during.start()).find(|group| {
        group.offering_id == offering.offering_id
            && group.during == during
            && !group.held
            && group.seats_taken < group.capacity
    })
}

fn refusal(snapshot: &Snapshot, offering: &Offering, new: &NewBooking, now: DateTime<Utc>) -> Problem {
    let reasons = domain::explain::explain(&snapshot.calendar, offering, new.duration_minutes, new.start, now);
    let by_others = |code| matches!(code, ReasonCode::Taken | ReasonCode::Held | ReasonCode::Buffer | ReasonCode::Full);
    if reasons.iter().all(|reason| by_others(reason.code)) {
        Problem::SlotTaken { alternatives: alternatives(snapshot, offering, new, now) }
    } else {
        Problem::NotBookable { reasons }
    }
}

/// That the time is taken, with the nearest free ones.
pub fn slot_taken(snapshot: &Snapshot, new: &NewBooking, now: DateTime<Utc>) -> Problem {
    match find_offering(snapshot, new) {
        Ok(offering) => Problem::SlotTaken { alternatives: alternatives(snapshot, offering, new, now) },
        Err(problem) => problem,
    }
}

/// The nearest free slots: of the week around it, or when there are few, of the month.
fn alternatives(snapshot: &Snapshot, offering: &Offering, new: &NewBooking, now: DateTime<Utc>) -> Vec<TimeRange> {
    let mut nearest = Vec::new();
    for days in [7, 30] {
        let reach = TimeDelta::days(days);
        let Ok(around) = TimeRange::new(new.start - reach, new.start + reach) else { continue };
        let mut free = slots::slots(snapshot.openings(), offering, new.duration_minutes, around, now);
        free.retain(|slot| slot.start != new.start);
        nearest = slots::nearest(&free, new.start, MOST_ALTERNATIVES);
        if nearest.len() == MOST_ALTERNATIVES {
            break;
        }
    }
    nearest
}
