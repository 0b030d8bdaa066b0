//! API tokens: made with e-mail and password, listed, revoked.

use axum::Json;
use axum::extract::State;
use domain::Page;
use domain::provider::Credentials;
use http::StatusCode;
use service::paging::PageRequest;
use service::{Caller, acquaintances, tokens};

use super::ApiProblem;
use super::answer::Created;
use super::extract::{AsProvider, JsonForm, NoQuery, PathId, Query};
use super::replies::{CreatedToken, Token, page};
use super::requests::TokenRequest;
use crate::client_address::ClientAddress;
use crate::state::AppState;

/// Make a token
///
/// By e-mail and password. The token is shown once; only its hash is kept. When there are as many as can be, it is
/// `invalid` with the code `too_many`.
#[utoipa::path(
    post, path = "/tokens", tag = "Tokens",
    request_body = TokenRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again.")),
    responses(
        (status = 201, body = CreatedToken, headers(("Location" = String, description = "The token, to revoke it."))),
        (status = 413, description = "too-large"),
        (status = 422, description = "invalid, idempotency-mismatch"),
    ),
)]
pub async fn create(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    _: NoQuery,
    JsonForm { form, repeat }: JsonForm,
) -> Result<Created<CreatedToken>, ApiProblem> {
    let credentials = Credentials::parse(form)?;
    // No cookies here: a program is known by its network alone.
    let caller = Caller::new(address, "", None);
    let acquaintance = acquaintances::of(&state.services, &credentials.email, &caller).await?;
    state.limits.check_sign_in(caller.address, &credentials.email, acquaintance)?;
    let created = tokens::create(&state.services, credentials, &caller, repeat).await?;
    Ok(Created { location: format!("/api/v1/tokens/{}", created.token_id), body: created.into() })
}

/// Own tokens
#[utoipa::path(
    get, path = "/tokens", tag = "Tokens", security(("provider_token" = [])),
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Default 50.", example = 50),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before."),
    ),
    responses((status = 200, body = Page<Token>), (status = 422, description = "invalid")),
)]
pub async fn list(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    query: Query,
) -> Result<Json<Page<Token>>, ApiProblem> {
    let [limit, cursor] = query.only(["limit", "cursor"])?;
    let wanted = PageRequest::parse(limit.as_deref(), cursor)?;
    Ok(Json(page(tokens::list(&state.services, &actor, wanted).await?)))
}

/// Revoke a token
///
/// It stops working at once.
#[utoipa::path(
    delete, path = "/tokens/{token_id}", tag = "Tokens", security(("provider_token" = [])),
    params(("token_id" = Uuid, Path)),
    responses(
        (status = 204, description = "Revoked."),
        (status = 404, description = "not-found"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn revoke(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    PathId(token_id): PathId,
    _: NoQuery,
) -> Result<StatusCode, ApiProblem> {
    tokens::revoke(&state.services, &actor, token_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
