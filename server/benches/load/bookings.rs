//! Bookings a second over a thousand providers, against the same statements without a server around them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::Outcome;
use crate::client;
use crate::node::{Node, On};
use crate::pgbench::{Load, Sender};
use crate::table::{Row, median, spread};
use crate::world::{FIRST_PROVIDER, World, provider_id, start_of};

const PROVIDERS: i64 = 1000;
const CLIENTS: i64 = 16;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);

pub async fn measure(world: &World) -> Outcome<Vec<Row>> {
    // Each with providers of its own, and twice as many: what is booked behind the server's back must not be a calendar
    // that it knows.
    let plain = Load { keyed: false, clients: CLIENTS, first_provider: FIRST_PROVIDER, providers: PROVIDERS };
    let keyed = Load { keyed: true, first_provider: plain.first_provider + 2 * PROVIDERS, ..plain };
    Ok(vec![
        compare(world, keyed, "bookings with a key, as guests send them").await?,
        compare(world, plain, "bookings without a key").await?,
    ])
}

async fn compare(world: &World, of_server: Load, what: &str) -> Outcome<Row> {
    println!("{what}: {PROVIDERS} providers, {CLIENTS} clients");
    let of_sender = Load { first_provider: of_server.first_provider + PROVIDERS, ..of_server };
    world.add_providers(of_server.first_provider, of_sender.first_provider + PROVIDERS).await?;
    // Of what is there. A table that was analysed while it was empty is scanned from then on by whoever has planned for
    // it, as the server's connections do at their first booking and pgbench's, new each round, do not.
    sqlx::query("analyze provider, calendar, offering, availability").execute(&world.pool).await?;
    let (node, _) = Node::eventide(On::Url(world.url())).await?;
    let sender = Sender::find(&world.programs);

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut our_next, mut their_next) = (0, 0);
    for round in 0..=ROUNDS {
        // The first round only warms up.
        let lasting = if round == 0 { Duration::from_secs(1) } else { ROUND };
        let (our_rate, next) = book(&node, of_server, our_next, lasting).await?;
        our_next = next;
        let (their_rate, count) = sender.run(world, of_sender, their_next, lasting).await?;
        // No client can have got further than all of them together.
        their_next += count;
        if round > 0 {
            ours.push(our_rate);
            theirs.push(their_rate);
        }
    }
    node.stop()?;
    println!("  ratio by round {}", spread(&ours, &theirs));
    let (ours, theirs) = (median(&ours), median(&theirs));
    Ok(Row {
        what: format!("{what}, {PROVIDERS} providers, {CLIENTS} clients"),
        measured: format!("{ours:.0}/s"),
        compared_with: format!("{} {theirs:.0}/s", sender.name()),
        ratio: Some(ours / theirs),
        target: "ratio ≥ 0.60",
        reached: ours / theirs >= 0.60,
    })
}

/// Bookings a second, every one of them answered with 201, and each client's next number.
async fn book(node: &Node, load: Load, number: i64, lasting: Duration) -> Outcome<(f64, i64)> {
    let furthest = Arc::new(AtomicI64::new(number));
    let reached = furthest.clone();
    let rate = client::rate(node.addr, CLIENTS as usize, lasting, 201, move |client| {
        let (mut number, furthest) = (number, furthest.clone());
        move |request: &mut Vec<u8>| {
            let (provider, slot) = load.place(client as i64, number);
            number += 1;
            furthest.fetch_max(number, Ordering::Relaxed);
            let key = load.keyed.then(|| uuid::Uuid::new_v4().to_string());
            *request = client::post("/api/v1/bookings", None, key.as_deref(), &booking(provider, slot));
        }
    })
    .await?;
    Ok((rate, reached.load(Ordering::Relaxed)))
}

fn booking(provider: i64, slot: i64) -> serde_json::Value {
    serde_json::json!({
        "provider": provider_id(provider), "start": start_of(slot), "duration_minutes": 30,
        "guest": {"name": "A Guest", "email": "guest@example.com"},
    })
}
