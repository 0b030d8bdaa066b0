//! What the provider's lists and settings ask of the server.

use chrono::NaiveDateTime;
use domain::live::LiveState;
use domain::{Booking, Offering, Provider};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::form_kit::Entered;
use crate::calendar::ShownBooking;
use crate::error::ApiError;
use crate::proof::Scripts;

#[cfg(feature = "ssr")]
mod doors {
    use super::*;

    /// An id as it came; what is none names nothing.
    pub fn id(text: &str) -> Result<Uuid, ApiError> {
        text.parse().map_err(|_| ApiError::from(domain::Problem::NotFound))
    }

    /// Where a form without JavaScript goes when it is done; with JavaScript the page stays.
    pub fn return_to(path: &str) {
        if is_plain_form() {
            leptos_axum::redirect(path);
        }
    }

    /// The whole address of a provider's public page.
    pub fn address_of(provider: &Provider) -> String {
        format!("{}/{}", crate::context::site().base_url, provider.public.handle)
    }
}

#[cfg(feature = "ssr")]
use crate::context::{Guard, Guarded, actor, caller, is_plain_form, services};
#[cfg(feature = "ssr")]
pub use doors::{address_of, id, return_to};

/// The provider who is signed in.
#[server(prefix = "/rpc", endpoint = "whoami", client = Scripts)]
pub async fn whoami() -> Result<Provider, ApiError> {
    Ok(service::providers::me(&services(), &actor().await?).await?)
}

/// The whole address of one's public page.
#[server(prefix = "/rpc", endpoint = "public_url", client = Scripts)]
pub async fn public_url() -> Result<String, ApiError> {
    let provider = service::providers::me(&services(), &actor().await?).await?;
    Ok(address_of(&provider))
}

/// Which bookings to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shelf {
    #[default]
    Upcoming,
    Past,
    Cancelled,
}

impl Shelf {
    pub const ALL: [(Self, &str, &str); 3] = [
        (Self::Upcoming, "upcoming", "Upcoming"),
        (Self::Past, "past", "Past"),
        (Self::Cancelled, "cancelled", "Cancelled"),
    ];

    /// By its name in the address; `Upcoming` for any other.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|shelf| shelf.1 == name).map_or(Self::Upcoming, |shelf| shelf.0)
    }

    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// One page of a shelf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShelfPage {
    pub items: Vec<ShownBooking>,
    pub next_cursor: Option<String>,
    pub now: NaiveDateTime,
    /// The page to share, whole.
    pub public_url: String,
    pub live: LiveState,
}

#[server(prefix = "/rpc", endpoint = "list_bookings", client = Scripts)]
pub async fn list_bookings(shelf: String, search: String, cursor: String) -> Result<ShelfPage, ApiError> {
    super::shelf::shelf(&services(), &actor().await?, Shelf::named(&shelf), &search, &cursor).await
}

#[server(prefix = "/rpc", endpoint = "cancel_own_booking", client = Scripts)]
pub async fn cancel_own_booking(booking_id: String, reason: String) -> Result<Booking, ApiError> {
    let form = domain::Form::entered([("reason", reason)]);
    let reason = domain::form::parse_reason(form).map_err(domain::Problem::from)?;
    let booking = service::bookings::cancel(&services(), &actor().await?, id(&booking_id)?, reason).await?;
    return_to("/dashboard/bookings");
    Ok(booking)
}

/// All of one's own offerings, those that are not offered at present too.
#[server(prefix = "/rpc", endpoint = "list_offerings", client = Scripts)]
pub async fn list_offerings() -> Result<Vec<Offering>, ApiError> {
    let (services, actor) = (services(), actor().await?);
    let provider = actor.provider()?.to_string();
    Ok(service::offerings::list(&services, &actor, &provider).await?)
}

