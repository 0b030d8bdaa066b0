//! API tokens: made with the password, shown once, listed by name, revoked.

use leptos::form::ActionForm;
use leptos::prelude::*;

use super::form_kit::{Entered, Entry, Kind, Sheet};
use super::ui::{Failure, PageFailure};
use crate::components::{Copyable, isolated};
use crate::error::ApiError;
use crate::local_time::full_date_label;
use crate::proof::Proof;
use crate::server_functions::tokens::{CreateToken, ListedToken, RevokeToken, list_tokens};

#[component]
pub fn Tokens() -> AnyView {
    let create = ServerAction::<CreateToken>::new();
    let revoke = ServerAction::<RevokeToken>::new();
    let tokens = Resource::new(move || (create.version().get(), revoke.version().get()), |_| list_tokens());
    let values = RwSignal::new(Entered::default());
    let error = Signal::derive(move || create.value().get().and_then(Result::err));
    let rest = Signal::derive(move || {
        error.get().filter(|ApiError(problem)| !matches!(problem, domain::Problem::Invalid { .. }))
    });
    let sheet = Sheet::new("token", values, error);
    let made = move || create.value().get().and_then(Result::ok);
    // A password does not stay on the page longer than it is needed.
    Effect::new(move |_| {
        if made().is_some() {
            values.set(Entered::default());
        }
    });
    let revoke_error = Signal::derive(move || revoke.value().get().and_then(Result::err));
    view! {
        <section class="panel" aria-labelledby="tokens-title">
            <h2 id="tokens-title">"API tokens"</h2>
            <p>"A token lets a program act as you. "<a href="/api/docs" rel="external">"How the API works"</a></p>
            <Transition fallback=|| view! { <div class="token-list skeleton"></div> }>
                {move || Suspend::new(async move {
                    match tokens.await {
                        Ok(all) => view! { <TokenList all revoke/> }.into_any(),
                        Err(error) => view! { <PageFailure error/> }.into_any(),
                    }
                })}
            </Transition>
            <Failure error=revoke_error/>
            <div role="status">
                {move || made().map(|token| view! {
                    <div class="notice good">
                        <p><strong>"Copy the token now."</strong>" It is not shown again."</p>
                        <Copyable text=token label="The new token"/>
                    </div>
                })}
            </div>
            <details class="more" prop:open=move || error.with(Option::is_some)>
                <summary>"New token"</summary>
                <ActionForm action=create>
                    <Proof/>
                    <div class="pair">
                        <Entry sheet name="name" label="What it is for" hint="“Website”, “Reports”."/>
                        <Entry sheet name="password" label="Your password" kind=Kind::Input("password") autocomplete="current-password"/>
                    </div>
                    <Failure error=rest/>
                    <button type="submit" class="button primary" disabled=create.pending()>"Make token"</button>
                </ActionForm>
            </details>
        </section>
    }
    .into_any()
}

#[component]
fn TokenList(all: Vec<ListedToken>, revoke: ServerAction<RevokeToken>) -> AnyView {
    if all.is_empty() {
        return view! { <p class="entry-hint">"There is no token."</p> }.into_any();
    }
    let rows = all.into_iter().map(|token| {
        let name = if token.name.is_empty() { "Without a name".to_owned() } else { token.name };
        let made = token.created_at.date();
        view! {
            <li>
                <span><b>{isolated(name.clone())}</b>" "<small>"made on "{full_date_label(made)}</small></span>
                <details class="more danger">
                    <summary aria-label=format!("Revoke {name}")>"Revoke"</summary>
                    <ActionForm action=revoke>
                        <Proof/>
                        <input type="hidden" name="token_id" value=token.token_id.to_string()/>
                        <button type="submit" class="button bad">"Revoke for good"</button>
                    </ActionForm>
                </details>
            </li>
        }
    });
    view! { <ul class="token-list">{rows.collect_view()}</ul> }.into_any()
}
