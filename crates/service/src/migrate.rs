//! The schema, brought up to date; and where the database is one of Citus, spread over its nodes.

use sqlx::PgConnection;
use sqlx::migrate::MigrateError;

use crate::store::distribution;

/// Small, unique across providers and not written when a guest books: a copy on every node. What a table refers to
/// comes before it.
pub const REFERENCE: [&str; 5] = ["provider", "session", "api_token", "acquaintance", "former_handle"];

/// The first of those that are spread by `provider_id`: all others are where it has their provider.
const FIRST: &str = "calendar";

/// What grows with use. What a table refers to comes before it.
pub const DISTRIBUTED: [&str; 8] =
    [FIRST, "offering", "availability", "appointment", "booking", "calendar_change", "outbox", "idempotency_key"];

/// On a connection without limits of its own, which is closed afterwards. What is done already is not done again.
pub async fn migrate(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let is_citus = distribution::is_possible(connection).await?;
    if is_citus {
        distribution::one_shard_at_a_time(connection).await?;
    }
    crate::MIGRATIONS.run(&mut *connection).await?;
    if is_citus {
        distribute(connection).await?;
    }
    Ok(())
}

/// Each statement by itself: where it ends half way, the next run goes on.
async fn distribute(connection: &mut PgConnection) -> sqlx::Result<()> {
    distribution::lock(connection).await?;
    let known = distribution::known(connection).await?;
    let is_left = |table: &&str| !known.iter().any(|known| known == table);
    for table in REFERENCE.into_iter().filter(is_left) {
        distribution::copy(connection, table).await?;
        tracing::info!(table, "copied to every node");
    }
    for table in DISTRIBUTED.into_iter().filter(is_left) {
        let beside = if table == FIRST { "none" } else { FIRST };
        distribution::spread(connection, table, beside).await?;
        tracing::info!(table, "spread over the nodes");
    }
    Ok(())
}
