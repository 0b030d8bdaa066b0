//! The free times of the chosen day.

use chrono::{NaiveDate, Timelike};
use domain::Slot;
use leptos::prelude::*;

use super::picker::Picker;
use crate::reactive::{flag, memo, part, text};
use crate::zoned::{self, date_label, instant_text, month_label, time_label};

/// Name, and the hour in the guest's zone at which it ends.
const PARTS: [(&str, u32); 3] = [("Morning", 12), ("Afternoon", 17), ("Evening", 24)];

#[component]
pub fn Times(picker: Picker) -> AnyView {
    let slots = memo(move || {
        let Some(date) = picker.date.get() else { return Vec::new() };
        picker.days.with(|days| days.get(&date).cloned().unwrap_or_default())
    });
    let heading = text(move || match picker.date.get() {
        Some(date) => date_label(date),
        None => month_label(picker.month.get()),
    });
    let parts = (0..PARTS.len()).map(|part| view! { <PartOfDay part slots picker/> });
    let next = memo(move || next_date(picker));
    let nothing = part(move || {
        let nothing = slots.with(Vec::is_empty).then(|| {
            let words = match picker.date.get() {
                Some(_) => "No free times on this day.",
                None if next.get().is_some() => "No free times in this month.",
                None => "There are no free times at present. As soon as there are, they appear here.",
            };
            let next = next.get().map(|date| {
                view! {
                    <button class="button" name="date" value=date.to_string()>{format!("Go to {}", date_label(date))}</button>
                }
            });
            view! { <div class="empty"><p>{words}</p>{next}</div> }
        });
        nothing.into_any()
    });
    view! {
        <section class="times" aria-labelledby="times-day" hidden=flag(move || picker.start.get().is_some())>
            <h2 id="times-day" aria-live="polite">{heading}</h2>
            {parts.collect_view()}
            {nothing}
        </section>
    }
    .into_any()
}

/// The first day with free times after what is shown, which has none.
fn next_date(picker: Picker) -> Option<NaiveDate> {
    let month = picker.month.get();
    let from = picker.date.get().unwrap_or(month);
    picker.days.with(|days| days.range(from..).next().map(|(date, _)| *date))
}

#[component]
fn PartOfDay(part: usize, slots: Memo<Vec<Slot>>, picker: Picker) -> AnyView {
    let (name, _) = PARTS[part];
    let shown = memo(move || {
        picker.zone.with(|zone| {
            let here = |slot: &&Slot| {
                let hour = zoned::local(slot.start, zone).hour();
                PARTS.iter().position(|(_, end)| hour < *end) == Some(part)
            };
            slots.with(|slots| slots.iter().filter(here).copied().collect::<Vec<_>>())
        })
    });
    let time = move |slot: Slot| {
        let label = text(move || picker.zone.with(|zone| time_label(zoned::local(slot.start, zone))));
        let left = text(move || {
            let group =
                picker.offering.with(|offering| offering.as_ref().is_some_and(|offering| offering.capacity > 1));
            if group { format!("{} left", slot.remaining) } else { String::new() }
        });
        view! {
            <li>
                <button class="time" name="start" value=instant_text(slot.start)>
                    {label} " " <span class="time-left">{left}</span>
                </button>
            </li>
        }
    };
    view! {
        <div class="part" hidden=flag(move || shown.with(Vec::is_empty))>
            <h3>{name}</h3>
            <ul><For each=move || shown.get() key=|slot| (slot.start, slot.remaining) children=time/></ul>
        </div>
    }
    .into_any()
}
