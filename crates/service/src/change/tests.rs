//! The promises of the one way to change a calendar, on real Postgres.

mod answers;
mod refusals;
mod retries;
mod told;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::provider::{NewProvider, Password};
use domain::{Booking, BookingStatus, Event, Guest, Offering, TimeRange};
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use super::*;
use crate::idempotency::{IdempotencyKey, Repeatable};
use crate::{Clock, Db, providers};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn range(start: &str, end: &str) -> TimeRange {
    TimeRange::new(at(start), at(end)).unwrap()
}

fn now() -> DateTime<Utc> {
    at("2027-03-01T08:00:00Z")
}

/// A calendar and its first offering.
struct Shop {
    s: Services,
    pool: PgPool,
    provider_id: Uuid,
    offering: Offering,
}

impl Shop {
    async fn new(pool: PgPool) -> Self {
        let s = Services::new(pool.clone(), Clock::fixed(now()));
        let new = NewProvider {
            handle: "ada".parse().unwrap(),
            display_name: "Ada".into(),
            email: "ada@example.com".parse().unwrap(),
            password: Password("correct horse".into()),
            time_zone: "UTC".parse().unwrap(),
        };
        let provider_id = providers::sign_up(&s, new, None).await.unwrap().provider.public.provider_id;
        let offering = store::offerings::list(&s.pool, provider_id).await.unwrap().remove(0);
        crate::snapshot::current(&s, provider_id).await.unwrap();
        Self { s, pool, provider_id, offering }
    }

    /// Another node, whose connections say this to Postgres when they are opened.
    async fn node(&self, settings: &[(&str, &str)]) -> Services {
        let options = self.pool.connect_options().as_ref().clone().options(settings.iter().copied());
        Services::new(Db::connect(options, 4).await.unwrap(), Clock::fixed(now()))
    }

    async fn state(&self) -> State {
        let count = async |sql: &'static str| sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap();
        State {
            version: store::calendar::versions(&self.s.pool, &[self.provider_id]).await.unwrap()[0].1,
            in_memory: self.s.snapshots.known(),
            log: count("select count(*) from calendar_change").await,
            outbox: count("select count(*) from outbox").await,
            keys: count("select count(*) from idempotency_key").await,
            offerings: count("select count(*) from offering").await,
            inactive: count("select count(*) from offering where not active").await,
        }
    }

    /// The log has every number up to the version.
    async fn assert_gapless(&self) {
        let log: Vec<i64> = sqlx::query_scalar("select version from calendar_change order by version")
            .fetch_all(&self.pool)
            .await
            .unwrap();
        assert_eq!(log, (1..=self.state().await.version).collect::<Vec<_>>());
    }
}

/// All that a change may leave behind, as numbers.
#[derive(Debug, PartialEq)]
struct State {
    version: i64,
    in_memory: Vec<(Uuid, i64)>,
    log: i64,
    outbox: i64,
    keys: i64,
    offerings: i64,
    inactive: i64,
}

/// How often a verb ran.
#[derive(Default)]
struct Runs(AtomicU32);

impl Runs {
    /// Which run this is, from 1 on.
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A place in a verb where it says that it is there and waits to be let on, once and for all.
struct Gate {
    reached: watch::Sender<bool>,
    open: watch::Sender<bool>,
}

impl Gate {
    fn new() -> Self {
        Self { reached: watch::Sender::new(false), open: watch::Sender::new(false) }
    }

    async fn pass(&self) {
        self.reached.send_replace(true);
        self.open.subscribe().wait_for(|open| *open).await.unwrap();
    }

    async fn reached(&self) {
        self.reached.subscribe().wait_for(|reached| *reached).await.unwrap();
    }

    fn open(&self) {
        self.open.send_replace(true);
    }
}

/// Until `sessions` of this database wait for a lock.
async fn until_waiting(pool: &PgPool, sessions: i64) {
    let began = Instant::now();
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() != sessions {
        assert!(began.elapsed() < Duration::from_secs(3), "nobody waits");
    }
}

fn repeatable(key: &str, body: u8) -> Repeatable {
    Repeatable { key: IdempotencyKey::parse(key).unwrap(), body_hash: [body; 32], network: None }
}

fn event(shop: &Shop, reference: &str) -> Event {
    let booking = Booking {
        booking_id: ids::new_id(now()),
        reference: reference.to_owned(),
        provider_id: shop.provider_id,
        offering_id: shop.offering.offering_id,
        title: "Appointment".into(),
        location: String::new(),
        status: BookingStatus::Confirmed,
        start: at("2027-03-02T09:00:00Z"),
        end: at("2027-03-02T10:00:00Z"),
        duration_minutes: 60,
        guest: Guest {
            name: "Grace".into(),
            email: "grace@example.com".parse().unwrap(),
            phone: None,
            notes: None,
            time_zone: None,
        },
        reason: None,
        cancelled_by: None,
        sequence: 0,
        created_at: now(),
        updated_at: now(),
    };
    Event::BookingConfirmed { booking }
}

/// What most tests change: the first offering is offered no longer.
async fn stop_offering(tx: &mut CalendarTx, shop: &Shop) -> Result<bool, Error> {
    Ok(store::offerings::set_active(tx, shop.offering.offering_id, false).await?)
}
