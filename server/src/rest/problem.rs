//! Errors at the door: everything that goes wrong becomes `application/problem+json` here.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{FieldError, Problem};
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};

use crate::request_id::{RequestId, problem_response};

/// What a handler answers when it cannot do as asked.
///
/// | from | to |
/// |---|---|
/// | `domain::Problem`, field errors | the problem's document |
/// | a failure of ours (`service::Error::Database`, `Internal`) | logged with its cause, told as `internal` or `unavailable` |
#[derive(Debug)]
pub struct ApiProblem(service::Error);

impl<E: Into<service::Error>> From<E> for ApiProblem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl ApiProblem {
    pub fn malformed(detail: impl Into<String>) -> Self {
        Problem::Malformed { detail: detail.into() }.into()
    }

    /// One fault of one query parameter.
    pub fn invalid(field: &str, code: &str, message: &str) -> Self {
        vec![FieldError::new(field, code, message)].into()
    }
}

/// A failure on its way to [`layer`], which knows the request's id.
#[derive(Clone)]
struct Failure(Arc<service::Error>);

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        match self.0 {
            service::Error::Problem(problem) => problem_response(&problem),
            failure => {
                let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
                response.extensions_mut().insert(Failure(Arc::new(failure)));
                response
            }
        }
    }
}

/// Finishes what goes out: failures get the request's id, and the refusals of the framework itself
/// (an unknown method, a path that is not UTF-8) become documents like all others.
pub async fn layer(id: RequestId, request: Request, next: Next) -> Response {
    let head = request.method() == Method::HEAD;
    finish(next.run(request).await, &id, head)
}

/// What [`layer`] does; `head`: the answer is to a HEAD.
pub fn finish(mut response: Response, id: &RequestId, head: bool) -> Response {
    if response.status().as_u16() >= 400 && !is_document(&response) {
        response = document(response, id.as_str());
    }
    let headers = response.headers_mut();
    if head && headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM) {
        headers.remove(header::CONTENT_LENGTH);
    }
    // Most answers are somebody's own: what may be kept says so itself.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

const PROBLEM: &str = "application/problem+json";

fn is_document(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM)
}

fn document(mut response: Response, request_id: &str) -> Response {
    if let Some(Failure(failure)) = response.extensions_mut().remove::<Failure>() {
        let problem = match Arc::into_inner(failure) {
            Some(failure) => failure.into_problem(request_id),
            None => Problem::Internal { request_id: request_id.to_owned() },
        };
        return problem_response(&problem);
    }
    let problem = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => return method_not_allowed(response),
        StatusCode::NOT_FOUND => Problem::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        status if status.is_client_error() => {
            Problem::Malformed { detail: "The request cannot be read: its path, query or headers.".into() }
        }
        _ => Problem::Internal { request_id: request_id.to_owned() },
    };
    problem_response(&problem)
}

/// The contract has no type of its own for it: RFC 9457 then says `about:blank`. `Allow` stays.
fn method_not_allowed(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    let body = serde_json::json!({
        "type": "about:blank",
        "title": "Method Not Allowed",
        "status": 405,
        "detail": "This path does not take that method; the Allow header lists those it takes.",
    });
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    Response::from_parts(parts, body.to_string().into())
}

pub async fn not_found() -> ApiProblem {
    Problem::NotFound.into()
}
