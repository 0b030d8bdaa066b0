//! The frame of the provider's pages: who is signed in, and the way from page to page.

use leptos::prelude::*;
use leptos_router::components::{A, Outlet, Redirect};

use super::calls::whoami;

const PAGES: [(&str, &str, bool); 4] = [
    ("/dashboard", "Calendar", true),
    ("/dashboard/bookings", "Bookings", false),
    ("/dashboard/offerings", "Offerings", false),
    ("/dashboard/settings", "Settings", false),
];

#[component]
pub fn Layout() -> impl IntoView {
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
                            Ok(provider) => view! {
                                <a class="dashboard-public" href=format!("/{}", provider.public.handle)>
                                    "Your public page"
                                </a>
                            }.into_any(),
                            Err(_) => view! { <Redirect path="/sign-in"/> }.into_any(),
                        }
                    })}
                </Suspense>
            </nav>
            <div class="dashboard-page"><Outlet/></div>
        </div>
    }
}
