//! Bookings: made by guests, seen and cancelled by both sides.

mod book;
mod cancel;
mod guests;
mod plan;
mod shelf;

use domain::booking::BookingFilter;
use domain::{Booking, Page, Problem};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

pub use book::{book, booked_before};
pub use cancel::cancel;
pub(crate) use guests::{GuestKey, Lately};
pub(crate) use shelf::shown;
pub use shelf::{orphans, shelf};

use crate::paging::PageRequest;
use crate::{Actor, Error, Services, ids, store};

/// A new booking with the token that manages it, shown once. Doors add the URLs.
#[derive(Clone, Serialize, Deserialize)]
pub struct Booked {
    pub booking: Booking,
    pub manage_token: String,
    /// It was made before, by the same request: this is the same answer again.
    #[serde(skip)]
    pub is_repeated: bool,
}

/// The provider's, in order of start.
pub async fn list(
    s: &Services,
    actor: &Actor,
    mut filter: BookingFilter,
    page: PageRequest,
) -> Result<Page<Booking>, Error> {
    let provider_id = actor.provider()?;
    filter.search = filter.search.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let found = store::bookings::list(&s.pool, provider_id, &filter, page.after()?, page.rows()).await?;
    Ok(page.page(found, |booking| (booking.start, booking.booking_id)))
}

/// For its provider, or its guest by manage token; else `not-found`.
pub async fn get(s: &Services, actor: &Actor, booking_id: Uuid) -> Result<Booking, Error> {
    let provider_id = provider_for(s, actor, booking_id).await?;
    store::bookings::get(&s.pool, provider_id, booking_id).await?.ok_or(Problem::NotFound.into())
}

/// The provider within whom the actor may touch this booking.
async fn provider_for(s: &Services, actor: &Actor, booking_id: Uuid) -> Result<Uuid, Error> {
    let manage_token = match actor {
        Actor::Provider(provider_id) => return Ok(*provider_id),
        Actor::Anonymous => return Err(Problem::Unauthenticated.into()),
        Actor::Guest { manage_token } => manage_token,
    };
    let provider_id = ids::provider_of_manage_token(manage_token).ok_or(Problem::NotFound)?;
    let kept = store::bookings::manage_token_hash(&s.pool, provider_id, booking_id).await?.ok_or(Problem::NotFound)?;
    let right: bool = kept.ct_eq(&ids::hash(manage_token)).into();
    if right { Ok(provider_id) } else { Err(Problem::NotFound.into()) }
}
