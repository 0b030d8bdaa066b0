//! One's own bookings as their page lists them: what is to come from the next on, the rest from the latest back.

use domain::dashboard::{BookingList, Orphan, Shelf, ShownBooking, clocks};
use domain::{Booking, BookingStatus, TimeZone};
use uuid::Uuid;

use crate::paging::PageRequest;
use crate::{Actor, Error, Services, snapshot, store};

const KEPT: [BookingStatus; 4] =
    [BookingStatus::Pending, BookingStatus::Confirmed, BookingStatus::Completed, BookingStatus::NoShow];
const CALLED_OFF: [BookingStatus; 2] = [BookingStatus::Cancelled, BookingStatus::Declined];

/// With `search`, only those whose guest's name, e-mail or reference contains it.
pub async fn shelf(
    s: &Services,
    actor: &Actor,
    shelf: Shelf,
    search: &str,
    page: PageRequest,
) -> Result<BookingList, Error> {
    let provider_id = actor.provider()?;
    // The version first: what changes while the rest is read has a higher one and makes the page ask again.
    let snapshot = snapshot::current(s, provider_id).await?;
    let (now, zone) = (s.clock.now(), &snapshot.provider.time_zone);
    let search = Some(search.trim()).filter(|search| !search.is_empty());
    let (db, after, rows) = (&s.pool, page.after()?, page.rows());
    let found = match shelf {
        Shelf::Upcoming => store::bookings::upcoming_page(db, provider_id, now, search, after, rows).await?,
        Shelf::Past => store::bookings::latest_page(db, provider_id, &KEPT, Some(now), search, after, rows).await?,
        Shelf::Cancelled => {
            store::bookings::latest_page(db, provider_id, &CALLED_OFF, None, search, after, rows).await?
        }
        Shelf::All => {
            let all = [&KEPT[..], &CALLED_OFF].concat();
            store::bookings::latest_page(db, provider_id, &all, None, search, after, rows).await?
        }
    };
    let page = page.page(found, |booking| (booking.start, booking.booking_id));
    Ok(BookingList {
        items: page.items.into_iter().map(|booking| shown(booking, zone)).collect(),
        next_cursor: page.next_cursor,
        now: zone.local(now),
        provider: snapshot.provider.clone(),
        version: snapshot.version,
    })
}

/// By name and by the provider's clock, in order of start; unknown ones are left out.
pub async fn orphans(s: &Services, actor: &Actor, bookings: &[Uuid]) -> Result<Vec<Orphan>, Error> {
    let provider_id = actor.provider()?;
    let zone = snapshot::current(s, provider_id).await?.provider.time_zone.clone();
    let found = store::bookings::among(&s.pool, provider_id, bookings).await?;
    let orphan = |booking: Booking| Orphan {
        booking_id: booking.booking_id,
        start: zone.local(booking.start),
        end: zone.local(booking.end),
        clocks: clocks(booking.start, booking.end, &zone),
        guest: booking.guest.name,
    };
    Ok(found.into_iter().map(orphan).collect())
}

/// By the provider's clock.
pub(crate) fn shown(booking: Booking, zone: &TimeZone) -> ShownBooking {
    ShownBooking {
        start: zone.local(booking.start),
        end: zone.local(booking.end),
        clocks: clocks(booking.start, booking.end, zone),
        offering: booking.title.clone(),
        booking,
    }
}
