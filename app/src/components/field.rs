//! A label with its input, a hint, and what is wrong with what was typed.

use leptos::html;
use leptos::prelude::*;

use super::TextArea;
use crate::error::ApiError;
use crate::reactive::{mark, memo, text};

/// What a field is like, beside its name and words.
#[derive(Clone, Copy)]
pub struct Kind {
    /// The `type` of the `<input>`; `None` is a text of several lines.
    input: Option<&'static str>,
    autocomplete: &'static str,
    longest: u32,
}

impl Kind {
    pub const fn input(kind: &'static str, autocomplete: &'static str, longest: u32) -> Self {
        Self { input: Some(kind), autocomplete, longest }
    }

    pub const fn text(longest: u32) -> Self {
        Self { input: None, autocomplete: "off", longest }
    }
}

/// The input keeps its own value: what is typed before the page is hydrated must not be lost.
#[component]
pub fn Field(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    kind: Kind,
    /// What was typed before.
    #[prop(optional)]
    value: String,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] optional: bool,
    /// The field's name in the problem.
    fault: &'static str,
    error: RwSignal<Option<ApiError>>,
    #[prop(optional)] node_ref: NodeRef<html::Input>,
) -> AnyView {
    let told = memo(move || error.with(|error| error.as_ref()?.field(fault).map(str::to_owned)));
    let invalid = mark(move || told.with(Option::is_some));
    // Whoever mends it need not be told any more; whether it is right now, the next sending says.
    let mended = move |_| {
        if told.with_untracked(Option::is_some) {
            error.update(|error| *error = error.take().and_then(|error| error.without(fault)));
        }
    };
    let described = if hint.is_empty() { format!("{id}-fault") } else { format!("{id}-fault {id}-hint") };
    let control = match kind.input {
        Some(input) => view! {
            <input id=id name=name type=input value=value autocomplete=kind.autocomplete maxlength=kind.longest
                autocapitalize=if matches!(input, "email" | "password") { "none" } else { "sentences" }
                required=!optional aria-invalid=invalid aria-describedby=described node_ref=node_ref/>
        }
        .into_any(),
        None => view! {
            <TextArea id name rows=3 longest=kind.longest required=!optional text=value invalid described/>
        }
        .into_any(),
    };
    view! {
        <div class="entry" on:input=mended>
            <label for=id>{label} {optional.then(|| view! { <span class="optional">" optional"</span> })}</label>
            {control}
            {(!hint.is_empty()).then(|| view! { <p class="entry-hint" id=format!("{id}-hint")>{hint}</p> })}
            <p class="entry-fault" id=format!("{id}-fault") role="alert">{text(move || told.get().unwrap_or_default())}</p>
        </div>
    }
    .into_any()
}
