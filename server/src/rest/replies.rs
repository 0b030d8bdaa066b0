//! What answers look like where they are not a thing of `domain` as it is.

use chrono::{DateTime, Utc};
use domain::problem::Reason;
use domain::{Booking, Offering, Page, Provider, PublicProvider, Slot, Window};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A new provider with their first API token.
#[derive(Serialize, ToSchema)]
pub struct SignedUp {
    pub provider: Provider,
    /// Shown this once.
    pub token: String,
}

impl From<service::providers::SignedUp> for SignedUp {
    fn from(signed_up: service::providers::SignedUp) -> Self {
        Self { provider: signed_up.provider, token: signed_up.token }
    }
}

/// A provider with their active offerings.
#[derive(Serialize, ToSchema)]
pub struct Profile {
    #[serde(flatten)]
    pub provider: PublicProvider,
    pub offerings: Vec<Offering>,
}

impl From<domain::live::Profile> for Profile {
    fn from(profile: domain::live::Profile) -> Self {
        Self { provider: profile.provider, offerings: profile.offerings }
    }
}

#[derive(Serialize, ToSchema)]
pub struct CreatedToken {
    pub token_id: Uuid,
    /// Shown this once.
    pub token: String,
}

impl From<service::tokens::CreatedToken> for CreatedToken {
    fn from(created: service::tokens::CreatedToken) -> Self {
        Self { token_id: created.token_id, token: created.token }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Token {
    pub token_id: Uuid,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

impl From<domain::provider::TokenInfo> for Token {
    fn from(token: domain::provider::TokenInfo) -> Self {
        Self { token_id: token.token_id, name: token.name, created_at: token.created_at }
    }
}

/// When a provider can be booked. The service sends it ready made (`service::availability::openings`).
#[derive(Serialize, ToSchema)]
pub struct Openings {
    pub provider_id: Uuid,
    /// Of the calendar: raised by whatever changes what guests may see.
    pub version: i64,
    /// In which dates were read.
    #[schema(example = "Europe/London")]
    pub time_zone: String,
    pub offering_id: Uuid,
    pub duration_minutes: u32,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Open time less closed and taken time.
    pub windows: Vec<Window>,
    /// The starts that can be booked now.
    pub slots: Vec<Slot>,
}

#[derive(Serialize, ToSchema)]
pub struct Explanation {
    pub bookable: bool,
    /// Empty when it is.
    pub reasons: Vec<Reason>,
}

impl From<service::availability::Explanation> for Explanation {
    fn from(explanation: service::availability::Explanation) -> Self {
        Self { bookable: explanation.bookable, reasons: explanation.reasons }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Deleted {
    pub deleted: Uuid,
    /// Bookings that stand and no longer lie in open time.
    pub orphaned_bookings: Vec<Uuid>,
}

impl From<service::availability::Deleted> for Deleted {
    fn from(gone: service::availability::Deleted) -> Self {
        Self { deleted: gone.deleted, orphaned_bookings: gone.orphaned_bookings }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Booked {
    pub booking: Booking,
    /// Acts on this one booking, as a Bearer token; shown this once.
    pub manage_token: String,
    /// The page on which the guest can see and cancel it.
    #[schema(format = "uri")]
    pub manage_url: String,
    /// The booking as a calendar file.
    #[schema(format = "uri")]
    pub ics_url: String,
}

/// The same page of other items.
pub fn page<T: Into<U>, U>(page: Page<T>) -> Page<U> {
    Page { items: page.items.into_iter().map(Into::into).collect(), next_cursor: page.next_cursor }
}
