//! What the bookings are compared with: the statement of a booking, sent by pgbench, or by a bare
//! loop where the Postgres found has no pgbench.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr};
use tokio::process::Command;

use crate::Outcome;
use crate::world::{World, first_monday, start_of};

/// What `service::bookings::book` sends where nobody else books with the provider at the same moment:
/// the one statement of `service::store::bookings::book_at_once`, outside of a transaction.
///
/// The server knows the version that the calendar has to have; pgbench knows none and only compares.
/// It also has the ids and the hash made in Postgres, which costs little.
const BOOKING: &str = include_str!("booking.sql");

/// Which providers are booked by how many clients.
#[derive(Clone, Copy)]
pub struct Load {
    /// Whether each booking has an idempotency key, as those of guests have.
    pub keyed: bool,
    pub clients: i64,
    pub first_provider: i64,
    pub providers: i64,
}

impl Load {
    /// The provider and the half hour of a client's booking: never the same for two.
    pub fn place(&self, client: i64, number: i64) -> (i64, i64) {
        let order = client + self.clients * number;
        (self.first_provider + order % self.providers, order / self.providers)
    }
}

/// What sends the statements.
pub enum Sender {
    Pgbench(std::path::PathBuf),
    Bare,
}

impl Sender {
    pub fn find(programs: &Path) -> Self {
        let pgbench = programs.join("pgbench");
        if pgbench.is_file() { Self::Pgbench(pgbench) } else { Self::Bare }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Pgbench(_) => "pgbench",
            Self::Bare => "bare sqlx loop (no pgbench)",
        }
    }

    /// Transactions a second, and how many there were; none has failed. `number` is each client's first.
    pub async fn run(&self, world: &World, load: Load, number: i64, lasting: Duration) -> Outcome<(f64, i64)> {
        match self {
            Self::Pgbench(program) => pgbench(program, world, load, number, lasting).await,
            Self::Bare => bare(world, load, number, lasting).await,
        }
    }
}

/// The same arithmetic as [`Load::place`] and [`start_of`], in pgbench's 64-bit integers.
fn script() -> String {
    let variables = r"\set order :client_id + :clients * :number
\set number :number + 1
\set provider :first_provider + :order % :providers
\set slot :order / :providers
\set day :slot / 16
\set start :monday + (:day / 5 * 7 + :day % 5) * 86400 + 32400 + :slot % 16 * 1800
";
    format!("{variables}{};\n", BOOKING.trim_end())
}

async fn pgbench(program: &Path, world: &World, load: Load, number: i64, lasting: Duration) -> Outcome<(f64, i64)> {
    let file = world.file("booking.pgbench");
    std::fs::write(&file, script())?;
    let mut command = Command::new(program);
    command.args(["--no-vacuum", "-M", "prepared", "-j", "2", "-c", &load.clients.to_string()]);
    command.arg("-T").arg(lasting.as_secs().to_string()).arg("-f").arg(file);
    for (name, value) in [
        ("clients", load.clients),
        ("number", number),
        ("first_provider", load.first_provider),
        ("providers", load.providers),
        ("monday", first_monday().timestamp()),
        ("keyed", load.keyed.into()),
    ] {
        command.args(["-D", &format!("{name}={value}")]);
    }
    let done = command.arg(world.url()).kill_on_drop(true).output().await?;
    let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let after = |start: &str| {
        let rest = said.lines().find_map(|line| line.strip_prefix(start))?;
        rest.split_whitespace().next()?.parse::<f64>().ok()
    };
    // A client that met an error stops, and the rate of the rest says nothing.
    let failed = after("number of failed transactions: ");
    let (rate, count) = (after("tps = "), after("number of transactions actually processed: "));
    match (rate, count) {
        (Some(rate), Some(count)) if done.status.success() && failed == Some(0.0) => Ok((rate, count as i64)),
        _ => Err(format!("pgbench: {}\n{complained}{said}", done.status).into()),
    }
}

async fn bare(world: &World, load: Load, number: i64, lasting: Duration) -> Outcome<(f64, i64)> {
    let mut connections = Vec::new();
    for _ in 0..load.clients {
        connections.push(PgConnection::connect(world.url()).await?);
    }
    let (sql, names) = numbered(BOOKING);
    let started = Instant::now();
    let clients: Vec<_> = (0..)
        .zip(connections)
        .map(|(client, mut connection)| {
            let (sql, names) = (AssertSqlSafe(sql.clone()).into_sql_str(), names.clone());
            tokio::spawn(async move {
                let mut count = 0;
                while started.elapsed() < lasting {
                    let (provider, slot) = load.place(client, number + count);
                    let mut query = sqlx::query(sql.clone());
                    for name in &names {
                        query = query.bind(match *name {
                            "provider" => provider,
                            "slot" => slot,
                            "keyed" => load.keyed.into(),
                            _ => start_of(slot).timestamp(),
                        });
                    }
                    query.fetch_one(&mut connection).await?;
                    count += 1;
                }
                Ok::<_, sqlx::Error>(count)
            })
        })
        .collect();
    let mut count = 0;
    for client in clients {
        count += client.await??;
    }
    Ok((count as f64 / started.elapsed().as_secs_f64(), count))
}

/// `$1` for `:name`, and the names in that order.
fn numbered(statement: &'static str) -> (String, Vec<&'static str>) {
    let (mut sql, mut names) = (String::new(), Vec::new());
    let mut rest = statement;
    while let Some((before, after)) = rest.split_once(':') {
        sql.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        if name.is_empty() {
            // A colon for itself, or the two of a cast.
            let cast = after.starts_with(':');
            sql.push_str(if cast { "::" } else { ":" });
            rest = if cast { &after[1..] } else { after };
            continue;
        }
        let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        sql.push_str(&format!("${}", place + 1));
        rest = after;
    }
    (sql + rest, names)
}
