//! The provider's appointment types.

use domain::{Approval, Offering};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::form_kit::Entered;
use super::offering_form::{OfferingForm, blank, existing};
use super::ui::{Failure, Modal, PageFailure};
use crate::components::line;
use crate::proof::Proof;
use crate::server_functions::offerings::{DeleteOffering, OfferOffering, SaveOffering, list_offerings};

#[derive(Clone, Copy)]
struct Editor {
    open: RwSignal<bool>,
    values: RwSignal<Entered>,
    save: ServerAction<SaveOffering>,
    offer: ServerAction<OfferOffering>,
    delete: ServerAction<DeleteOffering>,
}

impl Editor {
    fn show(self, values: Entered) {
        self.save.clear();
        self.values.set(values);
        self.open.set(true);
    }
}

#[component]
pub fn OfferingsPage() -> impl IntoView {
    let asked = use_query_map().get_untracked();
    let editor = Editor {
        open: RwSignal::new(asked.get("edit").is_some()),
        values: RwSignal::new(blank()),
        save: ServerAction::new(),
        offer: ServerAction::new(),
        delete: ServerAction::new(),
    };
    let Editor { open, values, save, offer, delete } = editor;
    let done = move || (save.version().get(), offer.version().get(), delete.version().get());
    let offerings = Resource::new_blocking(done, |_| list_offerings());
    // Without JavaScript a link asks for the form of one of them: read once and for itself, so that the form waits for
    // it and is not made anew with the cards.
    let edited = Resource::new_blocking(|| (), move |()| offering(asked.get("edit")));
    // Beside the cards, which are new ones after each attempt.
    let offer_error = Signal::derive(move || offer.value().get().and_then(Result::err));
    let delete_error = Signal::derive(move || delete.value().get().and_then(Result::err));
    Effect::new(move |_| {
        if save.value().with(|value| matches!(value, Some(Ok(_)))) {
            open.set(false);
        }
    });
    let title = Signal::derive(move || {
        let is_new = values.with(|values| values.get("offering_id").is_empty());
        if is_new { "New offering".to_owned() } else { "Change offering".to_owned() }
    });
    view! {
        <Title text="Offerings"/>
        <div class="toolbar">
            <h1 tabindex="-1">"Offerings"</h1>
            <a class="button primary" href="/dashboard/offerings?edit=new" on:click=move |event| {
                event.prevent_default();
                editor.show(blank());
            }>"New offering"</a>
        </div>
        <Failure error=offer_error/>
        <Failure error=delete_error/>
        <Transition fallback=|| view! { <div class="cards skeleton" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match offerings.await {
                    Ok(all) => view! { <Cards all editor/> }.into_any(),
                    Err(error) => view! { <PageFailure error/> }.into_any(),
                }
            })}
        </Transition>
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                if let Some(edited) = edited.await {
                    values.set(existing(&edited));
                }
                view! { <Modal open id="offering-dialog" title><OfferingForm values save/></Modal> }
            })}
        </Transition>
    }
}

/// The one with this id, if it is one of theirs.
async fn offering(id: Option<String>) -> Option<Offering> {
    let id = id.filter(|id| !id.is_empty() && id != "new")?;
    list_offerings().await.ok()?.into_iter().find(|one| one.offering_id.to_string() == id)
}

#[component]
fn Cards(all: Vec<Offering>, editor: Editor) -> AnyView {
    if all.is_empty() {
        return view! {
            <div class="empty"><h2>"Nothing to book"</h2><p>"Guests need at least one offering: what they book, and for how long."</p></div>
        }
        .into_any();
    }
    let cards = all.into_iter().map(|offering| view! { <li><Card offering editor/></li> });
    view! { <ul class="cards">{cards.collect_view()}</ul> }.into_any()
}

#[component]
fn Card(offering: Offering, editor: Editor) -> AnyView {
    let id = offering.offering_id;
    let facts = facts(&offering);
    let (badge, state, turn) =
        if offering.active { ("badge good", "Bookable", "Pause") } else { ("badge", "Paused", "Offer again") };
    let title = offering.title.clone();
    let (change, turning, deleting) =
        (format!("Change {title}"), format!("{turn}: {title}"), format!("Delete {title}"));
    let description = Some(offering.description.clone()).filter(|text| !text.is_empty());
    let values = existing(&offering);
    let active = (!offering.active).to_string();
    view! {
        <article class="card" class:paused=!offering.active>
            <header><h2>{title}</h2><span class=badge>{state}</span></header>
            {description.map(|text| view! { <p class="as-typed">{text}</p> })}
            <p class="card-facts">{line(facts)}</p>
            <div class="actions">
                <a class="button" href=format!("/dashboard/offerings?edit={id}") aria-label=change
                    on:click=move |event| {
                        event.prevent_default();
                        editor.show(values.clone());
                    }>"Change"</a>
                <ActionForm action=editor.offer>
                    <Proof/>
                    <input type="hidden" name="offering_id" value=id.to_string()/>
                    <input type="hidden" name="active" value=active/>
                    <button type="submit" class="button" aria-label=turning>{turn}</button>
                </ActionForm>
                <details class="more danger">
                    <summary aria-label=deleting>"Delete"</summary>
                    <p>"It is no longer offered. What is booked stays booked."</p>
                    <ActionForm action=editor.delete>
                        <Proof/>
                        <input type="hidden" name="offering_id" value=id.to_string()/>
                        <button type="submit" class="button bad">"Delete for good"</button>
                    </ActionForm>
                </details>
            </div>
        </article>
    }
    .into_any()
}

/// The rules that matter, of one line: `30 or 60 minutes · 15 minutes free after · at most 5 a day`.
fn facts(offering: &Offering) -> Vec<String> {
    let lengths: Vec<String> = offering.durations_minutes.iter().map(u32::to_string).collect();
    let mut facts = vec![format!("{} minutes", lengths.join(" or "))];
    let mut say = |when: bool, fact: String| {
        if when {
            facts.push(fact)
        }
    };
    say(!offering.location.is_empty(), offering.location.clone());
    say(offering.buffer_before_minutes > 0, format!("{} minutes free before", offering.buffer_before_minutes));
    say(offering.buffer_after_minutes > 0, format!("{} minutes free after", offering.buffer_after_minutes));
    say(offering.capacity > 1, format!("{} seats", offering.capacity));
    if let Some(limit) = offering.daily_limit {
        say(true, format!("at most {limit} a day"));
    }
    say(offering.approval == Approval::Manual, "confirmed by you".to_owned());
    facts
}
