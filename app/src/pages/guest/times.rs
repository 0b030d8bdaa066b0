//! The free times of the chosen day.

use chrono::Timelike;
use domain::Slot;
use leptos::prelude::*;

use super::choice::Chosen;
use super::picker::Picker;
use crate::local_time::{date_label, instant_text, month_label, offset_label, parse_instant, time_label};
use crate::reactive::{flag, mark, maybe, memo, text};

/// Name, and the hour in the guest's zone at which it ends.
const PARTS: [(&str, u32); 4] = [("Night", 5), ("Morning", 12), ("Afternoon", 17), ("Evening", 24)];

fn is_free(slot: &Slot) -> bool {
    slot.remaining > 0
}

/// The times of a part of the day, each as the address has it and as a clock shows it.
fn times(chosen: &Chosen, part: usize) -> Vec<(String, String)> {
    let local: Vec<_> = chosen.times.iter().map(|slot| chosen.local(slot.start)).collect();
    let here = |hour| PARTS.iter().position(|(_, end)| hour < *end) == Some(part);
    let label = |at: usize| {
        let (start, time) = (chosen.times[at].start, time_label(local[at]));
        // When clocks go back an hour comes twice.
        let is_twice = local.iter().filter(|other| **other == local[at]).count() > 1;
        let label = if is_twice { format!("{time} {}", offset_label(start, &chosen.zone)) } else { time };
        (instant_text(start), label)
    };
    (0..local.len()).filter(|at| here(local[*at].hour())).map(label).collect()
}

#[component]
pub fn Times(picker: Picker) -> AnyView {
    let heading = picker.text(|chosen| match chosen.date {
        Some(date) => date_label(date),
        None => month_label(chosen.month),
    });
    let parts = (0..PARTS.len()).map(|part| view! { <PartOfDay part picker/> });
    let some = picker.flag(|chosen| chosen.times.iter().any(is_free));
    let words = picker.text(|chosen| {
        let words = match (chosen.date, chosen.next) {
            (Some(_), _) => "No free times on this day.",
            (None, Some(_)) => "No free times in this month.",
            (None, None) => "There are no free times at present. As soon as there are, they appear here.",
        };
        words.to_owned()
    });
    let next = move || picker.read(|chosen| chosen.next);
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
    let shown = memo(move || picker.read(|chosen| times(chosen, part)));
    let time = move |(start, label): (String, String)| {
        let at = parse_instant(&start);
        let slot = move |chosen: &Chosen| {
            let place = chosen.times.binary_search_by_key(&at?, |slot| slot.start).ok()?;
            Some(chosen.times[place])
        };
        let is_gone = move || picker.read(|chosen| slot(chosen).is_some_and(|slot| !is_free(&slot)));
        // Heard only: a second line would move the rest.
        let class = maybe(move || Some(if is_gone() { "visually-hidden" } else { "time-left" }.to_owned()));
        let left = picker.text(move |chosen| {
            let group = chosen.offering().is_some_and(|offering| offering.capacity > 1);
            match slot(chosen) {
                Some(Slot { remaining: 0, .. }) => "gone".to_owned(),
                Some(slot) if group => format!("{} left", slot.remaining),
                _ => String::new(),
            }
        });
        view! {
            <li>
                <button class="time" name="start" value=start aria-disabled=mark(is_gone)>
                    {label} " " <span class=class>{left}</span>
                </button>
            </li>
        }
        .into_any()
    };
    view! {
        <div class="part" hidden=flag(move || shown.with(Vec::is_empty))>
            <h3>{PARTS[part].0}</h3>
            <ul><For each=move || shown.get() key=Clone::clone children=time/></ul>
        </div>
    }
    .into_any()
}
