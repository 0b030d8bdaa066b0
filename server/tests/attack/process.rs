//! The real binary as a process of its own, and what can be seen of it from outside.

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sqlx::{ConnectOptions, PgPool};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

/// How long anything awaited may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// `eventide serve` on a port of its own, with a JSON log that is kept.
pub struct Server {
    process: Child,
    pub addr: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(pool: &PgPool, settings: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_eventide"))
            .env("DATABASE_URL", pool.connect_options().to_url_lossy().as_str())
            .env("EVENTIDE_ADDR", "127.0.0.1:0")
            .env("EVENTIDE_LOG_FORMAT", "json")
            .env_remove("EVENTIDE_BASE_URL")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (log, said) = (Arc::default(), Arc::default());
        keep(process.stderr.take().unwrap(), Arc::clone(&log));
        keep(process.stdout.take().unwrap(), Arc::clone(&said));
        let address = || {
            let said = said.lock().unwrap();
            said.iter()
                .find_map(|line| Some(line.split_once("Eventide is at http://")?.1.trim_end_matches('/').parse()))
        };
        let addr = awaited("the server says where it is", address).await.unwrap();
        Self { process, addr, log }
    }

    pub fn pid(&self) -> u32 {
        self.process.id().expect("it runs")
    }

    /// All that was logged so far, each line of which must be JSON: nothing goes past the log.
    pub fn log(&self) -> Vec<Value> {
        let lines = self.log.lock().unwrap();
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not the log's: {line}")))
            .collect()
    }

    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse().unwrap()
    }

    /// As `docker stop` does.
    pub fn tell_to_stop(&self) {
        let pid = Pid::from_raw(self.pid().cast_signed()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    pub async fn ended(mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.process.wait()).await.expect("the server stops").unwrap()
    }

    /// Whether it went in good order.
    pub async fn stop(self) -> bool {
        self.tell_to_stop();
        self.ended().await.success()
    }
}

fn keep(output: impl AsyncRead + Unpin + Send + 'static, lines: Arc<Mutex<Vec<String>>>) {
    tokio::spawn(async move {
        let mut output = BufReader::new(output).lines();
        while let Ok(Some(line)) = output.next_line().await {
            lines.lock().unwrap().push(line);
        }
    });
}

/// Looks until there is something to see.
pub async fn awaited<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(tokio::time::Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
