//! The REST API, version 1: every route of it on one page.

mod answer;
mod availability;
mod bookings;
mod calendar_file;
mod extract;
mod from_to;
mod health;
mod json;
mod large;
mod limits;
mod me;
mod meta;
mod offerings;
mod problem;
mod providers;
mod replies;
pub mod requests;
mod tokens;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{any, get};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::openapi;
use crate::state::AppState;

pub use answer::{IfNoneMatch, conditional};
pub use large::LargeAnswers;
pub use problem::{ApiProblem, layer as documents};

/// The routes with their descriptions, of which the OpenAPI document is made.
pub fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(v1(routes!(providers::sign_up, providers::search)))
        .routes(v1(routes!(providers::profile)))
        .routes(v1(routes!(tokens::create, tokens::list)))
        .routes(v1(routes!(tokens::revoke)))
        .routes(v1(routes!(me::show, me::update)))
        .routes(v1(routes!(offerings::list)))
        .routes(v1(routes!(offerings::create)))
        .routes(v1(routes!(offerings::get, offerings::replace, offerings::delete)))
        .routes(v1(routes!(availability::list, availability::create)))
        .routes(v1(routes!(availability::openings, availability::replace, availability::delete)))
        .routes(v1(routes!(availability::explain)))
        .routes(v1(routes!(availability::get)))
        .routes(v1(routes!(bookings::book, bookings::list)))
        .routes(v1(routes!(bookings::get)))
        .routes(v1(routes!(bookings::cancel)))
        .routes(v1(routes!(calendar_file::ics)))
        .routes(v1(routes!(meta::versions)))
        .routes(v1(routes!(openapi::show)))
}

/// Under the base path. Not by `nest`, which writes the address of every request anew.
fn v1((schemas, mut paths, methods): UtoipaMethodRouter<AppState>) -> UtoipaMethodRouter<AppState> {
    paths.paths = paths.paths.into_iter().map(|(path, item)| (format!("/api/v1{path}"), item)).collect();
    (schemas, paths, methods)
}

/// The described routes, in a layer of their own.
pub fn routes(state: &AppState) -> Router<AppState> {
    let (described, _) = described().split_for_parts();
    described.layer(from_fn_with_state(state.clone(), limits::layer))
}

/// What else is under `/api`, but the live socket and the docs; and the two health checks.
pub fn others() -> Router<AppState> {
    Router::new()
        // Unknown paths of the API: a problem document, not the page that people get.
        .route("/api", any(problem::not_found))
        .route("/api/{*path}", any(problem::not_found))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .layer(from_fn(problem::layer))
}
