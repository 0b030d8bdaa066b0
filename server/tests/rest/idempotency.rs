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

/// Whoever sends the same from elsewhere, with a key that anybody may have thought of, is somebody else.
#[sqlx::test(migrations = "../migrations")]
async fn a_key_that_can_be_guessed_hands_no_token_to_somebody_else(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "off", "--trust-proxy", "on"]).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let book = |key: &str, from: &str, start: &str| {
        let call = api.call("POST", "/bookings").header("idempotency-key", key).header("x-forwarded-for", from);
        call.json(&booking("ada", start)).send()
    };
    for (hour, key) in [(10, "1"), (11, "order-2026-11-23-0001"), (12, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")] {
        let start = format!("2026-11-23T{hour}:00:00Z");
        let first = book(key, "203.0.113.4:40001", &start).await.expect(201);
        assert_eq!(book(key, "203.0.113.4:40002", &start).await.expect(201), first, "the same network");
        let other = book(key, "203.0.113.5", &start).await;
        assert_eq!((other.status, other.problem()), (409, "slot-taken"), "{key}");
        assert!(!other.text.contains(first["manage_token"].as_str().unwrap()));
        // Nor does it keep others from the key.
        let free = format!("2026-11-23T{hour}:30:00Z");
        book(key, "203.0.113.6", &free).await.expect(201);
    }
    // Nobody else has this one: a phone may leave the house between two tries.
    let secret = "6f1c9d0e-4b7a-4c53-9a21-8e0d5f7b3c64";
    let first = book(secret, "203.0.113.4", "2026-11-23T15:00:00Z").await.expect(201);
    assert_eq!(book(secret, "2001:db8::7", "2026-11-23T15:00:00Z").await.expect(201), first);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_key_of_a_form_is_a_secret_or_hands_out_no_token(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "off", "--trust-proxy", "on"]).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let send = async |form_key: &str, from: &str, start: &str| {
        let fields = [
            ("provider", "ada"),
            ("start", start),
            ("duration_minutes", "30"),
            ("form_key", form_key),
            ("name", "Grace Hopper"),
            ("email", "grace@example.com"),
        ];
        let answer = api.rpc_from(from, "book", &fields).await;
        let leads_to = answer.headers().get("serverfnredirect").is_some();
        let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location.filter(|_| leads_to))
    };
    let (made, page) = send("1", "203.0.113.4", "2026-11-23T10:00:00Z").await;
    assert!(made == 200 && page.as_ref().unwrap().contains("?key="), "{page:?}");
    assert_eq!(send("1", "203.0.113.4", "2026-11-23T10:00:00Z").await, (200, page));
    assert_eq!(send("1", "203.0.113.5", "2026-11-23T10:00:00Z").await, (409, None));

    let secret = "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d";
    let first = send(secret, "203.0.113.4", "2026-11-23T12:00:00Z").await;
    assert_eq!(send(secret, "203.0.113.5", "2026-11-23T12:00:00Z").await, first);
}
