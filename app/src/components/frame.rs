//! The frame of every page: the skip link, the bar at the top and the foot.

use leptos::prelude::*;

use crate::proof::Proof;
use crate::server_functions::sessions::{SignOut, Viewer, current_viewer};
use server_fn::ServerFn;

#[component]
pub fn Frame(children: Children) -> impl IntoView {
    let signed_in = Resource::new(String::new, |_| current_viewer());
    view! {
        <a class="skip-link" href="#main" rel="external">"Skip to the content"</a>
        <header class="bar">
            <a class="brand" href="/">
                <Mark/>
                "Eventide"
            </a>
            <nav class="bar-links" aria-label="Account">
                <Suspense fallback=|| ()>
                    {move || Suspend::new(async move { links(signed_in.await.and_then(|viewer| viewer.read()).ok().flatten()) })}
                </Suspense>
            </nav>
        </header>
        <main id="main" tabindex="-1">{children()}</main>
        <footer class="foot">
            <p>"Eventide: bookings that everyone sees at once."</p>
            <nav aria-label="About">
                <a href="/demo">"Demo"</a>
                <a href="/api/docs" rel="external">"API"</a>
            </nav>
        </footer>
    }
}

fn links(viewer: Option<Viewer>) -> AnyView {
    match viewer {
        Some(viewer) => view! {
            <a class="button quiet" href="/dashboard" title=viewer.display_name>"Dashboard"</a>
            <form method="post" action=SignOut::url() on:submit=leave>
                <Proof/>
                <button class="button quiet">"Sign out"</button>
            </form>
        }
        .into_any(),
        None => view! {
            <a class="button quiet" href="/sign-in">"Sign in"</a>
            <a class="button" href="/sign-up">"Sign up"</a>
        }
        .into_any(),
    }
}

/// With scripts: the page's own proof is of the session that it came with, and that may have ended since.
#[cfg(feature = "provider")]
fn leave(ev: leptos::ev::SubmitEvent) {
    ev.prevent_default();
    leptos::task::spawn_local(async {
        // Whoever is signed out already is where they want to be.
        let _ = crate::server_functions::sessions::sign_out().await;
        let _ = window().location().set_href("/");
    });
}

/// A guest's page leaves it to the browser.
#[cfg(not(feature = "provider"))]
fn leave(_: leptos::ev::SubmitEvent) {}

/// The sun on the horizon.
#[component]
pub fn Mark() -> AnyView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
            <path class="mark-sun" d="M7 19a9 9 0 0 1 18 0z"/>
            <path class="mark-line" d="M3 19h26M8 23.5h16M12.5 28h7"/>
        </svg>
    }
    .into_any()
}
