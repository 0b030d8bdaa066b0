//! `ETag` and 304 on openings.

use sqlx::PgPool;

use super::api::{Api, booking};

#[sqlx::test(migrations = "../migrations")]
async fn openings_are_sent_once_until_they_change(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let ask = |tags: &str| {
        let call = api.call("GET", "/availability/{id}").path("id", "ada").query("from=2026-11-23&to=2026-11-24");
        if tags.is_empty() { call } else { call.header("if-none-match", tags) }
    };
    let first = ask("").send().await;
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"') || etag.starts_with("W/\""), "{etag}");
    assert_eq!(first.header("cache-control"), "no-cache");
    for tags in [etag.clone(), format!("W/{}", etag.trim_start_matches("W/")), format!("\"other\", {etag}"), "*".into()]
    {
        let answer = ask(&tags).send().await;
        assert_eq!((answer.status, answer.text.as_str(), answer.header("etag")), (304, "", etag.as_str()), "{tags}");
    }
    assert_eq!(ask("\"other\"").send().await.status, 200);

    let before = first.json["version"].as_i64().unwrap();
    api.call("POST", "/bookings").json(&booking("ada", "2026-11-23T10:00:00Z")).send().await.expect(201);
    let changed = ask(&etag).send().await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), etag);
    assert_eq!(changed.json["version"], before + 1);
    let starts: Vec<&str> =
        changed.json["slots"].as_array().unwrap().iter().map(|slot| slot["start"].as_str().unwrap()).collect();
    assert!(starts.contains(&"2026-11-23T10:30:00Z") && !starts.contains(&"2026-11-23T10:00:00Z"), "{starts:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn another_question_has_another_tag(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let mut tags = std::collections::BTreeSet::new();
    for query in [
        "from=2026-11-23&to=2026-11-24",
        "from=2026-11-23&to=2026-11-25",
        "from=2026-11-23&to=2026-11-24&duration_minutes=60",
    ] {
        let answer = api.call("GET", "/availability/{id}").path("id", "ada").query(query).send().await;
        assert!(tags.insert(answer.header("etag").to_owned()), "{query}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_somebodys_own_is_not_stored(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    let me = api.call("GET", "/me").token(&ada.token).send().await;
    assert_eq!(me.header("cache-control"), "no-store");
}
