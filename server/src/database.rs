//! The connection to Postgres: the configured one, or a private cluster that is started for us.

use std::time::Duration;

use embedded_postgres::{Cluster, Options};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::config::{Config, Database};

/// A pool, and the cluster behind it where it is ours to stop.
pub struct Connected {
    pub pool: PgPool,
    cluster: Option<Cluster>,
}

/// Why there is no database: a sentence for the terminal.
#[derive(Debug, thiserror::Error)]
pub enum NoDatabase {
    #[error("the embedded Postgres does not start: {0}")]
    Embedded(#[from] embedded_postgres::Error),
    #[error("DATABASE_URL: the database cannot be reached: {0}")]
    Unreachable(#[source] sqlx::Error),
    #[error("the migrations failed: {0}")]
    Migrations(#[from] sqlx::migrate::MigrateError),
}

/// Connections of one node. Bookings hold one for a few milliseconds.
pub(crate) const CONNECTIONS: u32 = 32;

/// Starts or reaches Postgres and applies the migrations.
pub async fn connect(config: &Config) -> Result<Connected, NoDatabase> {
    let (options, cluster) = match &config.database {
        Database::Url(options) => (options.as_ref().clone(), None),
        Database::Embedded { data_dir } => {
            let options = Options { data_dir: data_dir.clone(), durable: true, max_connections: 100 };
            let cluster =
                tokio::task::spawn_blocking(move || Cluster::start(&options)).await.expect("not cancelled")?;
            let options = cluster.url().parse().map_err(NoDatabase::Unreachable)?;
            (options, Some(cluster))
        }
    };
    let connected = Connected { pool: pool(options).await.map_err(NoDatabase::Unreachable)?, cluster };
    service::MIGRATIONS.run(&connected.pool).await?;
    Ok(connected)
}

/// A pool of a node's size on these options.
pub async fn pool(options: PgConnectOptions) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(Duration::from_secs(5))
        // A ping before every use would cost a round trip; only a connection long idle is asked.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                use sqlx::Connection;
                Ok(meta.idle_for < Duration::from_secs(5) || connection.ping().await.is_ok())
            })
        })
        .connect_with(options)
        .await
}

impl Connected {
    /// Gives the connections back and stops the cluster, if it is ours.
    pub async fn close(self) {
        // A request that did not finish in time may still hold a connection: Postgres ends it.
        let _ = tokio::time::timeout(Duration::from_secs(5), self.pool.close()).await;
        let Some(cluster) = self.cluster else { return };
        let stopped = tokio::task::spawn_blocking(move || cluster.stop()).await.expect("not cancelled");
        if let Err(error) = stopped {
            tracing::error!(%error, "the embedded Postgres did not stop cleanly; the next start recovers it");
        }
    }
}
