//! Postgres dies under a living server: it is started again, nothing acknowledged is lost, nothing is there twice.

use std::fs;
use std::time::{Duration, Instant};

use futures::future::join_all;
use rustix::process::Signal;

use super::server::{Server, Shop, awaited};

const DIED: &str = "the embedded Postgres has died";
const BACK: &str = "the embedded Postgres is back";

/// More would be too many within a minute.
const KILLS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bookings_go_on_while_postgres_is_killed_again_and_again() {
    let server = Server::start().await;
    let shop = Shop::open(&server).await;
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done = std::sync::atomic::AtomicBool::new(false);
    let guests = join_all((0..6).map(|_| async {
        let mut booked = Vec::new();
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            let nth = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            // At most as many as there are half hours.
            if nth >= 900 {
                break;
            }
            booked.push(shop.booked(&server, nth).await);
        }
        booked
    }));
    let killer = async {
        for kill in 1..=KILLS {
            let before = next.load(std::sync::atomic::Ordering::Relaxed);
            awaited("bookings go on", || {
                (next.load(std::sync::atomic::Ordering::Relaxed) >= (before + 20).min(900)).then_some(())
            })
            .await;
            server.kill_postmaster().await;
            server.has_logged(BACK, kill).await;
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (booked, ()) = tokio::join!(guests, killer);
    let mut acknowledged = booked.concat();
    acknowledged.sort();
    assert_eq!(shop.all_booked(&server).await, acknowledged);
    assert_eq!((server.logged(DIED), server.logged(BACK)), (KILLS, KILLS), "{}", server.whole_log());
    for surprise in ["internal error", "the database failed"] {
        assert_eq!(server.logged(&format!("\"message\":\"{surprise}\"")), 0, "{}", server.whole_log());
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_requests_after_a_recovery_are_given_no_dead_connection() {
    let server = Server::start().await;
    let shop = Shop::open(&server).await;
    // As many connections as may be, those kept for bookings among them, and all of them lately used.
    let many = || {
        let mine = (0..24).map(|_| server.http.get(server.url("/api/v1/me")).bearer_auth(&shop.token).send());
        join_all(mine)
    };
    let statuses = |answers: Vec<reqwest::Result<reqwest::Response>>| -> Vec<u16> {
        answers.into_iter().map(|answer| answer.unwrap().status().as_u16()).collect()
    };
    assert_eq!(statuses(many().await), [200; 24]);
    assert_eq!(keyless(&server, &shop, 0).await, 201);
    let began = Instant::now();
    server.kill_postmaster().await;
    server.has_logged(BACK, 1).await;
    eprintln!("back after {:?}", began.elapsed());
    let (answers, booked) = tokio::join!(many(), keyless(&server, &shop, 1));
    assert_eq!(statuses(answers), [200; 24], "{}", server.whole_log());
    assert_eq!(booked, 201);
    server.stop().await;
}

/// A booking by one statement, on a connection kept at hand.
async fn keyless(server: &Server, shop: &Shop, nth: usize) -> u16 {
    let request = shop.booking(server, nth).build().unwrap();
    let mut keyless = reqwest::Request::new(request.method().clone(), request.url().clone());
    keyless.headers_mut().insert("content-type", "application/json".parse().unwrap());
    *keyless.body_mut() = Some(request.body().unwrap().as_bytes().unwrap().to_vec().into());
    server.http.execute(keyless).await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_crashes_does_not_take_the_server_with_it() {
    let server = Server::start().await;
    let shop = Shop::open(&server).await;
    let first = shop.booked(&server, 0).await;
    let postmaster = server.postmaster().unwrap();
    // The youngest is a session: Postgres then ends all others and recovers by itself.
    let session = server.postgres().into_iter().filter(|pid| *pid != postmaster).max().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(session.cast_signed()).unwrap(), Signal::KILL)
        .unwrap();
    let second = shop.booked(&server, 1).await;
    let mut all = vec![first, second];
    all.sort();
    assert_eq!(shop.all_booked(&server).await, all);
    assert_eq!(server.postmaster(), Some(postmaster));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_keeps_dying_ends_the_server_with_one_line() {
    let mut server = Server::start().await;
    for kill in 1..=5 {
        server.kill_postmaster().await;
        server.has_logged(DIED, kill).await;
        if kill < 5 {
            server.has_logged(BACK, kill).await;
        }
    }
    assert_eq!(server.ended().await, Some(1));
    assert_eq!(server.logged("eventide: the embedded Postgres died 5 times within 60 s"), 1, "{}", server.whole_log());
    assert_eq!(server.postgres(), [0; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_be_started_again_ends_the_server_with_one_line() {
    let mut server = Server::start().await;
    let control = server.cluster_file("global/pg_control");
    fs::rename(&control, control.with_extension("away")).unwrap();
    server.kill_postmaster().await;
    assert_eq!(server.ended().await, Some(1));
    let line = "eventide: the embedded Postgres died and does not start again: Postgres failed:";
    assert_eq!(server.logged(line), 1, "{}", server.whole_log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_while_postgres_is_started_again_stops_both() {
    for wait in [0, 150] {
        let mut server = Server::start().await;
        server.kill_postmaster().await;
        server.has_logged(DIED, 1).await;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        server.terminate();
        assert_eq!(server.ended().await, Some(0), "{}", server.whole_log());
        assert_eq!(server.postgres(), [0; 0], "after {wait} ms");
    }
}
