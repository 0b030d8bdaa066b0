//! The month: a grid of days, of which those with free times can be chosen. Arrow keys move in it, as
//! the ARIA Authoring Practices have it for date grids.

use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::choice::month_text;
use super::focus;
use super::picker::{Apply, Picker};
use crate::components::ZoneSelect;
use crate::reactive::{effect, flag, mark, maybe, memo, text};
use crate::zoned::{self, WEEKDAYS, full_date_label, month_label};

#[derive(Clone, Copy, PartialEq)]
struct Cell {
    /// `None`: the place of a day of another month.
    date: Option<NaiveDate>,
    free: usize,
}

/// Six weeks always, so that nothing moves from month to month.
const CELLS: usize = 42;

#[component]
pub fn Month(picker: Picker) -> AnyView {
    let cells = memo(move || {
        let month = picker.month.get();
        let before = TimeDelta::days(i64::from(month.weekday().num_days_from_monday()));
        picker.days.with(|days| {
            let cell = |index| {
                let date = month - before + TimeDelta::days(index);
                let date = (date.month() == month.month()).then_some(date);
                Cell { date, free: date.and_then(|date| days.get(&date)).map_or(0, Vec::len) }
            };
            (0..CELLS as i64).map(cell).collect::<Vec<_>>()
        })
    });
    let today = memo(move || picker.zone.with(|zone| zoned::local(picker.now.get(), zone).date()));
    let last = memo(move || {
        let days = picker.offering.with(|offering| offering.as_ref().map_or(0, |offering| offering.horizon_days));
        today.get() + TimeDelta::days(i64::from(days))
    });
    // Every day can be reached by Tab until the arrow keys work.
    let awake = RwSignal::new(false);
    effect(move || awake.set(true));
    let reached = RwSignal::new(None::<NaiveDate>);
    let stop = memo(move || {
        let month = picker.month.get();
        let here = |date: &NaiveDate| (date.year(), date.month()) == (month.year(), month.month());
        reached.get().filter(here).or(picker.date.get().filter(here)).unwrap_or(month)
    });
    // Set by a key; the focus follows once the day is on the page.
    let wanted = RwSignal::new(None::<NaiveDate>);
    effect(move || {
        let Some(date) = wanted.get() else { return };
        if cells.with(|cells| cells.iter().any(|cell| cell.date == Some(date))) {
            wanted.set(None);
            request_animation_frame(move || focus(&format!("#day-{date}")));
        }
    });
    let press = move |ev: KeyboardEvent| {
        let date = stop.get_untracked();
        let weekday = i64::from(date.weekday().num_days_from_monday());
        let moved = match ev.key().as_str() {
            "ArrowLeft" => Some(date - TimeDelta::days(1)),
            "ArrowRight" => Some(date + TimeDelta::days(1)),
            "ArrowUp" => Some(date - TimeDelta::days(7)),
            "ArrowDown" => Some(date + TimeDelta::days(7)),
            "Home" => Some(date - TimeDelta::days(weekday)),
            "End" => Some(date + TimeDelta::days(6 - weekday)),
            "PageUp" => date.checked_sub_months(Months::new(1)),
            "PageDown" => date.checked_add_months(Months::new(1)),
            _ => None,
        };
        let Some(moved) = moved else { return };
        ev.prevent_default();
        let first = today.get_untracked();
        let moved = moved.clamp(first, last.get_untracked().max(first));
        reached.set(Some(moved));
        wanted.set(Some(moved));
        if (moved.year(), moved.month()) != (date.year(), date.month()) {
            picker.go("month", month_text(moved));
        }
    };
    let rows = (0..CELLS / 7).map(|week| {
        let days = (0..7).map(|day| view! { <Day index=week * 7 + day cells picker today stop awake reached/> });
        view! { <tr>{days.collect_view()}</tr> }
    });
    let heads = WEEKDAYS.map(|day| view! { <th scope="col" abbr=day>{&day[..2]}</th> });
    let earlier = move || picker.month.get().checked_sub_months(Months::new(1)).unwrap_or_default();
    let later = move || picker.month.get().checked_add_months(Months::new(1)).unwrap_or_default();
    let first_month = flag(move || picker.month.get() <= today.get().with_day(1).unwrap_or_default());
    let last_month = flag(move || later() > last.get());
    let name = memo(move || month_label(picker.month.get()));
    let shown = maybe(move || Some(month_text(picker.month.get())));
    let shown_date = maybe(move || picker.date.get().map(|date| date.to_string()));
    let no_month = flag(move || picker.asked.with(|asked| asked.month.is_none()));
    let no_date = flag(move || picker.asked.with(|asked| asked.date.is_none() && asked.start.is_none()));
    view! {
        <section class="month" aria-label="Day">
            // Before the buttons: of two values of one name the last counts, and that is the button's.
            <input type="hidden" name="month" value=shown disabled=no_month/>
            <input type="hidden" name="date" value=shown_date disabled=no_date/>
            <div class="month-head">
                <button class="icon-button" name="month" value=maybe(move || Some(month_text(earlier()))) disabled=first_month
                    aria-label=maybe(move || Some(format!("Earlier: {}", month_label(earlier()))))>"‹"</button>
                <h2 id="month-name" aria-live="polite">{name}</h2>
                <button class="icon-button" name="month" value=maybe(move || Some(month_text(later()))) disabled=last_month
                    aria-label=maybe(move || Some(format!("Later: {}", month_label(later()))))>"›"</button>
            </div>
            <table role="grid" aria-labelledby="month-name" on:keydown=press>
                <thead><tr>{heads.collect_view()}</tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
            <ZoneSelect id="tz" name="tz" label="Times are shown for" chosen=picker.zone/>
            <Apply/>
        </section>
    }
    .into_any()
}

#[component]
fn Day(
    index: usize,
    cells: Memo<Vec<Cell>>,
    picker: Picker,
    today: Memo<NaiveDate>,
    stop: Memo<NaiveDate>,
    awake: RwSignal<bool>,
    reached: RwSignal<Option<NaiveDate>>,
) -> AnyView {
    let cell = memo(move || cells.with(|cells| cells[index]));
    let date = move || cell.get().date;
    let chosen = memo(move || date().is_some() && picker.date.get() == date());
    let label = maybe(move || {
        let Cell { date, free } = cell.get();
        let times = match free {
            0 => "no free times".to_owned(),
            1 => "1 free time".to_owned(),
            many => format!("{many} free times"),
        };
        date.map(|date| format!("{}, {times}", full_date_label(date)))
    });
    let order = maybe(move || awake.get().then(|| if date() == Some(stop.get()) { "0" } else { "-1" }.to_owned()));
    let is_free = move || cell.get().free > 0;
    let today = maybe(move || (date() == Some(today.get())).then(|| "date".to_owned()));
    view! {
        <td aria-selected=maybe(move || Some(chosen.get().to_string()))>
            <button class="day" name="date" id=maybe(move || date().map(|date| format!("day-{date}")))
                value=maybe(move || date().map(|date| date.to_string())) hidden=flag(move || date().is_none())
                data-free=mark(is_free) data-chosen=mark(move || chosen.get())
                aria-disabled=mark(move || !is_free()) aria-current=today
                aria-label=label tabindex=order
                on:focus=move |_| reached.set(cell.get_untracked().date)
                on:click=move |ev| if awake.get_untracked() && cell.get_untracked().free == 0 { ev.prevent_default() }>
                {text(move || date().map(|date| date.day().to_string()).unwrap_or_default())}
            </button>
        </td>
    }
    .into_any()
}
