//! Every route of the server on one page.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::state::AppState;
use crate::{api_docs, assets, line, live, middleware, pages, problem_pages, rest, rpc, security, zones};

/// The whole server: pages, REST, the live socket, files.
pub fn router(state: AppState) -> Router {
    // What a session cookie authorises is behind the check of origin; REST takes tokens only.
    let pages = pages::routes()
        .layer(from_fn_with_state(state.clone(), rpc::layer))
        .layer(from_fn_with_state(state.clone(), security::same_origin));
    Router::new()
        .merge(pages)
        .merge(rest::others())
        .merge(live::routes(&state.config).layer(from_fn(rest::documents)))
        .merge(api_docs::routes())
        .merge(problem_pages::routes())
        .merge(line::routes())
        .merge(assets::routes())
        .merge(zones::routes())
        .fallback(pages::not_found)
        .layer(from_fn_with_state(state.clone(), middleware::layer))
        // With the edge in a layer of their own:
        .merge(pages::guest::routes(&state))
        .merge(rest::routes(&state))
        .with_state(state)
}
