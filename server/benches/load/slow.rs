//! Who is silent, half done or deaf, and who asks for the largest answers: what others notice of them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::FutureExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::client::{self, Connection};
use crate::node::{Node, On};
use crate::table::{Row, median, percentile, spread};
use crate::world::{World, first_monday};
use crate::{Outcome, reading};

const CONNECTIONS: usize = 2000;
/// They come from so many addresses of this machine.
const ADDRESSES: usize = 10;
/// All should be gone by then; so long they are waited for.
const GONE_WITHIN: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(120);
/// The other client asks so often, on a new connection each time.
const EVERY: Duration = Duration::from_millis(20);
const CALM: Duration = Duration::from_secs(5);

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
const OTHERS: usize = 32;
const GREEDY: usize = 8;

pub async fn measure(world: &World) -> Outcome<Vec<Row>> {
    let mut rows = silent_and_deaf(world).await?;
    rows.push(greedy(world).await?);
    Ok(rows)
}

async fn silent_and_deaf(world: &World) -> Outcome<Vec<Row>> {
    println!("slow: {CONNECTIONS} connections of {ADDRESSES} addresses, silent, with half a head, or not reading 8 MB");
    let (node, _) = Node::eventide_with(On::Url(world.url()), &["--rate-limit", "on"]).await?;
    let (small, large) = provider(node.addr, "deaf").await?;
    let calm = waits(node.addr, &small, CALM).await?;
    let before = reading::resident_bytes(node.process())?;

    let (stop, stopped) = watch::channel(false);
    let other = tokio::spawn(waits_until(node.addr, small, stopped.clone()));
    let memory = tokio::spawn(most_memory(node.process(), stopped));
    let started = Instant::now();
    let mut ends = JoinSet::new();
    for number in 0..CONNECTIONS {
        let says = match number % 3 {
            0 => Vec::new(),
            1 => b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".to_vec(),
            _ => large.clone(),
        };
        let from = SocketAddr::from(([127, 0, 0, 2 + (number % ADDRESSES) as u8], 0));
        // One after the other: more at once than the kernel's line holds (128 on some systems) would wait in it.
        let stream = connect(from, node.addr, &says).await?;
        ends.spawn(end_of(stream));
    }
    let gone = timeout(PATIENCE, async { while ends.join_next().await.is_some() {} }).await;
    let gone = gone.ok().map(|()| started.elapsed());
    stop.send(true)?;
    let waited = other.await??;
    let grown = memory.await??.saturating_sub(before) as f64 / 1024.0 / 1024.0;
    node.stop()?;

    let longest = percentile(&waited, 100.0);
    let what = format!("{CONNECTIONS} silent, half done or deaf connections");
    let calm = format!("without them {:.0} ms", percentile(&calm, 100.0));
    Ok(vec![
        Row {
            what: format!("{what}: the longest wait of another"),
            measured: format!("{longest:.0} ms, p50 {:.1} ms", median(&waited)),
            compared_with: calm,
            ratio: None,
            target: "< 1 s",
            reached: longest < 1000.0,
        },
        Row {
            what: format!("{what}: resident memory"),
            measured: format!("+{grown:.0} MB"),
            compared_with: "the node without them".into(),
            ratio: None,
            target: "< 100 MB",
            reached: grown < 100.0,
        },
        Row {
            what: format!("{what}: all gone"),
            measured: gone
                .map_or_else(|| format!("not in {PATIENCE:?}"), |gone| format!("{:.0} s", gone.as_secs_f64())),
            compared_with: "axum::serve: never".into(),
            ratio: None,
            target: "< 60 s",
            reached: gone.is_some_and(|gone| gone < GONE_WITHIN),
        },
    ])
}

async fn connect(from: SocketAddr, to: SocketAddr, says: &[u8]) -> Outcome<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    socket.bind(from)?;
    let mut stream = socket.connect(to).await?;
    stream.write_all(says).await?;
    Ok(stream)
}

