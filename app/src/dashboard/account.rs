//! The password, and the browsers that are signed in.

use leptos::form::ActionForm;
use leptos::prelude::*;

use super::form_kit::{Entered, Entry, Kind, Sheet};
use super::ui::{Failure, PageFailure};
use crate::error::ApiError;
use crate::local_time::{date_label, full_date_label, time_label};
use crate::proof::Proof;
pub use crate::server_functions::account::ChangePassword;
use crate::server_functions::account::{CHANGE_PASSWORD, EndOtherSessions, EndSession, ListedSession, list_sessions};

#[component]
pub fn ChangeOfPassword(email: String, change: ServerAction<ChangePassword>) -> AnyView {
    let values = RwSignal::new(Entered::default());
    let error = Signal::derive(move || change.value().get().and_then(Result::err));
    let rest = Signal::derive(move || {
        error.get().filter(|ApiError(problem)| !matches!(problem, domain::Problem::Invalid { .. }))
    });
    let sheet = Sheet::new("change", values, error);
    let changed = move || change.value().with(|value| matches!(value, Some(Ok(_))));
    // Passwords do not stay on the page longer than they are needed.
    Effect::new(move |_| {
        if changed() {
            values.set(Entered::default());
        }
    });
    let changed_before = crate::told::is_done(CHANGE_PASSWORD);
    let told = move || (changed_before || changed()).then_some("Changed. Everywhere else you are signed out.");
    view! {
        <section class="panel" aria-labelledby="password-title">
            <h2 id="password-title">"Password"</h2>
            <ActionForm action=change>
                <Proof/>
                // For what keeps passwords: whose they are.
                <input type="email" autocomplete="username" value=email hidden readonly/>
                <div class="pair">
                    <Entry sheet name="password" label="Present password" kind=Kind::Input("password")
                        autocomplete="current-password"/>
                    <Entry sheet name="new_password" label="New password" kind=Kind::Input("password")
                        autocomplete="new-password" hint="At least 10 characters. A few words in a row are easy to remember."/>
                </div>
                <Failure error=rest/>
                <div class="actions">
                    <button type="submit" class="button primary" disabled=change.pending()>"Change password"</button>
                    <span role="status" class="saved">{told}</span>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}

#[component]
pub fn Sessions(change: ServerAction<ChangePassword>) -> AnyView {
    let end = ServerAction::<EndSession>::new();
    let end_others = ServerAction::<EndOtherSessions>::new();
    let done = move || (end.version().get(), end_others.version().get(), change.version().get());
    let sessions = Resource::new(done, |_| list_sessions());
    let error = Signal::derive(move || {
        end.value().get().and_then(Result::err).or_else(|| end_others.value().get().and_then(Result::err))
    });
    let ended = move || {
        let one = end.value().with(|value| matches!(value, Some(Ok(_))));
        let others = end_others.value().with(|value| matches!(value, Some(Ok(_))));
        if others { Some("Everywhere else you are signed out.") } else { one.then_some("That browser is signed out.") }
    };
    view! {
        <section class="panel" aria-labelledby="sessions-title">
            <h2 id="sessions-title">"Where you are signed in"</h2>
            <p>"A browser that is not used for 30 days is signed out by itself."</p>
            <Transition fallback=|| view! { <div class="token-list skeleton"></div> }>
                {move || Suspend::new(async move {
                    match sessions.await {
                        Ok(all) => view! { <SessionList all end end_others/> }.into_any(),
                        Err(error) => view! { <PageFailure error/> }.into_any(),
                    }
                })}
            </Transition>
            <Failure error/>
            <span role="status" class="saved">{ended}</span>
        </section>
    }
    .into_any()
}

#[component]
fn SessionList(
    all: Vec<ListedSession>,
    end: ServerAction<EndSession>,
    end_others: ServerAction<EndOtherSessions>,
) -> AnyView {
    let others = all.iter().any(|session| !session.current);
    let rows = all.into_iter().map(|session| view! { <Row session end/> });
    view! {
        <ul class="token-list session-list">{rows.collect_view()}</ul>
        {others.then(|| view! {
            <ActionForm action=end_others>
                <Proof/>
                <div class="actions">
                    <button type="submit" class="button" disabled=end_others.pending()>"Sign out everywhere else"</button>
                </div>
            </ActionForm>
        })}
    }
    .into_any()
}

#[component]
fn Row(session: ListedSession, end: ServerAction<EndSession>) -> AnyView {
    let ListedSession { session_id, created_at, used_at, address, browser, current } = session;
    let browser = if browser.is_empty() { "An unknown browser".to_owned() } else { browser };
    let place = if address.is_empty() { String::new() } else { format!(" at {address}") };
    let name = format!("{browser}{place}");
    let since = full_date_label(created_at.date());
    let used = format!("{}, {}", date_label(used_at.date()), time_label(used_at));
    let time = if current { format!("Since {since}") } else { format!("Since {since}. Last used {used}") };
    let way_out = if current {
        view! { <span class="badge good">"This browser"</span> }.into_any()
    } else {
        view! {
            <ActionForm action=end>
                <Proof/>
                <input type="hidden" name="session_id" value=session_id.to_string()/>
                <button type="submit" class="button" aria-label=format!("Sign out {name}")>"Sign out"</button>
            </ActionForm>
        }
        .into_any()
    };
    view! { <li><span><b>{browser}</b>{place}<small>{time}</small></span>{way_out}</li> }.into_any()
}
