//! The month: a grid of days, of which those with free times can be chosen. Arrow keys move in it, as
//! the ARIA Authoring Practices have it for date grids.

use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::choice::{Chosen, is_in, month_text};
use super::focus;
use super::picker::{Apply, Picker};
use crate::components::ZoneSelect;
use crate::local_time::{WEEKDAYS, full_date_label, month_label};
use crate::reactive::{effect, flag, mark, maybe, text};

/// Six weeks always, so that nothing moves from month to month.
const CELLS: usize = 42;

/// The date in a place of the grid; none in that of a day of another month.
fn date_at(index: usize, month: NaiveDate) -> Option<NaiveDate> {
    let date =
        month - TimeDelta::days(i64::from(month.weekday().num_days_from_monday())) + TimeDelta::days(index as i64);
    Some(date).filter(|date| is_in(date, month))
}

/// Where the keyboard is in the grid.
#[derive(Clone, Copy)]
struct Keys {
    picker: Picker,
    /// Every day can be reached by Tab until the arrow keys work.
    awake: RwSignal<bool>,
    /// The day that last had the focus.
    reached: RwSignal<Option<NaiveDate>>,
    /// Set by a key; the focus follows once the day is on the page.
    wanted: RwSignal<Option<NaiveDate>>,
}

impl Keys {
    fn new(picker: Picker) -> Self {
        let keys =
            Self { picker, awake: RwSignal::new(false), reached: RwSignal::new(None), wanted: RwSignal::new(None) };
        effect(move || keys.awake.set(true));
        effect(move || {
            let Some(date) = keys.wanted.get() else { return };
            if picker.read(|chosen| is_in(&date, chosen.month)) {
                keys.wanted.set(None);
                request_animation_frame(move || focus(&format!("#day-{date}")));
            }
        });
        keys
    }

    /// The one day that Tab reaches.
    fn stop(self, chosen: &Chosen) -> NaiveDate {
        let here = |date: &NaiveDate| is_in(date, chosen.month);
        self.reached.get().filter(here).or(chosen.date.filter(here)).unwrap_or(chosen.month)
    }

    fn press(self, ev: &KeyboardEvent) {
        let (date, first, last) =
            self.picker.read_untracked(|chosen| (untrack(|| self.stop(chosen)), chosen.today, chosen.last_day()));
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
        let moved = moved.clamp(first, last.max(first));
        self.reached.set(Some(moved));
        self.wanted.set(Some(moved));
        if !is_in(&moved, date) {
            self.picker.go("month", month_text(moved));
        }
    }
}

#[component]
pub fn Month(picker: Picker) -> AnyView {
    let keys = Keys::new(picker);
    let rows = (0..CELLS / 7).map(|week| {
        let days = (0..7).map(|day| view! { <Day index=week * 7 + day keys/> });
        view! { <tr>{days.collect_view()}</tr> }
    });
    let heads = WEEKDAYS.map(|day| view! { <th scope="col" abbr=day>{&day[..2]}</th> });
    let earlier = |chosen: &Chosen| chosen.month.checked_sub_months(Months::new(1)).unwrap_or_default();
    let later = |chosen: &Chosen| chosen.month.checked_add_months(Months::new(1)).unwrap_or_default();
    let step =
        move |label: &'static str, sign: &'static str, month: fn(&Chosen) -> NaiveDate, disabled: Signal<bool>| {
            let value = picker.maybe(move |chosen| Some(month_text(month(chosen))));
            let label = picker.maybe(move |chosen| Some(format!("{label}: {}", month_label(month(chosen)))));
            view! {
                <button class="icon-button" name="month" value=value disabled=disabled aria-label=label>{sign}</button>
            }
        };
    let is_first = picker.flag(|chosen| chosen.month <= chosen.today.with_day(1).unwrap_or_default());
    let is_last = picker.flag(move |chosen| later(chosen) > chosen.last_day());
    let name = picker.text(|chosen| month_label(chosen.month));
    let shown = picker.maybe(|chosen| Some(month_text(chosen.month)));
    let shown_date = picker.maybe(|chosen| chosen.date.map(|date| date.to_string()));
    let no_month = picker.flag(|chosen| chosen.asked.month.is_none());
    let no_date = picker.flag(|chosen| chosen.asked.date.is_none() && chosen.asked.start.is_none());
    let zone = picker.text(|chosen| chosen.zone.clone());
    let is_linked = picker.flag(|chosen| chosen.asked.zone.is_some());
    view! {
        <section class="month" aria-label="Day">
            // Before the buttons: of two values of one name the last counts, and that is the button's.
            <input type="hidden" name="month" value=shown disabled=no_month/>
            <input type="hidden" name="date" value=shown_date disabled=no_date/>
            <div class="month-head">
                {step("Earlier", "‹", earlier, is_first)}
                <h2 id="month-name" aria-live="polite">{name}</h2>
                {step("Later", "›", later, is_last)}
            </div>
            <table role="grid" aria-labelledby="month-name" on:keydown=move |ev| keys.press(&ev)>
                <thead><tr>{heads.collect_view()}</tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
            // Tells the zone of a plain form that nobody chose.
            <input type="hidden" name="home" value=zone.get_untracked() disabled=is_linked/>
            <ZoneSelect id="tz" name="tz" label="Times are shown for" chosen=zone/>
            <Apply/>
        </section>
    }
    .into_any()
}

#[component]
fn Day(index: usize, keys: Keys) -> AnyView {
    let picker = keys.picker;
    let date = move || picker.read(|chosen| date_at(index, chosen.month));
    let free = move |chosen: &Chosen| date_at(index, chosen.month).map_or(0, |date| chosen.free_on(date));
    let is_free = move || picker.read(free) > 0;
    let is_chosen = move || date().is_some_and(|date| picker.read(|chosen| chosen.date == Some(date)));
    let is_today = move || date().is_some_and(|date| picker.read(|chosen| chosen.today == date));
    let label = picker.maybe(move |chosen| {
        let times = match free(chosen) {
            0 => "no free times".to_owned(),
            1 => "1 free time".to_owned(),
            many => format!("{many} free times"),
        };
        date_at(index, chosen.month).map(|date| format!("{}, {times}", full_date_label(date)))
    });
    let order = maybe(move || {
        let is_stop = || date() == Some(picker.read(|chosen| keys.stop(chosen)));
        keys.awake.get().then(|| if is_stop() { "0" } else { "-1" }.to_owned())
    });
    view! {
        <td aria-selected=maybe(move || Some(is_chosen().to_string()))>
            <button class="day" name="date" id=maybe(move || date().map(|date| format!("day-{date}")))
                value=maybe(move || date().map(|date| date.to_string())) hidden=flag(move || date().is_none())
                data-free=mark(is_free) data-chosen=mark(is_chosen) aria-disabled=mark(move || !is_free())
                aria-current=maybe(move || is_today().then(|| "date".to_owned())) aria-label=label tabindex=order
                on:focus=move |_| keys.reached.set(untrack(date))>
                {text(move || date().map(|date| date.day().to_string()).unwrap_or_default())}
            </button>
        </td>
    }
    .into_any()
}
