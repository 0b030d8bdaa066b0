//! A server of one's own for each test, and calls to it that are checked against the document.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};
use server::{Config, accept, serve};
use service::{Clock, Services};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::schema;

/// A Friday morning: what is "now" in these tests.
pub const NOW: &str = "2026-11-20T08:00:00Z";
pub const PASSWORD: &str = "correct horse battery";

pub struct Api {
    pub base: String,
    pub addr: SocketAddr,
    pub http: reqwest::Client,
    /// The server's, at [`NOW`] until it is set.
    pub clock: Clock,
    pub document: Value,
    /// Method, path as in the document, status: of every call so far.
    pub answered: Mutex<BTreeSet<(String, String, u16)>>,
    shutdown: CancellationToken,
    serving: Option<JoinHandle<()>>,
}

impl Drop for Api {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// A provider with their token.
pub struct Someone {
    pub id: String,
    pub handle: String,
    pub token: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The last part of the problem's type.
    pub fn problem(&self) -> &str {
        self.json["type"].as_str().unwrap_or_default().trim_start_matches("/problems/")
    }

    pub fn expect_nothing(self, status: u16) {
        assert_eq!((self.status, self.text.as_str()), (status, ""));
    }

    /// Asserts the status and hands the body over.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }
}

impl Api {
    /// On the clock of [`NOW`], with nothing limited.
    pub async fn start(pool: PgPool) -> Self {
        Self::start_with(pool, &["--rate-limit", "off"]).await
    }

    pub async fn start_with(pool: PgPool, flags: &[&str]) -> Self {
        Self::start_as(pool, flags, |_| {}).await
    }

    /// With other limits for connections.
    pub async fn start_as(pool: PgPool, flags: &[&str], adjust: impl FnOnce(&mut accept::Settings)) -> Self {
        let arguments = ["eventide", "--addr", "127.0.0.1:0"].iter().chain(flags);
        let (_, mut config) = Config::read(arguments.map(Into::into)).ok().expect("flags of our own");
        let listener = TcpListener::bind(config.addr).await.unwrap();
        config.bound_to(listener.local_addr().unwrap());
        let addr = config.addr;
        let base = format!("http://{addr}");
        let mut settings = accept::Settings::of(&config);
        adjust(&mut settings);
        let clock = Clock::fixed(NOW.parse::<DateTime<Utc>>().unwrap());
        let shutdown = CancellationToken::new();
        let services = Services::new(pool, clock.clone());
        let serving = tokio::spawn(serve::serve_with(listener, services, config, shutdown.clone(), settings));
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let document = serde_json::to_value(server::openapi::document()).unwrap();
        Self { base, addr, http, clock, document, answered: Mutex::default(), shutdown, serving: Some(serving) }
    }

    /// Tells the server to stop and waits until it has.
    pub async fn stop(&mut self) {
        self.shutdown.cancel();
        self.serving.take().expect("it runs").await.unwrap();
    }

