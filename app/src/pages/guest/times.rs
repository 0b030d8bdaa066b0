//! The free times of the chosen day.

use chrono::{NaiveDate, Timelike};
use domain::{Instant, Slot};
use leptos::prelude::*;

use super::choice::Chosen;
use super::picker::Picker;
use crate::local_time::{date_label, instant_text, month_label, offset_label, time_label};
use crate::reactive::{flag, maybe, text};

/// Name, and the hour in the guest's zone at which it ends.
const PARTS: [(&str, u32); 3] = [("Morning", 12), ("Afternoon", 17), ("Evening", 24)];

fn slots(chosen: &Chosen) -> &[Slot] {
    chosen.date.map_or(&[], |date| chosen.slots(date))
}

/// The first day with free times after what is shown, which has none.
fn next_date(chosen: &Chosen) -> Option<NaiveDate> {
    let from = chosen.date.unwrap_or(chosen.month);
    chosen.days.range(from..).next().map(|(date, _)| *date)
}

#[component]
pub fn Times(picker: Picker) -> AnyView {
    let heading = picker.text(|chosen| match chosen.date {
        Some(date) => date_label(date),
        None => month_label(chosen.month),
    });
    let parts = (0..PARTS.len()).map(|part| view! { <PartOfDay part picker/> });
    let some = picker.flag(|chosen| !slots(chosen).is_empty());
    let words = picker.text(|chosen| {
        let words = match (chosen.date, next_date(chosen)) {
            (Some(_), _) => "No free times on this day.",
            (None, Some(_)) => "No free times in this month.",
            (None, None) => "There are no free times at present. As soon as there are, they appear here.",
        };
        words.to_owned()
    });
    let next = move || picker.read(next_date);
    view! {
        <section class="times" aria-labelledby="times-day" hidden=picker.flag(|chosen| chosen.asked.start.is_some())>
            <h2 id="times-day" aria-live="polite">{heading}</h2>
            {parts.collect_view()}
            <div class="empty" hidden=some>
                <p>{words}</p>
                <button class="button" name="date" value=maybe(move || next().map(|date| date.to_string()))
                    hidden=flag(move || next().is_none())>
                    {text(move || next().map(|date| format!("Go to {}", date_label(date))).unwrap_or_default())}
                </button>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn PartOfDay(part: usize, picker: Picker) -> AnyView {
    let (name, _) = PARTS[part];
    let shown = move |chosen: &Chosen| {
        let here = |slot: &&Slot| {
            let hour = chosen.local(slot.start).hour();
            PARTS.iter().position(|(_, end)| hour < *end) == Some(part)
        };
        slots(chosen).iter().filter(here).map(|slot| slot.start).collect::<Vec<_>>()
    };
    let time = move |start: Instant| {
        let label = picker.text(move |chosen| {
            let local = chosen.local(start);
            // When clocks go back an hour comes twice.
            let twice = slots(chosen).iter().any(|other| other.start != start && chosen.local(other.start) == local);
            let offset = if twice { format!(" {}", offset_label(start, &chosen.zone)) } else { String::new() };
            format!("{}{offset}", time_label(local))
        });
        let left = picker.text(move |chosen| {
            let group = chosen.offering().is_some_and(|offering| offering.capacity > 1);
            let slot = slots(chosen).iter().find(|slot| slot.start == start).filter(|_| group);
            slot.map(|slot| format!("{} left", slot.remaining)).unwrap_or_default()
        });
        view! {
            <li>
                <button class="time" name="start" value=instant_text(start)>
                    {label} " " <span class="time-left">{left}</span>
                </button>
            </li>
        }
        .into_any()
    };
    view! {
        <div class="part" hidden=picker.flag(move |chosen| shown(chosen).is_empty())>
            <h3>{name}</h3>
            <ul><For each=move || picker.read(shown) key=|start| *start children=time/></ul>
        </div>
    }
    .into_any()
}
