//! The provider's pages.

mod account;
mod booking_details;
mod bookings;
pub(crate) mod focus;
pub mod form_kit;
mod layout;
mod listing;
mod offering_form;
mod offerings;
pub(crate) mod retry;
mod settings;
mod tokens;
pub mod ui;

use leptos::prelude::*;
use leptos_router::components::{Outlet, ParentRoute, Route};
use leptos_router::{SsrMode, path};

use crate::calendar::CalendarPage;
use crate::pages::{Landing, SignIn, SignUp};
pub use booking_details::{BookingDetails, CancelForm};
use bookings::BookingsPage;
use layout::Layout;
use offerings::OfferingsPage;
use settings::SettingsPage;

#[component(transparent)]
pub fn ProviderRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    // In a parent, because with erased components (.cargo/config.toml) it must be one route.
    view! {
        <ParentRoute path=path!("") view=Outlet ssr=SsrMode::Async>
            <Route path=path!("/") view=Landing ssr=SsrMode::Async/>
            <Route path=path!("/sign-up") view=SignUp ssr=SsrMode::Async/>
            <Route path=path!("/sign-in") view=SignIn ssr=SsrMode::Async/>
            <ParentRoute path=path!("/dashboard") view=Layout ssr=SsrMode::Async>
                <Route path=path!("") view=CalendarPage ssr=SsrMode::Async/>
                <Route path=path!("/bookings") view=BookingsPage ssr=SsrMode::Async/>
                <Route path=path!("/offerings") view=OfferingsPage ssr=SsrMode::Async/>
                <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async/>
            </ParentRoute>
        </ParentRoute>
    }
    .into_inner()
}
