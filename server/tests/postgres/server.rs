//! `eventide serve` on an embedded Postgres of its own, whose processes can be frozen and killed.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use reqwest::Response;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// When a test gives up; never how long anything should take.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Server {
    process: Child,
    pub base: String,
    pub http: reqwest::Client,
    log: Arc<Mutex<Vec<String>>>,
    data: TempDir,
}

impl Server {
    pub async fn start() -> Self {
        let data = TempDir::with_prefix("eventide-test-").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_eventide"));
        for name in ["DATABASE_URL", "EVENTIDE_BASE_URL", "EVENTIDE_LOG"] {
            command.env_remove(name);
        }
        command.env("EVENTIDE_ADDR", "127.0.0.1:0").env("EVENTIDE_RATE_LIMIT", "off");
        command.env("EVENTIDE_LOG_FORMAT", "json").env("EVENTIDE_DATA_DIR", data.path()).stdin(Stdio::null());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (said, log) = (Arc::default(), Arc::default());
        keep(process.stdout.take().unwrap(), Arc::clone(&said));
        keep(process.stderr.take().unwrap(), Arc::clone(&log));
        // Dropped, and with it its processes, if it does not start.
        let mut server = Self { process, base: String::new(), http: reqwest::Client::new(), log, data };
        let said: Arc<Mutex<Vec<String>>> = said;
        let addr: SocketAddr = awaited("the server says where it is", || {
            let said = said.lock().unwrap();
            said.iter().find_map(|line| line.split_once("Eventide is at http://")?.1.trim_end_matches('/').parse().ok())
        })
        .await;
        server.base = format!("http://{addr}");
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }

    pub async fn create(&self, path: &str, token: Option<&str>, body: &Value) -> Value {
        let mut request = self.http.post(self.url(&format!("/api/v1{path}"))).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let answer = response.json().await.unwrap();
        assert_eq!(status, 201, "{answer}");
        answer
    }

    /// Lines of the log with these words in it.
    pub fn logged(&self, words: &str) -> usize {
        self.log.lock().unwrap().iter().filter(|line| line.contains(words)).count()
    }

    pub fn whole_log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    pub async fn has_logged(&self, words: &str, times: usize) {
        awaited(words, || (self.logged(words) >= times).then_some(())).await;
    }

    fn cluster(&self) -> PathBuf {
        self.data.path().join("postgres").canonicalize().unwrap_or_default()
    }

    /// All processes of its Postgres.
    pub fn postgres(&self) -> Vec<u32> {
        let cluster = self.cluster();
        let all = fs::read_dir("/proc").unwrap().flatten();
        all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid: &u32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == cluster))
            .filter(|pid| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("postgres")))
            .collect()
    }

    pub fn postmaster(&self) -> Option<u32> {
        let text = fs::read_to_string(self.cluster().join("postmaster.pid")).ok()?;
        let pid = text.lines().next()?.trim().parse().ok()?;
        self.postgres().contains(&pid).then_some(pid)
    }

    pub fn cluster_file(&self, name: &str) -> PathBuf {
        self.cluster().join(name)
    }

    pub fn signal_postgres(&self, signal: Signal) {
        for pid in self.postgres() {
            send(pid, signal);
        }
    }

    /// kill -9 of the postmaster that runs now.
    pub async fn kill_postmaster(&self) {
        let pid = awaited("a postmaster", || self.postmaster()).await;
        send(pid, Signal::KILL);
    }

    pub fn terminate(&self) {
        send(self.process.id(), Signal::TERM);
    }

    /// The exit code, once it has ended by itself.
    pub async fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the server does not end: {}", self.whole_log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn stop(mut self) {
        self.terminate();
        assert_eq!(self.ended().await, Some(0), "{}", self.whole_log());
        assert_eq!(self.postgres(), [0; 0], "Postgres has stopped with it");
    }
}

impl Drop for Server {
    /// Whatever became of the test, nothing is left running.
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
        self.signal_postgres(Signal::KILL);
    }
}

pub fn send(pid: u32, signal: Signal) {
    // It may just have ended.
    let _ = kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal);
}

fn keep(output: impl std::io::Read + Send + 'static, lines: Arc<Mutex<Vec<String>>>) {
    std::thread::spawn(move || {
        for line in std::io::BufRead::lines(std::io::BufReader::new(output)).map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    });
}

/// Looks until there is something to see.
pub async fn awaited<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A provider who is open around the clock for three weeks from tomorrow.
#[derive(Clone)]
pub struct Shop {
    pub handle: &'static str,
    pub token: String,
    opens: DateTime<Utc>,
}

impl Shop {
    pub async fn open(server: &Server) -> Self {
        let handle = "steady";
        let account = json!({"handle": handle, "display_name": "Steady", "email": "steady@example.com",
            "password": "a long enough password", "time_zone": "Europe/Paris"});
        let token = server.create("/providers", None, &account).await["token"].as_str().unwrap().to_owned();
        let now = service::Clock::system().now();
        let opens = now.duration_trunc(TimeDelta::hours(1)).unwrap() + TimeDelta::hours(24);
        let hours = json!({"effect": "open",
            "pattern": {"kind": "one_off", "start": opens, "end": opens + TimeDelta::days(21)}});
        server.create("/availability", Some(&token), &hours).await;
        Self { handle, token, opens }
    }

    /// Asks for the nth half hour, by a key of its own.
    pub fn booking(&self, server: &Server, nth: usize) -> reqwest::RequestBuilder {
        let guest = json!({"name": format!("Guest {nth}"), "email": "guest@example.org"});
        let start = self.opens + TimeDelta::minutes(30 * nth as i64);
        let body = json!({"provider": self.handle, "start": start, "duration_minutes": 30, "guest": guest});
        let key = format!("the-key-of-guest-{nth}");
        server.http.post(server.url("/api/v1/bookings")).json(&body).header("idempotency-key", key)
    }

    /// The id of the nth guest's booking, asked for as often as it takes. Any answer but yes or "later" is a failure.
    pub async fn booked(&self, server: &Server, nth: usize) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.booking(server, nth).send().await.unwrap();
            match answer.status().as_u16() {
                201 => {
                    let made: Value = answer.json().await.unwrap();
                    return made["booking"]["booking_id"].as_str().unwrap().to_owned();
                }
                503 => assert!(answer.headers().contains_key("retry-after")),
                status => panic!("guest {nth}: {status} {}", answer.text().await.unwrap()),
            }
            assert!(Instant::now() < deadline, "guest {nth} is not booked: {}", server.whole_log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The ids of all bookings there are, sorted.
    pub async fn all_booked(&self, server: &Server) -> Vec<String> {
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let url = server.url(&format!("/api/v1/bookings?limit=100{cursor}"));
            let answer = server.http.get(url).bearer_auth(&self.token).send().await.unwrap();
            let page: Value = answer.json().await.unwrap();
            let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
            ids.extend(items.iter().map(|item| item["booking_id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        ids.sort();
        ids
    }
}
