//! Whether Postgres answers at all: asked by the first who waits for long, told to all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::future::{BoxFuture, select_ok};
use sqlx::{ConnectOptions, Connection as _, PgPool};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::{Connection, Db};

/// How long Postgres may take to welcome somebody new.
const WELCOME: Duration = Duration::from_secs(2);
const ASKED_EVERY: Duration = Duration::from_millis(100);

pub(super) struct Pulse {
    /// Nobody was welcomed for a while: whoever needs Postgres is refused at once.
    still: AtomicBool,
    turned_still: Notify,
    asking: AtomicBool,
    /// A statement has ended since it was last asked.
    answered: AtomicBool,
    born: Instant,
    /// Microseconds after `born`. Connections that lie idle since before then may be dead.
    distrusted: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            still: AtomicBool::new(false),
            turned_still: Notify::new(),
            asking: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            born: Instant::now(),
            distrusted: AtomicU64::new(0),
        }
    }
}

impl Pulse {
    pub fn is_still(&self) -> bool {
        self.still.load(Ordering::Acquire)
    }

    /// Waits until Postgres is known to stand still.
    pub async fn turned_still(&self) {
        let turned = self.turned_still.notified();
        if !self.is_still() {
            turned.await;
        }
    }

    /// A statement has ended, well or not: somebody is there.
    pub fn answered(&self) {
        // Most of the time nobody wonders.
        if self.asking.load(Ordering::Relaxed) {
            self.answered.store(true, Ordering::Release);
        }
    }

    pub fn distrust(&self) {
        self.distrusted.fetch_max(self.micros(), Ordering::AcqRel);
    }

    pub fn revived(&self) {
        self.distrust();
        self.still.store(false, Ordering::Release);
    }

    /// Whether a connection that has been idle for so long can be used unseen.
    pub fn trusts_since(&self, idle_for: Duration) -> bool {
        let distrusted = self.distrusted.load(Ordering::Acquire);
        // Most have never had a reason.
        distrusted == 0 || Duration::from_micros(self.micros().saturating_sub(distrusted)) > idle_for
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Has it asked whether Postgres is there, on a connection of its own: the pool's may all be waiting.
    pub fn suspect(self: &Arc<Self>, db: &Db) {
        if !self.asking.swap(true, Ordering::AcqRel) {
            tokio::spawn(self.clone().ask(db.clone()));
        }
    }

    async fn ask(self: Arc<Self>, db: Db) {
        let began = Instant::now();
        while !db.pool.is_closed() {
            self.answered.store(false, Ordering::Release);
            if timeout(WELCOME, answers(&db)).await.unwrap_or(false) || self.answered.load(Ordering::Acquire) {
                break;
            }
            if !self.still.swap(true, Ordering::AcqRel) {
                tracing::error!("Postgres does not answer: what needs it is refused until it does");
                self.turned_still.notify_waiters();
            }
            sleep(ASKED_EVERY).await;
        }
        // Those from before may wait for answers that never come.
        self.distrust();
        if self.still.swap(false, Ordering::AcqRel) && !db.pool.is_closed() {
            tracing::info!(after = ?began.elapsed(), "Postgres answers again");
        }
        self.asking.store(false, Ordering::Release);
    }
}

/// Whether it welcomes somebody new, or one whom it knows: where only the postmaster stands still, say, those who are
/// in go on.
async fn answers(db: &Db) -> bool {
    let ways: [BoxFuture<'_, Result<(), ()>>; 2] = [
        Box::pin(async { if welcomes(&db.pool).await { Ok(()) } else { Err(()) } }),
        Box::pin(async {
            let idle = db.pool.try_acquire().ok_or(())?;
            Connection::new(idle, db.clone(), Instant::now()).ping().await.map_err(drop)
        }),
    ];
    select_ok(ways).await.is_ok()
}

/// Any answer will do but that it is still starting or stopping.
async fn welcomes(pool: &PgPool) -> bool {
    match pool.connect_options().connect().await {
        Ok(mut connection) => {
            let answers = connection.ping().await.is_ok();
            let _ = connection.close().await;
            answers
        }
        Err(sqlx::Error::Database(error)) => error.code().is_none_or(|code| !code.starts_with("57P")),
        Err(_) => false,
    }
}
