//! A retry is not a second booking.

use serde_json::json;
use sqlx::PgPool;

use super::api::{Api, booking};

#[sqlx::test(migrations = "../migrations")]
async fn the_same_request_again_gets_the_same_answer(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let book =
        |start: &str| api.call("POST", "/bookings").header("idempotency-key", "key-1").json(&booking("ada", start));
    let first = book("2026-11-23T10:00:00Z").send().await.expect(201);
    let again = book("2026-11-23T10:00:00Z").send().await.expect(201);
    assert_eq!(first, again);
    let all = api.call("GET", "/bookings").token(&ada.token).send().await.expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1);

    let other = book("2026-11-23T11:00:00Z").send().await;
    assert_eq!((other.status, other.problem()), (422, "idempotency-mismatch"));
}

#[sqlx::test(migrations = "../migrations")]
async fn every_post_that_creates_can_be_repeated(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    let sign_up = json!({"handle": "ben", "display_name": "Ben", "email": "ben@example.com", "password": "correct horse battery", "time_zone": "UTC"});
    let token = json!({"email": "ada@example.com", "password": super::api::PASSWORD, "name": "Website"});
    let offering = json!({"title": "First visit", "durations_minutes": [30]});
    let entry = json!({"effect": "open", "pattern": {"kind": "one_off", "start": "2026-11-23T09:00:00Z", "end": "2026-11-23T10:00:00Z"}});
    for (path, body) in
        [("/providers", sign_up), ("/tokens", token), ("/offerings", offering), ("/availability", entry)]
    {
        let post = || {
            let call = api.call("POST", path).header("idempotency-key", "one-key").json(&body);
            if matches!(path, "/offerings" | "/availability") { call.token(&ada.token) } else { call }
        };
        let first = post().send().await;
        let location = first.header("location").to_owned();
        let first = first.expect(201);
        let again = post().send().await;
        assert_eq!((again.header("location"), again.json.clone()), (location.as_str(), first), "{path}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_that_cannot_be_one_is_malformed(pool: PgPool) {
    let api = Api::start(pool).await;
    for key in ["", "with blank", &"x".repeat(256)] {
        let answer = api
            .call("POST", "/bookings")
            .header("idempotency-key", key)
            .json(&booking("ada", "2026-11-23T10:00:00Z"))
            .send()
            .await;
        assert_eq!((answer.status, answer.problem()), (400, "malformed"), "{key:?}");
    }
}
