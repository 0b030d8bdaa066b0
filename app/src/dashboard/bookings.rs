//! The provider's bookings as a list: to come, past, cancelled, and all that a search finds.

use chrono::NaiveDate;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;

use super::booking_details::{BookingDetails, CancelForm, status_label};
use super::listing::{Asked, Listing};
use super::ui::{Failure, PageFailure};
use crate::address::query;
use crate::calendar::range;
use crate::components::{Copyable, LiveBadge, isolated};
use crate::live::use_live;
use crate::local_time::full_date_label;
use crate::server_functions::own_bookings::{CancelOwnBooking, ShelfPage};
use domain::dashboard::{Shelf, ShownBooking};

const TABS: [(Shelf, &str); 4] =
    [(Shelf::Upcoming, "Upcoming"), (Shelf::Past, "Past"), (Shelf::Cancelled, "Cancelled"), (Shelf::All, "All")];

#[component]
pub fn BookingsPage() -> impl IntoView {
    let map = use_query_map();
    let asked = Memo::new(move |_| {
        map.with(|query| Asked {
            shelf: Shelf::named(&query.get("show").unwrap_or_default()),
            search: query.get("search").unwrap_or_default(),
            cursor: query.get("cursor").unwrap_or_default(),
        })
    });
    let first = Resource::new_blocking(
        || (),
        move |_| {
            let asked = asked.get_untracked();
            async move { asked.page(asked.cursor.clone()).await }
        },
    );
    // What is searched for is searched for in whichever tab is opened next.
    let tabs = TABS.map(|(shelf, label)| {
        let current = move || asked.with(|asked| asked.shelf == shelf).then_some("page");
        let href = move || {
            let query = asked.with(|asked| query([("show", shelf.name()), ("search", &asked.search)]));
            format!("/dashboard/bookings{query}")
        };
        view! { <a href=href aria-current=current>{label}</a> }
    });
    view! {
        <Title text="Bookings"/>
        <div class="toolbar">
            <h1 tabindex="-1">"Bookings"</h1>
            <nav class="tabs" aria-label="Which bookings">{tabs}</nav>
            <Form method="GET" action="/dashboard/bookings" attr:role="search" attr:class="search">
                <input type="hidden" name="show" value=Shelf::All.name()/>
                <input type="search" name="search" aria-label="Name, e-mail or reference" placeholder="Name, e-mail or reference"
                    value=move || asked.with(|asked| asked.search.clone())/>
                <button type="submit" class="button">"Search"</button>
            </Form>
        </div>
        <Suspense fallback=|| view! { <div class="booking-list skeleton" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match first.await {
                    Ok(first) => view! { <List first asked/> }.into_any(),
                    Err(error) => view! { <PageFailure error/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn List(first: ShelfPage, asked: Memo<Asked>) -> AnyView {
    let live = use_live(first.live.clone());
    let listing = Listing::new(first, asked, live);
    let Listing { page, error, busy, .. } = listing;
    let cancel = ServerAction::<CancelOwnBooking>::new();
    Effect::new(move |_| {
        if cancel.value().with(|value| matches!(value, Some(Ok(_)))) {
            listing.reload();
        }
    });
    let done = move || {
        cancel.value().with(|value| match value {
            Some(Ok(cancelled)) => format!("The booking of {} is cancelled.", cancelled.guest.name),
            _ => String::new(),
        })
    };
    let more_href = move || {
        page.with(|page| page.next_cursor.clone()).map(|cursor| {
            let Asked { shelf, search, .. } = asked.get();
            let wanted = [("show", shelf.name()), ("search", &search), ("cursor", &cursor)];
            format!("/dashboard/bookings{}", query(wanted))
        })
    };
    let lines = Memo::new(move |_| page.with(|page| lines(&page.items)));
    let is_empty = Memo::new(move |_| page.with(|page| page.items.is_empty()));
    let line = move |line: Line| match line {
        Line::Day(day) => view! { <h2 class="booking-day">{full_date_label(day)}</h2> }.into_any(),
        Line::Booked(booked) => view! { <Row booked=*booked cancel/> }.into_any(),
    };
    view! {
        <LiveBadge connection=live.connection/>
        <p class="visually-hidden" role="status">{done}</p>
        <Failure error/>
        <div class="booking-list" aria-busy=move || busy.get().then_some("true")>
            <For each=move || lines.get() key=Line::key children=line/>
        </div>
        {move || is_empty.get().then(|| view! { <Nothing page asked/> })}
        {move || more_href().map(|href| view! {
            <p class="load-more"><a class="button" href=href on:click=move |event| {
                event.prevent_default();
                listing.more();
            }>"Load more"</a></p>
        })}
    }
    .into_any()
}

/// A line of the list. Each is known by what it is of: a row that is open, or typed into, stays so
/// while others come and go, and never becomes that of another booking.
#[derive(Clone, PartialEq)]
enum Line {
    Day(NaiveDate),
    Booked(Box<ShownBooking>),
}

impl Line {
    fn key(&self) -> String {
        match self {
            Self::Day(day) => day.to_string(),
            Self::Booked(booked) => format!("{} {}", booked.booking.booking_id, booked.booking.updated_at),
        }
    }
}

/// The bookings, each day under its name.
fn lines(items: &[ShownBooking]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut last_day = None;
    for booked in items {
        let day = booked.start.date();
        if last_day.replace(day) != Some(day) {
            lines.push(Line::Day(day));
        }
        lines.push(Line::Booked(Box::new(booked.clone())));
    }
    lines
}

#[component]
fn Row(booked: ShownBooking, cancel: ServerAction<CancelOwnBooking>) -> AnyView {
    let id = booked.booking.booking_id;
    let (status, badge) = status_label(booked.booking.status);
    let can_cancel = booked.booking.status.is_active();
    let name = booked.booking.guest.name.clone();
    let summary = view! {
        <b class="booking-time">{range(booked.start, booked.end, &booked.clocks)}</b>
        <span class="booking-name">{name}</span>
        <span class="booking-what">{booked.offering.clone()}</span>
        <span class=badge>{status}</span>
    };
    view! {
        <details class="booking-row">
            <summary>{summary}</summary>
            <div class="booking-more">
                <BookingDetails booked/>
                {can_cancel.then(|| view! { <CancelForm id cancel/> })}
            </div>
        </details>
    }
    .into_any()
}

#[component]
fn Nothing(page: RwSignal<ShelfPage>, asked: Memo<Asked>) -> AnyView {
    let Asked { shelf, search, .. } = asked.get_untracked();
    if !search.is_empty() {
        return view! { <div class="empty"><h2>"Nobody found"</h2><p>"No booking here matches “"{isolated(search)}"”."</p></div> }.into_any();
    }
    match shelf {
        Shelf::Upcoming => view! {
            <div class="empty">
                <h2>"No bookings yet"</h2>
                <p>"Share your page, and whoever opens it can book one of your free times."</p>
                <Copyable text=page.with_untracked(|page| page.public_url.clone()) label="Address of your public page"/>
            </div>
        }
        .into_any(),
        Shelf::Past => view! { <div class="empty"><h2>"Nothing has been yet"</h2><p>"Bookings come here when their time is over."</p></div> }.into_any(),
        Shelf::Cancelled => view! { <div class="empty"><h2>"Nothing was cancelled"</h2></div> }.into_any(),
        Shelf::All => view! { <div class="empty"><h2>"No bookings yet"</h2></div> }.into_any(),
    }
}
