//! What is shown instead of a page: what happened, and where to go from here.

use domain::Problem;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::error::ApiError;

/// No such address.
#[component]
pub fn NotFound() -> AnyView {
    view! { <ProblemPage error=ApiError::from(Problem::NotFound) what="There is no such page."/> }.into_any()
}

#[component]
pub fn ProblemPage(
    error: ApiError,
    /// What is not there, where that is the problem.
    #[prop(default = "There is nothing here.")]
    what: &'static str,
) -> AnyView {
    let ApiError(problem) = error;
    let (title, words) = match &problem {
        Problem::NotFound => {
            (what, "The address may be mistyped, or what it led to has moved or is no more.".to_owned())
        }
        Problem::Unavailable => {
            ("We cannot be reached right now.", "It is not you. Wait a moment, then load the page again.".to_owned())
        }
        problem => (problem.problem_type().title, problem.detail()),
    };
    let again = (problem != Problem::NotFound)
        .then(|| view! { <a class="button primary" href="" rel="external">"Try again"</a> });
    view! {
        <Title text=title.trim_end_matches('.')/>
        <section class="problem">
            <p class="problem-code" aria-hidden="true">{problem.status()}</p>
            <h1>{title}</h1>
            <p>{words}</p>
            <p class="actions">{again} <a class="button" href="/">"Go to the start page"</a></p>
        </section>
    }
    .into_any()
}
