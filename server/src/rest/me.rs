//! The provider whose token it is.

use axum::Json;
use axum::extract::State;
use domain::Provider;
use domain::provider::ProviderChanges;
use service::providers;

use super::ApiProblem;
use super::extract::{AsProvider, JsonForm, NoQuery};
use super::requests::ProfileRequest;
use crate::state::AppState;

/// Who the token belongs to
#[utoipa::path(
    get, path = "/me", tag = "Providers", security(("provider_token" = [])),
    responses((status = 200, body = Provider), (status = 422, description = "invalid")),
)]
pub async fn show(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    _: NoQuery,
) -> Result<Json<Provider>, ApiProblem> {
    Ok(Json(providers::me(&state.services, &actor).await?))
}

/// Change the own profile
///
/// Only what is sent changes. A handle given up leads on to the new one for 90 days, and is nobody else's meanwhile.
#[utoipa::path(
    patch, path = "/me", tag = "Providers", security(("provider_token" = [])),
    request_body = ProfileRequest,
    responses(
        (status = 200, body = Provider),
        (status = 413, description = "too-large"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn update(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    _: NoQuery,
    JsonForm { form, .. }: JsonForm,
) -> Result<Json<Provider>, ApiProblem> {
    let changes = ProviderChanges::parse(form)?;
    Ok(Json(providers::update_me(&state.services, &actor, changes).await?))
}
