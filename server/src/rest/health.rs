//! Whether the process runs, and whether it can work.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::Problem;

use crate::request_id::problem_response;
use crate::state::AppState;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_millis(1500);

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers and has all migrations of this build.
pub async fn ready(State(state): State<AppState>) -> Response {
    match tokio::time::timeout(PATIENCE, state.services.pool.is_migrated(&service::MIGRATIONS)).await {
        Ok(Ok(true)) => "ready\n".into_response(),
        Ok(Ok(false)) => {
            tracing::warn!("the database lacks migrations of this build");
            problem_response(&Problem::Unavailable)
        }
        Ok(Err(cause)) => {
            tracing::warn!(%cause, "the database cannot be asked");
            problem_response(&Problem::Unavailable)
        }
        Err(_) => {
            tracing::warn!("the database does not answer in time");
            problem_response(&Problem::Unavailable)
        }
    }
}
