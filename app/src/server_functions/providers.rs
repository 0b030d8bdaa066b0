//! The provider who is signed in.

use domain::Provider;
use leptos::prelude::*;

use crate::dashboard::form_kit::Entered;
use crate::error::ApiError;
use crate::proof::Scripts;

#[cfg(feature = "ssr")]
use super::return_to;
#[cfg(feature = "ssr")]
use crate::context::{actor, services};

/// The provider who is signed in.
#[server(prefix = "/rpc", endpoint = "whoami", client = Scripts)]
pub async fn whoami() -> Result<Provider, ApiError> {
    Ok(service::providers::me(&services(), &actor().await?).await?)
}

/// The whole address of one's public page.
#[server(prefix = "/rpc", endpoint = "public_url", client = Scripts)]
pub async fn public_url() -> Result<String, ApiError> {
    let provider = service::providers::me(&services(), &actor().await?).await?;
    Ok(address_of(&provider.public))
}

/// The release of the zone rules in use, such as `2026f`.
#[server(prefix = "/rpc", endpoint = "tzdb_version", client = Scripts)]
pub async fn tzdb_version() -> Result<String, ApiError> {
    Ok(service::zones::version())
}

#[server(prefix = "/rpc", endpoint = "update_me", client = Scripts)]
pub async fn update_me(profile: Entered) -> Result<Provider, ApiError> {
    let changes =
        domain::provider::ProviderChanges::parse(domain::Form::entered(profile.0)).map_err(domain::Problem::from)?;
    let provider = service::providers::update_me(&services(), &actor().await?, changes).await?;
    return_to("/dashboard/settings");
    Ok(provider)
}

/// The whole address of a provider's public page.
#[cfg(feature = "ssr")]
pub fn address_of(provider: &domain::PublicProvider) -> String {
    format!("{}/{}", crate::context::site().base_url, provider.handle)
}
