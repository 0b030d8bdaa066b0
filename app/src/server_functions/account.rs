//! One's own account: the password, and where one is signed in.

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
use crate::context::{Guard, Guarded, actor, caller, services, session_token};

#[cfg(feature = "ssr")]
const SETTINGS: &str = "/dashboard/settings";

/// The name by which its page hears that it is done.
pub const CHANGE_PASSWORD: &str = "change_password";

/// Asks for the old password, and ends all other sessions.
#[server(prefix = "/rpc", endpoint = "change_password", client = Scripts)]
pub async fn change_password(change: Entered) -> Result<(), ApiError> {
    let change =
        domain::provider::PasswordChange::parse(domain::Form::entered(change.0)).map_err(domain::Problem::from)?;
    let (services, caller, session) = (services(), caller(), session_token().unwrap_or_default());
    let actor = actor().await?;
    let email = service::providers::me(&services, &actor).await?.email;
    Guard::check(Guarded::OwnPassword { email: &email })?;
    service::auth::change_password(&services, &actor, change, &caller, &session).await?;
    if crate::context::is_plain_form() {
        crate::told::keep_done(SETTINGS, CHANGE_PASSWORD);
    }
    return_to(SETTINGS);
    Ok(())
}

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedSession {
    pub session_id: Uuid,
    /// By the provider's clock, as is `used_at`.
    pub created_at: NaiveDateTime,
    pub used_at: NaiveDateTime,
    pub address: String,
    pub browser: String,
    /// The one that asks.
    pub current: bool,
}

#[server(prefix = "/rpc", endpoint = "list_sessions", client = Scripts)]
pub async fn list_sessions() -> Result<Vec<ListedSession>, ApiError> {
    let (services, session) = (services(), session_token().unwrap_or_default());
    let actor = actor().await?;
    let zone = service::providers::me(&services, &actor).await?.public.time_zone;
    let listed = |session: service::sessions::SessionInfo| ListedSession {
        session_id: session.session_id,
        created_at: zone.local(session.created_at),
        used_at: zone.local(session.used_at),
        address: session.address,
        browser: session.browser,
        current: session.current,
    };
    Ok(service::sessions::list(&services, &actor, &session).await?.into_iter().map(listed).collect())
}

#[server(prefix = "/rpc", endpoint = "end_session", client = Scripts)]
pub async fn end_session(session_id: String) -> Result<(), ApiError> {
    service::sessions::end(&services(), &actor().await?, id(&session_id)?, &caller()).await?;
    return_to(SETTINGS);
    Ok(())
}

#[server(prefix = "/rpc", endpoint = "end_other_sessions", client = Scripts)]
pub async fn end_other_sessions() -> Result<(), ApiError> {
    let session = session_token().unwrap_or_default();
    service::sessions::end_others(&services(), &actor().await?, &session, &caller()).await?;
    return_to(SETTINGS);
    Ok(())
}
