//! Compression, for those who ask for it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderValue};
use tower::ServiceExt;
use tower_http::compression::Compression;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");

/// The answer, packed if the request allows it and it is worth it.
///
/// Not `CompressionLayer` for all: its body has room for the state of each algorithm, some kilobytes that
/// every answer would carry along, packed or not.
pub async fn run(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ACCEPT_ENCODING) {
        let packed = Compression::new(next).compress_when(worth_packing());
        return Box::pin(packed.oneshot(request)).await.into_response();
    }
    let mut response = next.run(request).await;
    // A cache has to know that others get this answer packed.
    if worth_packing().should_compress(&response) {
        let headers = response.headers_mut();
        if headers.get_all(header::VARY).iter().all(|name| name != ACCEPT_ENCODING) {
            headers.append(header::VARY, ACCEPT_ENCODING);
        }
    }
    response
}

fn worth_packing() -> impl Predicate {
    DefaultPredicate::new().and(NotForContentType::const_new("text/event-stream"))
}
