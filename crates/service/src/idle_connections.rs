//! Connections kept at hand for changes that are one statement.
//!
//! Sqlx's pool asks each connection that is given back whether it is still there: a round trip more, a good part of
//! what a booking costs. Those kept here are the pool's own, lent for a second longer; what is not needed any more
//! goes back to it, and so does whatever did not end well, to be looked at.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::db::{Connection, Db};

/// How long one may lie idle.
const KEPT_FOR: Duration = Duration::from_secs(1);

pub(crate) struct IdleConnections {
    db: Db,
    /// The rest is for others.
    most: usize,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// The last one given back is the first to be lent: it is warm, and the others may grow old.
    connections: Vec<(Connection, Instant)>,
    /// A task gives back those that have grown old.
    is_swept: bool,
}

impl IdleConnections {
    pub fn new(db: Db) -> Arc<Self> {
        let most = db.most_connections() as usize / 2;
        Arc::new(Self { db, most, idle: Mutex::default() })
    }

    pub async fn take(&self) -> sqlx::Result<Connection> {
        while let Some((mut connection, since)) = self.kept() {
            if connection.is_trusted_after(since.elapsed()) {
                connection.renew();
                return Ok(connection);
            }
            // Postgres has ended meanwhile, and this one most likely with it.
            connection.discard();
        }
        self.db.acquire().await
    }

    fn kept(&self) -> Option<(Connection, Instant)> {
        self.idle().connections.pop()
    }

    /// Only for one whose statement ended well; any other is dropped, which gives it to the pool or closes it.
    pub fn keep(self: &Arc<Self>, connection: Connection) {
        let mut idle = self.idle();
        if idle.connections.len() >= self.most {
            return;
        }
        idle.connections.push((connection, Instant::now()));
        if !std::mem::replace(&mut idle.is_swept, true) {
            tokio::spawn(self.clone().sweep());
        }
    }

    /// Ends when none is left; the next one kept starts it again.
    async fn sweep(self: Arc<Self>) {
        loop {
            // Who closes the pool waits for its connections.
            let is_closed = timeout(KEPT_FOR, self.db.closed()).await.is_ok();
            let mut idle = self.idle();
            let is_old = |since: &Instant| is_closed || since.elapsed() >= KEPT_FOR;
            let old: Vec<_> = idle.connections.extract_if(.., |(_, since)| is_old(since)).collect();
            let is_done = idle.connections.is_empty();
            idle.is_swept = !is_done;
            drop(idle);
            for (connection, since) in old {
                match connection.is_trusted_after(since.elapsed()) {
                    true => drop(connection),
                    false => connection.discard(),
                }
            }
            if is_done {
                return;
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
