//! The guest's page, packed as browsers ask for it: at rest, while its calendar moves, and right after a change.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{self, Connection};
use crate::node::{Node, On};
use crate::table::{Row, median, percentile, spread};
use crate::world::{SLOTS_A_DAY, World, start_of};
use crate::{Outcome, slots, static_handler};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
/// Between bookings while the calendar moves.
const PACE: Duration = Duration::from_millis(100);
const CHANGES: i64 = 200;
/// Days in which the provider has bookings already, at the first two half hours.
const BEGUN_DAYS: i64 = 20;

pub async fn measure(world: &World) -> Outcome<Vec<Row>> {
    println!("page: the guest's, brotli, {CONNECTIONS} connections");
    let (node, _) = Node::eventide(On::Url(world.url())).await?;
    let mut connection = Connection::open(node.addr).await?;
    let guest = slots::sign_up(&mut connection, "page").await?;
    let request = page("/page");
    let answer = connection.send(&request).await?;
    if answer.status != 200 {
        return Err(client::unexpected(&answer).into());
    }
    let body = answer.body.to_vec();
    println!("  {} bytes packed", body.len());
    let fixed = static_handler::start(&world.file("page.br"), &body).await?;
    let fixed_request = client::get(static_handler::PATH);

    let (mut still, mut moving, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let mut mover = Mover::new(node.addr, guest, &request).await?;
    for round in 0..=ROUNDS {
        // The first round only warms up.
        let lasting = if round == 0 { ROUND / 4 } else { ROUND };
        let at_rest = rate(&node, &request, lasting).await?;
        let (while_moving, ()) = tokio::try_join!(rate(&node, &request, lasting), mover.run(lasting))?;
        let of_static = rate(&fixed, &fixed_request, lasting).await?;
        if round == 0 {
            mover.forget();
        } else {
            still.push(at_rest);
            moving.push(while_moving);
            theirs.push(of_static);
        }
    }
    fixed.stop()?;
    let after = changes(&mut mover).await?;
    node.stop()?;

    println!(
        "  ratio by round: at rest {}, moving {}; the first page after a booking in the rush: p50 {:.1} ms, p99 {:.1} ms",
        spread(&still, &theirs),
        spread(&moving, &theirs),
        percentile(&mover.pages, 50.0),
        percentile(&mover.pages, 99.0),
    );
    let of_static = median(&theirs);
    let row = |what: &str, rates: &[f64], target: &'static str, least: f64| {
        let ours = median(rates);
        Row {
            what: format!("GET the guest's page, brotli, {CONNECTIONS} connections, {what}"),
            measured: format!("{ours:.0}/s"),
            compared_with: format!("static axum handler {of_static:.0}/s"),
            ratio: Some(ours / of_static),
            target,
            reached: ours / of_static >= least,
        }
    };
    let times = |what: String, times: &[f64], target: &'static str, most: f64| Row {
        what,
        measured: format!("p50 {:.1} ms, p99 {:.1} ms", percentile(times, 50.0), percentile(times, 99.0)),
        compared_with: "–".into(),
        ratio: None,
        target,
        reached: percentile(times, 99.0) < most,
    };
    Ok(vec![
        row("at rest", &still, "ratio ≥ 0.50", 0.50),
        row("ten bookings a second", &moving, "ratio ≥ 0.25", 0.25),
        times(format!("the first page after each of {CHANGES} changes"), &after, "p99 < 30 ms", 30.0),
        times(format!("{} bookings during that rush", mover.bookings.len()), &mover.bookings, "p99 < 100 ms", 100.0),
    ])
}

pub fn page(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nAccept-Encoding: br\r\n\r\n").into_bytes()
}

async fn rate(node: &Node, request: &[u8], lasting: Duration) -> Outcome<f64> {
    let request = request.to_vec();
    client::rate(node.addr, CONNECTIONS, lasting, 200, move |_| {
        let request = request.clone();
        move |buffer: &mut Vec<u8>| buffer.clone_from(&request)
    })
    .await
}

/// Books one time after another, and looks at the page after each.
struct Mover {
    books: Connection,
    looks: Connection,
    provider: String,
    request: Vec<u8>,
    next: i64,
    /// Milliseconds.
    bookings: Vec<f64>,
    pages: Vec<f64>,
}

impl Mover {
    async fn new(addr: SocketAddr, provider: String, request: &[u8]) -> Outcome<Self> {
        let (books, looks) = (Connection::open(addr).await?, Connection::open(addr).await?);
        let (request, bookings, pages) = (request.to_vec(), Vec::new(), Vec::new());
        Ok(Self { books, looks, provider, request, next: 0, bookings, pages })
    }

    async fn run(&mut self, lasting: Duration) -> Outcome<()> {
        let mut ticks = tokio::time::interval(PACE);
        let until = Instant::now() + lasting;
        while Instant::now() < until {
            ticks.tick().await;
            self.change().await?;
        }
        Ok(())
    }

    async fn change(&mut self) -> Outcome<()> {
        let booking = json!({
            "provider": self.provider, "start": start_of(free(self.next)), "duration_minutes": 30,
            "guest": {"name": "A Guest", "email": "guest@example.com"},
        });
        self.next += 1;
        let started = Instant::now();
        self.books.json(201, &client::post("/api/v1/bookings", None, None, &booking)).await?;
        self.bookings.push(milliseconds(started));
        let started = Instant::now();
        let answer = self.looks.send(&self.request).await?;
        if answer.status != 200 {
            return Err(client::unexpected(&answer).into());
        }
        self.pages.push(milliseconds(started));
        Ok(())
    }

    fn forget(&mut self) {
        self.bookings.clear();
        self.pages.clear();
    }
}

/// The half hour of the provider's next booking.
fn free(number: i64) -> i64 {
    let left = SLOTS_A_DAY - 2;
    match number - BEGUN_DAYS * left {
        later if later >= 0 => BEGUN_DAYS * SLOTS_A_DAY + later,
        _ => number / left * SLOTS_A_DAY + 2 + number % left,
    }
}

/// With nobody else there.
async fn changes(mover: &mut Mover) -> Outcome<Vec<f64>> {
    let before = mover.pages.len();
    let bookings = mover.bookings.len();
    for _ in 0..CHANGES {
        mover.change().await?;
    }
    mover.bookings.truncate(bookings);
    Ok(mover.pages.split_off(before))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
