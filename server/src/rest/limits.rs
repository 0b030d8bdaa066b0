//! The layer of the described routes: counts requests before anything else is done for them, says where
//! the caller stands, and finishes what goes out.

use std::net::IpAddr;
use std::task::Poll;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use domain::Problem;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, Method};

use super::extract::bearer;
use super::problem;
use crate::client_address::ClientAddress;
use crate::rate_limit::Standing;
use crate::request_id::{RequestId, problem_response};
use crate::state::AppState;
use crate::{compression, middleware};

/// The path of [`super::availability::openings`].
const SLOTS: &str = "/api/v1/availability/{id}";

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// With the edge and without `problem::layer`: most requests of all come through here, and each layer costs.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let answer = async |request: Request, id: RequestId, ClientAddress(address)| {
        limited(&state, address, &id, request, next).await
    };
    middleware::around(&state, request, answer).await
}

async fn limited(state: &AppState, address: IpAddr, id: &RequestId, request: Request, next: Next) -> Response {
    let head = request.method() == Method::HEAD;
    // Asked for most of all, and answered from memory: what has to be loaded for it looks after itself.
    let is_slots = request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str() == SLOTS)
        && (head || request.method() == Method::GET);
    let books = request.method() == Method::POST && request.uri().path() == "/api/v1/bookings";
    let standing = match state.limits.check(address, bearer(request.headers()), books) {
        Err(problem) => return problem::finish(refused(problem_response(&problem)), id, head),
        Ok(standing) => standing,
    };
    // Finished first: that can make another answer of it.
    // In few places of this future, which is moved about as large as it may become.
    let answer = match is_slots {
        true => compression::run(request, next).await,
        false => Box::pin(to_its_end(id, Box::pin(compression::run(request, next)))).await,
    };
    let mut response = problem::finish(answer, id, head);
    match standing {
        None => response,
        Some(_) if response.status() == http::StatusCode::TOO_MANY_REQUESTS => refused(response),
        Some(standing) => {
            // What the answer itself has cost beside the request.
            let charged = response.extensions_mut().remove::<Standing>();
            let standing = charged.map_or(standing, |charged| standing.tighter(charged));
            tell(response.headers_mut(), standing);
            response
        }
    }
}

/// What has begun to wait, for Postgres that is, goes on to its end whether or not the client stays: a statement that is
/// dropped half way costs its connection, and a booking that was made would not be known to have been.
async fn to_its_end(id: &RequestId, mut work: BoxFuture<'static, Response>) -> Response {
    if let Poll::Ready(response) = futures::poll!(&mut work) {
        return response;
    }
    match tokio::spawn(id.clone().scope(work)).await {
        Ok(response) => response,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The server ends.
            Err(_) => problem_response(&Problem::Unavailable),
        },
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
