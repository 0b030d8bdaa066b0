//! The provider's profile, public page, account and API tokens.

use domain::Provider;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use super::account::{ChangeOfPassword, ChangePassword, Sessions};
use super::form_kit::{Entered, Entry, Kind, Sheet};
use super::layout::SavedHandle;
use super::tokens::Tokens;
use super::ui::{Failure, PageFailure};
use crate::components::Copyable;
use crate::components::ZoneSelect;
use crate::error::ApiError;
use crate::proof::Proof;
use crate::server_functions::providers::{UpdateMe, public_url, tzdb_version, whoami};

#[component]
pub fn SettingsPage() -> impl IntoView {
    let update = ServerAction::<UpdateMe>::new();
    let change = ServerAction::<ChangePassword>::new();
    let read = Resource::new_blocking(
        || (),
        |_| async { Ok::<_, ApiError>((whoami().await?, public_url().await?, tzdb_version().await?)) },
    );
    view! {
        <Title text="Settings"/>
        <div class="toolbar"><h1>"Settings"</h1></div>
        <Suspense fallback=|| view! { <div class="panel skeleton" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match read.await {
                    Ok((provider, url, zones)) => {
                        let email = provider.email.to_string();
                        view! { <Profile provider url zones update/><ChangeOfPassword email change/> }.into_any()
                    }
                    Err(error) => view! { <PageFailure error/> }.into_any(),
                }
            })}
        </Suspense>
        <Sessions change/>
        <Tokens/>
    }
}

#[component]
fn Profile(provider: Provider, url: String, zones: String, update: ServerAction<UpdateMe>) -> AnyView {
    let values = RwSignal::new(Entered::of([
        ("display_name", &provider.public.display_name),
        ("handle", &provider.public.handle),
        ("bio", &provider.public.bio),
    ]));
    let zone = provider.public.time_zone.name().to_owned();
    let error = Signal::derive(move || update.value().get().and_then(Result::err));
    let rest = Signal::derive(move || {
        error.get().filter(|ApiError(problem)| !matches!(problem, domain::Problem::Invalid { .. }))
    });
    let sheet = Sheet::new("profile", values, error);
    let base = url.strip_suffix(&*provider.public.handle).unwrap_or_default().to_owned();
    // The address follows what was saved, not what is being typed.
    let saved_handle = Memo::new(move |before: Option<&String>| match update.value().get() {
        Some(Ok(saved)) => saved.public.handle.into(),
        _ => before.cloned().unwrap_or_else(|| provider.public.handle.to_string()),
    });
    let SavedHandle(shown_above) = expect_context();
    Effect::new(move |_| shown_above.set(Some(saved_handle.get())));
    let saved = move || update.value().with(|value| matches!(value, Some(Ok(_)))).then_some("Saved.");
    view! {
        <section class="panel" aria-labelledby="public-title">
            <h2 id="public-title">"Your public page"</h2>
            <p>"Send this address to whoever should be able to book you."</p>
            {move || view! { <Copyable text=format!("{base}{}", saved_handle.get()) label="Address of your public page"/> }}
        </section>
        <section class="panel" aria-labelledby="profile-title">
            <h2 id="profile-title">"Profile"</h2>
            <ActionForm action=update>
                <Proof/>
                <Entry sheet name="display_name" label="Name" autocomplete="name"/>
                <Entry sheet name="handle" label="Name in the address" hint="3 to 30 small letters, digits and hyphens. The old address leads to the new one for 90 days." autocomplete="username"/>
                <Entry sheet name="bio" label="About you" kind=Kind::Area(4) hint="Guests read this above your times."/>
                <ZoneSelect id="profile-time_zone" name="profile[time_zone]" label="Time zone" chosen=zone
                    hint="Hours that you add from now on are kept in it; those that are there keep theirs."/>
                <p class="entry-hint">"Zone rules: IANA "{zones}"."</p>
                <Failure error=rest/>
                <div class="actions">
                    <button type="submit" class="button primary" disabled=update.pending()>"Save"</button>
                    <span role="status" class="saved">{saved}</span>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}
