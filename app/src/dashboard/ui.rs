//! Small pieces that the provider's pages share.

use domain::Problem;
use leptos::html;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{HtmlElement, HtmlInputElement};
use leptos_router::components::Redirect;
use leptos_router::hooks::use_location;

use super::focus::recover_focus;
use crate::address::sign_in_page;
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
            if dialog.open() {
                dialog.close();
                request_animation_frame(recover_focus);
            }
        } else if !dialog.matches(":modal").unwrap_or(false) {
            // Rendered open, it is not modal yet; and what is open cannot be made so.
            let _ = dialog.remove_attribute("open");
            let _ = dialog.show_modal();
            // When the values are shown too.
            request_animation_frame(focus_chosen);
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

/// A browser focuses the first of several choices, even where another one is chosen.
fn focus_chosen() {
    let first = document().active_element().and_then(|element| element.dyn_into::<HtmlInputElement>().ok());
    let Some(first) = first.filter(|first| first.type_() == "radio" && !first.checked()) else { return };
    let chosen = document().query_selector(&format!("input[name=\"{}\"]:checked", first.name())).ok().flatten();
    if let Some(chosen) = chosen.and_then(|chosen| chosen.dyn_into::<HtmlElement>().ok()) {
        let _ = chosen.focus();
    }
}

/// What went wrong, said where it happened. Faults of fields are said beside them; this is the rest.
#[component]
pub fn Failure(#[prop(into)] error: Signal<Option<ApiError>>) -> AnyView {
    view! {
        <div role="alert">
            {move || error.get().map(|error| match error.0 {
                Problem::Unauthenticated => view! { <div class="notice bad"><SignInAgain/></div> }.into_any(),
                problem => view! { <p class="notice bad">{problem.detail()}</p> }.into_any(),
            })}
        </div>
    }
    .into_any()
}

/// The session has ended while the page was open: a way back that loses nothing of what is on it.
#[component]
pub fn SignInAgain() -> AnyView {
    view! {
        <p>
            "You are signed out by now. "<a href="/sign-in" target="_blank" rel="external">"Sign in in a new tab"</a>
            ", then come back and try again: what you typed stays here."
        </p>
    }
    .into_any()
}

/// Instead of a page, or a part of one, that could not be read.
///
/// Whoever is not signed in goes to sign in. Every part says so, not the layout alone: each failure
/// sets the status of the answer, and the last word must be the redirect's.
#[component]
pub fn PageFailure(error: ApiError) -> AnyView {
    if error.0 == Problem::Unauthenticated {
        let location = use_location();
        let (path, query) = (location.pathname.get_untracked(), location.search.get_untracked());
        let wanted = if query.is_empty() { path } else { format!("{path}?{}", query.trim_start_matches('?')) };
        return view! { <Redirect path=sign_in_page(&wanted)/> }.into_any();
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
