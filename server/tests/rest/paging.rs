//! Lists come in pages that stay stable while rows are added.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::api::{Api, Someone};

async fn page(api: &Api, path: &'static str, someone: &Someone, cursor: Option<&str>) -> Value {
    let query = cursor.map_or("limit=2".to_owned(), |cursor| format!("limit=2&cursor={cursor}"));
    api.call("GET", path).token(&someone.token).query(&query).send().await.expect(200)
}

fn ids(page: &Value, name: &str) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn entries_added_meanwhile_neither_repeat_nor_hide_others(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    let mut made = Vec::new();
    for day in 1..=5 {
        let entry = api.open(&ada, &format!("2026-12-0{day}")).await;
        made.push(entry["availability_id"].as_str().unwrap().to_owned());
    }
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    for round in 0.. {
        let page = page(&api, "/availability", &ada, cursor.as_deref()).await;
        seen.extend(ids(&page, "availability_id"));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = Some(next.to_owned());
        if round == 0 {
            let entry = api.open(&ada, "2026-11-30").await;
            made.push(entry["availability_id"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(seen, made);
}

#[sqlx::test(migrations = "../migrations")]
async fn bookings_come_in_order_of_start_page_by_page(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let book = async |start: &str| {
        api.call("POST", "/bookings")
            .json(&super::api::booking("ada", &format!("2026-11-23T{start}:00Z")))
            .send()
            .await
            .expect(201);
    };
    for start in ["12:00", "10:00", "14:00", "11:00"] {
        book(start).await;
    }
    let starts = |page: &Value| ids(page, "start").iter().map(|start| start[11..16].to_owned()).collect::<Vec<_>>();
    let first = page(&api, "/bookings", &ada, None).await;
    assert_eq!(starts(&first), ["10:00", "11:00"]);
    book("09:00").await;
    book("13:00").await;
    let second = page(&api, "/bookings", &ada, first["next_cursor"].as_str()).await;
    assert_eq!(starts(&second), ["12:00", "13:00"]);
    let third = page(&api, "/bookings", &ada, second["next_cursor"].as_str()).await;
    assert_eq!((starts(&third), &third["next_cursor"]), (vec!["14:00".to_owned()], &json!(null)));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_limit_or_cursor_that_cannot_be_one_is_malformed(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    for path in ["/availability", "/bookings", "/tokens", "/providers"] {
        for query in ["limit=0", "limit=201", "limit=ten", "cursor=bogus", "cursor=AAAA"] {
            let answer = api.call("GET", path).token(&ada.token).query(query).send().await;
            assert_eq!((answer.status, answer.problem()), (400, "malformed"), "{path}?{query}");
        }
    }
    // Of the right form, and of what no list gave: a text that Postgres cannot hold, years that it does not know.
    let id = uuid::Uuid::nil();
    let from = async |path: &str, key: Value| {
        let query = format!("cursor={}", hex::encode(key.to_string()));
        api.call("GET", path).token(&ada.token).query(&query).send().await
    };
    for (path, key) in [
        ("/providers", json!("\0")),
        ("/bookings", json!(["-200000-01-01T00:00:00Z", id])),
        ("/bookings", json!(["-5000-01-01T00:00:00Z", id])),
    ] {
        let answer = from(path, key).await;
        assert_eq!((answer.status, answer.problem()), (400, "malformed"), "{path}: {}", answer.text);
    }
    // Postgres knows years up to 294276: there is nothing after that one.
    let answer = from("/bookings", json!(["+250000-01-01T00:00:00Z", id])).await.expect(200);
    assert_eq!(answer, json!({"items": [], "next_cursor": null}));
}
