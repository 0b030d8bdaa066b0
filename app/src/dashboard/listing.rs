//! Keeps a list of bookings fresh. It is read in pages; when something changed it is read again as far
//! as it is shown, so that no row that is open, or typed into, goes because others come.

use domain::Problem;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::focus::keep_focus;
use super::retry::Retry;
use crate::error::ApiError;
use crate::live::{Connection, Live};
use crate::server_functions::own_bookings::{ShelfPage, list_bookings};
use domain::dashboard::{Shelf, ShownBooking};

/// What the address asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub shelf: Shelf,
    pub search: String,
    /// Where the list begins, for a browser without JavaScript; with it the list is always whole.
    pub cursor: String,
}

impl Asked {
    pub async fn page(&self, cursor: String) -> Result<ShelfPage, ApiError> {
        list_bookings(self.shelf.name().to_owned(), self.search.clone(), cursor).await
    }
}

#[derive(Clone, Copy)]
pub struct Listing {
    /// All pages shown, as one.
    pub page: RwSignal<ShelfPage>,
    pub error: RwSignal<Option<ApiError>>,
    pub busy: RwSignal<bool>,
    asked: Memo<Asked>,
    /// What the page shown was asked by.
    answered: StoredValue<Asked>,
    /// The version that the live feed knows of.
    newest: Memo<i64>,
    /// How many pages are wanted.
    pages: StoredValue<usize>,
    /// The last row when the provider last asked for rows; what is read again goes at least so far.
    end: StoredValue<Option<ShownBooking>>,
    /// Asked again while busy: what is on its way may already be old.
    again: StoredValue<bool>,
    retry: Retry,
}

impl Listing {
    pub fn new(first: ShelfPage, asked: Memo<Asked>, live: Live) -> Self {
        let listing = Self {
            end: StoredValue::new(first.items.last().cloned()),
            page: RwSignal::new(first),
            error: RwSignal::new(None),
            busy: RwSignal::new(false),
            asked,
            answered: StoredValue::new(asked.get_untracked()),
            newest: Memo::new(move |_| live.state.with(|state| state.version)),
            pages: StoredValue::new(1),
            again: StoredValue::new(false),
            retry: Retry::new(),
        };
        let start_over = move |_: &Asked, _: Option<&Asked>, _| {
            listing.pages.set_value(1);
            listing.end.set_value(None);
            listing.reload();
        };
        Effect::watch(move || asked.get(), start_over, false);
        let ahead = move |newest: &i64| listing.page.with_untracked(|page| page.live.version < *newest);
        let changed = move |newest: &i64, _: Option<&i64>, _| {
            if ahead(newest) {
                listing.reload()
            }
        };
        Effect::watch(move || listing.newest.get(), changed, false);
        // The same bookings by other clocks.
        let zones = Memo::new(move |_| live.state.with(|state| state.zones.clone()));
        Effect::watch(move || zones.get(), move |_, _, _| listing.reload(), false);
        let failed = move || listing.error.with_untracked(Option::is_some);
        let back = move |now: &Connection, _: Option<&Connection>, _| {
            if *now == Connection::Live && failed() {
                listing.reload();
            }
        };
        Effect::watch(move || live.connection.get(), back, false);
        listing
    }

    /// Goes on from where the list ends.
    pub fn more(self) {
        self.pages.update_value(|pages| *pages += 1);
        self.end.set_value(None);
        self.start(true);
    }

    /// Reads all pages again. Any number of calls while one is on its way make one more.
    pub fn reload(self) {
        self.start(false);
    }

    fn start(self, mut only_more: bool) {
        // The page may be gone when a retry comes, or an answer: then its signals are too.
        let Some(busy) = self.busy.try_get_untracked() else { return };
        if busy {
            self.again.set_value(true);
            return;
        }
        self.retry.cancel();
        self.busy.set(true);
        spawn_local(async move {
            while let Some(asked) = self.asked.try_get_untracked() {
                self.again.try_set_value(false);
                let answer = self.read(&asked, std::mem::take(&mut only_more)).await;
                if self.again.try_get_value() == Some(true) {
                    continue;
                }
                self.take(asked, answer);
                break;
            }
            self.busy.try_set(false);
        });
    }

    /// The whole, and how many pages it is. Its version is that of its first page, the oldest.
    async fn read(self, asked: &Asked, only_more: bool) -> Result<(ShelfPage, usize), ApiError> {
        let wanted = self.pages.try_get_value().unwrap_or(1);
        let end = self.end.try_get_value().flatten();
        let shown = if only_more { self.page.try_get_untracked() } else { None };
        let (mut whole, mut pages) = match shown {
            Some(shown) => (shown, wanted - 1),
            None => (asked.page(asked.cursor.clone()).await?, 1),
        };
        while let Some(cursor) = whole.next_cursor.take() {
            if pages >= wanted && end.as_ref().is_none_or(|end| reaches(&whole.items, end, asked.shelf)) {
                whole.next_cursor = Some(cursor);
                break;
            }
            append(&mut whole, asked.page(cursor).await?);
            pages += 1;
        }
        Ok((whole, pages))
    }

