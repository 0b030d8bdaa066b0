//! How a socket opens, stays open and ends.

use std::time::Duration;

use domain::live::LiveMessage;
use futures::SinkExt;
use server::live::Settings;
use sqlx::PgPool;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::client::{Client, PATIENCE, assert_same_as_fresh};
use super::node::{Node, Setup, Shop};

fn beating(every: u64) -> Setup {
    Setup {
        sockets: Settings { heartbeat_every: Duration::from_millis(every), ..Settings::default() },
        ..Setup::default()
    }
}

/// The status with which the handshake is refused, and the problem's type.
async fn refused(node: &Node, provider: &str, headers: &[(&'static str, &str)]) -> (u16, String) {
    let Err(Error::Http(response)) = Client::connect(node, provider, None, headers).await else {
        panic!("the handshake is refused")
    };
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let document: serde_json::Value = serde_json::from_slice(response.body().as_deref().unwrap()).unwrap();
    (response.status().as_u16(), document["type"].as_str().unwrap().to_owned())
}

#[sqlx::test(migrations = "../migrations")]
async fn heartbeats_carry_the_version(pool: PgPool) {
    let node = Node::start_with(&pool, beating(50)).await;
    let shop = Shop::open(&node.services).await;
    let mut client = Client::join(&node, &shop.provider_id.to_string(), None).await;
    let state = client.state().await;
    for _ in 0..3 {
        assert_eq!(client.message().await, Ok(LiveMessage::Heartbeat { version: state.version }));
    }
    assert_eq!(client.texts.last().unwrap(), &format!(r#"{{"type":"heartbeat","version":{}}}"#, state.version));
    drop(client);
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_client_that_answers_no_ping_is_dropped(pool: PgPool) {
    let node = Node::start_with(&pool, beating(20)).await;
    let shop = Shop::open(&node.services).await;
    // Tungstenite answers pings only while it is read, and nobody reads.
    let client = Client::join(&node, &shop.handle, None).await;
    node.has_listeners(0).await;
    drop(client);
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_frame_over_4_kib_closes_the_socket(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    let mut client = Client::join(&node, &shop.handle, None).await;
    client.send("x".repeat(4096)).await;
    client.state().await;
    client.send("x".repeat(4097)).await;
    assert_eq!(client.closed().await, 1009);
    let mut client = Client::join(&node, &shop.handle, None).await;
    client.send("x".repeat(500_000)).await;
    assert_eq!(client.closed().await, 1009);
    node.has_listeners(0).await;
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_client_that_leaves_is_answered(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    let mut client = Client::join(&node, &shop.handle, None).await;
    client.state().await;
    let leaving = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    client.socket.send(Message::Close(Some(leaving))).await.unwrap();
    assert_eq!(client.closed().await, 1000);
    node.has_listeners(0).await;
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_flood_of_frames_closes_the_socket(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    let mut client = Client::join(&node, &shop.handle, None).await;
    for _ in 0..100 {
        client.send("hello".into()).await;
    }
    assert_eq!(client.closed().await, 1008);
    node.stop().await;
}

/// Each kind of frame that never becomes a message, or becomes one without a word in it.
#[sqlx::test(migrations = "../migrations")]
async fn a_flood_of_frames_without_a_message_closes_the_socket_too(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    // Masked, of no length: the first part of a text and its continuations, pings, pongs.
    for (first, repeated) in [(0x01, 0x00), (0x02, 0x00), (0x89, 0x89), (0x8a, 0x8a)] {
        let mut client = Client::join(&node, &shop.handle, None).await;
        client.state().await;
        let frame = |kind: u8| [kind, 0x80, 1, 2, 3, 4];
        let mut flood = frame(first).to_vec();
        flood.extend(frame(repeated).repeat(10_000));
        // Far more than anybody may send; long before that it is refused.
        let mut sent = 0;
        while sent < 100 * flood.len() && client.socket.get_mut().write_all(&flood).await.is_ok() {
            sent += flood.len();
            flood.drain(..6 * usize::from(sent == flood.len()));
        }
        assert!(sent < 100 * flood.len(), "{repeated:#x}: {sent} bytes were taken");
        drop(client);
        node.has_listeners(0).await;
    }
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_flood_is_told_why_it_ends(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    let mut client = Client::join(&node, &shop.handle, None).await;
    client.state().await;
    let mut flood = vec![0x01, 0x80, 1, 2, 3, 4];
    flood.extend([0x00, 0x80, 1, 2, 3, 4].repeat(50_000));
    client.socket.get_mut().write_all(&flood).await.unwrap();
    assert_eq!(client.closed().await, 1008);
    node.has_listeners(0).await;
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn only_pages_of_our_own_may_bring_cookies(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    let own = format!("http://{}", node.addr);
    let cookie = ("cookie", "eventide_session=abc");
    assert_eq!(
        refused(&node, &shop.handle, &[("origin", "https://evil.example"), cookie]).await,
        (403, "/problems/forbidden".to_owned())
    );
    assert_eq!(refused(&node, &shop.handle, &[("origin", "null"), cookie]).await.0, 403);
    for headers in [&[("origin", "https://evil.example")][..], &[cookie], &[("origin", &own), cookie]] {
        let mut client = Client::connect(&node, &shop.handle, None, headers).await.expect("welcome");
        client.state().await;
    }
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_served_is_a_problem_before_the_upgrade(pool: PgPool) {
    let settings = Settings { most_per_address: 1, ..Settings::default() };
    let node = Node::start_with(&pool, Setup { sockets: settings, ..Setup::default() }).await;
    let shop = Shop::open(&node.services).await;
    let not_found = (404, "/problems/not-found".to_owned());
    let malformed = (400, "/problems/malformed".to_owned());
    assert_eq!(refused(&node, "nobody-there", &[]).await, not_found);
    assert_eq!(refused(&node, "00000000-0000-7000-8000-000000000000", &[]).await, not_found);
    assert_eq!(refused(&node, "%ff", &[]).await, not_found);
    for since in ["abc", "-1", "1.5", "", "99999999999999999999"] {
        let url = format!("{}/live?since={since}&x=", shop.handle);
        assert_eq!(refused(&node, &url, &[]).await, malformed, "{since}");
    }
    assert_eq!(refused(&node, &shop.handle, &[("sec-websocket-version", "8")]).await, malformed);
    let mut first = Client::join(&node, &shop.handle, None).await;
    first.state().await;
    assert_eq!(refused(&node, &shop.handle, &[]).await, (429, "/problems/rate-limited".to_owned()));
    drop(first);
    node.has_listeners(0).await;
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn sockets_of_all_together_leave_room_for_others(pool: PgPool) {
    let settings = Settings { most: 1, ..Settings::default() };
    let node = Node::start_with(&pool, Setup { sockets: settings, ..Setup::default() }).await;
    let shop = Shop::open(&node.services).await;
    let mut first = Client::join(&node, &shop.handle, None).await;
    first.state().await;
    assert_eq!(refused(&node, &shop.handle, &[]).await, (503, "/problems/unavailable".to_owned()));
    drop(first);
    node.has_listeners(0).await;
    let mut next = Client::join(&node, &shop.handle, None).await;
    next.state().await;
    drop(next);
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn at_shutdown_sockets_are_told(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut client = Client::join(&node, &shop.handle, None).await;
        client.state().await;
        clients.push(client);
    }
    node.shutdown.cancel();
    for client in &mut clients {
        assert_eq!(client.closed().await, 1001);
    }
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_reader_who_pauses_ends_where_the_others_are(pool: PgPool) {
    // On a slow machine it pauses for long; dropping those who do is another test's.
    let sockets = Settings { patience: PATIENCE, ..Settings::default() };
    let node = Node::start_with(&pool, Setup { sockets, small_buffers: true, ..Setup::default() }).await;
    let shop = Shop::open(&node.services).await;
    let (mut slow, mut quick) =
        (Client::join(&node, &shop.handle, None).await, Client::join(&node, &shop.handle, None).await);
    let mut state = slow.state().await;
    let mut seen = quick.state().await;
    let last = state.version + 400;
    // More than the ring holds, and much more than the kernel takes: the server has to wait for the
    // slow one, and may neither keep all that for it nor make the quick one wait.
    for _ in 0..400 {
        shop.book(&node.services).await;
    }
    quick.follow(&mut seen, last).await;
    slow.follow(&mut state, last).await;
    assert_eq!(state, seen);
    assert_same_as_fresh(&node, &shop.handle, &state).await;
    drop((slow, quick));
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_client_that_takes_nothing_is_dropped(pool: PgPool) {
    let settings = Settings { patience: Duration::from_millis(100), ..Settings::default() };
    let node = Node::start_with(&pool, Setup { sockets: settings, small_buffers: true, ..Setup::default() }).await;
    let shop = Shop::open(&node.services).await;
    let client = Client::join(&node, &shop.handle, None).await;
    node.has_listeners(1).await;
    for _ in 0..300 {
        shop.book(&node.services).await;
    }
    node.has_listeners(0).await;
    drop(client);
    node.stop().await;
}