    /// `path` as in the document, without `/api/v1`.
    pub fn call<'a>(&'a self, method: &str, path: &'a str) -> Call<'a> {
        let method: Method = method.parse().unwrap();
        Call {
            api: self,
            method,
            template: format!("/api/v1{path}"),
            path: format!("/api/v1{path}"),
            query: String::new(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// Calls a server function as a page with scripts does.
    pub async fn rpc(&self, function: &str, fields: &[(&str, &str)]) -> reqwest::Response {
        self.rpc_from("", function, fields).await
    }

    /// [`Api::rpc`], through a proxy that says from where.
    pub async fn rpc_from(&self, from: &str, function: &str, fields: &[(&str, &str)]) -> reqwest::Response {
        let request = self.http.post(format!("{}/rpc/{function}", self.base)).header("accept", "application/json");
        let request = if from.is_empty() { request } else { request.header("x-forwarded-for", from) };
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.body(serde_urlencoded::to_string(fields).unwrap()).send().await.unwrap()
    }

    pub fn operation(&self, method: &Method, template: &str) -> Option<&Value> {
        self.document["paths"].get(template)?.get(method.as_str().to_lowercase())
    }

    pub async fn sign_up(&self, handle: &str) -> Someone {
        let body = json!({
            "handle": handle, "display_name": handle, "email": format!("{handle}@example.com"),
            "password": PASSWORD, "time_zone": "Europe/London",
        });
        let made = self.call("POST", "/providers").json(&body).send().await.expect(201);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Someone { id: text(&made["provider"]["provider_id"]), handle: handle.into(), token: text(&made["token"]) }
    }

    /// Open on one day, 09:00 to 17:00 UTC.
    pub async fn open(&self, provider: &Someone, date: &str) -> Value {
        let pattern =
            json!({"kind": "one_off", "start": format!("{date}T09:00:00Z"), "end": format!("{date}T17:00:00Z")});
        let body = json!({"effect": "open", "pattern": pattern});
        self.call("POST", "/availability").token(&provider.token).json(&body).send().await.expect(201)
    }
}

pub fn booking(provider: &str, start: &str) -> Value {
    let guest = json!({"name": "Grace Hopper", "email": "grace@example.com"});
    json!({"provider": provider, "start": start, "duration_minutes": 30, "guest": guest})
}

#[derive(Clone)]
pub struct Call<'a> {
    api: &'a Api,
    method: Method,
    template: String,
    path: String,
    query: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

impl Call<'_> {
    /// Fills in a parameter of the path, as it is.
    pub fn path(mut self, name: &str, value: &str) -> Self {
        let parameter = format!("{{{name}}}");
        assert!(self.path.contains(&parameter), "{} has no {name}", self.path);
        self.path = self.path.replace(&parameter, value);
        self
    }

    /// As it is, without the question mark.
    pub fn query(mut self, query: &str) -> Self {
        self.query = format!("?{query}");
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string().into_bytes()).header("content-type", "application/json")
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends it and checks the answer: of a status and form the document knows, and never 500.
    pub async fn send(self) -> Answer {
        let url = format!("{}{}{}", self.api.base, self.path, self.query);
        let mut request = self.api.http.request(self.method.clone(), &url);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = self.body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{} {url}: {error}", self.method));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status, headers, text, json };
        let place = format!("{} {} -> {status} {}", self.method, &url[..url.len().min(300)], answer.text);
        assert!(answer.headers.contains_key("x-request-id"), "{place}");
        assert_ne!(status, 500, "{place}");
        let operation = self.api.operation(&self.method, &self.template);
        let operation = operation.unwrap_or_else(|| panic!("the document has no {} {}", self.method, self.template));
        check(&self.api.document, operation, &answer, &place);
        self.api.answered.lock().unwrap().insert((self.method.to_string(), self.template, status));
        answer
    }
}

fn check(document: &Value, operation: &Value, answer: &Answer, place: &str) {
    let described = &operation["responses"][answer.status.to_string()];
    assert!(described.is_object(), "a status that is not described: {place}");
    let kind = answer.headers.get(CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap());
    let kind = kind.split(';').next().unwrap();
    match described["content"].as_object() {
        None => assert!(answer.text.is_empty(), "an answer that should be empty: {place}"),
        Some(kinds) => {
            let content =
                kinds.get(kind).unwrap_or_else(|| panic!("a content type that is not described: {kind} {place}"));
            if kind.ends_with("json") {
                let faults = schema::faults(document, &content["schema"], &answer.json);
                assert!(faults.is_empty(), "not as described: {faults:#?} {place}");
            }
        }
    }
    if answer.status >= 400 {
        assert_eq!(answer.json["status"], answer.status, "{place}");
    }
    if matches!(answer.status, 429 | 503) {
        assert!(answer.headers.contains_key("retry-after"), "{place}");
    }
}
