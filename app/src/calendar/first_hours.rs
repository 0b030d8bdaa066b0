//! What a provider without any hours sees first.

use leptos::form::ActionForm;
use leptos::prelude::*;

use super::hours::office_hours;
use super::week_layout::WeekData;
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
