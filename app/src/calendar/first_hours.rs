//! What a provider without any hours sees first, and once there are some.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::hours::office_hours;
use super::week_layout::WeekData;
use crate::components::Copyable;
use crate::dashboard::ui::Failure;
use crate::proof::Proof;
use crate::server_functions::availability::SaveHours;

#[component]
pub fn FirstHours(data: RwSignal<WeekData>, save: ServerAction<SaveHours>, choose: Callback<()>) -> AnyView {
    let today = data.with_untracked(|data| data.now.date());
    let fields = office_hours(today).0.into_iter().map(|(name, value)| {
        view! { <input type="hidden" name=format!("hours[{name}]") value=value/> }
    });
    let error = Signal::derive(move || save.value().get().and_then(Result::err));
    view! {
        <section class="empty first-hours">
            <h2>"When can people book you?"</h2>
            <p>"Start with the usual office hours and change them as you like, or drag over the calendar."</p>
            <div class="actions">
                <ActionForm action=save>
                    <Proof/>
                    <input type="hidden" name="hours[first]" value="on"/>
                    {fields.collect_view()}
                    <button type="submit" class="button primary" disabled=save.pending()>"Mon–Fri, 09:00–17:00"</button>
                </ActionForm>
                <a class="button" href="/dashboard?add=hours" on:click=move |event| {
                    event.prevent_default();
                    choose.run(());
                }>"Choose hours"</a>
            </div>
            <Failure error/>
        </section>
    }
    .into_any()
}

/// Whether the first hours were said just now: on this page, or by its form without scripts.
pub fn is_first_saved(has_hours: Memo<bool>) -> RwSignal<bool> {
    let asked = use_query_map().with_untracked(|query| query.get("first").is_some());
    let is_saved = RwSignal::new(asked && has_hours.get_untracked());
    Effect::new(move |before: Option<bool>| {
        let has_hours = has_hours.get();
        if has_hours && before == Some(false) {
            is_saved.set(true);
        }
        has_hours
    });
    is_saved
}

/// What there is now that can be shared.
#[component]
pub fn Ready(is_ready: RwSignal<bool>, url: String) -> AnyView {
    view! {
        <section class="notice good ready" aria-labelledby="ready-title">
            <div role="status">
                <h2 id="ready-title">"Your page is ready"</h2>
                <p>"Whoever has its address can book your free times."</p>
            </div>
            <Copyable text=url.clone() label="Address of your public page"/>
            <div class="actions">
                <a class="button" href=url rel="external">"See it"</a>
                <button type="button" class="button quiet" on:click=move |_| is_ready.set(false)>"Not now"</button>
            </div>
        </section>
    }
    .into_any()
}
