//! Signing in.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use server_fn::ServerFn;

use crate::components::{Field, Kind};
use crate::form_flash::Flash;
use crate::server_functions::sessions::{SignIn as Door, kept_flash};

#[component]
pub fn SignIn() -> impl IntoView {
    let flash = Resource::new(|| (), |()| kept_flash());
    let then = use_query_map().with_untracked(|query| query.get("then").unwrap_or_default());
    view! {
        <Title text="Sign in"/>
        <section class="sheet">
            <h1>"Welcome back"</h1>
            <p class="lead">"Sign in to see your calendar and bookings."</p>
            <Suspense fallback=|| view! { <div class="sheet-form skeleton"></div> }>
                {move || {
                    let then = then.clone();
                    Suspend::new(async move { form(flash.await.unwrap_or_default(), then) })
                }}
            </Suspense>
            <p class="aside">"New here? " <a href="/sign-up">"Make a page of your own"</a></p>
        </section>
    }
}

/// `then`: the page that was asked for.
fn form(flash: Flash, then: String) -> AnyView {
    let error = flash.error();
    let general = error.clone().filter(|error| ["email", "password"].iter().all(|name| error.field(name).is_none()));
    let error = RwSignal::new(error);
    view! {
        <form class="sheet-form" method="post" action=Door::url() novalidate>
            {general.map(|error| view! { <p class="notice bad" role="alert">{error.summary()}</p> })}
            <Field id="email" name="email" label="E-mail" kind=Kind::input("email", "username", 254)
                value=flash.get("email") fault="email" error=error/>
            <Field id="password" name="password" label="Password" fault="password" error=error
                kind=Kind::input("password", "current-password", 200)/>
            <input type="hidden" name="then" value=then/>
            <button class="button primary wide">"Sign in"</button>
        </form>
    }
    .into_any()
}
