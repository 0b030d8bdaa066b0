//! Two real servers on one database, asked only through their doors.

use std::net::SocketAddr;
use std::process::Stdio;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, PgPool};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, Command};

use super::client::{Client, PATIENCE};

/// `eventide serve` on a port of its own.
struct Server {
    process: Child,
    addr: SocketAddr,
}

impl Server {
    async fn start(pool: &PgPool) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_eventide")), pool, "off").await
    }

    async fn start_by(mut command: Command, pool: &PgPool, limits: &str) -> Self {
        let mut process = command
            .env("DATABASE_URL", pool.connect_options().to_url_lossy().as_str())
            .env("EVENTIDE_ADDR", "127.0.0.1:0")
            .env("EVENTIDE_RATE_LIMIT", limits)
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

    /// Resident memory, in MB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    async fn get(&self, path: &str) -> StatusCode {
        let get = reqwest::get(format!("http://{}{path}", self.addr));
        tokio::time::timeout(PATIENCE, get).await.expect("in time").expect("an answer").status()
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

/// A client that asks, or begins to, and reads nothing; from `127.0.0.<last>`.
async fn deaf(to: SocketAddr, last: u8, says: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    let mut stream = socket.connect(to).await.unwrap();
    // The server may have hung up already.
    let _ = stream.write_all(says.as_bytes()).await;
    stream
}

#[sqlx::test(migrations = "../migrations")]
async fn with_few_open_files_silent_connections_keep_nobody_out(pool: PgPool) {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 160 && exec \"$0\"", env!("CARGO_BIN_EXE_eventide")]);
    let server = Server::start_by(command, &pool, "on").await;
    let mut silent = Vec::new();
    for n in 0..600u32 {
        let says = ["", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "][n as usize % 2];
        silent.push(deaf(server.addr, 2 + (n % 200) as u8, says).await);
        if n % 60 == 59 {
            assert_eq!(server.get("/readyz").await, StatusCode::OK, "after {n}");
        }
    }
    drop(silent);
    assert!(server.stop().await);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_does_not_read_costs_little_memory(pool: PgPool) {
    let server = Server::start(&pool).await;
    let account = json!({"handle": "large", "display_name": "Large", "email": "large@example.com",
        "password": "a long enough password", "time_zone": "UTC"});
    let token = server.post("/providers", None, account).await["token"].as_str().unwrap().to_owned();
    let offering = json!({"slug": "always", "title": "Always", "durations_minutes": [30], "step_minutes": 5,
        "horizon_days": 366});
    server.post("/offerings", Some(&token), offering).await;
    let now: DateTime<Utc> = sqlx::query_scalar("select date_trunc('hour', now())").fetch_one(&pool).await.unwrap();
    let (start, end) = (now + chrono::TimeDelta::hours(24), now + chrono::TimeDelta::days(360));
    let hours = json!({"effect": "open", "pattern": {"kind": "one_off", "start": start, "end": end}});
    server.post("/availability", Some(&token), hours).await;
    let path =
        format!("/api/v1/availability/large?from={}&to={}&offering=always", start.date_naive(), end.date_naive());
    assert_eq!(server.get(&path).await, StatusCode::OK);

    let before = server.memory();
    let asks = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut many = Vec::new();
    for n in 0..100u8 {
        many.push(deaf(server.addr, 2 + n, &asks).await);
    }
    // Each of them is 8 MB. When all have begun, they go on as far as they can while this is answered many times.
    for stream in &many {
        tokio::time::timeout(PATIENCE, stream.readable()).await.expect("an answer begins").unwrap();
    }
    for _ in 0..50 {
        assert_eq!(server.get("/readyz").await, StatusCode::OK);
    }
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 50, "{grown} MB for {} who do not read", many.len());
    drop(many);
    assert!(server.stop().await);
}

/// Fewer than it was told at its start: others of the system took them, say.
#[sqlx::test(migrations = "../migrations")]
async fn when_there_are_no_more_files_newcomers_wait_for_one_and_are_answered_then(pool: PgPool) {
    let server = Server::start(&pool).await;
    let process = server.process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let open = std::fs::read_dir(format!("/proc/{}/fd", process.unwrap().as_raw_nonzero())).unwrap().count();
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = |current| prlimit(process, Resource::Nofile, Rlimit { current: Some(current), maximum }).unwrap();
    let before = limit(open as u64);
    let silent: Vec<_> = futures::future::join_all((0..20).map(|n| deaf(server.addr, 2 + n, ""))).await;
    {
        let mut asked = std::pin::pin!(server.get("/readyz"));
        let waited = tokio::time::timeout(std::time::Duration::from_millis(300), &mut asked).await;
        assert!(waited.is_err(), "there is no file for it");
        limit(before.current.unwrap());
        assert_eq!(asked.await, StatusCode::OK);
    }
    drop(silent);
    assert!(server.stop().await);
}