/// Waits for it without reading.
async fn end_of(stream: TcpStream) -> Outcome<()> {
    while !is_over(&stream)? {
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Whether the server has hung up, told without taking a byte of what it sends.
fn is_over(stream: &TcpStream) -> Outcome<bool> {
    if stream.take_error()?.is_some() {
        return Ok(true);
    }
    let ready = stream.ready(tokio::io::Interest::READABLE).now_or_never();
    Ok(matches!(ready, Some(Ok(ready)) if ready.is_read_closed()) || matches!(ready, Some(Err(_))))
}

/// Milliseconds of each request, on a connection of its own.
async fn waits(addr: SocketAddr, request: &[u8], lasting: Duration) -> Outcome<Vec<f64>> {
    let (stop, stopped) = watch::channel(false);
    let asking = tokio::spawn(waits_until(addr, request.to_vec(), stopped));
    sleep(lasting).await;
    stop.send(true)?;
    asking.await?
}

async fn waits_until(addr: SocketAddr, request: Vec<u8>, stopped: watch::Receiver<bool>) -> Outcome<Vec<f64>> {
    let mut waited = Vec::new();
    while !*stopped.borrow() {
        let started = Instant::now();
        let mut connection = Connection::open(addr).await?;
        let answer = connection.send(&request).await?;
        if answer.status != 200 {
            return Err(client::unexpected(&answer).into());
        }
        waited.push(started.elapsed().as_secs_f64() * 1e3);
        sleep(EVERY).await;
    }
    Ok(waited)
}

async fn most_memory(process: u32, stopped: watch::Receiver<bool>) -> Outcome<u64> {
    let mut most = 0;
    while !*stopped.borrow() {
        most = most.max(reading::resident_bytes(process)?);
        sleep(Duration::from_millis(100)).await;
    }
    Ok(most)
}

/// Behind a proxy, so that the others can be as many addresses as it takes not to be limited themselves.
async fn greedy(world: &World) -> Outcome<Row> {
    println!("slow: one address asks for a year of starts every five minutes, on {GREEDY} connections");
    let limits_off = beside_greedy(world, "unlimited", &["--rate-limit", "off", "--trust-proxy", "on"]).await?;
    let limits_on = beside_greedy(world, "limited", &["--rate-limit", "on", "--trust-proxy", "on"]).await?;
    let ((off_alone, off_beside, off_taken), (alone, beside, taken)) = (limits_off, limits_on);
    println!(
        "  with limits off: {:.0}/s beside it, {:.0}/s alone; it got {off_taken} answers, with limits on {taken}; ratio by \
         round {}",
        median(&off_beside),
        median(&off_alone),
        spread(&beside, &alone),
    );
    let (alone, beside) = (median(&alone), median(&beside));
    Ok(Row {
        what: format!("GET a day of slots beside one who asks for the largest answers, {OTHERS} connections"),
        measured: format!("{beside:.0}/s"),
        compared_with: format!("alone {alone:.0}/s"),
        ratio: Some(beside / alone),
        target: "ratio ≥ 0.50",
        reached: beside / alone >= 0.5,
    })
}

/// Answers a second of others alone and beside the greedy one, by round, and how many large answers that one got.
async fn beside_greedy(world: &World, handle: &str, flags: &[&str]) -> Outcome<(Vec<f64>, Vec<f64>, usize)> {
    let (node, _) = Node::eventide_with(On::Url(world.url()), flags).await?;
    let (small, large) = provider(node.addr, handle).await?;
    let large = from_address(&large, "198.51.100.7");
    let (mut alone, mut beside, mut taken) = (Vec::new(), Vec::new(), 0);
    for round in 0..=ROUNDS {
        let lasting = if round == 0 { ROUND / 4 } else { ROUND };
        let without = others(node.addr, &small, lasting).await?;
        let (stop, stopped) = watch::channel(false);
        let mut asking = JoinSet::new();
        for _ in 0..GREEDY {
            asking.spawn(take_again_and_again(node.addr, large.clone(), stopped.clone()));
        }
        let with = others(node.addr, &small, lasting).await?;
        stop.send(true)?;
        while let Some(answers) = asking.join_next().await {
            taken += answers??;
        }
        if round > 0 {
            alone.push(without);
            beside.push(with);
        }
    }
    node.stop()?;
    Ok((alone, beside, taken))
}

async fn others(addr: SocketAddr, small: &[u8], lasting: Duration) -> Outcome<f64> {
    let small = small.to_vec();
    client::rate(addr, OTHERS, lasting, 200, move |client| {
        let small = small.clone();
        let mut number = 0;
        move |buffer: &mut Vec<u8>| {
            // Two hundred and fifty addresses a connection.
            number = number % 250 + 1;
            *buffer = from_address(&small, &format!("203.0.{client}.{number}"));
        }
    })
    .await
}

fn from_address(request: &[u8], address: &str) -> Vec<u8> {
    let request = String::from_utf8_lossy(request);
    request.replacen("\r\n", &format!("\r\nX-Forwarded-For: {address}\r\n"), 1).into_bytes()
}

async fn take_again_and_again(addr: SocketAddr, request: Vec<u8>, stopped: watch::Receiver<bool>) -> Outcome<usize> {
    let mut stream = TcpStream::connect(addr).await?;
    let mut answers = 0;
    while !*stopped.borrow() {
        stream.write_all(&request).await?;
        if take(&mut stream).await? {
            answers += 1;
        } else {
            // Refused: it asks again sooner than it is told to.
            sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(answers)
}

/// Reads one answer; whether it was the large one, which alone comes in chunks.
async fn take(stream: &mut TcpStream) -> Outcome<bool> {
    let (mut buffer, mut text) = (vec![0; 64 * 1024], Vec::new());
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Err("the server hung up".into()),
            read => text.extend_from_slice(&buffer[..read]),
        }
        let Some(head) = text.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head_text = String::from_utf8_lossy(&text[..head]).to_ascii_lowercase();
        if head_text.contains("transfer-encoding: chunked") {
            if text.ends_with(b"\r\n0\r\n\r\n") {
                return Ok(true);
            }
            // The head and the end are enough.
            text.drain(head + 4..text.len().saturating_sub(7).max(head + 4));
        } else {
            let length =
                head_text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if text.len() >= head + 4 + length.unwrap_or(0) {
                return Ok(false);
            }
        }
    }
}

/// A provider who is open around the clock: the requests for a day of half hours and for a year of five minutes.
async fn provider(addr: SocketAddr, handle: &str) -> Outcome<(Vec<u8>, Vec<u8>)> {
    let mut connection = Connection::open(addr).await?;
    let made = json!({
        "handle": handle, "display_name": handle, "email": format!("{handle}@example.com"),
        "password": "a long enough one", "time_zone": "UTC",
    });
    let made = connection.json(201, &client::post("/api/v1/providers", None, None, &made)).await?;
    let token = made["token"].as_str().ok_or("no token")?.to_owned();
    let offering = json!({
        "slug": "always", "title": "Always", "durations_minutes": [30], "step_minutes": 5, "horizon_days": 366,
    });
    connection.json(201, &client::post("/api/v1/offerings", Some(&token), None, &offering)).await?;
    let hours = json!({"effect": "open", "pattern": {
        "kind": "recurring", "start_time": "00:00", "end_time": "24:00", "starts_on": "2024-01-01",
        "recurrence": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "time_zone": "UTC",
    }});
    connection.json(201, &client::post("/api/v1/availability", Some(&token), None, &hours)).await?;
    let from = first_monday();
    let ask = |days, offering| {
        let to = (from + chrono::TimeDelta::days(days)).date_naive();
        client::get(&format!("/api/v1/availability/{handle}?from={}&to={to}&offering={offering}", from.date_naive()))
    };
    Ok((ask(1, "appointment"), ask(365, "always")))
}
