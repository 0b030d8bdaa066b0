//! Offerings: the appointment types a guest can choose.

use axum::Json;
use axum::extract::State;
use domain::form::OfferingChange;
use domain::{NewOffering, Offering, Page};
use http::StatusCode;
use service::offerings;

use super::ApiProblem;
use super::answer::Created;
use super::extract::{AsProvider, Authed, JsonForm, NoQuery, PathId, ProviderPath};
use super::requests::OfferingRequest;
use crate::state::AppState;

/// A provider's offerings
///
/// The active ones, in order of creation; the provider's own token sees all. There are few: the list
/// is one page.
#[utoipa::path(
    get, path = "/providers/{provider}/offerings", tag = "Offerings", security((), ("provider_token" = [])),
    params(("provider" = String, Path, description = "Id or handle.", example = "ada")),
    responses((status = 200, body = Page<Offering>), (status = 404, description = "not-found"), (status = 422, description = "invalid")),
)]
pub async fn list(
    State(state): State<AppState>,
    Authed(actor): Authed,
    ProviderPath(provider): ProviderPath,
    _: NoQuery,
) -> Result<Json<Page<Offering>>, ApiProblem> {
    let items = offerings::list(&state.services, &actor, &provider).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// Add an offering
#[utoipa::path(
    post, path = "/offerings", tag = "Offerings", security(("provider_token" = [])),
    request_body = OfferingRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again.")),
    responses(
        (status = 201, body = Offering, headers(("Location" = String, description = "The offering."))),
        (status = 413, description = "too-large"),
        (status = 422, description = "invalid, idempotency-mismatch"),
    ),
)]
pub async fn create(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    _: NoQuery,
    JsonForm { form, repeat }: JsonForm,
) -> Result<Created<Offering>, ApiProblem> {
    let new = NewOffering::parse(form)?;
    let body = offerings::create(&state.services, &actor, new, repeat).await?;
    Ok(Created { location: format!("/api/v1/offerings/{}", body.offering_id), body })
}

/// An offering of one's own
#[utoipa::path(
    get, path = "/offerings/{offering_id}", tag = "Offerings", security(("provider_token" = [])),
    params(("offering_id" = Uuid, Path)),
    responses(
        (status = 200, body = Offering),
        (status = 404, description = "not-found"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn get(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    PathId(offering_id): PathId,
    _: NoQuery,
) -> Result<Json<Offering>, ApiProblem> {
    Ok(Json(offerings::get(&state.services, &actor, offering_id).await?))
}

/// Replace an offering
///
/// What is left out gets its default. With `version`, only if that is still its version, else `version-conflict`. Bookings
/// stand as they were made.
#[utoipa::path(
    put, path = "/offerings/{offering_id}", tag = "Offerings", security(("provider_token" = [])),
    params(("offering_id" = Uuid, Path)),
    request_body = OfferingRequest,
    responses(
        (status = 200, body = Offering),
        (status = 404, description = "not-found"),
        (status = 409, description = "version-conflict"),
        (status = 413, description = "too-large"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn replace(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    PathId(offering_id): PathId,
    _: NoQuery,
    JsonForm { form, .. }: JsonForm,
) -> Result<Json<Offering>, ApiProblem> {
    let new = OfferingChange::parse(form)?;
    Ok(Json(offerings::replace(&state.services, &actor, offering_id, new).await?))
}

/// Delete an offering
///
/// It is no longer offered; bookings of it stand.
#[utoipa::path(
    delete, path = "/offerings/{offering_id}", tag = "Offerings", security(("provider_token" = [])),
    params(("offering_id" = Uuid, Path)),
    responses(
        (status = 204, description = "Deleted."),
        (status = 404, description = "not-found"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn delete(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    PathId(offering_id): PathId,
    _: NoQuery,
) -> Result<StatusCode, ApiProblem> {
    offerings::delete(&state.services, &actor, offering_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
