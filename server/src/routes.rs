//! Every route of the server on one page: what is asked for, and who answers.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::routing::{any, get, post};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::rest::{availability, bookings, calendar_file, health, me, meta, offerings, providers, tokens};
use crate::state::AppState;
use crate::{api_docs, assets, line, live, middleware, openapi, pages, problem_pages, rest, rpc, security, zones};

/// The whole server.
pub fn router(state: AppState) -> Router {
    let (api, _) = api().split_for_parts();
    Router::new()
        .merge(of_a_session(&state))
        .merge(of_programs(live::Door::new(live::Settings::of(&state.config))))
        .merge(of_readers())
        .merge(files())
        .fallback(pages::not_found)
        .layer(from_fn_with_state(state.clone(), middleware::layer))
        // Most requests of all come here, and each layer costs: these two have all of the above in one of their own.
        .merge(of_guests().layer(from_fn_with_state(state.clone(), middleware::guests)))
        .merge(api.layer(from_fn_with_state(state.clone(), rest::limits)))
        .with_state(state)
}

/// The page where guests book.
fn of_guests() -> Router<AppState> {
    Router::new().route("/{handle}", get(pages::guest::show))
}

/// Pages, and the server functions in `app/src/server_functions`: what a session cookie authorises is behind the check
/// of origin. REST takes tokens only.
fn of_a_session(state: &AppState) -> Router<AppState> {
    PAGES
        .iter()
        .fold(Router::new(), |router, page| router.route(page, get(pages::show)))
        .route("/rpc/{*function}", post(pages::call))
        .layer(from_fn_with_state(state.clone(), rpc::layer))
        .layer(from_fn_with_state(state.clone(), security::same_origin))
}

/// The app's routes by the names that axum has for them.
const PAGES: [&str; 8] = [
    "/",
    "/sign-up",
    "/sign-in",
    "/bookings/{id}",
    "/dashboard",
    "/dashboard/bookings",
    "/dashboard/offerings",
    "/dashboard/settings",
];

/// REST, under `/api/v1`, with the descriptions of which the OpenAPI document is made.
pub fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(at("/providers", routes!(providers::sign_up, providers::search)))
        .routes(at("/providers/{provider}", routes!(providers::profile)))
        .routes(at("/providers/{provider}/offerings", routes!(offerings::list)))
        .routes(at("/tokens", routes!(tokens::create, tokens::list)))
        .routes(at("/tokens/{token_id}", routes!(tokens::revoke)))
        .routes(at("/me", routes!(me::show, me::update)))
        .routes(at("/offerings", routes!(offerings::create)))
        .routes(at("/offerings/{offering_id}", routes!(offerings::get, offerings::replace, offerings::delete)))
        .routes(at("/availability", routes!(availability::list, availability::create)))
        // One place in the path: for who asks it is a provider, for who changes something an entry.
        .routes(at("/availability/{id}", routes!(availability::openings, availability::replace, availability::delete)))
        .routes(at("/availability/{provider}/explain", routes!(availability::explain)))
        .routes(at("/availability/entries/{availability_id}", routes!(availability::get)))
        .routes(at("/bookings", routes!(bookings::book, bookings::list)))
        .routes(at("/bookings/{booking_id}", routes!(bookings::get)))
        .routes(at("/bookings/{booking_id}/cancel", routes!(bookings::cancel)))
        .routes(at("/bookings/{booking_id}/ics", routes!(calendar_file::ics)))
        .routes(at("/meta", routes!(meta::versions)))
        .routes(at("/openapi.json", routes!(openapi::show)))
}

/// The path stands here and in the description: they are the same. The base path is not put before them by `nest`,
/// which writes the address of every request anew.
fn at(path: &str, (schemas, mut paths, methods): UtoipaMethodRouter<AppState>) -> UtoipaMethodRouter<AppState> {
    paths.paths = paths.paths.into_iter().map(|(path, item)| (format!("/api/v1{path}"), item)).collect();
    assert!(paths.paths.keys().eq([&format!("/api/v1{path}")]), "{path} is described as {:?}", paths.paths.keys());
    (schemas, paths, methods)
}

/// What programs ask for beside it: the live socket, the checks of health; and what is no path of the API.
fn of_programs(live: Arc<live::Door>) -> Router<AppState> {
    live_socket(live)
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        // A problem document, not the page that people get.
        .route("/api", any(rest::not_found))
        .route("/api/{*path}", any(rest::not_found))
        .layer(from_fn(rest::documents))
}

/// By itself, for a door of other settings.
pub fn live_socket(door: Arc<live::Door>) -> Router<AppState> {
    Router::new().route(
        "/api/v1/availability/{provider}/live",
        get(move |state, address, id, provider, request| live::listen(door, state, address, id, provider, request)),
    )
}

/// Pages that are no part of the app.
fn of_readers() -> Router<AppState> {
    let docs = Router::new()
        .route("/api/docs", get(api_docs::slash))
        .route("/api/docs/", get(api_docs::page))
        .route("/api/docs/{file}", get(api_docs::file))
        .layer(map_response(api_docs::allow));
    Router::new()
        .route("/problems", get(problem_pages::index))
        .route("/problems/{slug}", get(problem_pages::show))
        .route("/problems/style.css", get(problem_pages::style))
        .route("/problems/line.js", get(line::script))
        .route("/rpc/line", get(line::position))
        .merge(docs)
}

fn files() -> Router<AppState> {
    Router::new()
        .route("/pkg/{build}/{file}", get(assets::package_file))
        .route("/zones/{edition}", get(zones::table))
        .route("/favicon.svg", get(assets::icon))
        .route("/favicon.ico", get(assets::icon))
        .route("/robots.txt", get(assets::robots))
}

#[cfg(test)]
mod tests {
    use super::PAGES;
    use std::collections::BTreeSet;

    #[tokio::test]
    async fn the_pages_are_those_that_the_app_has() {
        // Leptos runs the app to list its routes.
        let _ = any_spawner::Executor::init_tokio();
        let of_app: BTreeSet<String> =
            leptos_axum::generate_route_list(app::App).iter().map(|page| page.path().to_owned()).collect();
        assert_eq!(PAGES.into_iter().chain(["/{handle}"]).map(str::to_owned).collect::<BTreeSet<_>>(), of_app);
    }

    #[test]
    fn every_path_of_the_api_is_described_as_it_is_listed() {
        assert!(super::api().into_openapi().paths.paths.len() > 15);
    }
}
