//! `/api/docs`: the API to read and try, by Swagger UI from files inside the binary.

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::state::AppState;

/// Scripts from here only; Swagger UI writes style elements and draws icons from data URLs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

pub fn routes() -> Router<AppState> {
    let config = Config::from("/api/v1/openapi.json")
        .use_base_layout() // no bar to load other documents with
        .deep_linking(true)
        .try_it_out_enabled(true)
        .persist_authorization(false) // tokens stay in the tab
        .validator_url("none"); // else the page asks a server elsewhere
    Router::from(SwaggerUi::new("/api/docs").config(config)).layer(map_response(allow))
}

async fn allow(mut response: Response) -> Response {
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}
