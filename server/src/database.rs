//! The connection to Postgres: the configured one, or a private cluster that is started and looked after for us.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use embedded_postgres::{Cluster, Event, Keeper, Options};
use service::Db;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Database};

/// The database, and the cluster behind it where it is ours to stop.
pub struct Connected {
    pub db: Db,
    keeper: Option<Keeper>,
    end: Arc<Mutex<Option<String>>>,
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

/// Starts or reaches Postgres and applies the migrations. `shutdown` is cancelled when an embedded Postgres cannot be
/// kept running; once it is cancelled, by whomever, Postgres is not started again.
pub async fn connect(config: &Config, shutdown: &CancellationToken) -> Result<Connected, NoDatabase> {
    let db: Arc<OnceLock<Db>> = Arc::default();
    let end: Arc<Mutex<Option<String>>> = Arc::default();
    let (options, keeper) = match &config.database {
        Database::Url(options) => (options.as_ref().clone(), None),
        Database::Embedded { data_dir } => {
            let options = Options { data_dir: data_dir.clone(), durable: true, max_connections: 100 };
            let cluster =
                tokio::task::spawn_blocking(move || Cluster::start(&options)).await.expect("not cancelled")?;
            let (db, end, shutdown) = (db.clone(), end.clone(), shutdown.clone());
            let keeper = Keeper::new(cluster, move |event| heard(event, &db, &end, &shutdown));
            (keeper.url().parse().map_err(NoDatabase::Unreachable)?, Some(keeper))
        }
    };
    migrate(&options).await?;
    let connected = Db::connect(options, CONNECTIONS).await.map_err(NoDatabase::Unreachable)?;
    Ok(Connected { db: db.get_or_init(|| connected).clone(), keeper, end })
}

/// On a connection of its own: a migration takes as long as it takes, which requests must not.
async fn migrate(options: &PgConnectOptions) -> Result<(), NoDatabase> {
    let mut connection = options.connect().await.map_err(NoDatabase::Unreachable)?;
    service::migrate::migrate(&mut connection).await?;
    // It has done its work, however it ends.
    let _ = connection.close().await;
    Ok(())
}

/// What becomes of the embedded Postgres.
fn heard(event: Event, db: &OnceLock<Db>, end: &Mutex<Option<String>>, shutdown: &CancellationToken) {
    match event {
        Event::Died => {
            // Its connections ended with it, and the next request must not be given one of them.
            db.get().inspect(|db| db.distrust());
            tracing::error!("the embedded Postgres has died; starting it again");
        }
        Event::Back(after) => {
            db.get().inspect(|db| db.revived());
            tracing::info!(?after, "the embedded Postgres is back, recovered from its log");
        }
        Event::GivenUp(why) => {
            *end.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.to_string());
            shutdown.cancel();
        }
    }
}

impl Connected {
    /// Leaves Postgres as it is from now on: whoever stops the server may be stopping both.
    pub fn retire(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.retire();
        }
    }

    /// Gives the connections back and stops the cluster, if it is ours. An error when the cluster had ended by itself,
    /// for good.
    pub async fn close(self) -> Result<(), String> {
        // A request that did not finish in time may still hold a connection: Postgres ends it.
        let _ = tokio::time::timeout(Duration::from_secs(5), self.db.close()).await;
        if let Some(keeper) = self.keeper {
            let stopped = tokio::task::spawn_blocking(move || keeper.stop()).await.expect("not cancelled");
            if let Err(error) = stopped {
                tracing::error!(%error, "the embedded Postgres did not stop cleanly; the next start recovers it");
            }
        }
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner).take();
        end.map_or(Ok(()), |why| Err(format!("the embedded {why}")))
    }
}
