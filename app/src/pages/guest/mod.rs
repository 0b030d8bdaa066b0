//! A provider's public page: what can be booked, the month, the times of a day, and the guest's details.

pub mod choice;
mod details;
mod month;
mod picker;
#[cfg(feature = "ssr")]
pub mod shared;
mod times;

use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::{use_params_map, use_query_map};

use self::details::Details;
use self::month::Month;
use self::picker::{Picker, Settings};
use self::times::Times;
use super::ProblemPage;
use crate::components::LiveBadge;
use crate::local_time::zone_label;
use crate::reactive::{flag, memo, text};
use crate::server_functions::bookings::{GuestData, guest_page};
use crate::zone_tables;

#[component]
pub fn GuestPage() -> impl IntoView {
    let params = use_params_map();
    let handle = memo(move || params.with(|params| params.get("handle").unwrap_or_default()));
    let query = use_query_map();
    let data = Resource::new(
        move || handle.get(),
        move |handle| guest_page(handle, query.with_untracked(|query| query.get("tz").unwrap_or_default())),
    );
    view! {
        <Suspense fallback=Skeleton>
            {move || Suspend::new(async move {
                match data.await.and_then(|data| data.read()) {
                    Ok(data) => view! { <Page data/> }.into_any(),
                    Err(error) => view! { <ProblemPage error what="Nobody can be booked here."/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Page(data: GuestData) -> AnyView {
    zone_tables::learn(&data.zones);
    let picker = Picker::new(&data);
    let name = picker.text(|chosen| chosen.provider.display_name.clone());
    let bio = picker.text(|chosen| chosen.provider.bio.clone());
    let no_bio = picker.flag(|chosen| chosen.provider.bio.is_empty());
    let initials = picker.text(|chosen| initials(&chosen.provider.display_name));
    let zone = picker.text(|chosen| zone_label(chosen.provider.time_zone.name()));
    let is_offered = picker.flag(|chosen| chosen.offering().is_some());
    // The server asks for the title last, when the signals of a page can be gone already.
    let first = name.get_untracked();
    let title = move || name.try_get().unwrap_or_else(|| first.clone());
    let description = text(move || format!("Book a time with {}.", name.get()));
    view! {
        <Title text=title/>
        <Meta name="description" content=description/>
        <article class="guest">
            <header class="guest-head">
                <span class="guest-initial" aria-hidden="true">{initials}</span>
                <div>
                    <h1>{name}</h1>
                    <p class="guest-meta"><span>{zone}</span> <LiveBadge connection=picker.live.connection/></p>
                </div>
                <p class="guest-bio" hidden=no_bio>{bio}</p>
            </header>
            <div class="empty" hidden=is_offered>
                <h2>"Nothing can be booked here yet"</h2>
                <p>"This page follows by itself: as soon as there is something, it appears."</p>
            </div>
            <div class="guest-body" hidden=flag(move || !is_offered.get())>
                <form id="picker" class="picker" method="get" on:submit=move |ev| picker.submit(&ev)
                    on:change=move |ev| picker.change(&ev)>
                    // What Enter in a field presses: nothing else.
                    <button class="visually-hidden" tabindex="-1" aria-hidden="true">"Show"</button>
                    <Settings picker/>
                    <Month picker/>
                    <Times picker/>
                </form>
                <Details picker data/>
            </div>
        </article>
    }
    .into_any()
}

/// `ML` of `Dr. Mira Lindqvist`.
fn initials(name: &str) -> String {
    let words: Vec<_> = name.split_whitespace().filter(|word| !word.ends_with('.')).collect();
    let ends = match words.as_slice() {
        [] => vec![name],
        [only] => vec![*only],
        [first, .., last] => vec![*first, *last],
    };
    ends.iter().filter_map(|word| word.chars().next()).collect()
}

/// As much room as the page will take.
#[component]
fn Skeleton() -> AnyView {
    view! {
        <div class="guest" aria-hidden="true">
            <div class="guest-head skeleton"></div>
            <div class="guest-body"><div class="skeleton"></div><div class="skeleton"></div></div>
        </div>
    }
    .into_any()
}

/// Scrolls to the first element that the selector finds, unless it is in view.
#[cfg(feature = "hydrate")]
fn show(selector: &str) {
    let Some(element) = document().query_selector(selector).ok().flatten() else { return };
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    if element.get_bounding_client_rect().bottom() + 120.0 > height {
        element.scroll_into_view();
    }
}

#[cfg(not(feature = "hydrate"))]
fn show(_selector: &str) {}

/// Moves the focus to the first element that the selector finds, and into view.
pub fn focus(selector: &str) {
    use leptos::wasm_bindgen::JsCast;
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|found| found.dyn_into::<leptos::web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
