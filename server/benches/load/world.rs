//! The database that all figures share: a durable private cluster with providers in bulk.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use embedded_postgres::{Cluster, Options};
use sqlx::PgPool;
use tempfile::TempDir;

use crate::Outcome;

/// Half hours of a working day, 09:00 to 17:00 UTC.
pub const SLOTS_A_DAY: i64 = 16;

/// Made for one run. Dropped, it stops its cluster first and then removes the folder.
pub struct World {
    pub pool: PgPool,
    cluster: Option<Cluster>,
    folder: TempDir,
    url: String,
    /// Postgres' own.
    pub programs: PathBuf,
}

impl World {
    pub async fn make() -> Outcome<Self> {
        // Open to the account that Postgres runs as where this one is root.
        let open = std::fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("eventide-bench-").permissions(open).tempdir()?;
        let options = Options { data_dir: folder.path().join("data"), durable: true, max_connections: 100 };
        // Blocks, as `stop` does, so that an interruption does not leave a cluster half started.
        let cluster = tokio::task::block_in_place(|| Cluster::start(&options))?;
        let url = cluster.url();
        let pool = PgPool::connect(&url).await?;
        let programs = cluster.binaries().folder.clone();
        let world = Self { pool, cluster: Some(cluster), folder, url, programs };
        service::MIGRATIONS.run(&world.pool).await?;
        Ok(world)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Stops the cluster and leaves its folder, which holds `data`.
    pub async fn stop(mut self) -> Outcome<TempDir> {
        self.pool.close().await;
        if let Some(cluster) = self.cluster.take() {
            tokio::task::block_in_place(|| cluster.stop())?;
        }
        Ok(self.folder)
    }

    /// Providers `from..to`, each with the offering of a new one and working hours, in four statements.
    pub async fn add_providers(&self, from: i64, to: i64) -> Outcome<()> {
        for statement in [
            "insert into provider (provider_id, handle, email, password_hash, display_name, time_zone, created_at)
             select id, 'load-' || number, 'load-' || number || '@example.com', '-', 'Load', 'UTC', now() from made",
            "insert into calendar (provider_id) select id from made",
            "insert into offering (provider_id, offering_id, slug, title, durations_minutes, step_minutes,
                buffer_before_minutes, buffer_after_minutes, min_notice_minutes, horizon_days, capacity, approval,
                active, created_at)
             select id, id, 'appointment', 'Appointment', '{30,60}', 15, 0, 0, 0, 60, 1, 'automatic', true, now()
             from made",
            "insert into availability (provider_id, availability_id, effect, start_minute, end_minute, starts_on,
                recurrence, time_zone, created_at, updated_at)
             select id, id, 'open', 540, 1020, '2024-01-01', 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', 'UTC', now(), now()
             from made",
        ] {
            let made = "with made as (
                select number, ('00000000-0000-7000-8000-' || number)::uuid as id
                from generate_series($1::bigint, $2::bigint - 1) as number)";
            let statement = sqlx::AssertSqlSafe(format!("{made} {statement}"));
            sqlx::query(statement).bind(from).bind(to).execute(&self.pool).await?;
        }
        Ok(())
    }
}

/// Twelve digits, so that a statement makes an id of a number without padding it.
pub const FIRST_PROVIDER: i64 = 100_000_000_000;

/// The id that [`World::add_providers`] gives to a provider.
pub fn provider_id(number: i64) -> String {
    format!("00000000-0000-7000-8000-{number}")
}

/// Midnight of a Monday two to eight days from now: no notice and no passing of time reaches it.
pub fn first_monday() -> DateTime<Utc> {
    // Once, so that a midnight during the run moves nothing.
    static MONDAY: LazyLock<DateTime<Utc>> = LazyLock::new(|| {
        let soon = (service::Clock::system().now() + TimeDelta::days(2)).date_naive();
        let days = (7 - i64::from(soon.weekday().num_days_from_monday())) % 7;
        (soon + TimeDelta::days(days)).and_time(chrono::NaiveTime::MIN).and_utc()
    });
    *MONDAY
}

/// The start of a provider's half hour by its number: [`SLOTS_A_DAY`] a day, five days a week.
pub fn start_of(slot: i64) -> DateTime<Utc> {
    let (day, half_hour) = (slot / SLOTS_A_DAY, slot % SLOTS_A_DAY);
    first_monday() + TimeDelta::days(day / 5 * 7 + day % 5) + TimeDelta::minutes(9 * 60 + 30 * half_hour)
}
