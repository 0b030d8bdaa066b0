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
    let fill = move |chosen: &str| {
        #[cfg(feature = "hydrate")]
        {
            let known = crate::zone_tables::listed();
            if known.len() > zones.with_untracked(Vec::len) {
                zones.set(listed(known, chosen));
            }
        }
        let _ = chosen;
    };
    // Before the list opens: a pointer comes first, also that of a finger.
    let turn_to = move || {
        #[cfg(feature = "hydrate")]
        leptos::task::spawn_local(async move {
            crate::zone_tables::load().await;
            if let Some(chosen) = chosen.try_get_untracked() {
                fill(&chosen);
            }
        });
    };
    effect(move || {
        let chosen = chosen.get();
        fill(&chosen);
        if zones.with_untracked(|zones| !zones.contains(&chosen)) {
            zones.update(|zones| *zones = listed(std::mem::take(zones), &chosen));
        }
        zones.track();
        // After the options, which are rendered by an effect too.
        if let Some(select) = select.get() {
            request_animation_frame(move || select.set_value(&chosen));
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
                on:focus=move |_| turn_to() on:pointerover=move |_| turn_to()
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
