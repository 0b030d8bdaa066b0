//! API tokens.

use chrono::NaiveDateTime;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::dashboard::form_kit::Entered;
use crate::error::ApiError;
use crate::proof::Scripts;

#[cfg(feature = "ssr")]
use super::{id, return_to};
#[cfg(feature = "ssr")]
use crate::context::{Guard, Guarded, actor, caller, services};

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
    let listed = |token: domain::provider::TokenInfo| ListedToken {
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
