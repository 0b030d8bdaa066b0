//! Postgres stands still: nobody waits for long, nobody is told anything wrong, and what needs it not goes on.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::RequestBuilder;
use rustix::process::Signal;

use super::server::{Server, Shop, send};

/// What the promise is.
const AT_MOST: Duration = Duration::from_secs(5);

/// Status, whether it says when to come back, and how long it took.
async fn timed(request: RequestBuilder) -> (u16, bool, Duration) {
    let began = Instant::now();
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.headers().contains_key("retry-after"), began.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgres_is_frozen_all_are_answered_and_afterwards_all_is_there() {
    let server = Server::start().await;
    let shop = Shop::open(&server).await;
    let mut acknowledged = join_all((0..8).map(|nth| shop.booked(&server, nth))).await;
    let slots = format!("/api/v1/availability/{}", shop.handle);
    let page = format!("/{}", shop.handle);
    for path in [&slots, &page] {
        assert_eq!(server.get(path).await.status(), 200);
    }

    server.signal_postgres(Signal::STOP);
    let get = |path: &str| server.http.get(server.url(path));
    let mine = || get("/api/v1/me").bearer_auth(&shop.token);
    // A page that asks the database several times, and a call of a page.
    let signed_in = || get("/dashboard").header("cookie", "eventide_session=whose-is-it");
    let call = || {
        let call = server.http.post(server.url("/rpc/week")).header("cookie", "eventide_session=whose-is-it");
        call.header("sec-fetch-site", "same-origin")
            .header("x-eventide-page", "1")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("date=")
    };
    let mut waiting: Vec<RequestBuilder> = (8..48).map(|nth| shop.booking(&server, nth)).collect();
    waiting.extend((0..8).flat_map(|_| [mine(), get("/api/v1/providers?search=x"), signed_in(), call()]));
    let waiting = join_all(waiting.into_iter().map(timed));
    let watching = async {
        let (status, tells, took) = timed(get("/readyz")).await;
        assert!(status == 503 && tells && took < Duration::from_secs(2), "{status} after {took:?}");
        // All of it comes from memory, where the version is known.
        for path in ["/healthz", &slots, &page] {
            let (status, _, took) = timed(get(path)).await;
            assert!(status == 200 && took < Duration::from_secs(2), "{path}: {status} after {took:?}");
        }
    };
    let (waited, ()) = tokio::join!(waiting, watching);
    for (status, tells, took) in waited {
        assert!(status == 503 && tells && took < AT_MOST, "{status} after {took:?}");
    }
    // It is known by now: nobody waits any more.
    let (status, tells, took) = timed(mine()).await;
    assert!(status == 503 && tells && took < Duration::from_secs(1), "{status} after {took:?}");
    assert_eq!(server.get(&slots).await.status(), 200);
    assert_eq!(server.logged("\"message\":\"Postgres does not answer"), 1, "said once: {}", server.whole_log());
    assert!(server.whole_log().lines().count() < 60, "said briefly: {}", server.whole_log());

    server.signal_postgres(Signal::CONT);
    let thawed = Instant::now();
    while server.get("/readyz").await.status() != 200 {
        assert!(thawed.elapsed() < AT_MOST, "{}", server.whole_log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What was refused may have been done all the same: by its key it is the same booking, and no second one.
    acknowledged.extend(join_all((8..48).map(|nth| shop.booked(&server, nth))).await);
    acknowledged.sort();
    assert_eq!(shop.all_booked(&server).await, acknowledged);
    server.stop().await;
}

/// Nobody new is welcomed: those who are in go on, and are not refused for the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_only_the_postmaster_is_frozen_open_connections_go_on() {
    let server = Server::start().await;
    let shop = Shop::open(&server).await;
    let mine = || server.http.get(server.url("/api/v1/me")).bearer_auth(&shop.token);
    // Several are open then.
    for (status, ..) in join_all((0..24).map(|_| timed(mine()))).await {
        assert_eq!(status, 200);
    }
    let postmaster = server.postmaster().unwrap();
    send(postmaster, Signal::STOP);
    // More than there are connections: some of them wait for new ones, and have it asked what is the matter.
    for (status, _, took) in join_all((0..60).map(|_| timed(mine()))).await {
        assert!(matches!(status, 200 | 503) && took < AT_MOST, "{status} after {took:?}");
    }
    for _ in 0..10 {
        assert_eq!(timed(mine()).await.0, 200, "{}", server.whole_log());
    }
    assert_eq!(server.logged("Postgres does not answer"), 0, "{}", server.whole_log());
    send(postmaster, Signal::CONT);
    assert_eq!(timed(mine()).await.0, 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_shorter_than_a_requests_patience_is_not_noticed() {
    let server = Server::start().await;
    let shop = Shop::open(&server).await;
    server.signal_postgres(Signal::STOP);
    let (booked, ()) = tokio::join!(shop.booking(&server, 0).send(), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        server.signal_postgres(Signal::CONT);
    });
    assert_eq!(booked.unwrap().status(), 201);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_postgres_is_frozen_can_be_stopped_when_it_thaws() {
    let mut server = Server::start().await;
    server.signal_postgres(Signal::STOP);
    server.terminate();
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.signal_postgres(Signal::CONT);
    assert_eq!(server.ended().await, Some(0), "{}", server.whole_log());
    assert_eq!(server.postgres(), [0; 0]);
}
