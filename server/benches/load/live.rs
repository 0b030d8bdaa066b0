//! From a booking's request to the changed frame at the last of two thousand sockets, on two nodes.

mod socket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use sqlx::postgres::PgListener;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::client::{self, Connection};
use crate::node::{Node, On};
use crate::table::{Row, percentile};
use crate::world::{FIRST_PROVIDER, World, provider_id, start_of};
use crate::{Outcome, reading};
pub use socket::Socket;
use socket::Tally;

const SOCKETS_A_NODE: usize = 1000;
const COMMITS: i64 = 100;
/// Between commits, so that each is measured alone.
const PAUSE: Duration = Duration::from_millis(40);
/// The provider of this figure; those of the bookings have lower numbers.
const PROVIDER: i64 = FIRST_PROVIDER + 1_000_000;

pub async fn measure(world: &World) -> Outcome<Vec<Row>> {
    println!("live: {} sockets on two nodes", 2 * SOCKETS_A_NODE);
    world.add_providers(PROVIDER, PROVIDER + 1).await?;
    let nodes = [Node::eventide(On::Url(world.url())).await?.0, Node::eventide(On::Url(world.url())).await?.0];

    let mut before = Vec::new();
    for node in &nodes {
        before.push(settled_memory(node).await?);
    }
    let (tally, mut complete) = Tally::new(2 * SOCKETS_A_NODE);
    for node in &nodes {
        listen(node.addr, &tally).await?;
    }
    let mut idle = Vec::new();
    for (node, before) in nodes.iter().zip(&before) {
        idle.push(per_socket(*before, settled_memory(node).await?));
    }

    let (ours, answered, notify) = commits(world, &nodes, &mut complete).await?;
    let mut after = Vec::new();
    for (node, before) in nodes.iter().zip(&before) {
        after.push(per_socket(*before, settled_memory(node).await?));
    }
    println!(
        "  POST to its own answer: p50 {:.1} ms, p99 {:.1} ms; KiB a socket by node: idle {idle:.1?}, after {COMMITS} \
         changes {after:.1?}",
        percentile(&answered, 50.0),
        percentile(&answered, 99.0),
    );
    tally.closing();
    for node in nodes {
        node.stop()?;
    }
    let (p50, p99) = (percentile(&ours, 50.0), percentile(&ours, 99.0));
    let (notify_p50, notify_p99) = (percentile(&notify, 50.0), percentile(&notify, 99.0));
    let most = idle.into_iter().fold(0.0, f64::max);
    Ok(vec![
        Row {
            what: format!("POST of a booking to its frame at the last of {} sockets, two nodes", 2 * SOCKETS_A_NODE),
            measured: format!("p50 {p50:.1} ms, p99 {p99:.1} ms"),
            compared_with: format!("Postgres NOTIFY p50 {notify_p50:.1} ms, p99 {notify_p99:.1} ms"),
            ratio: Some(p99 / notify_p99),
            target: "p99 < 250 ms",
            reached: p99 < 250.0,
        },
        Row {
            what: format!("resident memory per idle socket, {SOCKETS_A_NODE} a node"),
            measured: format!("{most:.1} KiB"),
            compared_with: "the node without sockets".into(),
            ratio: None,
            target: "< 24 KiB",
            reached: most < 24.0,
        },
    ])
}

/// Opens a node's sockets, as pages that know the present version do.
async fn listen(addr: SocketAddr, tally: &Arc<Tally>) -> Outcome<()> {
    let provider = provider_id(PROVIDER);
    let path = format!("/api/v1/availability/{provider}/live?since=0");
    let sockets: Vec<Socket> =
        stream::iter(0..SOCKETS_A_NODE).map(|_| Socket::open(addr, &path)).buffer_unordered(32).try_collect().await?;
    for socket in sockets {
        tokio::spawn(socket.listen(tally.clone()));
    }
    Ok(())
}

/// Times in milliseconds: to the last socket, to the booking's own answer, and of a bare NOTIFY, in turn.
async fn commits(
    world: &World,
    nodes: &[Node; 2],
    complete: &mut UnboundedReceiver<(i64, Instant)>,
) -> Outcome<(Vec<f64>, Vec<f64>, Vec<f64>)> {
    let mut connections = [Connection::open(nodes[0].addr).await?, Connection::open(nodes[1].addr).await?];
    let mut listener = PgListener::connect(world.url()).await?;
    listener.listen("load_bench").await?;
    let (mut last, mut answered, mut notify) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..COMMITS {
        let booking = json!({
            "provider": provider_id(PROVIDER), "start": start_of(number), "duration_minutes": 30,
            "guest": {"name": "A Guest", "email": "guest@example.com"},
        });
        let request = client::post("/api/v1/bookings", None, None, &booking);
        // Through either node in turn: half of the sockets always hear it from the other one.
        let connection = &mut connections[number as usize % 2];
        // The commit itself cannot be seen from here. It lies after this instant: an upper bound.
        let sent = Instant::now();
        connection.json(201, &request).await?;
        answered.push(milliseconds(sent.elapsed()));
        let (version, at) = tokio::time::timeout(Duration::from_secs(10), complete.recv())
            .await
            .map_err(|_| format!("change {} did not reach all sockets within 10 s", number + 1))?
            .ok_or("the sockets are gone")?;
        if version != number + 1 {
            return Err(format!("change {version} reached all sockets instead of {}", number + 1).into());
        }
        last.push(milliseconds(at - sent));

        let sent = Instant::now();
        sqlx::query("select pg_notify('load_bench', '')").execute(&world.pool).await?;
        listener.recv().await?;
        notify.push(milliseconds(sent.elapsed()));
        tokio::time::sleep(PAUSE).await;
    }
    Ok((last, answered, notify))
}

/// The node's memory once it has stood still for a second, after requests that fill its caches.
async fn settled_memory(node: &Node) -> Outcome<u64> {
    let mut connection = Connection::open(node.addr).await?;
    connection.json(200, &client::get(&format!("/api/v1/availability/{}", provider_id(PROVIDER)))).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    reading::resident_bytes(node.process())
}

fn per_socket(before: u64, now: u64) -> f64 {
    now.saturating_sub(before) as f64 / SOCKETS_A_NODE as f64 / 1024.0
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