    /// What failed, or is older than what is known, is asked for again after a while.
    fn take(self, asked: Asked, answer: Result<(ShelfPage, usize), ApiError>) {
        let is_settled = match answer {
            Ok((fresh, pages)) => {
                let version = fresh.live.version;
                let is_same_list = self.answered.try_get_value().is_some_and(|answered| answered == asked);
                let is_older = self.page.try_with_untracked(|page| version < page.live.version).unwrap_or(true);
                self.error.try_set(None);
                if !(is_same_list && is_older) {
                    self.show(asked, fresh, pages);
                }
                !is_older && self.newest.try_get_untracked().is_none_or(|newest| version >= newest)
            }
            Err(error) => {
                let is_signed_out = error.0 == Problem::Unauthenticated;
                self.error.try_set(Some(error));
                is_signed_out
            }
        };
        if is_settled {
            self.retry.worked();
        } else {
            self.retry.later(move || self.reload());
        }
    }

    fn show(self, asked: Asked, fresh: ShelfPage, pages: usize) {
        self.answered.try_set_value(asked);
        self.pages.try_set_value(pages);
        self.end.try_update_value(|end| {
            if end.is_none() {
                *end = fresh.items.last().cloned();
            }
        });
        keep_focus();
        self.page.try_set(fresh);
    }
}

/// Whether the list goes as far as a row that it once ended with, or past the place of one that is gone.
fn reaches(items: &[ShownBooking], end: &ShownBooking, shelf: Shelf) -> bool {
    let is_end = |item: &ShownBooking| item.booking.booking_id == end.booking.booking_id;
    items.last().is_some_and(|last| match shelf {
        Shelf::Upcoming => last.booking.start > end.booking.start,
        Shelf::Past | Shelf::Cancelled | Shelf::All => last.booking.start < end.booking.start,
    }) || items.iter().any(is_end)
}

/// A row that is there already keeps its place: the list is keyed by them.
fn append(whole: &mut ShelfPage, next: ShelfPage) {
    for item in next.items {
        if whole.items.iter().all(|known| known.booking.booking_id != item.booking.booking_id) {
            whole.items.push(item);
        }
    }
    whole.next_cursor = next.next_cursor;
}

#[cfg(test)]
mod tests {
    use domain::Booking;
    use domain::live::{LiveState, Profile};
    use uuid::Uuid;

    use super::*;

    /// That begins at this minute past ten.
    fn booked(id: u128, minute: u32) -> ShownBooking {
        let at = format!("2026-11-23T10:{minute:02}:00");
        let booking: Booking = serde_json::from_value(serde_json::json!({
            "booking_id": Uuid::from_u128(id), "reference": "K7QM-2XWD", "provider_id": Uuid::nil(),
            "offering_id": Uuid::nil(), "status": "confirmed", "start": format!("{at}Z"), "end": "2026-11-23T12:00:00Z",
            "duration_minutes": 30, "guest": { "name": "Grace", "email": "grace@example.com" },
            "created_at": "2026-11-20T12:00:00Z", "updated_at": "2026-11-20T12:00:00Z",
        }))
        .unwrap();
        ShownBooking {
            booking,
            start: at.parse().unwrap(),
            end: at.parse().unwrap(),
            clocks: None,
            offering: String::new(),
        }
    }

    fn page(items: Vec<ShownBooking>, version: i64, next_cursor: Option<&str>) -> ShelfPage {
        let provider = serde_json::from_value(serde_json::json!({
            "provider_id": Uuid::nil(), "handle": "ada", "display_name": "Ada", "bio": "", "time_zone": "Europe/Paris",
        }))
        .unwrap();
        let profile = Profile { provider, offerings: Vec::new() };
        ShelfPage {
            items,
            next_cursor: next_cursor.map(str::to_owned),
            now: "2026-11-23T09:00:00".parse().unwrap(),
            public_url: String::new(),
            live: LiveState { version, profile, openings: domain::Openings::default(), zones: String::new() },
        }
    }

    #[test]
    fn a_list_reaches_its_end_row_or_passes_where_it_was() {
        let end = booked(9, 30);
        assert!(!reaches(&[], &end, Shelf::Upcoming));
        assert!(!reaches(&[booked(1, 10), booked(2, 30)], &end, Shelf::Upcoming));
        assert!(reaches(&[booked(1, 10), booked(9, 30)], &end, Shelf::Upcoming));
        assert!(reaches(&[booked(1, 10), booked(2, 40)], &end, Shelf::Upcoming));
        assert!(!reaches(&[booked(1, 50), booked(2, 40)], &end, Shelf::Past));
        assert!(reaches(&[booked(1, 50), booked(2, 20)], &end, Shelf::Past));
    }

    #[test]
    fn pages_read_one_by_one_are_as_old_as_the_first() {
        let mut whole = page(vec![booked(1, 10), booked(2, 20)], 4, Some("b"));
        append(&mut whole, page(vec![booked(2, 20), booked(3, 30)], 6, None));
        let ids: Vec<u128> = whole.items.iter().map(|item| item.booking.booking_id.as_u128()).collect();
        assert_eq!((ids, whole.live.version, whole.next_cursor), (vec![1, 2, 3], 4, None));
    }
}
