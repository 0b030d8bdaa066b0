//! The pages of Eventide and their server functions, rendered on the server (`ssr`) and made live in
//! the browser (`hydrate`).

mod address;
#[cfg(feature = "provider")]
pub mod calendar;
mod components;
#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "provider")]
pub mod dashboard;
pub mod error;
mod form_flash;
mod form_key;
mod json_codec;
pub mod live;
pub mod local_time;
mod pages;
pub mod proof;
mod reactive;
#[cfg(not(feature = "provider"))]
mod reload_routes;
mod server_functions;
#[cfg(feature = "ssr")]
pub mod shown;
#[cfg(feature = "provider")]
pub mod told;
mod zone_cookie;
mod zone_tables;

use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use components::{Frame, SiteTitle};
#[cfg(feature = "provider")]
use dashboard::ProviderRoutes;
#[cfg(feature = "ssr")]
pub use pages::shared;
use pages::{Booked, GuestPage, NotFound};
#[cfg(not(feature = "provider"))]
use reload_routes::ProviderRoutes;

/// The document around the pages.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    #[cfg(feature = "ssr")]
    let options = bundle(options);
    #[cfg(feature = "ssr")]
    let zones = Some(domain::zones::Zones::in_use().edition());
    #[cfg(not(feature = "ssr"))]
    let zones = None::<String>;
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-zones=zones>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#faf6ef"/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#14132a"/>
                <link rel="stylesheet" href=style/>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
                <HydrationScripts options=options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// What providers open is in a bundle of its own, so that guests need not wait for it.
#[cfg(feature = "ssr")]
fn bundle(mut options: LeptosOptions) -> LeptosOptions {
    let parts = use_context::<http::request::Parts>();
    // The router takes a slash at the end for nothing.
    let path = parts.as_ref().map_or("", |parts| parts.uri.path());
    let path = if path == "/" { path } else { path.trim_end_matches('/') };
    let own = ["/", "/sign-up", "/sign-in", "/dashboard"];
    if own.contains(&path) || path.starts_with("/dashboard/") {
        options.output_name = "dashboard".into();
    }
    options
}

/// Every page is complete HTML (`SsrMode::Async`): it must work where scripts do not.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <SiteTitle/>
        <Router>
            <Frame>
                <Routes fallback=NotFound>
                    <ProviderRoutes/>
                    <Route path=path!("/bookings/:id") view=Booked ssr=SsrMode::Async/>
                    <Route path=path!("/:handle") view=GuestPage ssr=SsrMode::Async/>
                </Routes>
            </Frame>
        </Router>
    }
}
