//! Signing up, in and out. The forms are plain ones: they work without scripts, and afterwards the
//! whole page is a new one, with nothing left of who was signed in before.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::form_flash::Flash;
use crate::json_codec::{Packed, Text};

#[cfg(feature = "ssr")]
use super::back_to;
#[cfg(feature = "ssr")]
use crate::context::{
    Allowed, Guard, Guarded, Making, caller, clear_session_cookie, services, session_token, set_session_cookies,
};

/// Who is signed in, for the bar at the top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    pub display_name: String,
    pub handle: String,
}

/// An optional [`Viewer`].
#[server(prefix = "/rpc", endpoint = "current_viewer", output = Text)]
pub async fn current_viewer() -> Result<Packed, ApiError> {
    let actor = crate::context::actor().await?;
    if actor == service::Actor::Anonymous {
        return Ok(Packed::of(&None::<Viewer>));
    }
    let provider = service::providers::me(&services(), &actor).await?;
    Ok(Packed::of(&Some(Viewer { display_name: provider.public.display_name, handle: provider.public.handle.into() })))
}

/// What was typed before, on the page that asks.
#[server(prefix = "/rpc", endpoint = "kept_flash", output = Text)]
pub async fn kept_flash() -> Result<Flash, ApiError> {
    Ok(Flash::kept())
}

#[server(prefix = "/rpc", endpoint = "sign_up", output = Text)]
pub async fn sign_up(
    #[server(default)] display_name: String,
    #[server(default)] handle: String,
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] time_zone: String,
) -> Result<(), ApiError> {
    let typed = [
        ("display_name", &*display_name),
        ("handle", &handle),
        ("email", &email),
        ("password", &password),
        ("time_zone", &time_zone),
    ];
    let outcome = async {
        let new = domain::provider::NewProvider::parse(domain::Form::entered(typed)).map_err(domain::Problem::from)?;
        Guard::check(Guarded::SignUp)?;
        let services = services();
        let permit = Allowed::take(Making::Account)?;
        let provider_id = service::providers::sign_up(&services, new, None).await?.provider.public.provider_id;
        permit.used();
        Ok(service::auth::open_session(&services, provider_id, &caller(), session_token().as_deref()).await?)
    };
    match outcome.await {
        Ok(signed_in) => {
            set_session_cookies(&signed_in);
            Flash::forget("/sign-up");
            leptos_axum::redirect("/dashboard");
            Ok(())
        }
        Err(ApiError(problem)) => {
            let typed = typed.map(|(name, value)| (name, if name == "password" { "" } else { value }));
            back_to("/sign-up", Flash::new(typed, problem.clone()));
            Err(ApiError(problem))
        }
    }
}

#[server(prefix = "/rpc", endpoint = "sign_in", output = Text)]
pub async fn sign_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] then: String,
) -> Result<(), ApiError> {
    let outcome = async {
        let (services, caller) = (services(), caller());
        let known_by = domain::Email::known_by(&email);
        let acquaintance = service::acquaintances::of(&services, &known_by, &caller).await?;
        Guard::check(Guarded::Password { email: &known_by, acquaintance })?;
        let form = domain::Form::entered([("email", &*email), ("password", &password)]);
        let credentials = domain::provider::Credentials::parse(form).map_err(domain::Problem::from)?;
        Ok(service::auth::sign_in(&services, credentials, &caller, session_token().as_deref()).await?)
    };
    match outcome.await {
        Ok(signed_in) => {
            set_session_cookies(&signed_in);
            Flash::forget("/sign-in");
            leptos_axum::redirect(own_page(&then).unwrap_or("/dashboard"));
            Ok(())
        }
        Err(ApiError(problem)) => {
            let page = crate::address::sign_in_page(own_page(&then).unwrap_or_default());
            back_to(&page, Flash::new([("email", &email)], problem.clone()));
            Err(ApiError(problem))
        }
    }
}

#[cfg_attr(feature = "provider", server(prefix = "/rpc", endpoint = "sign_out", output = Text, client = crate::proof::Scripts))]
#[cfg_attr(not(feature = "provider"), server(prefix = "/rpc", endpoint = "sign_out", output = Text))]
pub async fn sign_out() -> Result<(), ApiError> {
    if let Some(token) = session_token() {
        service::auth::sign_out(&services(), &token).await?;
    }
    clear_session_cookie();
    leptos_axum::redirect("/");
    Ok(())
}

/// A page of the dashboard, as an address on this server; whoever makes a link to the sign-in leads nowhere else.
#[cfg(feature = "ssr")]
fn own_page(then: &str) -> Option<&str> {
    let rest = then.strip_prefix("/dashboard")?;
    let is_plain = then.len() <= 1000 && then.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (is_plain && (rest.is_empty() || rest.starts_with(['/', '?']))).then_some(then)
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::own_page;

    #[test]
    fn signing_in_leads_to_pages_of_the_dashboard_only() {
        for page in ["/dashboard", "/dashboard?week=2026-11-23&add=hours", "/dashboard/bookings?search=%C3%A9"] {
            assert_eq!(own_page(page), Some(page));
        }
        let foreign = ["", "/", "//evil.example", "/dashboard.evil", "/dashboardx", "https://evil.example/dashboard"];
        for page in foreign.into_iter().chain(["/dashboard/\\evil", "/dashboard\r\nx: y", "/dashboard?é"]) {
            assert_eq!(own_page(page), None, "{page}");
        }
    }
}
