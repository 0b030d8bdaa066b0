//! Two real servers on one database, asked only through their doors.

use std::net::SocketAddr;
use std::process::Stdio;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, PgPool};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::client::{Client, PATIENCE};

/// `eventide serve` on a port of its own.
struct Server {
    process: Child,
    addr: SocketAddr,
}

impl Server {
    async fn start(pool: &PgPool) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_eventide"))
            .env("DATABASE_URL", pool.connect_options().to_url_lossy().as_str())
            .env("EVENTIDE_ADDR", "127.0.0.1:0")
            .env("EVENTIDE_RATE_LIMIT", "off")
            .env_remove("EVENTIDE_BASE_URL")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let greeting = async {
            loop {
                let line = lines.next_line().await.unwrap().expect("the server says where it is");
                if let Some((_, url)) = line.split_once("Eventide is at http://") {
                    return url.trim_end_matches('/').parse().unwrap();
                }
            }
        };
        let addr = tokio::time::timeout(PATIENCE, greeting).await.expect("the server starts");
        // Whatever else it says must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { process, addr }
    }

    async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Value {
        let url = format!("http://{}/api/v1{path}", self.addr);
        let mut request = reqwest::Client::new().post(url).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer
    }

    /// As `docker stop` does; whether it went by itself.
    async fn stop(mut self) -> bool {
        let pid = self.process.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
        kill_process(pid, Signal::TERM).unwrap();
        tokio::time::timeout(PATIENCE, self.process.wait()).await.expect("the server stops").unwrap().success()
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_booking_through_one_server_reaches_a_socket_on_the_other(pool: PgPool) {
    let (a, b) = tokio::join!(Server::start(&pool), Server::start(&pool));
    let account = json!({"handle": "two-servers", "display_name": "Two Servers", "email": "two@example.com",
        "password": "a long enough password", "time_zone": "Europe/Paris"});
    let token = a.post("/providers", None, account).await["token"].as_str().unwrap().to_owned();
    // The servers go by the system's clock: open for the days to come, on whole hours.
    let now: DateTime<Utc> = sqlx::query_scalar("select date_trunc('hour', now())").fetch_one(&pool).await.unwrap();
    let (start, end) = (now + chrono::TimeDelta::hours(24), now + chrono::TimeDelta::hours(72));
    let hours = json!({"effect": "open", "pattern": {"kind": "one_off", "start": start, "end": end}});
    a.post("/availability", Some(&token), hours).await;
    let mut client = Client::connect_to(b.addr, "two-servers", None, &[]).await.unwrap();
    let mut state = client.state().await;
    assert_eq!(state.openings.windows.first().map(|window| window.start), Some(start));

    let guest = json!({"name": "Grace Hopper", "email": "grace@example.org"});
    let wanted = json!({"provider": "two-servers", "start": start, "duration_minutes": 60, "guest": guest});
    a.post("/bookings", None, wanted).await;

    let before = state.version;
    client.follow(&mut state, before + 1).await;
    assert_eq!(state.openings.windows.first().map(|window| window.start), Some(start + chrono::TimeDelta::hours(1)));
    assert!(client.texts.iter().all(|text| !text.contains("Grace") && !text.contains("example.org")));

    let (stopped, goodbye) = tokio::join!(b.stop(), client.closed());
    assert!(stopped);
    assert_eq!(goodbye, 1001);
    assert!(a.stop().await);
}
