//! The use cases of Eventide and all of its SQL: what REST, server functions and background jobs call.
//!
//! Every use case takes [`Services`], says on whose behalf ([`Actor`]) and takes parsed input. It
//! authorises, opens the transaction, and answers with a value of `domain` or an [`Error`].

pub mod acquaintances;
pub mod actor;
pub mod audit;
pub mod auth;
pub mod availability;
pub mod bookings;
pub mod caller;
mod change;
pub mod change_log;
pub mod clock;
pub mod db;
pub mod demo;
mod error;
pub mod handles;
pub mod idempotency;
mod idle_connections;
mod ids;
pub mod limits;
pub mod live;
pub mod migrate;
pub mod offerings;
pub mod paging;
mod password;
pub mod proof;
pub mod providers;
mod retry;
pub mod sessions;
pub mod snapshot;
mod store;
mod throttle;
pub mod tokens;
mod undisturbed;
pub mod zones;

pub use actor::Actor;
pub use caller::Caller;
pub use clock::Clock;
pub use db::Db;
pub use error::Error;
pub use idempotency::IdempotencyKey;
pub use limits::{GuestLimits, Limits};

/// What every use case works with. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub pool: Db,
    pub clock: Clock,
    /// Each provider's calendar in memory, tagged with its version.
    pub snapshots: std::sync::Arc<snapshot::Snapshots>,
    /// The rooms that open pages listen in.
    pub live: std::sync::Arc<live::Live>,
    pub limits: Limits,
    /// For changes that are one statement.
    idle: std::sync::Arc<idle_connections::IdleConnections>,
    /// Guests who have booked by this node.
    lately: std::sync::Arc<bookings::Lately>,
}

/// The migrations in `migrations/`, embedded.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

impl Services {
    /// On a database that is migrated, with the usual limits of providers and none of guests. Starts no tasks:
    /// [`live::Live::run`] does.
    pub fn new(pool: impl Into<Db>, clock: Clock) -> Self {
        let pool = pool.into();
        Self {
            snapshots: std::sync::Arc::new(snapshot::Snapshots::default()),
            live: std::sync::Arc::new(live::Live::default()),
            limits: Limits::default(),
            idle: idle_connections::IdleConnections::new(pool.clone()),
            lately: std::sync::Arc::default(),
            pool,
            clock,
        }
    }

    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }
}
