//! A hundred thousand guests who leave while what they asked for is made. The attacker is the tests' own.

#[path = "../../tests/attack/leaver.rs"]
mod leaver;

use std::time::{Duration, Instant};

use crate::client::{self, Connection};
use crate::node::{Node, On};
use crate::table::Row;
use crate::world::World;
use crate::{Outcome, reading, slots};
use leaver::{ask_and_leave, call, page};

const LEAVERS: usize = 100_000;
const AT_ONCE: usize = 64;

pub async fn measure(world: &World) -> Outcome<Row> {
    println!("leavers: {LEAVERS} requests of pages and server functions, aborted after 0 to 6 ms");
    let (node, _) = Node::eventide(On::Url(world.url())).await?;
    let mut connection = Connection::open(node.addr).await?;
    slots::sign_up(&mut connection, "leavers").await?;
    let requests = [
        page("/leavers"),
        page("/leavers?start=2030-01-01T09:00:00Z"),
        page("/"),
        page("/sign-in"),
        page("/bookings/x?key=y"),
        page("/no/such/page"),
        call("guest_page", "handle=leavers&zone="),
        call("current_viewer", ""),
    ];
    ask_and_leave(node.addr, &requests, LEAVERS / 20, AT_ONCE).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = reading::resident_bytes(node.process())?;
    let started = Instant::now();
    ask_and_leave(node.addr, &requests, LEAVERS, AT_ONCE).await?;
    let lasted = started.elapsed();
    // Were a thread lost, this would not be answered, or not in time.
    let asked = Instant::now();
    for _ in 0..64 {
        let answer = connection.send(requests[3].as_bytes()).await?;
        if answer.status != 200 {
            return Err(client::unexpected(&answer).into());
        }
    }
    let then = asked.elapsed().as_secs_f64() * 1e3 / 64.0;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let grown = reading::resident_bytes(node.process())?.saturating_sub(before) as f64 / 1048576.0;
    // A process that does not go by itself is an error.
    node.stop()?;
    Ok(Row {
        what: format!("{LEAVERS} aborted requests in {:.0} s, then pages", lasted.as_secs_f64()),
        measured: format!("{then:.1} ms a page, {grown:.0} MiB more"),
        compared_with: "before".into(),
        ratio: None,
        target: "answers, stops, < 100 MiB",
        reached: grown < 100.0,
    })
}
