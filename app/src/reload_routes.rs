//! The provider's pages, for a bundle that has not got them: the browser loads them whole.

use leptos::prelude::*;
use leptos_router::components::{Outlet, ParentRoute, Route};
use leptos_router::hooks::use_location;
use leptos_router::path;

#[component(transparent)]
pub fn ProviderRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    // In a parent, because with erased components (.cargo/config.toml) it must be one route.
    view! {
        <ParentRoute path=path!("") view=Outlet>
            <Route path=path!("/") view=Elsewhere/>
            <Route path=path!("/sign-up") view=Elsewhere/>
            <Route path=path!("/sign-in") view=Elsewhere/>
            <Route path=path!("/dashboard/*rest") view=Elsewhere/>
        </ParentRoute>
    }
    .into_inner()
}

#[component]
fn Elsewhere() -> impl IntoView {
    let location = use_location();
    Effect::new(move || {
        let (path, query) = (location.pathname.get(), location.search.get());
        let separator = if query.is_empty() { "" } else { "?" };
        let _ = window().location().set_href(&format!("{path}{separator}{query}"));
    });
}
