//! What a provider's own screens show, read at once. Local times are by the provider's clock: the browser has no zones.

#[cfg(feature = "zones")]
use chrono::TimeDelta;
use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::live::LiveState;
use crate::{AvailabilityEntry, Booking, Effect, Provider, PublicProvider};
#[cfg(feature = "zones")]
use crate::{Instant, TimeZone};

/// A week of a provider's calendar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Week {
    pub provider: Provider,
    pub monday: NaiveDate,
    /// What the provider's clock showed when this was read.
    pub now: NaiveDateTime,
    /// Those that have an occurrence in the week.
    pub entries: Vec<AvailabilityEntry>,
    pub hours: Vec<ShownHours>,
    /// Active ones, in order of start.
    pub bookings: Vec<ShownBooking>,
    /// Whether there are any entries at all, in whatever week.
    pub has_hours: bool,
    /// The offsets of the provider's zone and of those of series for the years around, as `Zones::lines` writes them.
    pub zones: String,
    /// Profile and version to follow; no openings.
    pub live: LiveState,
}

/// How many minutes clocks are ahead of UTC at the start of a stretch and at its end, where they are put back between
/// and the times alone would not tell which is meant.
pub type Clocks = Option<[i32; 2]>;

/// [`Clocks`] of a zone.
#[cfg(feature = "zones")]
pub fn clocks(start: Instant, end: Instant, zone: &TimeZone) -> Clocks {
    let shown = |at: Instant| zone.local(at);
    let ahead = |at: Instant| shown(at) - at.naive_utc();
    let back = ahead(start) - ahead(end);
    let is_put_back =
        back > TimeDelta::zero() && (shown(start + back) == shown(start) || shown(end - back) == shown(end));
    is_put_back.then(|| [ahead(start), ahead(end)].map(|ahead| ahead.num_minutes() as i32))
}

/// One occurrence of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownHours {
    pub availability_id: Uuid,
    pub effect: Effect,
    pub start: NaiveDateTime,
    pub end: NaiveDateTime,
    pub clocks: Clocks,
    /// The date by which a series knows it.
    pub date: Option<NaiveDate>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownBooking {
    pub booking: Booking,
    pub start: NaiveDateTime,
    pub end: NaiveDateTime,
    pub clocks: Clocks,
    /// The title of what was booked.
    pub offering: String,
}

/// Which bookings of one's own to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shelf {
    /// Active ones that are not over, the next first.
    #[default]
    Upcoming,
    /// What is over and was not called off, the latest first.
    Past,
    /// Cancelled and declined ones, the latest first.
    Cancelled,
    /// All there are, the latest first.
    All,
}

impl Shelf {
    /// By its name; `Upcoming` for any other.
    pub fn named(name: &str) -> Self {
        let all = [Self::Upcoming, Self::Past, Self::Cancelled, Self::All];
        all.into_iter().find(|shelf| shelf.name() == name).unwrap_or_default()
    }

    /// As an address has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::Past => "past",
            Self::Cancelled => "cancelled",
            Self::All => "all",
        }
    }
}

/// One page of a shelf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookingList {
    pub items: Vec<ShownBooking>,
    pub next_cursor: Option<String>,
    pub now: NaiveDateTime,
    pub provider: PublicProvider,
    /// The calendar's, when the list was read or before.
    pub version: i64,
}

/// A booking that no longer lies in open time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Orphan {
    pub booking_id: Uuid,
    pub guest: String,
    pub start: NaiveDateTime,
    pub end: NaiveDateTime,
    pub clocks: Clocks,
}
