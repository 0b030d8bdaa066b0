//! The REST API, version 1: every route of it on one page.

mod answer;
mod availability;
mod bookings;
mod calendar_file;
mod extract;
mod health;
mod limits;
mod me;
mod offerings;
mod problem;
mod providers;
mod replies;
pub mod requests;
mod stretch;
mod tokens;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{any, get};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::openapi;
use crate::state::AppState;

pub use answer::conditional;
pub use problem::ApiProblem;

/// The routes with their descriptions, of which the OpenAPI document is made.
pub fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().nest(
        "/api/v1",
        OpenApiRouter::new()
            .routes(routes!(providers::sign_up, providers::search))
            .routes(routes!(providers::profile))
            .routes(routes!(tokens::create, tokens::list))
            .routes(routes!(tokens::revoke))
            .routes(routes!(me::show, me::update))
            .routes(routes!(offerings::list))
            .routes(routes!(offerings::create))
            .routes(routes!(offerings::get, offerings::replace, offerings::delete))
            .routes(routes!(availability::list, availability::create))
            .routes(routes!(availability::openings, availability::replace, availability::delete))
            .routes(routes!(availability::explain))
            .routes(routes!(availability::get))
            .routes(routes!(bookings::book, bookings::list))
            .routes(routes!(bookings::get))
            .routes(routes!(bookings::cancel))
            .routes(routes!(calendar_file::ics))
            .routes(routes!(openapi::show)),
    )
}

/// Everything under `/api` but the live socket and the docs, and the two health checks.
pub fn routes(state: &AppState) -> Router<AppState> {
    let (described, _) = described().split_for_parts();
    described
        .layer(from_fn_with_state(state.clone(), limits::layer))
        // Unknown paths of the API: a problem document, not the page that people get.
        .route("/api", any(problem::not_found))
        .route("/api/{*path}", any(problem::not_found))
        .merge(Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready)))
        .layer(DefaultBodyLimit::disable()) // rest::extract has its own
        .layer(from_fn(problem::layer))
}
