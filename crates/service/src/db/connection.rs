//! A connection that is given back only when it is known to be at rest.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use futures::TryStreamExt;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, try_unfold};
use sqlx::migrate::Migrate;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Connection as _, Describe, Either, Execute, Executor, PgConnection, Postgres, SqlStr};
use tokio::time::{Instant, timeout};

use super::{Db, LONGEST, SIGN_OF_LIFE, is_lost};

/// One of the pool's connections, with a deadline. `&mut Connection` executes statements.
pub struct Connection {
    /// `None` only while it is dropped.
    raw: Option<PoolConnection<Postgres>>,
    db: Db,
    deadline: Instant,
    /// A statement was begun and its end was not seen: given up, or cancelled with whoever asked. What the connection
    /// says next may be the answer to that.
    unsettled: bool,
    pub(super) in_transaction: bool,
}

impl Connection {
    pub(super) fn new(raw: PoolConnection<Postgres>, db: Db, deadline: Instant) -> Self {
        Self { raw: Some(raw), db, deadline, unsettled: false, in_transaction: false }
    }

    /// As if it had just been acquired.
    pub(crate) fn renew(&mut self) {
        self.deadline = Instant::now() + LONGEST;
    }

    /// Whether it can be used unseen though it lay idle for so long.
    pub(crate) fn is_trusted_after(&self, idle_for: Duration) -> bool {
        !self.unsettled && self.db.pulse.trusts_since(idle_for)
    }

    /// It is closed instead of being given back.
    pub(crate) fn discard(mut self) {
        self.unsettled = true;
    }

    /// For as long as whoever asks likes to wait.
    pub(super) async fn ping(&mut self) -> sqlx::Result<()> {
        self.unsettled = true;
        at(&mut self.raw).ping().await?;
        self.unsettled = false;
        Ok(())
    }

    /// A statement without arguments and rows.
    pub(super) async fn say(&mut self, sql: &'static str) -> sqlx::Result<()> {
        self.bounded(|raw| raw.execute(sql)).await.map(drop)
    }

    /// Does one thing on the connection itself.
    async fn bounded<'c, T, F>(&'c mut self, work: impl FnOnce(&'c mut PgConnection) -> F) -> sqlx::Result<T>
    where
        F: Future<Output = sqlx::Result<T>>,
    {
        let Self { raw, db, deadline, unsettled, .. } = self;
        *unsettled = true;
        let done = db.bounded(*deadline, work(at(raw))).await;
        settle(db, unsettled, done.as_ref().err());
        done
    }

    pub(super) async fn applied_migrations(&mut self, table: &str) -> sqlx::Result<HashSet<i64>> {
        let Self { raw, db, deadline, unsettled, .. } = self;
        *unsettled = true;
        let listed = async { Ok(at(raw).list_applied_migrations(table).await?) };
        let done = db.bounded(*deadline, listed).await;
        settle(db, unsettled, done.as_ref().err());
        Ok(done?.into_iter().map(|migration| migration.version).collect())
    }
}

fn at(raw: &mut Option<PoolConnection<Postgres>>) -> &mut PgConnection {
    raw.as_deref_mut().expect("only a drop takes it")
}

fn settle(db: &Db, unsettled: &mut bool, error: Option<&sqlx::Error>) {
    *unsettled = error.is_some_and(is_lost);
    if !*unsettled {
        db.pulse.answered();
    }
    if let Some(error) = error {
        db.heed(error);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(mut raw) = self.raw.take() else { return };
        if self.unsettled {
            // In the background, and bounded by sqlx: to say goodbye needs no answer.
            raw.close_on_drop();
            return;
        }
        // Sqlx looks whether it is alive, and would wait for the answer for as long as the kernel does, with the
        // connection's place in the pool: a quarter of an hour, where a network swallows packets. What is left
        // unanswered is dropped, and its place is free.
        let in_transaction = self.in_transaction;
        tokio::spawn(async move {
            if in_transaction && !matches!(timeout(SIGN_OF_LIFE, raw.execute("rollback")).await, Ok(Ok(_))) {
                raw.close_on_drop();
                return;
            }
            let _ = timeout(SIGN_OF_LIFE, raw.return_to_pool()).await;
        });
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("unsettled", &self.unsettled).finish_non_exhaustive()
    }
}

impl<'c> Executor<'c> for &'c mut Connection {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let Connection { raw, db, deadline, unsettled, .. } = self;
        let (db, deadline) = (&*db, *deadline);
        *unsettled = true;
        let rows = at(raw).fetch_many(query);
        Box::pin(try_unfold((rows, unsettled), move |(mut rows, unsettled)| async move {
            let next = db.bounded(deadline, rows.try_next()).await;
            if !matches!(next, Ok(Some(_))) {
                settle(db, unsettled, next.as_ref().err());
            }
            Ok(next?.map(|row| (row, (rows, unsettled))))
        }))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(self.bounded(|raw| raw.fetch_optional(query)))
    }

    fn prepare_with<'e>(self, sql: SqlStr, types: &'e [PgTypeInfo]) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'c: 'e,
    {
        Box::pin(self.bounded(move |raw| raw.prepare_with(sql, types)))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'c: 'e,
    {
        Box::pin(self.bounded(move |raw| raw.describe(sql)))
    }
}
