//! Processes under measurement: started, awaited, and stopped whatever happens.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crate::Outcome;
use crate::client::{self, Connection};

/// How long a process may take to be ready, or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that answers HTTP.
pub struct Node {
    child: Child,
    pub addr: SocketAddr,
}

/// Which database an `eventide` serves.
pub enum On<'a> {
    Url(&'a str),
    DataDir(&'a Path),
}

impl Node {
    /// `eventide serve` with its first 200 on `/readyz`. Says how long that took.
    pub async fn eventide(on: On<'_>) -> Outcome<(Self, Duration)> {
        Self::eventide_at(free_address()?, on).await
    }

    pub async fn eventide_at(addr: SocketAddr, on: On<'_>) -> Outcome<(Self, Duration)> {
        Self::started(addr, on, &["--rate-limit", "off"]).await
    }

    /// With these settings beside the usual ones.
    pub async fn eventide_with(on: On<'_>, flags: &[&str]) -> Outcome<(Self, Duration)> {
        Self::started(free_address()?, on, flags).await
    }

    async fn started(addr: SocketAddr, on: On<'_>, flags: &[&str]) -> Outcome<(Self, Duration)> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eventide"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_setting(name)) {
            command.env_remove(name);
        }
        command.args(["serve", "--log", "warn", "--addr", &addr.to_string()]).args(flags);
        match on {
            On::Url(url) => command.args(["--database-url", url]),
            On::DataDir(folder) => command.arg("--data-dir").arg(folder),
        };
        Self::start(command, addr, "/readyz").await
    }

    /// Starts the command and waits for a 200 on `path`.
    pub async fn start(mut command: Command, addr: SocketAddr, path: &str) -> Outcome<(Self, Duration)> {
        let started = Instant::now();
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        let mut node = Self { child, addr };
        loop {
            if let Some(status) = node.child.try_wait()? {
                return Err(format!("{:?} ended: {status}", command.get_program()).into());
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("no 200 from {:?} on {path}", command.get_program()).into());
            }
            // A connection that is accepted and not yet answered waits in the socket's queue.
            if let Ok(mut connection) = Connection::open(addr).await
                && let Ok(Ok(answer)) = tokio::time::timeout(PATIENCE, connection.send(&client::get(path))).await
                && answer.status == 200
            {
                return Ok((node, started.elapsed()));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// As Ctrl-C would. Blocks, so that an interruption cannot overtake it.
    pub fn stop(mut self) -> Outcome<()> {
        tokio::task::block_in_place(|| self.end()).ok_or_else(|| "a process had to be killed".into())
    }

    /// `None` when it had to be killed.
    fn end(&mut self) -> Option<()> {
        let pid = Pid::from_child(&self.child);
        let deadline = Instant::now() + PATIENCE;
        if self.child.try_wait().ok()?.is_none() {
            let _ = kill_process(pid, Signal::TERM);
        }
        while Instant::now() < deadline {
            if self.child.try_wait().ok()?.is_some() {
                return Some(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        None
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

/// Settings of the person who runs the benchmark are not those of the nodes.
fn is_setting(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "DATABASE_URL" || (name.starts_with("EVENTIDE_") && name != "EVENTIDE_PG_BIN")
}

/// A port that was free a moment ago. The nodes bind it themselves, before they have a way to tell it.
pub fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Thousands of sockets here, and as many in the nodes, which inherit the limit. Who may (root) raises it beyond what
/// it was given.
pub fn raise_open_files() -> Outcome<()> {
    const WANTED: u64 = 65_536;
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|most| most < WANTED) {
        let raised = Rlimit { current: Some(WANTED), maximum: Some(WANTED) };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            return Ok(());
        }
    }
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    match limit.maximum {
        Some(most) if most < 4096 => Err(format!("only {most} files may be open, 4096 are needed: ulimit -Hn").into()),
        _ => Ok(()),
    }
}
