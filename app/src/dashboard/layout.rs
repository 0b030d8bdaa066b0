//! The frame of the provider's pages: who is signed in, and the way from page to page.

use domain::Problem;
use leptos::prelude::*;
use leptos_router::components::{A, Outlet};

use super::ui::{Failure, PageFailure};
use crate::server_functions::providers::whoami;

const PAGES: [(&str, &str, bool); 4] = [
    ("/dashboard", "Calendar", true),
    ("/dashboard/bookings", "Bookings", false),
    ("/dashboard/offerings", "Offerings", false),
    ("/dashboard/settings", "Settings", false),
];

/// The handle as the settings have just saved it: what was read with the layout is older.
#[derive(Clone, Copy)]
pub struct SavedHandle(pub RwSignal<Option<String>>);

#[component]
pub fn Layout() -> impl IntoView {
    let saved = RwSignal::new(None);
    provide_context(SavedHandle(saved));
    crate::told::provide_refusal();
    // Blocking: a browser that is not signed in is sent away before anything is rendered.
    let provider = Resource::new_blocking(|| (), |_| whoami());
    let links = PAGES.map(|(href, label, exact)| view! { <li><A href=href exact=exact>{label}</A></li> });
    view! {
        <div class="dashboard">
            <nav class="dashboard-nav" aria-label="Your pages">
                <ul>{links}</ul>
                <Suspense fallback=|| view! { <span class="dashboard-public">"\u{a0}"</span> }>
                    {move || Suspend::new(async move {
                        match provider.await {
                            Ok(provider) => {
                                let handle = move || saved.get().unwrap_or_else(|| provider.public.handle.to_string());
                                view! {
                                    <a class="dashboard-public" href=move || format!("/{}", handle())>
                                        <span>"Your public "</span>"page"
                                    </a>
                                }.into_any()
                            }
                            Err(error) if error.0 == Problem::Unauthenticated => view! { <PageFailure error/> }.into_any(),
                            // The pages may work all the same; those that do not say so themselves.
                            Err(error) => view! { <Failure error=Some(error)/> }.into_any(),
                        }
                    })}
                </Suspense>
            </nav>
            <div class="dashboard-page"><Outlet/></div>
        </div>
    }
}
