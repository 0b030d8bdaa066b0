//! A guest's seat in an appointment.

mod transition;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Email, TimeZone};

pub use transition::InvalidTransition;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BookingStatus {
    Pending,
    Confirmed,
    Cancelled,
    Declined,
    Completed,
    NoShow,
}

impl BookingStatus {
    /// The name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Declined => "declined",
            Self::Completed => "completed",
            Self::NoShow => "no_show",
        }
    }

    /// Whether the booking keeps its time from others.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::Confirmed)
    }
}

impl std::str::FromStr for BookingStatus {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Pending, Self::Confirmed, Self::Cancelled, Self::Declined, Self::Completed, Self::NoShow]
            .into_iter()
            .find(|status| status.as_str() == name)
            .ok_or(())
    }
}

/// On whose behalf something is done with a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Side {
    Provider,
    Guest,
}

impl Side {
    /// The name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Guest => "guest",
        }
    }
}

impl std::str::FromStr for Side {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Provider, Self::Guest].into_iter().find(|side| side.as_str() == name).ok_or(())
    }
}

/// Who comes. Never shown on a public page or feed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Guest {
    pub name: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub email: Email,
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub notes: Option<String>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub time_zone: Option<TimeZone>,
}

/// A guest's contact must not reach a log, not even by `{:?}`.
impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guest(…)")
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Booking {
    pub booking_id: Uuid,
    /// Short and speakable, unique within the provider, such as `K7QM-2XWD`.
    pub reference: String,
    pub provider_id: Uuid,
    pub offering_id: Uuid,
    /// What was booked, and where it is, as the offering said it then.
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub location: String,
    pub status: BookingStatus,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub duration_minutes: u32,
    pub guest: Guest,
    /// What was said when it was cancelled or declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who cancelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_by: Option<Side>,
    /// 0, and one more with each change, as the `SEQUENCE` of iCalendar (RFC 5545, 3.8.7.4).
    #[serde(default)]
    pub sequence: u32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A booking as somebody asks for it, every field checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewBooking {
    /// The provider's id or handle.
    pub provider: String,
    /// The provider's first active offering when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offering_id: Option<Uuid>,
    pub start: DateTime<Utc>,
    pub duration_minutes: u32,
    pub guest: Guest,
}

/// Which bookings of a provider to list; all of them by default.
#[derive(Clone, Debug, Default)]
pub struct BookingFilter {
    /// Bookings that start in it.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub status: Option<BookingStatus>,
    /// Part of the guest's name, e-mail or the reference.
    pub search: Option<String>,
}
