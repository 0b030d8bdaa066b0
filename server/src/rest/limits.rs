//! Counts requests before anything else is done for them, and says where the caller stands.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, Method};

use super::extract::bearer;
use crate::client_address::ClientAddress;
use crate::rate_limit::Standing;
use crate::request_id::problem_response;
use crate::state::AppState;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

pub async fn layer(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    let books = request.method() == Method::POST && request.uri().path() == "/api/v1/bookings";
    match state.limits.check(address, bearer(request.headers()), books) {
        Err(problem) => refused(problem_response(&problem)),
        Ok(None) => next.run(request).await,
        Ok(Some(standing)) => {
            let mut response = next.run(request).await;
            if response.status() == http::StatusCode::TOO_MANY_REQUESTS {
                return refused(response);
            }
            tell(response.headers_mut(), standing);
            response
        }
    }
}

fn tell(headers: &mut HeaderMap, standing: Standing) {
    headers.insert(LIMIT, standing.limit.into());
    headers.insert(REMAINING, standing.remaining.into());
    headers.insert(RESET, standing.reset_seconds.into());
}

/// Nothing is left until `Retry-After`.
fn refused(mut response: Response) -> Response {
    let wait = response.headers().get(http::header::RETRY_AFTER).cloned();
    response.headers_mut().insert(REMAINING, 0.into());
    response.headers_mut().extend(wait.map(|wait| (RESET, wait)));
    response
}
