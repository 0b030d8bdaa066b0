//! What runs here.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::NoQuery;

/// What a program may want to know of the server it speaks with.
#[derive(Serialize, ToSchema)]
pub struct Meta {
    /// Of Eventide.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The release of the IANA time zone database by whose rules local times are read; it may change while the server runs.
    #[schema(example = "2026f")]
    tzdb_version: String,
}

/// What runs here
#[utoipa::path(
    get, path = "/meta", tag = "About",
    responses((status = 200, body = Meta, description = "Versions."), (status = 422, description = "invalid")),
)]
pub async fn versions(_: NoQuery) -> Json<Meta> {
    Json(Meta { version: env!("CARGO_PKG_VERSION"), tzdb_version: service::zones::version() })
}
