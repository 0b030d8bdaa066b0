//! Rate limits: 429, `Retry-After`, and the headers that tell where one stands.

use futures::StreamExt;
use serde_json::json;
use sqlx::PgPool;

use super::api::{Api, booking};

#[sqlx::test(migrations = "../migrations")]
async fn guessing_a_password_is_slowed(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on"]).await;
    let guess = json!({"email": "ada@example.com", "password": "a wrong password"});
    let guess = || api.call("POST", "/tokens").json(&guess).send();
    for _ in 0..10 {
        assert_eq!(guess().await.status, 422);
    }
    // On a slow machine a guess or two more may have become free meanwhile.
    let mut refused = guess().await;
    for _ in 0..50 {
        if refused.status == 429 {
            break;
        }
        refused = guess().await;
    }
    assert_eq!((refused.status, refused.problem()), (429, "rate-limited"));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=6).contains(&wait));
    assert_eq!(
        (refused.header("ratelimit-remaining"), refused.header("ratelimit-reset")),
        ("0", refused.header("retry-after"))
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn bookings_have_a_limit_of_their_own(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on"]).await;
    let nobody = booking("nobody", "2026-11-23T10:00:00Z");
    let first = api.call("POST", "/bookings").json(&nobody).send().await;
    assert_eq!((first.status, first.header("ratelimit-limit")), (404, "30"));
    let post = || api.call("POST", "/bookings").json(&nobody).send();
    let answers = futures::future::join_all((0..200).map(|_| post())).await;
    assert!(answers.iter().any(|answer| answer.status == 429));
    let read = api.call("GET", "/providers").send().await;
    assert_eq!((read.status, read.header("ratelimit-limit")), (200, "400"));
}

/// The doors of the browser: what REST limits must not be had by another way.
#[sqlx::test(migrations = "../migrations")]
async fn forms_of_pages_are_limited_as_rest_is(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on"]).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let statuses = async |path: &str, fields: &[(&str, &str)], times: usize| {
        let answers = futures::future::join_all((0..times).map(|_| api.rpc(path, fields))).await;
        answers.into_iter().map(|answer| answer.status().as_u16()).collect::<Vec<_>>()
    };
    let booking = [
        ("provider", "ada"),
        ("start", "2026-11-23T10:00:00Z"),
        ("duration_minutes", "30"),
        ("name", "Grace Hopper"),
        ("email", "grace@example.com"),
    ];
    let booked = statuses("book", &booking, 100).await;
    let refused = booked.iter().filter(|status| **status == 429).count();
    assert!(refused > 0 && booked.iter().filter(|status| **status == 200).count() == 1, "{booked:?}");

    let account = [
        ("display_name", "Ada"),
        ("handle", "ada-2"),
        ("email", "ada@example.com"),
        ("password", super::api::PASSWORD),
        ("time_zone", "Europe/Paris"),
    ];
    assert!(statuses("sign_up", &account, 30).await.contains(&429));
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_have_the_limit_of_an_address_and_health_has_none(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on"]).await;
    // Not more at once than one address may have connections.
    let ask = async |count: usize, path: &'static str, accept: &'static str| -> Vec<_> {
        let asked = (0..count).map(|_| api.http.get(format!("{}{path}", api.base)).header("accept", accept).send());
        futures::stream::iter(asked).buffer_unordered(100).map(Result::unwrap).collect().await
    };
    let answers = ask(1000, "/robots.txt", "*/*").await;
    assert!(answers.into_iter().any(|answer| answer.status().as_u16() == 429));
    let flood = ask(200, "/problems", "text/html").await;
    let refused = flood.into_iter().find(|answer| answer.status().as_u16() == 429);
    let refused = refused.expect("the flood is not over");
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refused.headers()["content-type"], "text/html; charset=utf-8");
    assert!(refused.text().await.unwrap().contains("<h1>"));
    let healthy = ask(600, "/healthz", "*/*").await;
    assert_eq!(healthy.len(), 600);
    assert!(healthy.into_iter().all(|answer| answer.status().as_u16() == 200));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_failure_of_ours_tells_where_one_stands_too(pool: PgPool) {
    let api = Api::start_with(pool.clone(), &["--rate-limit", "on"]).await;
    pool.close().await;
    let failed = api.call("GET", "/providers").send().await;
    assert_eq!((failed.status, failed.header("ratelimit-limit")), (503, "400"));
}

#[sqlx::test(migrations = "../migrations")]
async fn switched_off_there_is_no_limit_and_no_header(pool: PgPool) {
    let api = Api::start(pool).await;
    let answers = futures::future::join_all((0..500).map(|_| api.call("GET", "/providers").send())).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && !answer.headers.contains_key("ratelimit-limit")));
}

#[sqlx::test(migrations = "../migrations")]
async fn guests_behind_a_proxy_have_a_limit_each(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on", "--trust-proxy", "127.0.0.0/8"]).await;
    let nobody = booking("nobody", "2026-11-23T10:00:00Z");
    let post = |from: &str| {
        let call = api.call("POST", "/bookings").json(&nobody);
        if from.is_empty() { call.send() } else { call.header("x-forwarded-for", from).send() }
    };
    let flood = futures::future::join_all((0..200).map(|n| {
        let from = format!("9.9.9.9, 203.0.113.4:{}", 40_000 + n);
        let post = &post;
        async move { post(&from).await.status }
    }));
    assert!(flood.await.contains(&429));
    // Whatever could be mistaken for the one who floods, or for the proxy.
    for other in ["203.0.113.5", "[2001:db8::1]:443", "unknown", ""] {
        let first = post(other).await;
        assert_eq!((first.status, first.header("ratelimit-remaining")), (404, "29"), "{other}");
    }
}
