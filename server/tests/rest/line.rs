//! More guests than pages can be made for: a fair line, which only those who arrive have to join.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgPool;

use super::api::{Api, booking};

async fn page(api: &Api, path: &str, cookie: &str) -> reqwest::Response {
    let request = api.http.get(format!("{}{path}", api.base)).header("accept", "text/html");
    request.header("cookie", cookie).send().await.unwrap()
}

/// The ticket's cookie.
fn ticket(answer: &reqwest::Response) -> String {
    answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// What the waiting page reads of its place.
async fn position(api: &Api, ticket: &str) -> Value {
    page(api, "/rpc/line", ticket).await.json::<Value>().await.unwrap()["position"].clone()
}

#[sqlx::test(migrations = "../migrations")]
async fn who_arrives_when_no_page_can_be_made_waits_in_a_fair_line(pool: PgPool) {
    let api = Api::start_with(pool.clone(), &["--rate-limit", "off", "--pages-at-once", "1"]).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let wish = booking("ada", "2026-11-23T09:00:00Z");
    let booked = api.call("POST", "/bookings").json(&wish).send().await.expect(201);
    let manage = booked["manage_url"].as_str().unwrap().trim_start_matches(&api.base).to_owned();
    let kept = page(&api, "/ada", "").await.text().await.unwrap();

    // The only turn is taken by a page that cannot go on.
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("lock table booking in access exclusive mode").execute(&mut *lock).await.unwrap();
    let (http, url) = (api.http.clone(), format!("{}{manage}", api.base));
    let busy = tokio::spawn(async move { http.get(url).header("accept", "text/html").send().await.unwrap().status() });
    // Each asks for another month, of which no page is kept.
    let first = tokio::time::timeout(Duration::from_secs(10), async {
        for month in 1.. {
            let answer = page(&api, &format!("/ada?month={}-{:02}", 2027 + month / 12, 1 + month % 12), "").await;
            if answer.status() == 503 {
                return answer;
            }
        }
        unreachable!("months do not end")
    });
    let first = first.await.expect("the turn is taken");
    assert_eq!(first.headers()["cache-control"], "no-store");
    assert!(first.headers().contains_key("retry-after"));
    let first = ticket(&first);
    let second = page(&api, "/ada?month=2026-12", "").await;
    let (second, shown) = (ticket(&second), second.text().await.unwrap());
    assert!(shown.contains("id=\"position\"") && shown.contains("in line"), "{shown}");
    // What matters stands out, and nothing leads away from it.
    assert!(shown.contains("class=\"place\"") && !shown.contains("<footer>"), "{shown}");
    let (before, behind) =
        (position(&api, &first).await.as_u64().unwrap(), position(&api, &second).await.as_u64().unwrap());
    assert!(0 < before && before < behind, "{before} {behind}");
    // Who asks again keeps the place, and what is kept is for everybody.
    assert_eq!(ticket(&page(&api, "/ada?month=2026-12", &second).await), second);
    assert_eq!(page(&api, "/ada", "").await.text().await.unwrap(), kept);

    lock.rollback().await.unwrap();
    assert_eq!(busy.await.unwrap().as_u16(), 200);
    for (who, behind) in [(&first, Some(&second)), (&second, None)] {
        let called = async { while position(&api, who).await != 0 {} };
        tokio::time::timeout(Duration::from_secs(10), called).await.expect("their turn comes");
        if let Some(behind) = behind {
            assert_ne!(position(&api, behind).await, 0);
        }
        assert_eq!(page(&api, "/ada?month=2026-12", who).await.status().as_u16(), 200);
    }
}
