//! Small pieces that the provider's pages share.

use leptos::html;
use leptos::prelude::*;
use leptos_router::components::Redirect;

use crate::error::ApiError;

/// A native dialog that follows `open`; Escape and its close button set it to false.
///
/// Where it is open from the start (a link asked for it) the server renders it open, so that it
/// also serves a browser without JavaScript.
#[component]
pub fn Modal(
    open: RwSignal<bool>,
    id: &'static str,
    #[prop(into)] title: Signal<String>,
    children: Children,
) -> AnyView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        if !open.get() {
            dialog.close();
        } else if !dialog.matches(":modal").unwrap_or(false) {
            // Rendered open, it is not modal yet; and what is open cannot be made so.
            let _ = dialog.remove_attribute("open");
            let _ = dialog.show_modal();
        }
    });
    // Told a frame late: by then it may have been opened again.
    let closed = move |_| {
        if dialog.get_untracked().is_some_and(|dialog| !dialog.open()) {
            open.set(false);
        }
    };
    let title_id = format!("{id}-title");
    let labelled_by = title_id.clone();
    view! {
        <dialog node_ref=dialog id=id class="modal" aria-labelledby=labelled_by open=open.get_untracked()
            on:close=closed>
            <h2 id=title_id>{title}</h2>
            {children()}
            <form method="dialog" class="modal-close">
                <button class="icon-button" aria-label="Close">"×"</button>
            </form>
        </dialog>
    }
    .into_any()
}

/// What went wrong, said where it happened. Faults of fields are said beside them; this is the rest.
#[component]
pub fn Failure(#[prop(into)] error: Signal<Option<ApiError>>) -> AnyView {
    view! {
        <div role="alert">
            {move || error.get().map(|error| view! { <p class="notice bad">{error.0.detail()}</p> })}
        </div>
    }
    .into_any()
}

/// Instead of a page, or a part of one, that could not be read.
///
/// Whoever is not signed in goes to sign in. Every part says so, not the layout alone: each failure
/// sets the status of the answer, and the last word must be the redirect's.
#[component]
pub fn PageFailure(error: ApiError) -> AnyView {
    if error.0 == domain::Problem::Unauthenticated {
        return view! { <Redirect path="/sign-in"/> }.into_any();
    }
    view! {
        <div class="empty" role="alert">
            <h2>{error.0.problem_type().title}</h2>
            <p>{error.0.detail()}</p>
            // A full load, not a client-side step: it asks the server anew.
            <p><a class="button" href="" rel="external">"Try again"</a></p>
        </div>
    }
    .into_any()
}
