//! The calendar's page: toolbar, week, dialogs, and what keeps them fresh.

use chrono::TimeDelta;
use domain::Effect as Hours;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::booking_dialog::{BookingDialog, BookingDialogue};
use super::first_hours::{FirstHours, Ready, is_first_saved};
use super::grid::WeekGrid;
use super::hours::{blank, office_hours};
use super::hours_dialog::{HoursDialog, HoursDialogue, OrphanList};
use super::loader::Loader;
use super::time_selection::{Chooser, Dragged, Selection};
use super::week_layout::{Target, WeekData, week_title};
use crate::components::LiveBadge;
use crate::dashboard::ui::{Failure, PageFailure};
use crate::live::use_live;
use crate::local_time::zone_label;
use crate::server_functions::availability::{DeletedHours, week};

#[component]
pub fn CalendarPage() -> impl IntoView {
    let query = use_query_map();
    let date = Memo::new(move |_| query.with(|query| query.get("week").unwrap_or_default()));
    // Read once; from then on the page itself asks for what changed.
    let first = Resource::new_blocking(|| (), move |_| week(date.get_untracked()));
    view! {
        <Title text="Calendar"/>
        <Suspense fallback=|| view! { <div class="cal skeleton" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match first.await {
                    Ok(first) => view! { <Calendar first date/> }.into_any(),
                    Err(error) => view! { <PageFailure error/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Calendar(first: WeekData, date: Memo<String>) -> AnyView {
    let live = use_live(first.live.clone());
    let now = RwSignal::new(first.now);
    let add_on = first.day_to_add_on(first.now.date());
    let hours = HoursDialogue::new(blank(Hours::Open, add_on, 540, 1020));
    let bookings = BookingDialogue::new();
    let first_day = (add_on - first.monday).num_days() as usize;
    let loader = Loader::new(first, date, live);
    let data = loader.data;

    tick(now, data);
    open_asked_for(hours, bookings, data);

    // Heard by who cannot see it.
    let done = RwSignal::new("");
    let has_hours = Memo::new(move |_| data.with(|data| data.has_hours));
    let is_ready = is_first_saved(has_hours);

    // Done in a dialog: it closes, and the week is read again without waiting for the live feed.
    let cancel = bookings.cancel;
    Effect::new(move |_| {
        let saved = hours.save.value().with(|value| matches!(value, Some(Ok(_))));
        let deleted = hours.delete.value().with(|value| matches!(value, Some(Ok(_))));
        let has_orphans = hours.delete.value().with(|value| matches!(value, Some(Ok(left)) if left.orphan_count > 0));
        let cancelled = cancel.value().with(|value| matches!(value, Some(Ok(_))));
        if saved || deleted {
            hours.open.set(false);
        }
        done.set(match (saved, deleted, cancelled) {
            (true, ..) => "The hours are saved.",
            // What was left outside is told with it.
            (_, true, _) if !has_orphans => "The hours are deleted.",
            (.., true) => "The booking is cancelled.",
            _ => "",
        });
        if cancelled {
            bookings.open.set(false);
        }
        if saved || deleted || cancelled {
            loader.reload();
        }
    });

    let add = Callback::new(move |at: Selection| {
        let (day, open) = data.with_untracked(|data| (data.day(at.day), data.is_open(at.day, at.from, at.to)));
        // Over open hours there is only one thing to say: that some of them are closed.
        hours.add(blank(if open { Hours::Closed } else { Hours::Open }, day, at.from, at.to));
    });
    let dragged = Callback::new(move |Dragged { target, start, end }| {
        let Target::Hours(at) = target else { return };
        data.with_untracked(|data| {
            if let Some(shown) = data.hours.get(at) {
                hours.edit_moved(data, shown, start, end);
            }
        });
    });
    let chooser = Chooser::new(Selection { day: first_day, from: 540, to: 570 }, add, dragged);
    Effect::new(move |_| {
        if !hours.open.get() {
            chooser.active.set(false);
        }
    });
    let show = Callback::new(move |target| {
        data.with_untracked(|data| match target {
            Target::Hours(at) => hours.edit(data, &data.hours[at]),
            Target::Bookings(at, together) => bookings.show(data, at, together),
        });
    });
    let choose = Callback::new(move |()| hours.add(office_hours(now.get_untracked().date())));
    let add_hours = Callback::new(move |()| {
        let today = now.get_untracked().date();
        let day = data.with_untracked(|data| data.day_to_add_on(today));
        hours.add(blank(Hours::Open, day, 540, 1020));
    });
    view! {
        <Toolbar data add=add_hours>
            <LiveBadge connection=live.connection/>
        </Toolbar>
        <Failure error=loader.error/>
        <Orphans hours/>
        <p class="visually-hidden" role="status">{done}</p>
        <Show when=move || !has_hours.get()>
            <FirstHours data save=hours.save choose/>
        </Show>
        <Show when=move || is_ready.get()>
            <Ready is_ready url=data.with_untracked(|data| data.public_url.clone())/>
        </Show>
        <div class="cal-frame" aria-busy=move || loader.busy.get().then_some("true")>
            <WeekGrid data now chooser show add/>
        </div>
        <HoursDialog dialogue=hours data/>
        <BookingDialog dialogue=bookings/>
    }
    .into_any()
}

/// Moves the line of the present. Only in the browser: the server's page shows when it was made.
fn tick(now: RwSignal<chrono::NaiveDateTime>, data: RwSignal<WeekData>) {
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let set = move || {
            if let Some(zone) = data.try_with_untracked(|data| data.provider.public.time_zone.name().to_owned()) {
                now.try_set(crate::local_time::local(crate::local_time::now(), &zone));
            }
        };
        set();
        if let Ok(timer) = set_interval_with_handle(set, std::time::Duration::from_secs(20)) {
            on_cleanup(move || timer.clear());
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (now, data);
}

/// Without JavaScript a link opens a dialog: `add`, `edit` and `booking` in the address.
fn open_asked_for(hours: HoursDialogue, bookings: BookingDialogue, data: RwSignal<WeekData>) {
    let asked = use_query_map().get_untracked();
    let id = |name: &str| asked.get(name).and_then(|id| id.parse::<uuid::Uuid>().ok());
    data.with_untracked(|data| {
        if let Some(edit) = id("edit") {
            if let Some(shown) = data.hours.iter().find(|shown| shown.availability_id == edit) {
                hours.edit(data, shown);
            }
        } else if let Some(booking) = id("booking") {
            if let Some(at) = data.bookings.iter().position(|shown| shown.booking.booking_id == booking) {
                bookings.show(data, at, 1);
            }
        } else if asked.get("add").is_some() {
            hours.open.set(true);
        }
    });
}

#[component]
fn Toolbar(data: RwSignal<WeekData>, add: Callback<()>, children: Children) -> AnyView {
    let to_week = move |weeks: i64| {
        move || data.with(|data| format!("/dashboard?week={}", data.monday + TimeDelta::weeks(weeks)))
    };
    let navigate = use_navigate();
    let pages = move |event: leptos::web_sys::KeyboardEvent| {
        let weeks = match event.key().as_str() {
            "PageUp" => -1,
            "PageDown" => 1,
            _ => return,
        };
        if event.alt_key() {
            event.prevent_default();
            navigate(&to_week(weeks)(), NavigateOptions { scroll: false, ..NavigateOptions::default() });
        }
    };
    let is_this_week = move || data.with(|data| data.holds(data.now.date()));
    view! {
        <div class="toolbar" on:keydown=pages>
            <div class="toolbar-title">
                <h1 aria-live="polite" tabindex="-1">{move || data.with(|data| week_title(data.monday))}</h1>
                <p>"Times in "{move || data.with(|data| zone_label(data.provider.public.time_zone.name()))}</p>
            </div>
            <nav class="toolbar-weeks" aria-label="Weeks">
                <a class="icon-button" href=to_week(-1) aria-label="Previous week" data-noscroll="true">"‹"</a>
                <a class="button" href="/dashboard" aria-current=move || is_this_week().then_some("date")>"Today"</a>
                <a class="icon-button" href=to_week(1) aria-label="Next week">"›"</a>
            </nav>
            {children()}
            <a class="button primary" href=move || data.with(|data| format!("/dashboard?week={}&add=hours", data.monday))
                on:click=move |event| {
                    event.prevent_default();
                    add.run(());
                }>"Add hours"</a>
        </div>
    }
    .into_any()
}

/// After a deletion: which bookings now lie outside open time.
#[component]
fn Orphans(hours: HoursDialogue) -> AnyView {
    let told = move || {
        let deleted = hours.delete.value().get()?.ok().filter(|deleted: &DeletedHours| deleted.orphan_count > 0)?;
        let DeletedHours { orphans, orphan_count } = deleted;
        Some(view! {
            <div class="notice">
                <p>"The hours are deleted. These bookings stand, outside open time now:"</p>
                <OrphanList orphans orphan_count/>
                <div class="actions">
                    <a class="button" href="/dashboard/bookings">"See bookings"</a>
                    <button type="button" class="button" on:click=move |_| hours.delete.clear()>"Leave them"</button>
                </div>
            </div>
        })
    };
    view! { <div role="status">{told}</div> }.into_any()
}
