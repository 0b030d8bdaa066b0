//! A time zone to choose: the common ones from the start, all that the server knows once somebody turns to it.

use leptos::html;
use leptos::prelude::*;

use crate::local_time::zone_label;
use crate::reactive::{effect, part};

/// One for most offsets, so that somebody without scripts finds a clock that shows the same.
const COMMON: [&str; 30] = [
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Dhaka",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Europe/London",
    "Europe/Paris",
    "Pacific/Auckland",
    "Pacific/Honolulu",
];

/// A labelled `<select>`; `chosen` is shown whatever the list has.
#[component]
pub fn ZoneSelect(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    #[prop(into)] chosen: Signal<String>,
    #[prop(optional)] hint: &'static str,
) -> AnyView {
    let zones = RwSignal::new(listed(COMMON.map(str::to_owned).into(), &chosen.get_untracked()));
    let select = NodeRef::<html::Select>::new();
    // What is to stay chosen while the list becomes another.
    let kept = StoredValue::new(String::new());
    // Called before it opens (a pointer comes first, also that of a finger), and when the page itself turns to another zone.
    let fill = move |shown: Option<String>| {
        #[cfg(feature = "hydrate")]
        leptos::task::spawn_local(async move {
            crate::zone_tables::load().await;
            let (Some(Some(select)), Some(length)) = (select.try_get_untracked(), zones.try_with_untracked(Vec::len))
            else {
                return;
            };
            let known = crate::zone_tables::listed();
            if known.len() > length {
                let shown = shown.unwrap_or_else(|| select.value());
                zones.set(listed(known, &shown));
                kept.set_value(shown);
            }
        });
        #[cfg(not(feature = "hydrate"))]
        let _ = shown;
    };
    let first = chosen.get_untracked();
    effect(move || {
        let chosen = chosen.get();
        if zones.with_untracked(|zones| !zones.contains(&chosen)) {
            zones.update(|zones| *zones = listed(std::mem::take(zones), &chosen));
        }
        if chosen != first {
            fill(Some(chosen.clone()));
        }
        zones.track();
        // After the options, which are rendered by an effect too.
        if let Some(select) = select.get() {
            let kept = kept.try_update_value(std::mem::take).filter(|kept| !kept.is_empty());
            request_animation_frame(move || select.set_value(&kept.unwrap_or(chosen)));
        }
    });
    let options = part(move || {
        let chosen = chosen.get_untracked();
        let option = |zone: String| {
            let label = zone_label(&zone);
            view! { <option selected=zone == chosen value=zone>{label}</option> }
        };
        zones.get().into_iter().map(option).collect_view().into_any()
    });
    view! {
        <div class="entry">
            <label for=id>{label}</label>
            <select id=id name=name node_ref=select autocomplete="off"
                on:focus=move |_| fill(None) on:pointerover=move |_| fill(None)
                aria-describedby=(!hint.is_empty()).then(|| format!("{id}-hint"))>
                {options}
            </select>
            {(!hint.is_empty()).then(|| view! { <p class="entry-hint" id=format!("{id}-hint")>{hint}</p> })}
        </div>
    }
    .into_any()
}

/// In order, with UTC and the chosen one in it.
fn listed(mut zones: Vec<String>, chosen: &str) -> Vec<String> {
    for extra in ["UTC", chosen] {
        if !extra.is_empty() && !zones.iter().any(|zone| zone == extra) {
            zones.push(extra.to_owned());
        }
    }
    zones.sort();
    zones
}
