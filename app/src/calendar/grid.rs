//! The week as a grid of seven days: blocks where there are hours and bookings, a cursor where there is neither.

use chrono::NaiveDateTime;
use leptos::html;
use leptos::prelude::*;
use leptos::web_sys::{Element, HtmlElement, KeyboardEvent, PointerEvent};

use super::element_rect::Area;
use super::hours::clock;
use super::time_selection::{Chooser, Selection};
use super::week_layout::{Block, Target, WeekData, weekday};
use crate::local_time::{date_label, month_name};

/// Where the page of a block is, for a browser without JavaScript.
fn href(data: &WeekData, target: Target) -> String {
    let (name, id) = match target {
        Target::Hours(at) => ("edit", data.hours[at].availability_id),
        Target::Bookings(at, _) => ("booking", data.bookings[at].booking.booking_id),
    };
    format!("/dashboard?week={}&{name}={id}", data.monday)
}

#[component]
pub fn WeekGrid(
    data: RwSignal<WeekData>,
    now: RwSignal<NaiveDateTime>,
    chooser: Chooser,
    /// A block was chosen.
    show: Callback<Target>,
    /// The selection was chosen: by Enter, a tap on it.
    add: Callback<Selection>,
) -> AnyView {
    let scroller = NodeRef::<html::Div>::new();
    let monday = Memo::new(move |_| data.with(|data| data.monday));
    let today = Memo::new(move |_| {
        let days = (now.get().date() - monday.get()).num_days();
        usize::try_from(days).ok().filter(|days| *days < 7)
    });
    // Which day a phone shows.
    let day = RwSignal::new(today.get_untracked().unwrap_or(0));
    let to_day = move |day: usize, minute: Option<f64>| {
        // The page may be gone by then.
        let scroller = scroller.try_get_untracked().flatten();
        let column = scroller.as_ref().and_then(|scroller| scroller.query_selector(".cal-day").ok().flatten());
        if let (Some(scroller), Some(column)) = (scroller, column) {
            let Area { width, height, .. } = Area::of(&column);
            let top = minute.map(|minute| minute / 1440.0 * height);
            // Where a week begins nothing glides: only who asks for another day sees the way there.
            let style = HtmlElement::style(&scroller);
            if minute.is_some() {
                let _ = style.set_property("scroll-behavior", "auto");
            }
            // In one step: a second would stop the first half-way where scrolling is smooth.
            scroller.scroll_to_with_x_and_y(day as f64 * width, top.unwrap_or(f64::from(scroller.scroll_top())));
            let _ = style.remove_property("scroll-behavior");
        }
    };
    let hour = Memo::new(move |_| data.with(WeekData::least_hour));
    // The page opens at its hours. Later weeks, and hours of another height, keep the time of day that is
    // at the top. On a phone each week opens at today or Monday.
    let top_minute = StoredValue::new(None);
    Effect::new(move |before: Option<chrono::NaiveDate>| {
        let shown = monday.get();
        hour.track();
        let minute = top_minute.get_value().unwrap_or_else(|| f64::from(data.with_untracked(WeekData::first_minute)));
        if before != Some(shown) {
            day.set(today.get_untracked().unwrap_or(0));
        }
        let first = day.get_untracked();
        // When hours have their new height.
        request_animation_frame(move || to_day(first, Some(minute)));
        shown
    });
    let scrolled = move |_| {
        let Some(scroller) = scroller.get_untracked() else { return };
        let column = scroller.query_selector(".cal-day").ok().flatten();
        let Area { width, height, .. } = column.map_or(Area::default(), |column| Area::of(&column));
        if width > 1.0 {
            day.set(((f64::from(scroller.scroll_left()) / width).round() as usize).min(6));
            top_minute.set_value(Some(f64::from(scroller.scroll_top()) / height * 1440.0));
        }
    };

    let strip = (0..7).map(|index| {
        let date = move || data.with(|data| data.day(index));
        view! {
            <button type="button" class="day-button" class:today=move || today.get() == Some(index)
                aria-current=move || (day.get() == index).then_some("date")
                on:click=move |_| to_day(index, None)>
                <span>{move || weekday(date()).1}</span>" "
                <b>{move || chrono::Datelike::day(&date())}</b>
                <span class="visually-hidden">" "{move || month_name(date())}</span>
            </button>
        }
    });
    let heads = (0..7).map(|index| {
        let date = move || data.with(|data| data.day(index));
        view! {
            <div class="cal-head" class:today=move || today.get() == Some(index)>
                <span>{move || weekday(date()).1}</span>" "<b>{move || chrono::Datelike::day(&date())}</b>
            </div>
        }
    });
    let ticks = (1..24).map(|hour| view! { <span style=format!("--from:{}", hour * 60)>{clock(hour * 60)}</span> });
    let columns = (0..7).map(|index| view! { <Day index data today now chooser show/> });
    let start = data
        .with_untracked(|data| format!("--from:{};--day:{}", data.first_minute(), today.get_untracked().unwrap_or(0)));
    view! {
        <div class="cal" style=move || format!("--least-hour:{}rem", f64::from(hour.get()) / 4.0)>
            <div class="day-strip" role="group" aria-label="Day">{strip.collect_view()}</div>
            <div class="cal-scroll" node_ref=scroller on:scroll=scrolled>
                <div class="cal-heads" aria-hidden="true"><div class="cal-corner"></div>{heads.collect_view()}</div>
                <div class="cal-body">
                    // Where the browser itself begins, before scripts do.
                    <div class="cal-start" aria-hidden="true" style=start></div>
                    <div class="cal-ticks" aria-hidden="true">{ticks.collect_view()}</div>
                    {columns.collect_view()}
                    <Cursor data chooser add/>
                </div>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Day(
    index: usize,
    data: RwSignal<WeekData>,
    today: Memo<Option<usize>>,
    now: RwSignal<NaiveDateTime>,
    chooser: Chooser,
    show: Callback<Target>,
) -> AnyView {
    let column = NodeRef::<html::Div>::new();
    let element = move || column.get_untracked().map(|column| -> Element { column.into() });
    let blocks = Memo::new(move |_| data.with(|data| data.blocks(index)));
    // Kept while others come and go: what has the focus does not lose it. What it says may change.
    let drawn = move |block: Block| {
        let key = block.key;
        let current = Memo::new(move |before: Option<&Block>| {
            let found = blocks.with(|blocks| blocks.iter().find(|block| block.key == key).cloned());
            // On its way out it stays as it was.
            found.or_else(|| before.cloned()).unwrap_or_else(|| block.clone())
        });
        let href = move || current.with(|block| data.with_untracked(|data| href(data, block.target)));
        let style = move || {
            current.with(|block| format!("--from:{};--to:{};--words:{}", block.from, block.to, block.words_after))
        };
        let is_booked = move || current.with_untracked(|block| matches!(block.target, Target::Bookings(..)));
        view! {
            <a class=move || current.with(Block::classes) href=href style=style draggable="false"
                // Hours can be dragged, whole or by an end; a booking cannot.
                on:pointerdown=move |event| {
                    if is_booked() {
                        event.stop_propagation()
                    } else {
                        current.with_untracked(|block| chooser.grip(&event, block));
                    }
                }
                on:click=move |event| {
                    event.prevent_default();
                    if !chooser.is_spent() {
                        show.run(current.with_untracked(|block| block.target));
                    }
                }>
                <span class="visually-hidden">{move || current.with(|block| block.before.clone())}</span>
                // A name of the other direction begins at its own beginning.
                <b dir="auto">{move || current.with(|block| block.title.clone())}</b>" "
                <span dir="auto">{move || current.with(|block| block.detail.clone())}</span>" "
                <span class="visually-hidden">{move || current.with(|block| block.after.clone())}</span>
            </a>
        }
    };
    let with_column = move |event: &PointerEvent, act: fn(Chooser, &PointerEvent, usize, &Element)| {
        if let Some(column) = element() {
            act(chooser, event, index, &column);
        }
    };
    let minutes = move || {
        use chrono::Timelike;
        let now = now.get();
        format!("--from:{}", now.hour() * 60 + now.minute())
    };
    view! {
        <div class="cal-day" class:today=move || today.get() == Some(index) node_ref=column role="group"
            aria-label=move || data.with(|data| date_label(data.day(index)))
            on:pointerdown=move |event| with_column(&event, |chooser, event, day, column| chooser.down(event, day, column))
            on:pointermove=move |event| with_column(&event, |chooser, event, _, column| chooser.moved(event, column))
            on:pointerup=move |event| chooser.up(&event)
            on:pointercancel=move |_| chooser.cancelled()
            // A finger that drags does not scroll, nor ask for a menu.
            on:touchmove=move |event| if chooser.is_dragging() { event.prevent_default() }
            on:contextmenu=move |event| if chooser.is_dragging() { event.prevent_default() }>
            <For each=move || blocks.get() key=|block| block.key children=drawn/>
            <Show when=move || today.get() == Some(index)>
                <div class="now-line" style=minutes aria-hidden="true"></div>
            </Show>
        </div>
    }
    .into_any()
}

/// The stretch that is chosen: seen while it has the focus, or while a pointer chooses.
#[component]
fn Cursor(data: RwSignal<WeekData>, chooser: Chooser, add: Callback<Selection>) -> AnyView {
    let button = NodeRef::<html::Button>::new();
    let selection = chooser.selection;
    let style = move || {
        let at = selection.get();
        format!("--day:{};--from:{};--to:{}", at.day, at.from, at.to)
    };
    let times = move || {
        let at = selection.get();
        format!("{}–{}", clock(at.from), clock(at.to))
    };
    let day = move || data.with(|data| date_label(data.day(selection.get().day)));
    let state = move || {
        let at = selection.get();
        let open = data.with(|data| data.is_open(at.day, at.from, at.to));
        if open { "partly or wholly open" } else { "not open" }
    };
    let spoken = move || format!("{}, {}, {}", day(), times(), state());
    let moved = RwSignal::new(false);
    let key = move |event: KeyboardEvent| {
        if chooser.key(&event.key(), event.shift_key()) {
            event.prevent_default();
            moved.set(true);
            if let Some(button) = button.get_untracked() {
                reveal(&button);
            }
        } else if event.key() == "Escape" {
            chooser.active.set(false);
        }
    };
    // A tap or a click puts the focus where it put the selection.
    Effect::new(move |_| {
        let put_down = chooser.active.get() && !chooser.is_dragging();
        if let Some(button) = button.get_untracked().filter(|_| put_down) {
            let _ = button.focus();
        }
    });
    view! {
        <button type="button" class="cursor" class:active=chooser.active node_ref=button style=style
            aria-describedby="cal-keys"
            on:keydown=key on:click=move |_| if !chooser.is_spent() { add.run(selection.get_untracked()) }
            on:blur=move |_| if !chooser.is_dragging() { chooser.active.set(false) }
            on:pointerdown=|event| event.stop_propagation()>
            <span class="visually-hidden">"Add hours: "{day}", "</span>
            <b>{times}</b>" "
            <span aria-hidden="true">{move || if chooser.is_gripped.get() { "New times" } else { "+ Add hours" }}</span>
            <span class="visually-hidden">" ("{state}")"</span>
        </button>
        <p id="cal-keys" hidden>"Arrow keys move by day and half hour, Shift with up or down changes the length, Enter adds hours."</p>
        <p class="visually-hidden" role="status">{move || moved.get().then(spoken)}</p>
    }
    .into_any()
}

/// Scrolls what holds the cursor just so far that the cursor is seen whole.
fn reveal(cursor: &Element) {
    let Some(scroller) = cursor.closest(".cal-scroll").ok().flatten() else { return };
    let (view, at) = (Area::of(&scroller), Area::of(cursor));
    // The heads stay on top of the scrolled area, the hours on its left.
    let (top, left) = (view.top + 56.0, view.left + 56.0);
    let down = (at.bottom() - view.bottom()).max(0.0) - (top - at.top).max(0.0);
    let right = (at.right() - view.right()).max(0.0) - (left - at.left).max(0.0);
    scroller.set_scroll_top(scroller.scroll_top() + down as i32);
    scroller.set_scroll_left(scroller.scroll_left() + right as i32);
}
