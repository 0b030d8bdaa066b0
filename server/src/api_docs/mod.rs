//! `/api/docs`: the API to read and try, by Swagger UI from files inside the binary, in our own colours.

use std::sync::{Arc, LazyLock};

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use utoipa_swagger_ui::{Config, SwaggerFile};

/// Scripts from here only; Swagger UI writes style attributes and draws icons from data URLs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// How Swagger UI shows the document.
static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("/api/v1/openapi.json")
        .use_base_layout() // no bar to load other documents with
        .deep_linking(false) // its links would be inside of buttons
        .with_syntax_highlight(false) // its colours have too little contrast
        .try_it_out_enabled(true)
        .persist_authorization(false) // tokens stay in the tab
        .validator_url("none"); // else the page asks a server elsewhere
    Arc::new(config)
});

/// The page has files beside it.
pub async fn slash() -> Redirect {
    Redirect::to("/api/docs/")
}

pub async fn page() -> Html<&'static str> {
    Html(include_str!("index.html"))
}

pub async fn file(Path(name): Path<String>) -> Response {
    named(&name)
}

fn named(name: &str) -> Response {
    match name {
        // Swagger UI's own page, which has not our style.
        "index.html" => Redirect::to("/api/docs/").into_response(),
        "docs.css" => ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("docs.css")).into_response(),
        "docs.js" => ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("docs.js")).into_response(),
        _ => match utoipa_swagger_ui::serve(name, CONFIG.clone()) {
            Ok(Some(found)) => swagger_file(found),
            Ok(None) => (StatusCode::NOT_FOUND, "There is no such file.").into_response(),
            Err(error) => {
                tracing::error!(%error, file = name, "Swagger UI's file cannot be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        },
    }
}

fn swagger_file(SwaggerFile { bytes, content_type, gzpipped, .. }: SwaggerFile<'static>) -> Response {
    let mut response = ([(CONTENT_TYPE, content_type)], bytes).into_response();
    if gzpipped {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Its policy, and that it may be kept.
pub async fn allow(mut response: Response) -> Response {
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    if response.status().is_success() {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    }
    response
}
