//! What cannot be read is the caller's fault, and told in the form that the caller reads.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use domain::Problem;
use http::{Method, Request};
use serde_json::{Value, json};
use server::{AppState, Config};
use service::{Clock, Services};
use sqlx::PgPool;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::api::{Api, PASSWORD};

struct Answer {
    status: u16,
    kind: String,
    text: String,
}

async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let answer = tokio::time::timeout(Duration::from_secs(60), router.clone().oneshot(request));
    let response = answer.await.expect("it is answered").unwrap();
    let kind = response.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let status = response.status().as_u16();
    let text = String::from_utf8_lossy(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).into_owned();
    Answer { status, kind, text }
}

fn router(pool: PgPool) -> Router {
    let (_, config) = Config::read(["eventide", "--rate-limit", "off"].map(Into::into)).ok().unwrap();
    server::router(AppState::new(Services::new(pool, Clock::system()), config, CancellationToken::new()))
}

fn call(function: &str, accept: &str) -> http::request::Builder {
    Request::post(function).header("accept", accept).header("content-type", "application/x-www-form-urlencoded")
}

const PAGE: &str = "text/html,application/xhtml+xml";
const JSON: &str = "application/json";

/// A small generator: the same seed makes the same calls.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    /// Names that the functions have, and others; values of any kind, some of them no text at all.
    fn body(&mut self) -> Vec<u8> {
        const NAMES: [&str; 26] = [
            "handle",
            "zone",
            "id",
            "key",
            "reason",
            "date",
            "provider",
            "email",
            "password",
            "start",
            "hours[effect]",
            "hours[kind]",
            "hours[start_time]",
            "hours[date]",
            "hours[weekdays]",
            "offering[title]",
            "offering[slug]",
            "offering[durations_minutes]",
            "profile[bio]",
            "token[name]",
            "offering_id",
            "active",
            "booking_id",
            "shelf",
            "cursor",
            "availability_id",
        ];
        const SHAPES: [&str; 9] = ["", "[]", "[0]", "[x]", "[x][y]", "[", "]", "[[", "[a][b][c][d][e][f][g]"];
        const VALUES: [&str; 20] = [
            "",
            "x",
            "-1",
            "1e999",
            "true",
            "null",
            "2026-11-23",
            "9999-12-31",
            "24:00",
            "%00",
            "%ff%fe",
            "%",
            "%zz",
            "0193570e-8a2b-7c3d-9e4f-5a6b7c8d9e0f",
            "ada",
            "%F0%9F%98%80",
            "\u{202e}",
            "{\"a\":1}",
            "../../x",
            "99999999999999999999",
        ];
        let mut body = Vec::new();
        for _ in 0..self.roll(8) {
            let pair = format!("{}{}={}", self.one(&NAMES), self.one(&SHAPES), self.one(&VALUES));
            body.extend_from_slice(pair.as_bytes());
            body.push(b"&&&&;=\xff"[self.roll(7)]);
        }
        if self.roll(20) == 0 {
            body.extend(std::iter::repeat_n(b'x', self.roll(100_000)));
        }
        body
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn thousands_of_malformed_calls_of_server_functions_are_the_callers_fault(pool: PgPool) {
    let api = Api::start(pool.clone()).await;
    api.sign_up("ada").await;
    let signed_in = api.rpc("sign_in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let router = router(pool);
    let functions: Vec<&str> = server::rpc::functions().collect();
    assert!(functions.len() > 15);
    let seed = std::env::var("EVENTIDE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20261123);
    println!("seed {seed} (another: EVENTIDE_SEED)");
    let mut dice = Dice(seed);
    for number in 0..3000 {
        let function = functions[number % functions.len()];
        // A password is slow to hash, and there is nothing to hash here.
        let accept = dice.one(&[JSON, PAGE, "*/*", ""]);
        let mut request = call(function, accept);
        if dice.roll(2) == 0 {
            request = request.header("cookie", &cookie).header("sec-fetch-site", "same-origin");
        }
        if dice.roll(10) == 0 {
            request =
                request.header("referer", dice.one(&["http://a.example/dashboard", "x", "http://a.example//b", "/"]));
        }
        if dice.roll(10) == 0 {
            request = request
                .header("content-type", dice.one(&["application/json", "multipart/form-data", "\u{fe}", "text/plain"]));
        }
        let method =
            dice.one(&["POST", "POST", "POST", "POST", "POST", "POST", "POST", "GET", "PUT", "HEAD", "DELETE", "BREW"]);
        let body = dice.body();
        let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        let request = request.method(Method::from_bytes(method.as_bytes()).unwrap()).body(Body::from(body)).unwrap();
        let answer = ask(&router, request).await;
        let place = format!("seed {seed}, call {number}: {method} {function} {accept} {shown} -> {}", answer.text);
        assert!(answer.status < 500, "{}: {place}", answer.status);
        if answer.status >= 400 && method != "HEAD" {
            let is_page = answer.kind.starts_with("text/html");
            assert_eq!(is_page, accept == PAGE, "{}: {place}", answer.kind);
            assert!(is_page || serde_json::from_str::<Value>(&answer.text).unwrap()["type"].is_string(), "{place}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_call_that_cannot_be_read_is_400_in_the_form_that_the_caller_reads(pool: PgPool) {
    let router = router(pool);
    for (body, status) in
        [(&b""[..], 400), (b"date[]=1", 400), (b"date=%ff", 400), (b"date=\xff\xfe", 400), (&[b'x'; 70_000], 413)]
    {
        let place = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
        let answer = ask(&router, call("/rpc/week", JSON).body(Body::from(body.to_vec())).unwrap()).await;
        assert_eq!((answer.status, answer.kind.as_str()), (status, "application/json"), "{place}: {}", answer.text);
        let problem: Problem = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(problem.status(), status, "{place}");
        let answer = ask(&router, call("/rpc/week", PAGE).body(Body::from(body.to_vec())).unwrap()).await;
        assert_eq!((answer.status, answer.kind.as_str()), (status, "text/html; charset=utf-8"), "{place}");
        assert!(answer.text.contains("<h1>"), "{place}: {}", answer.text);
    }
    for (method, function, status) in
        [("GET", "/rpc/week", 405), ("PUT", "/rpc/week", 405), ("POST", "/rpc/nothing", 404)]
    {
        let request =
            Request::builder().method(method).uri(function).header("accept", JSON).body(Body::empty()).unwrap();
        let answer = ask(&router, request).await;
        assert_eq!((answer.status, answer.kind.as_str()), (status, "application/json"), "{method} {function}");
    }
    let request = Request::post("/rpc/week").header("content-type", "application/json").body("{}".into()).unwrap();
    assert_eq!(ask(&router, request).await.status, 400);
}

#[sqlx::test(migrations = "../migrations")]
async fn requests_that_name_no_path_are_malformed_and_absolute_ones_are_read(pool: PgPool) {
    let api = Api::start(pool).await;
    let host = api.base.strip_prefix("http://").unwrap();
    for (line, status) in [
        ("CONNECT a:1 HTTP/1.1", "400"),
        ("GET a:1 HTTP/1.1", "400"),
        ("GET * HTTP/1.1", "400"),
        ("OPTIONS * HTTP/1.1", "204"),
        (&format!("GET http://{host}/sign-in HTTP/1.1"), "200"),
        (&format!("GET http://{host} HTTP/1.1"), "200"),
        ("GET http://elsewhere.example/api/v1/providers?limit=1 HTTP/1.1", "200"),
        ("GET /%ff HTTP/1.1", "400"),
        ("GET /sign-in?x=%ff HTTP/1.1", "200"),
        ("CONNECT /sign-in HTTP/1.1", "4"),
        ("GET //sign-in?__err=x HTTP/1.1", "404"),
    ] {
        let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
        let request = format!("{line}\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(Duration::from_secs(60), socket.read_to_end(&mut answer)).await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{line}: {answer}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn empty_values_of_a_query_and_names_that_come_twice_are_refused(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    for (path, query) in [
        ("/providers", "limit="),
        ("/providers", "cursor="),
        ("/bookings", "status="),
        ("/bookings", "limit="),
        ("/bookings", "from="),
        ("/availability", "to="),
        ("/tokens", "cursor="),
    ] {
        let answer = api.call("GET", path).query(query).token(&ada.token).send().await;
        assert_eq!((answer.status, answer.problem()), (400, "malformed"), "{path} {query}");
        assert!(answer.json["detail"].as_str().unwrap().contains(query.trim_end_matches('=')), "{}", answer.text);
    }
    assert_eq!(api.call("GET", "/providers").query("search=").send().await.expect(200)["items"][0]["handle"], "ada");
    for body in [r#"{"bio": "a", "bio": "b"}"#, r#"{"bio": "a", "b\u0069o": "b"}"#] {
        let call = api.call("PATCH", "/me").token(&ada.token).header("content-type", "application/json");
        let answer = call.body(body).send().await;
        assert_eq!((answer.status, answer.problem()), (400, "malformed"), "{body}");
    }
    let pattern =
        json!({"kind": "one_off", "start": "2026-11-23T09:00:00Z", "end": "2026-11-23T10:00:00Z", "bogus": 1});
    let body = json!({"effect": "open", "pattern": pattern});
    let answer = api.call("POST", "/availability").token(&ada.token).json(&body).send().await;
    assert_eq!((answer.status, &answer.json["errors"][0]["field"]), (422, &json!("pattern.bogus")));
}
