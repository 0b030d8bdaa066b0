//! A month of slots, against a handler that has its bytes ready.

use std::time::Duration;

use serde_json::json;

use crate::client::{self, Connection};
use crate::node::{Node, On};
use crate::table::{Row, median, spread};
use crate::world::{SLOTS_A_DAY, World, first_monday, start_of};
use crate::{Outcome, reading, static_handler};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
const BOOKINGS: i64 = 40;
const DAYS: i64 = 30;

pub async fn measure(world: &World) -> Outcome<Row> {
    println!("slots: a month of them, {CONNECTIONS} connections");
    let (node, _) = Node::eventide(On::Url(world.url())).await?;
    let mut connection = Connection::open(node.addr).await?;
    let provider = sign_up(&mut connection, "month").await?;
    let from = first_monday();
    let to = from + chrono::TimeDelta::days(DAYS);
    let request = client::get(&format!(
        "/api/v1/availability/{provider}?from={}&to={}&duration_minutes=30",
        from.date_naive(),
        to.date_naive()
    ));
    let body = month(&mut connection, &request).await?;
    let fixed = static_handler::start(&world.file("month.json"), &body).await?;
    let fixed_request = client::get(static_handler::PATH);

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut our_time, mut their_time) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        // The first round only warms up.
        let lasting = if round == 0 { ROUND / 4 } else { ROUND };
        let (our_rate, our_cost) = ask(&node, &request, lasting).await?;
        let (their_rate, their_cost) = ask(&fixed, &fixed_request, lasting).await?;
        if round > 0 {
            ours.push(our_rate);
            theirs.push(their_rate);
            our_time.push(our_cost);
            their_time.push(their_cost);
        }
    }
    // What was measured is what was compared: the answer is still the same, byte by byte.
    if Connection::open(node.addr).await?.send(&request).await?.body != body {
        return Err("the month of slots changed while it was measured".into());
    }
    println!(
        "  {} bytes; processor time of the server per answer: {:.1} µs, static {:.1} µs; ratio by round {}",
        body.len(),
        median(&our_time),
        median(&their_time),
        spread(&ours, &theirs)
    );
    let (ours, theirs) = (median(&ours), median(&theirs));
    fixed.stop()?;
    node.stop()?;
    Ok(Row {
        what: format!("GET a month of slots, {CONNECTIONS} connections"),
        measured: format!("{ours:.0}/s"),
        compared_with: format!("static axum handler {theirs:.0}/s"),
        ratio: Some(ours / theirs),
        target: "ratio ≥ 0.80",
        reached: ours / theirs >= 0.80,
    })
}

/// Answers a second, and microseconds of the server's processor time per answer.
async fn ask(node: &Node, request: &[u8], lasting: Duration) -> Outcome<(f64, f64)> {
    let request = request.to_vec();
    let before = reading::processor_time(node.process())?;
    let rate = client::rate(node.addr, CONNECTIONS, lasting, 200, move |_| {
        let request = request.clone();
        let mut filled = false;
        move |buffer: &mut Vec<u8>| {
            if !std::mem::replace(&mut filled, true) {
                buffer.extend_from_slice(&request);
            }
        }
    })
    .await?;
    let used = reading::processor_time(node.process())? - before;
    Ok((rate, used.as_secs_f64() * 1e6 / (rate * lasting.as_secs_f64())))
}

/// A provider with weekly hours and bookings, made as any program would.
pub async fn sign_up(connection: &mut Connection, handle: &str) -> Outcome<String> {
    let made = json!({
        "handle": handle, "display_name": "Month", "email": format!("{handle}@example.com"),
        "password": "a long enough one", "time_zone": "UTC",
    });
    let made = connection.json(201, &client::post("/api/v1/providers", None, None, &made)).await?;
    let token = made["token"].as_str().ok_or("no token")?.to_owned();
    let provider = made["provider"]["provider_id"].as_str().ok_or("no provider_id")?.to_owned();
    let hours = json!({"effect": "open", "pattern": {
        "kind": "recurring", "start_time": "09:00", "end_time": "17:00", "starts_on": "2024-01-01",
        "recurrence": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "time_zone": "UTC",
    }});
    connection.json(201, &client::post("/api/v1/availability", Some(&token), None, &hours)).await?;
    // The first two times of twenty days: forty bookings that take eighty of 682 starts.
    for number in 0..BOOKINGS {
        let start = start_of(number / 2 * SLOTS_A_DAY + number % 2);
        let booking = json!({
            "provider": provider, "start": start, "duration_minutes": 30,
            "guest": {"name": "A Guest", "email": "guest@example.com"},
        });
        connection.json(201, &client::post("/api/v1/bookings", None, None, &booking)).await?;
    }
    Ok(provider)
}

async fn month(connection: &mut Connection, request: &[u8]) -> Outcome<Vec<u8>> {
    let body = connection.json(200, request).await?;
    let slots = body["slots"].as_array().map_or(0, Vec::len);
    if !(550..=650).contains(&slots) {
        return Err(format!("{slots} slots in the month, about 600 were meant").into());
    }
    println!("  {slots} slots, {BOOKINGS} bookings");
    Ok(connection.send(request).await?.body.to_vec())
}
