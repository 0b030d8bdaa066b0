//! What Citus is asked. Its functions are not there where all other statements are checked: these are looked at only
//! when they run.

use sqlx::PgConnection;

/// Whether this database is a Citus one.
pub async fn is_possible(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from pg_extension where extname = 'citus')").fetch_one(connection).await
}

/// Until the connection is closed: of several nodes that start at once, one distributes.
pub async fn lock(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_lock(hashtextextended('eventide: distribution', 0))").execute(connection).await?;
    Ok(())
}

/// Changes of reference tables and of those that refer to them do not go together in parallel in one transaction, as a
/// migration is.
pub async fn one_shard_at_a_time(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("set citus.multi_shard_modify_mode = 'sequential'").execute(connection).await?;
    Ok(())
}

/// The names of those that are distributed already, or reference tables.
pub async fn known(connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    // Not those of type `local`, which Citus knows for a foreign key's sake only.
    sqlx::query_scalar(
        "select relname::text from citus_tables join pg_class on pg_class.oid = table_name
         where citus_table_type in ('distributed', 'reference') and pg_table_is_visible(pg_class.oid)",
    )
    .fetch_all(connection)
    .await
}

/// Puts a copy of the table on every node.
pub async fn copy(connection: &mut PgConnection, table: &str) -> sqlx::Result<()> {
    sqlx::query("select create_reference_table($1::text::regclass)").bind(table).execute(connection).await?;
    Ok(())
}

/// Spreads the table by provider, each provider where `beside` has them.
pub async fn spread(connection: &mut PgConnection, table: &str, beside: &str) -> sqlx::Result<()> {
    sqlx::query("select create_distributed_table($1::text::regclass, 'provider_id', colocate_with => $2)")
        .bind(table)
        .bind(beside)
        .execute(connection)
        .await?;
    Ok(())
}
