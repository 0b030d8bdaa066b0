//! What can happen to a booking: each takes it by value and gives it back as it is afterwards, or says why not.
//!
//! Whether something is still possible may depend on the time: that is judged here and nowhere else, for every door.

use chrono::{DateTime, Utc};

use super::{Booking, BookingStatus, Side};

/// Not possible with a booking of this status, or no longer: a booking that is over stays what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not possible while the booking is {}", .0.as_str())]
pub struct InvalidTransition(pub BookingStatus);

impl Booking {
    /// Gives the time back. A guest can do so until the end of it; the provider keeps the books, and can later.
    pub fn cancel(self, by: Side, reason: Option<String>, now: DateTime<Utc>) -> Result<Self, InvalidTransition> {
        let is_over = by == Side::Guest && self.end <= now;
        if is_over || !self.status.is_active() {
            return Err(InvalidTransition(self.status));
        }
        Ok(Self { status: BookingStatus::Cancelled, reason, cancelled_by: Some(by), ..self.changed(now) })
    }

    fn changed(self, now: DateTime<Utc>) -> Self {
        Self { sequence: self.sequence + 1, updated_at: now, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn booking(status: BookingStatus) -> Booking {
        let json = serde_json::json!({
            "booking_id": "018f0000-0000-7000-8000-000000000001", "reference": "K7QM-2XWD",
            "provider_id": "018f0000-0000-7000-8000-000000000002",
            "offering_id": "018f0000-0000-7000-8000-000000000003", "status": status,
            "start": "2026-11-23T09:00:00Z", "end": "2026-11-23T09:30:00Z", "duration_minutes": 30,
            "guest": {"name": "Grace Hopper", "email": "grace@example.com"},
            "created_at": "2026-11-20T09:00:00Z", "updated_at": "2026-11-20T09:00:00Z",
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn cancelling_says_who_and_why_and_counts_the_change() {
        let before = booking(BookingStatus::Confirmed);
        let now = before.start - TimeDelta::hours(1);
        let cancelled = before.clone().cancel(Side::Guest, Some("ill".into()), now).unwrap();
        assert_eq!(cancelled.status, BookingStatus::Cancelled);
        assert_eq!((cancelled.cancelled_by, cancelled.reason.as_deref()), (Some(Side::Guest), Some("ill")));
        assert_eq!((cancelled.sequence, cancelled.updated_at), (before.sequence + 1, now));
        assert_eq!(
            cancelled.cancel(Side::Provider, None, now),
            Err(InvalidTransition(BookingStatus::Cancelled)),
            "once"
        );
    }

    #[test]
    fn a_guest_cannot_cancel_what_is_over_and_the_provider_can() {
        let booked = booking(BookingStatus::Confirmed);
        let end = booked.end;
        let cancel = |by, now| booked.clone().cancel(by, None, now).map(|booking| booking.status);
        assert_eq!(cancel(Side::Guest, end - TimeDelta::seconds(1)), Ok(BookingStatus::Cancelled));
        assert_eq!(cancel(Side::Guest, end), Err(InvalidTransition(BookingStatus::Confirmed)));
        assert_eq!(cancel(Side::Provider, end + TimeDelta::days(1)), Ok(BookingStatus::Cancelled));
    }

    #[test]
    fn only_what_stands_can_be_cancelled() {
        for status in [BookingStatus::Declined, BookingStatus::Completed, BookingStatus::NoShow] {
            let before = booking(status);
            let now = before.start - TimeDelta::hours(1);
            assert_eq!(before.cancel(Side::Guest, None, now), Err(InvalidTransition(status)));
        }
        assert!(booking(BookingStatus::Pending).cancel(Side::Guest, None, DateTime::UNIX_EPOCH).is_ok());
    }
}
