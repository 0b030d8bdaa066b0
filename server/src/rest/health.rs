//! Whether the process runs, and whether it can work.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::Problem;
use sqlx::migrate::Migrate;

use crate::request_id::problem_response;
use crate::state::AppState;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers and has all migrations of this build.
pub async fn ready(State(state): State<AppState>) -> Response {
    match tokio::time::timeout(PATIENCE, migrated(&state.services.pool)).await {
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

async fn migrated(pool: &sqlx::PgPool) -> Result<bool, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let table = &service::MIGRATIONS.table_name;
    let applied = connection.list_applied_migrations(table).await?;
    let is_applied = |version| applied.iter().any(|migration| migration.version == version);
    Ok(service::MIGRATIONS.iter().all(|migration| is_applied(migration.version)))
}
