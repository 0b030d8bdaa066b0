//! The way to Postgres: all statements of the house pass here, and none of them waits without an end.
//!
//! A statement's own time limit is Postgres' to keep (`LIMITS`), which does not help when Postgres itself stands still:
//! frozen, swapped out, behind a network that swallows packets. So whoever waits here has a deadline too, a connection
//! whose statement was given up is closed and never used again, and while Postgres does not answer at all (`Pulse`),
//! those who need it are refused at once instead of one wait after the other.

mod connection;
mod pulse;
mod transaction;

use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Connection as _, Describe, Either, Execute, Executor, PgConnection, PgPool, Postgres, SqlStr};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

pub use connection::Connection;
use pulse::Pulse;
pub use transaction::Transaction;

/// The longest that a transaction, or a statement by itself, may take with the wait for its connection: a request is
/// answered within 5 s.
pub const LONGEST: Duration = Duration::from_millis(4500);
/// Who has waited so long has it asked whether Postgres is there at all.
const SUSPICIOUS_AFTER: Duration = Duration::from_secs(2);
/// What each connection is told once, when it is opened: a lock that is held, or a statement that is too heavy, is
/// Postgres' own answer, and comes before ours.
const LIMITS: &str = "set lock_timeout = '3s'; set statement_timeout = '4s'; \
                      set idle_in_transaction_session_timeout = '10s'";
/// A connection that was used so lately is not asked whether it is alive: that would be a round trip for each use.
const FRESH: Duration = Duration::from_secs(5);
/// How long a connection may take to show that it is alive, before use or after it.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// The pool and what is known of Postgres' health. Cheap to clone.
///
/// `&Db` executes single statements as a pool does.
#[derive(Clone)]
pub struct Db {
    pool: PgPool,
    pulse: Arc<Pulse>,
}

impl From<PgPool> for Db {
    /// A pool made elsewhere: without limits in its connections, which are used as they come.
    fn from(pool: PgPool) -> Self {
        Self { pool, pulse: Arc::default() }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl Db {
    /// At most `most` connections, each within our limits.
    pub async fn connect(options: PgConnectOptions, most: u32) -> sqlx::Result<Self> {
        let pulse: Arc<Pulse> = Arc::default();
        let health = pulse.clone();
        let pool = PgPoolOptions::new()
            .max_connections(most)
            .acquire_timeout(LONGEST)
            // No line for each of thousands who wait: `Pulse` says it once.
            .acquire_slow_threshold(LONGEST)
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let trusted = meta.idle_for < FRESH && health.trusts_since(meta.idle_for);
                Box::pin(async move { Ok(trusted || is_alive(connection).await) })
            })
            .after_connect(|connection, _| Box::pin(async move { connection.execute(LIMITS).await.map(drop) }))
            .connect_with(options)
            .await?;
        Ok(Self { pool, pulse })
    }

    pub fn connect_options(&self) -> Arc<PgConnectOptions> {
        self.pool.connect_options()
    }

    pub(crate) fn most_connections(&self) -> u32 {
        self.pool.options().get_max_connections()
    }

    /// Ends when the pool is closed.
    pub(crate) async fn closed(&self) {
        self.pool.close_event().await;
    }

    /// Gives the connections back, those in use too as soon as they are free.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Postgres has ended, or somebody was told so by a connection: those that lie idle are looked at before use.
    pub fn distrust(&self) {
        self.pulse.distrust();
    }

    /// Postgres is known to answer again, by who has started it.
    pub fn revived(&self) {
        self.pulse.revived();
    }

    /// A connection for one transaction or one statement: [`LONGEST`] from now.
    pub async fn acquire(&self) -> sqlx::Result<Connection> {
        self.acquire_until(Instant::now() + LONGEST).await
    }

    async fn acquire_until(&self, deadline: Instant) -> sqlx::Result<Connection> {
        let acquired = self.bounded(deadline.min(Instant::now() + LONGEST), self.pool.acquire()).await;
        match acquired {
            Ok(raw) => Ok(Connection::new(raw, self.clone(), deadline)),
            Err(error) => {
                self.heed(&error);
                Err(error)
            }
        }
    }

    pub async fn begin(&self) -> sqlx::Result<Transaction> {
        let began = Instant::now();
        let deadline = began + LONGEST;
        match Transaction::begin(self.acquire_until(deadline).await?).await {
            // The connection was dead, which makes all that lie beside it suspect. Nothing was done by it yet.
            Err(error) if is_lost(&error) && began.elapsed() < SUSPICIOUS_AFTER => {
                Transaction::begin(self.acquire_until(deadline).await?).await
            }
            begun => begun,
        }
    }

    /// For work that nobody waits for and that may take minutes.
    pub async fn begin_long(&self) -> sqlx::Result<Transaction> {
        const LONG: Duration = Duration::from_secs(300);
        let mut tx = Transaction::begin(self.acquire_until(Instant::now() + LONG).await?).await?;
        tx.say("set local statement_timeout = '5min'").await?;
        Ok(tx)
    }

    /// Whether the database has all of these migrations.
    pub async fn is_migrated(&self, to: &sqlx::migrate::Migrator) -> sqlx::Result<bool> {
        let mut connection = self.acquire().await?;
        let applied = connection.applied_migrations(&to.table_name).await?;
        Ok(to.iter().all(|migration| applied.contains(&migration.version)))
    }

    /// Waits for `work`, but not beyond the deadline and not while Postgres stands still.
    async fn bounded<T>(&self, deadline: Instant, work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        if self.pulse.is_still() {
            return Err(no_answer("Postgres does not answer"));
        }
        let mut work = pin!(work);
        let suspicious = deadline.min(Instant::now() + SUSPICIOUS_AFTER);
        if let Ok(done) = timeout_at(suspicious, &mut work).await {
            return done;
        }
        self.pulse.suspect(self);
        tokio::select! {
            biased;
            done = &mut work => done,
            () = self.pulse.turned_still() => Err(no_answer("Postgres does not answer")),
            () = sleep_until(deadline) => Err(no_answer("waited for Postgres for too long")),
        }
    }

    /// What an error says about the connections that lie idle.
    fn heed(&self, error: &sqlx::Error) {
        if is_lost(error) {
            self.pulse.distrust();
        }
    }
}

/// Asked before use; whatever it was about to say otherwise, it is not used when it does not answer now.
async fn is_alive(connection: &mut PgConnection) -> bool {
    timeout(SIGN_OF_LIFE, connection.ping()).await.is_ok_and(|answer| answer.is_ok())
}

pub(crate) fn no_answer(why: &'static str) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, why))
}

/// Whether the connection is of no use after this error: gone, out of step, or of a server that only reads by now, as
/// one does that was replaced by another.
fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08") || code == "25006")
                || error.code().is_some_and(|code| code == "25P03")
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

impl<'p> Executor<'p> for &'p Db {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        // All that it answers at once, and then the connection is free: nobody here reads more than a page of rows.
        let all = async move { self.acquire().await?.fetch_many(query).try_collect::<Vec<_>>().await };
        stream::once(all).map_ok(|rows| stream::iter(rows).map(Ok)).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async move { self.acquire().await?.fetch_optional(query).await })
    }

    fn prepare_with<'e>(self, sql: SqlStr, types: &'e [PgTypeInfo]) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'p: 'e,
    {
        Box::pin(async move { self.acquire().await?.prepare_with(sql, types).await })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'p: 'e,
    {
        Box::pin(async move { self.acquire().await?.describe(sql).await })
    }
}
