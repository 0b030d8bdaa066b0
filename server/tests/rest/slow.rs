//! Who is silent, or speaks too slowly, or does not listen, does not stay, and keeps nobody out.

use std::time::Duration;

use futures::future::join_all;
use server::accept::Settings;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use super::api::Api;
use super::raw::Raw;

const SHORT: Duration = Duration::from_millis(300);
/// For what must not be why a connection ends.
const LONG: Duration = Duration::from_secs(600);
const DRIP: Duration = Duration::from_millis(20);
const HALF_A_HEAD: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";

fn patient(settings: &mut Settings) {
    (settings.head, settings.idle, settings.body, settings.write) = (LONG, LONG, LONG, LONG);
}

async fn start(pool: PgPool, adjust: impl FnOnce(&mut Settings)) -> Api {
    Api::start_as(pool, &["--rate-limit", "off"], |settings| {
        patient(settings);
        adjust(settings);
    })
    .await
}

async fn is_well(api: &Api, from: u8) {
    let answer = Raw::open(api.addr, from).await.get("/healthz").await.answer().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[sqlx::test(migrations = "../migrations")]
async fn who_says_nothing_is_hung_up_on(pool: PgPool) {
    let api = start(pool, |settings| settings.head = SHORT).await;
    let mut silent = Raw::open(api.addr, 1).await;
    assert!(silent.rest().await.is_empty());
    is_well(&api, 1).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_head_has_a_time_in_all_however_its_bytes_come(pool: PgPool) {
    let api = start(pool, |settings| settings.head = SHORT).await;
    let mut half = Raw::open(api.addr, 1).await;
    assert!(half.send(HALF_A_HEAD).await.rest().await.is_empty(), "half a head");
    let mut dripping = Raw::open(api.addr, 1).await;
    dripping.send(HALF_A_HEAD).await;
    assert_eq!(dripping.drip("a", DRIP).await, "", "a head that goes on");
    assert_eq!(Raw::open(api.addr, 1).await.drip("\r\n", DRIP).await, "", "empty lines before a head");
    let mut second = Raw::open(api.addr, 1).await;
    second.get("/healthz").await.answer().await;
    second.send(HALF_A_HEAD).await;
    assert_eq!(second.drip("a", DRIP).await, "", "the second head of a connection");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_connection_waits_for_the_next_request_but_not_for_ever(pool: PgPool) {
    let api = start(pool, |settings| settings.idle = SHORT).await;
    let mut idle = Raw::open(api.addr, 1).await;
    // The head's time is long: this one may be silent at first.
    sleep(2 * SHORT).await;
    for _ in 0..3 {
        assert!(idle.get("/healthz").await.answer().await.starts_with("HTTP/1.1 200"));
    }
    assert!(idle.rest().await.is_empty());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_head_that_is_too_long_is_refused(pool: PgPool) {
    let api = start(pool, |_| {}).await;
    let mut long = Raw::open(api.addr, 1).await;
    long.send(HALF_A_HEAD).await.send("x".repeat(16_000)).await.send("\r\n\r\n").await;
    assert!(long.answer().await.starts_with("HTTP/1.1 200"));
    let mut longer = Raw::open(api.addr, 1).await;
    longer.send(HALF_A_HEAD).await.send("x".repeat(64_000)).await;
    let refused = String::from_utf8(longer.rest().await).unwrap();
    assert!(refused.starts_with("HTTP/1.1 431"), "{refused}");
}

/// At the doors of pages and of REST, of known length and in chunks, whole chunks too.
#[sqlx::test(migrations = "../migrations")]
async fn a_body_has_a_time_in_all_however_its_bytes_come(pool: PgPool) {
    let api = start(pool, |settings| settings.body = SHORT).await;
    let form = "application/x-www-form-urlencoded";
    for (path, kind) in [("/rpc/week", form), ("/rpc/sign_in", form), ("/api/v1/tokens", "application/json")] {
        for (length, repeated) in [
            ("Content-Length: 50000", "a"),
            ("Transfer-Encoding: chunked", "1\r\na\r\n"),
            ("Transfer-Encoding: chunked\r\nX: chunk extensions", "1;a=b\r\na\r\n"),
            ("Content-Length: 50000\r\nExpect: 100-continue", "a"),
        ] {
            let mut slow = Raw::open(api.addr, 1).await;
            let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{length}\r\n\r\n");
            slow.send(head).await;
            let started = Instant::now();
            let said = slow.drip(repeated, DRIP).await;
            assert!(started.elapsed() >= SHORT, "{path} {length}: {said}");
            let said = said.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n");
            assert!(said.starts_with("HTTP/1.1 4") || said.starts_with("HTTP/1.1 5"), "{path} {length}: {said}");
            assert!(!path.starts_with("/api") || said.contains("did not arrive in time"), "{said}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_body_that_takes_a_while_is_read(pool: PgPool) {
    let api = start(pool, |settings| (settings.head, settings.idle, settings.write) = (SHORT, SHORT, SHORT)).await;
    let mut slow = Raw::open(api.addr, 1).await;
    let head = "POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    slow.send(format!("{head}Content-Length: 30\r\n\r\n")).await;
    for _ in 0..15 {
        slow.send("[ ").await;
        sleep(SHORT / 5).await;
    }
    let said = slow.answer().await;
    assert!(said.starts_with("HTTP/1.1 400") && said.contains("not JSON"), "{said}");
}

#[sqlx::test(migrations = "../migrations")]
async fn when_all_places_are_taken_who_waits_longest_makes_room(pool: PgPool) {
    let api = start(pool, |settings| settings.most = 30).await;
    let mut asking = Raw::open(api.addr, 1).await;
    asking.send("POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n").await;
    let mut others = Vec::new();
    for n in 0..200 {
        let mut other = Raw::open(api.addr, n).await;
        match n % 4 {
            0 => {}
            1 => _ = other.send(HALF_A_HEAD).await,
            2 => _ = other.get("/healthz").await.answer().await,
            _ => _ = other.send("POST /rpc/week HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\na").await,
        }
        others.push(other);
        if n % 20 == 0 {
            is_well(&api, 201).await;
        }
    }
    let ended = join_all(others[..150].iter_mut().map(Raw::rest)).await;
    assert_eq!(ended.len(), 150, "the first ones were ended, or this would wait");
}

#[sqlx::test(migrations = "../migrations")]
async fn one_address_keeps_nobody_else_out(pool: PgPool) {
    let api = start(pool, |settings| settings.most_per_network = 10).await;
    let flood = async |from: u8| {
        let mut many = Vec::new();
        for _ in 0..40 {
            many.push(Raw::open(api.addr, from).await);
        }
        many
    };
    let mut other = Raw::open(api.addr, 1).await;
    let mut many = flood(2).await;
    // The oldest thirty of that address are gone, and no other's.
    for one in &mut many[..30] {
        assert!(one.rest().await.is_empty());
    }
    for one in [&mut other].into_iter().chain(&mut many[30..]) {
        assert!(one.get("/healthz").await.answer().await.starts_with("HTTP/1.1 200"));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_trusted_proxy_is_no_address_and_may_keep_its_connections_longer(pool: PgPool) {
    let api = Api::start_as(pool, &["--trust-proxy", "on"], |settings| {
        patient(settings);
        (settings.most_per_network, settings.head, settings.idle, settings.idle_proxy) = (2, SHORT, SHORT, LONG);
    })
    .await;
    let mut many = Vec::new();
    for _ in 0..20 {
        many.push(Raw::open(api.addr, 1).await);
    }
    sleep(2 * SHORT).await;
    for one in &mut many {
        assert!(one.get("/healthz").await.answer().await.starts_with("HTTP/1.1 200"));
    }
    many[0].send(HALF_A_HEAD).await;
    assert!(many[0].rest().await.is_empty(), "heads have their time all the same");
}

#[sqlx::test(migrations = "../migrations")]
async fn who_is_silent_does_not_hold_up_the_end(pool: PgPool) {
    let mut api = start(pool, |settings| settings.grace = LONG).await;
    let (mut silent, mut half, mut idle) =
        (Raw::open(api.addr, 1).await, Raw::open(api.addr, 1).await, Raw::open(api.addr, 1).await);
    half.send(HALF_A_HEAD).await;
    idle.get("/healthz").await.answer().await;
    // A request that has begun is finished.
    let mut asking = Raw::open(api.addr, 1).await;
    asking.send("POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{").await;
    is_well(&api, 1).await;
    let finishing = async {
        assert!(silent.rest().await.is_empty() && half.rest().await.is_empty() && idle.rest().await.is_empty());
        let said = String::from_utf8(asking.send("}").await.rest().await).unwrap();
        assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    };
    tokio::join!(api.stop(), finishing);
    assert!(Raw::try_open(api.addr, 1).await.is_err(), "nobody listens any more");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_grace_has_an_end(pool: PgPool) {
    let mut api = start(pool, |settings| settings.grace = SHORT).await;
    let mut asking = Raw::open(api.addr, 1).await;
    asking.send("POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{").await;
    is_well(&api, 1).await;
    api.stop().await;
    assert!(asking.rest().await.is_empty());
}

/// They have limits of their own, and may be silent for longer than anybody else.
#[sqlx::test(migrations = "../migrations")]
async fn live_sockets_are_not_among_the_connections_of_an_address(pool: PgPool) {
    let api = start(pool, |settings| {
        (settings.head, settings.idle, settings.write) = (SHORT, SHORT, SHORT);
        settings.most_per_network = 2;
    })
    .await;
    api.sign_up("ada").await;
    let mut sockets = Vec::new();
    for _ in 0..6 {
        let mut socket = Raw::open(api.addr, 1).await;
        socket
            .send(
                "GET /api/v1/availability/ada/live?since=99 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            )
            .await;
        assert!(socket.next().await.starts_with(b"HTTP/1.1 101"));
        sockets.push(socket);
    }
    sleep(3 * SHORT).await;
    is_well(&api, 1).await;
    for mut socket in sockets {
        // A close with no reason, masked; it is answered by a close.
        let said = socket.send([0x88, 0x80, 1, 2, 3, 4]).await.rest().await;
        assert!(said.windows(2).any(|frame| frame == [0x88, 0x00]), "{said:?}");
    }
}
