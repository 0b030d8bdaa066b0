//! Answers of megabytes: the same JSON in any packing, made for those who take it.

use std::io::Read;
use std::time::Duration;

use serde_json::{Value, json};
use server::accept::{LEAST_TAKEN, Settings};
use sqlx::PgPool;
use tokio::time::sleep;

use super::api::Api;
use super::raw::Raw;

const YEAR: &str = "from=2026-11-23&to=2027-11-23";

/// A provider open around the clock, with a start every five minutes.
async fn always_open(api: &Api) {
    let ada = api.sign_up("ada").await;
    let offering = json!({"slug": "always", "title": "Always", "durations_minutes": [30], "step_minutes": 5,
        "min_notice_minutes": 0, "horizon_days": 366});
    api.call("POST", "/offerings").token(&ada.token).json(&offering).send().await.expect(201);
    let hours = json!({"effect": "open", "pattern": {"kind": "recurring", "start_time": "00:00", "end_time": "24:00",
        "starts_on": "2026-11-01", "recurrence": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "time_zone": "UTC"}});
    api.call("POST", "/availability").token(&ada.token).json(&hours).send().await.expect(201);
}

fn path(stretch: &str) -> String {
    format!("/api/v1/availability/ada?{stretch}&offering=always")
}

async fn start(pool: PgPool, limits: &str, adjust: impl FnOnce(&mut Settings)) -> Api {
    let api = Api::start_as(pool, &["--rate-limit", limits], adjust).await;
    always_open(&api).await;
    api
}

#[sqlx::test(migrations = "../migrations")]
async fn a_large_answer_is_the_same_however_it_is_asked_for(pool: PgPool) {
    let api = start(pool, "off", |_| {}).await;
    let url = format!("{}{}", api.base, path(YEAR));
    let get = async |coding: &str| {
        let request = api.http.get(&url).header("accept-encoding", coding);
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let packed = response.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(response.headers()["vary"], "accept-encoding");
        (packed, response.headers()["etag"].clone(), response.bytes().await.unwrap())
    };
    let (packed, etag, plain) = get("identity").await;
    assert_eq!(packed, None);
    let body: Value = serde_json::from_slice(&plain).unwrap();
    // Up to the horizon, 366 days after the Friday at eight that is now.
    assert_eq!(body["slots"].as_array().unwrap().len(), 363 * 288 + 97);
    assert_eq!(
        body["slots"][288],
        json!({"start": "2026-11-24T00:00:00Z", "end": "2026-11-24T00:30:00Z", "remaining": 1})
    );

    let (packed, same, small) = get("br, gzip").await;
    assert_eq!((packed.as_deref(), &same), (Some("gzip"), &etag));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&small[..]).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == plain && small.len() * 8 < plain.len(), "{} of {}", small.len(), plain.len());
    let (packed, _, unpacked) = get("br").await;
    assert!(packed.is_none() && unpacked == plain);

    let known = api.http.get(&url).header("if-none-match", &etag).send().await.unwrap();
    assert_eq!((known.status().as_u16(), &known.headers()["etag"]), (304, &etag));
    assert!(known.bytes().await.unwrap().is_empty());
    let head = api.http.head(&url).send().await.unwrap();
    assert_eq!((head.status().as_u16(), &head.headers()["etag"]), (200, &etag));
    assert!(!head.headers().contains_key("content-length"), "or it would say that the answer is empty");
    assert_eq!(head.headers()["content-type"], "application/json");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_answer_costs_what_is_in_it(pool: PgPool) {
    let api = start(pool, "on", |_| {}).await;
    let get = async |stretch: &str| {
        let response = api.http.get(format!("{}{}", api.base, path(stretch))).send().await.unwrap();
        let number = |name| response.headers().get(name).map(|n| n.to_str().unwrap().parse::<u64>().unwrap());
        let told = (response.status().as_u16(), number("ratelimit-remaining").unwrap(), number("retry-after"));
        response.bytes().await.unwrap();
        told
    };
    let (status, left, _) = get("from=2026-11-23&to=2026-11-24").await;
    assert!(status == 200 && left > 300, "a day costs next to nothing: {left} are left");
    let (status, after, _) = get(YEAR).await;
    assert!(status == 200 && after < 250, "{after} are left after {left}");
    // Whoever goes on so has to wait, and only for that.
    let mut told = get(YEAR).await;
    for _ in 0..20 {
        if told.0 == 429 {
            break;
        }
        told = get(YEAR).await;
    }
    let (429, 0, Some(wait)) = told else { panic!("{told:?}") };
    assert!((1..=3).contains(&wait), "{wait} s");
    assert_eq!(get("from=2026-11-23&to=2026-11-24").await.0, 200);
}

/// What the kernel takes for somebody who does not read is out of our hands; this is more.
const A_LITTLE: usize = 256 * 1024;

#[sqlx::test(migrations = "../migrations")]
async fn who_takes_nothing_of_an_answer_is_hung_up_on(pool: PgPool) {
    let api = start(pool, "off", |settings| settings.write = Duration::from_millis(500)).await;
    let mut deaf = Raw::open(api.addr, 1).await;
    deaf.get(&path(YEAR)).await;
    sleep(Duration::from_millis(1500)).await;
    let all = deaf.rest().await.len();
    assert!(all < 8_000_000, "the answer broke off: {all} bytes");
    // Of requests sent in a row only the first is answered meanwhile.
    let mut pipelining = Raw::open(api.addr, 1).await;
    for _ in 0..20 {
        pipelining.get(&path(YEAR)).await;
    }
    sleep(Duration::from_millis(1500)).await;
    assert!(pipelining.rest().await.len() < 8_000_000);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_takes_a_byte_now_and_then_is_hung_up_on_too(pool: PgPool) {
    let api = start(pool, "off", |settings| settings.write = Duration::from_millis(500)).await;
    let mut dripping = Raw::open(api.addr, 1).await;
    dripping.get(&path(YEAR)).await;
    let mut all = 0;
    loop {
        let bytes = dripping.next().await.len();
        if bytes == 0 {
            break;
        }
        all += bytes;
        sleep(Duration::from_millis(100)).await;
        assert!(all < A_LITTLE * 8, "at this pace it would take {LEAST_TAKEN} bytes in a second");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn who_reads_slowly_gets_the_whole_answer(pool: PgPool) {
    let api = start(pool, "off", |settings| settings.write = Duration::from_secs(3)).await;
    let mut slow = Raw::open(api.addr, 1).await;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        path("from=2026-11-23&to=2026-12-13")
    );
    slow.send(request).await;
    let (mut all, mut pauses) = (Vec::new(), 0);
    loop {
        let bytes = slow.next().await;
        if bytes.is_empty() {
            break;
        }
        all.extend(bytes);
        if all.len() / 50_000 > pauses {
            pauses += 1;
            sleep(Duration::from_millis(300)).await;
        }
    }
    assert!(all.len() > 400_000 && all.ends_with(b"]}\r\n0\r\n\r\n"), "{} bytes", all.len());
}
