//! The guest's page as many get it: made once, and never older than what its server knows.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use super::api::{Api, NOW, Someone, booking};

struct Page {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Page {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn etag(&self) -> &str {
        self.header("etag")
    }

    /// Whether the day shown has a button for this time, UTC.
    fn shows(&self, start: &str) -> bool {
        self.text.contains(&format!("value=\"{start}\""))
    }
}

async fn page(api: &Api, path: &str, headers: &[(&'static str, &str)]) -> Page {
    let mut request = api.http.get(format!("{}{path}", api.base)).header("accept", "text/html");
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_str(value).unwrap());
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Page { status, headers, text: String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned() }
}

/// Ada with a day of free time.
async fn ada(api: &Api) -> Someone {
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    ada
}

#[sqlx::test(migrations = "../migrations")]
async fn guests_who_ask_the_same_get_the_same_page_and_304_when_they_have_it(pool: PgPool) {
    let api = Api::start(pool).await;
    ada(&api).await;
    let first = page(&api, "/ada", &[("x-request-id", "the-first"), ("user-agent", "somebody")]).await;
    assert_eq!((first.status, first.header("cache-control")), (200, "private, no-cache"));
    assert!(first.shows("2026-11-23T09:00:00Z"), "{}", first.text);
    assert!(!first.text.contains("the-first") && !first.text.contains("nonce"), "{}", first.text);
    let second = page(&api, "/ada?utm_source=news", &[("cookie", "theme=dark")]).await;
    assert!(second.text == first.text && second.etag() == first.etag());
    assert_ne!(second.header("x-request-id"), "the-first");
    let returning = page(&api, "/ada", &[("if-none-match", first.etag())]).await;
    assert_eq!((returning.status, returning.text.as_str(), returning.etag()), (304, "", first.etag()));
    assert_eq!(returning.header("content-security-policy"), first.header("content-security-policy"));
    let other = page(&api, "/ada?duration=60", &[("if-none-match", first.etag())]).await;
    assert_eq!(other.status, 200);
}

/// A browser that is told 304 shows what it has under the policy that it is told.
#[sqlx::test(migrations = "../migrations")]
async fn a_page_that_is_made_anew_is_another_one_with_its_own_policy(pool: PgPool) {
    let api = Api::start(pool).await;
    ada(&api).await;
    let first = page(&api, "/ada", &[]).await;
    api.clock.set(NOW.parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(61));
    let later = page(&api, "/ada", &[("if-none-match", first.etag())]).await;
    assert_eq!(later.status, 200);
    assert_ne!(later.text, first.text, "it tells the time");
    assert_ne!(later.header("content-security-policy"), first.header("content-security-policy"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_page_is_never_older_than_what_its_server_knows(pool: PgPool) {
    let api = Api::start(pool).await;
    ada(&api).await;
    for hour in 9..17 {
        let start = format!("2026-11-23T{hour:02}:00:00Z");
        let before = page(&api, "/ada?date=2026-11-23", &[]).await;
        assert!(before.shows(&start), "{start}");
        api.call("POST", "/bookings").json(&booking("ada", &start)).send().await.expect(201);
        let after = page(&api, "/ada?date=2026-11-23", &[("if-none-match", before.etag())]).await;
        assert!(after.status == 200 && !after.shows(&start), "{start}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_start_leaves_the_page_when_its_notice_has_passed_though_nothing_changed(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-20").await;
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    for (time, shown) in [
        ("2026-11-20T08:59:30Z", true),
        // To the microsecond: a start can still be booked at the very instant its notice begins.
        ("2026-11-20T09:00:00Z", true),
        ("2026-11-20T09:00:00.000001Z", false),
        ("2026-11-20T09:00:59Z", false),
    ] {
        api.clock.set(at(time));
        let page = page(&api, "/ada?date=2026-11-20", &[]).await;
        assert_eq!(page.shows("2026-11-20T09:00:00Z"), shown, "{time}");
        assert!(page.shows("2026-11-20T09:15:00Z"), "{time}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_day_that_is_marked_as_today_is_todays_by_the_clock_shown(pool: PgPool) {
    let api = Api::start(pool).await;
    ada(&api).await;
    let today = async |zone: &str| {
        let page = page(&api, &format!("/ada?tz={zone}&month=2026-11"), &[]).await;
        let mark = page.text.split("aria-current=\"date\"").next().unwrap();
        mark.rsplit("id=\"day-").next().unwrap()[..10].to_owned()
    };
    api.clock.set("2026-11-20T14:59:59.9Z".parse().unwrap());
    assert_eq!((today("Asia/Tokyo").await.as_str(), today("UTC").await.as_str()), ("2026-11-20", "2026-11-20"));
    api.clock.set("2026-11-20T15:00:00Z".parse().unwrap());
    assert_eq!((today("Asia/Tokyo").await.as_str(), today("UTC").await.as_str()), ("2026-11-21", "2026-11-20"));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_somebodys_own_is_never_kept(pool: PgPool) {
    let api = Api::start(pool).await;
    ada(&api).await;
    let (address, password) = (("email", "ada@example.com"), ("password", super::api::PASSWORD));
    let signed_in = api.rpc("sign_in", &[address, password]).await;
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let anonymous = page(&api, "/ada", &[]).await;
    let own = page(&api, "/ada", &[("cookie", &cookie), ("if-none-match", anonymous.etag())]).await;
    assert_eq!((own.status, own.header("cache-control"), own.etag()), (200, "no-store", ""));
    assert!(own.text.contains("Sign out") && !anonymous.text.contains("Sign out"));
    assert!(!page(&api, "/ada", &[]).await.text.contains("Sign out"));
    // With a time chosen the form has its own key, for who has no scripts; without, the browser makes one.
    let key =
        |page: &Page| page.text.split("name=\"form_key\" value=\"").nth(1).map_or(0, |rest| rest.find('"').unwrap());
    let chosen = page(&api, "/ada?start=2026-11-23T09:00:00Z", &[]).await;
    assert_eq!((key(&chosen), chosen.header("cache-control")), (32, "no-store"));
    assert_eq!(key(&anonymous), 0);
    assert_eq!(page(&api, "/nobody", &[]).await.status, 404);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_page_comes_packed_as_asked_and_is_the_same(pool: PgPool) {
    let api = Api::start(pool).await;
    ada(&api).await;
    let plain = page(&api, "/ada", &[]).await;
    for (accepted, coding) in [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0", "")] {
        let packed = page(&api, "/ada", &[("accept-encoding", accepted)]).await;
        assert_eq!((packed.status, packed.header("content-encoding"), packed.etag()), (200, coding, plain.etag()));
        assert!(packed.header("vary").contains("accept-encoding"), "{}", packed.header("vary"));
        assert!(coding.is_empty() || packed.text.len() < plain.text.len());
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn inline_scripts_run_by_the_hash_of_their_text_only(pool: PgPool) {
    use base64::Engine;
    let api = Api::start(pool).await;
    ada(&api).await;
    for path in ["/ada", "/ada?start=2026-11-23T09:00:00Z", "/", "/sign-in", "/no/such/page"] {
        let page = page(&api, path, &[]).await;
        let policy = page.header("content-security-policy");
        let mut scripts = page.text.split("<script").skip(1).map(|rest| rest.split_once('>').unwrap().1);
        let hashes: Vec<_> = scripts
            .by_ref()
            .map(|rest| Sha256::digest(rest.split_once("</script>").unwrap().0))
            .map(|hash| format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(hash)))
            .collect();
        assert!(hashes.len() >= 2, "{path}");
        assert!(hashes.iter().all(|hash| policy.contains(hash)), "{path}: {policy}");
        assert!(!policy.contains("nonce") && !policy.contains("script-src 'unsafe-inline'"), "{policy}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_crowd_that_asks_at_once_waits_for_one_page(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = ada(&api).await;
    for round in 0..3 {
        let pages = futures::future::join_all((0..100).map(|_| page(&api, "/ada", &[]))).await;
        assert!(pages.iter().all(|page| page.status == 200 && page.text == pages[0].text), "round {round}");
        let bio = json!({"bio": format!("round {round}")});
        api.call("PATCH", "/me").token(&ada.token).json(&bio).send().await.expect(200);
    }
    api.clock.set(NOW.parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(1));
    assert!(page(&api, "/ada", &[]).await.text.contains("round 2"));
}
