//! Providers: sign up, search, profile.

use axum::Json;
use axum::extract::State;
use domain::provider::NewProvider;
use domain::{Page, PublicProvider};
use service::paging::PageRequest;
use service::providers;

use super::ApiProblem;
use super::answer::Created;
use super::extract::{JsonForm, NoQuery, ProviderPath, Query};
use super::replies::{Profile, SignedUp};
use super::requests::SignUpRequest;
use crate::client_address::ClientAddress;
use crate::state::AppState;

/// Sign up
///
/// Makes a provider with one offering, "Appointment", of 30 or 60 minutes, and no availability.
#[utoipa::path(
    post, path = "/providers", tag = "Providers",
    request_body = SignUpRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again.")),
    responses(
        (status = 201, body = SignedUp, headers(("Location" = String, description = "The provider."))),
        (status = 413, description = "too-large"),
        (status = 422, description = "invalid, idempotency-mismatch"),
    ),
)]
pub async fn sign_up(
    State(state): State<AppState>,
    address: ClientAddress,
    _: NoQuery,
    JsonForm { form, repeat }: JsonForm,
) -> Result<Created<SignedUp>, ApiProblem> {
    let new = NewProvider::parse(form)?;
    state.limits.check_sign_up(address.0)?;
    let permit = state.allowances.sign_ups.take(address)?;
    let signed_up = providers::sign_up(&state.services, new, repeat).await?;
    permit.used();
    let location = format!("/api/v1/providers/{}", signed_up.provider.public.provider_id);
    Ok(Created { location, body: signed_up.into() })
}

/// Search providers
///
/// Those whose handle or name contains `search`, in order of handle.
#[utoipa::path(
    get, path = "/providers", tag = "Providers",
    params(
        ("search" = Option<String>, Query, description = "Part of the handle or the name.", example = "ada"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Default 50.", example = 50),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before."),
    ),
    responses((status = 200, body = Page<PublicProvider>), (status = 422, description = "invalid")),
)]
pub async fn search(State(state): State<AppState>, query: Query) -> Result<Json<Page<PublicProvider>>, ApiProblem> {
    let [search, limit, cursor] = query.only(["search", "limit", "cursor"])?;
    let page = PageRequest::parse(limit.as_deref(), cursor)?;
    Ok(Json(providers::search(&state.services, search.as_deref().unwrap_or_default(), page).await?))
}

/// A provider's profile
///
/// What everybody may know, with the active offerings.
#[utoipa::path(
    get, path = "/providers/{provider}", tag = "Providers",
    params(("provider" = String, Path, description = "Id or handle.", example = "ada")),
    responses((status = 200, body = Profile), (status = 404, description = "not-found"), (status = 422, description = "invalid")),
)]
pub async fn profile(
    State(state): State<AppState>,
    ProviderPath(provider): ProviderPath,
    _: NoQuery,
) -> Result<Json<Profile>, ApiProblem> {
    Ok(Json(providers::profile(&state.services, &provider).await?.into()))
}