/// Creates the offering, or replaces the one that `offering_id` names.
#[server(prefix = "/rpc", endpoint = "save_offering", client = Scripts)]
pub async fn save_offering(offering: Entered) -> Result<Offering, ApiError> {
    let (services, actor) = (services(), actor().await?);
    let mut offering = offering;
    let offering_id = offering.0.remove("offering_id").unwrap_or_default();
    // A box that is not ticked is not sent at all.
    offering.0.entry("active".into()).or_default();
    let new = domain::NewOffering::parse(domain::Form::entered(offering.0)).map_err(domain::Problem::from)?;
    let saved = match offering_id.as_str() {
        "" => service::offerings::create(&services, &actor, new, None).await?,
        known => service::offerings::replace(&services, &actor, id(known)?, new).await?,
    };
    return_to("/dashboard/offerings");
    Ok(saved)
}

/// Offers it, or pauses it; nothing else of it changes, whatever a page that asks believes it to be.
#[server(prefix = "/rpc", endpoint = "offer_offering", client = Scripts)]
pub async fn offer_offering(offering_id: String, active: bool) -> Result<(), ApiError> {
    let (services, actor) = (services(), actor().await?);
    let offering = service::offerings::get(&services, &actor, id(&offering_id)?).await?;
    let details = domain::NewOffering { active, ..offering.details };
    service::offerings::replace(&services, &actor, offering.offering_id, details).await?;
    return_to("/dashboard/offerings");
    Ok(())
}

#[server(prefix = "/rpc", endpoint = "delete_offering", client = Scripts)]
pub async fn delete_offering(offering_id: String) -> Result<(), ApiError> {
    service::offerings::delete(&services(), &actor().await?, id(&offering_id)?).await?;
    return_to("/dashboard/offerings");
    Ok(())
}

#[server(prefix = "/rpc", endpoint = "update_me", client = Scripts)]
pub async fn update_me(profile: Entered) -> Result<Provider, ApiError> {
    let changes =
        domain::provider::ProviderChanges::parse(domain::Form::entered(profile.0)).map_err(domain::Problem::from)?;
    let provider = service::providers::update_me(&services(), &actor().await?, changes).await?;
    return_to("/dashboard/settings");
    Ok(provider)
}

/// An API token as it is listed: never the secret itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedToken {
    pub token_id: Uuid,
    pub name: String,
    /// By the provider's clock.
    pub created_at: NaiveDateTime,
}

#[server(prefix = "/rpc", endpoint = "list_tokens", client = Scripts)]
pub async fn list_tokens() -> Result<Vec<ListedToken>, ApiError> {
    let (services, actor) = (services(), actor().await?);
    let zone = service::providers::me(&services, &actor).await?.public.time_zone;
    let page = service::paging::PageRequest { limit: 200, cursor: None };
    let tokens = service::tokens::list(&services, &actor, page).await?;
    let listed = |token: service::tokens::TokenInfo| ListedToken {
        token_id: token.token_id,
        name: token.name,
        created_at: zone.local(token.created_at),
    };
    Ok(tokens.items.into_iter().map(listed).collect())
}

/// The secret, shown once. Asks for the password again: a token outlives the session.
#[server(prefix = "/rpc", endpoint = "create_token", client = Scripts)]
pub async fn create_token(token: Entered) -> Result<String, ApiError> {
    let mut token = token;
    let (services, actor) = (services(), actor().await?);
    let email = service::providers::me(&services, &actor).await?.email;
    Guard::check(Guarded::OwnPassword { email: &email })?;
    token.set("email", email);
    let credentials =
        domain::provider::Credentials::parse(domain::Form::entered(token.0)).map_err(domain::Problem::from)?;
    Ok(service::tokens::create(&services, credentials, &caller(), None).await?.token)
}

#[server(prefix = "/rpc", endpoint = "revoke_token", client = Scripts)]
pub async fn revoke_token(token_id: String) -> Result<(), ApiError> {
    service::tokens::revoke(&services(), &actor().await?, id(&token_id)?).await?;
    return_to("/dashboard/settings");
    Ok(())
}
