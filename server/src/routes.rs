//! Every route of the server on one page.

use axum::Router;
use axum::middleware::from_fn_with_state;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::state::AppState;
use crate::{api_docs, assets, live, pages, problem_pages, request_id, rest, security};

/// The whole server: pages, REST, the live socket, files.
pub fn router(state: AppState) -> Router {
    // What a session cookie authorises is behind the check of origin; REST takes tokens only.
    let pages = pages::routes(&state).layer(from_fn_with_state(state.clone(), security::same_origin));
    let packed = Router::new()
        .merge(pages)
        .merge(rest::routes(&state))
        .merge(api_docs::routes())
        .merge(problem_pages::routes())
        .layer(
            CompressionLayer::new()
                .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("text/event-stream"))),
        );
    Router::new()
        .merge(packed)
        .merge(live::routes())
        .merge(assets::routes())
        .fallback(pages::not_found)
        .layer(from_fn_with_state(state.clone(), security::headers))
        .layer(from_fn_with_state(state.clone(), request_id::layer))
        .with_state(state)
}
