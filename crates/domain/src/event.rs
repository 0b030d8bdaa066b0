//! What happened to a calendar and leaves the house: told to the outbox within the change, sent after its commit.

use serde::{Deserialize, Serialize};

use crate::Booking;

/// With all that a reader needs, as it was then. In the outbox its name is the topic and the rest the payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Event {
    /// The provider has to approve it.
    #[serde(rename = "booking.requested")]
    BookingRequested { booking: Booking },
    #[serde(rename = "booking.confirmed")]
    BookingConfirmed { booking: Booking },
    #[serde(rename = "booking.cancelled")]
    BookingCancelled { booking: Booking },
}
