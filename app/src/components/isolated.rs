//! What people typed, beside our own words.

use leptos::prelude::*;

/// A text in its own direction, which moves nothing beside it: a name from right to left must not take the time that
/// follows it along, nor a character that turns a line around the rest of the line. Where such a text has an element
/// of its own, style sheets say the same (`style/base.css`).
pub fn isolated(text: impl Into<String>) -> AnyView {
    view! { <bdi>{text.into()}</bdi> }.into_any()
}

/// Facts of which some were typed, on one line: `30 or 60 minutes · Room 2`.
pub fn line(facts: Vec<String>) -> AnyView {
    let fact = |(at, fact)| view! { {(at > 0).then_some(" · ")} {isolated(fact)} };
    facts.into_iter().enumerate().map(fact).collect_view().into_any()
}
