//! The process behind a cluster, as its `postmaster.pid` tells and /proc confirms.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// What `postmaster.pid` says, when a process of this very cluster stands behind it.
pub(crate) struct Postmaster {
    pub process: u32,
    pub ready: bool,
}

/// The running postmaster of the cluster; `None` when the file is missing or a crash left it behind.
pub(crate) fn running(cluster: &Path) -> Option<Postmaster> {
    let text = fs::read_to_string(pid_file(cluster)).ok()?;
    let mut lines = text.lines();
    let process = lines.next()?.trim().parse().ok()?;
    // The number may belong to any process by now, even to another Postgres.
    if !is_process_of(process, cluster) {
        return None;
    }
    // Line 8 is the status: starting, stopping, ready or standby.
    Some(Postmaster { process, ready: lines.nth(6).is_some_and(|status| status.trim() == "ready") })
}

/// Waits until the postmaster is ready; false when it ended or `patience` did.
pub(crate) fn wait_ready(cluster: &Path, patience: Duration) -> bool {
    poll(patience, || running(cluster).is_none_or(|postmaster| postmaster.ready))
        && running(cluster).is_some_and(|postmaster| postmaster.ready)
}

pub(crate) fn pid_file(cluster: &Path) -> PathBuf {
    cluster.join("postmaster.pid")
}

/// Waits until no process of the cluster is left, or `patience` is over.
pub(crate) fn wait_none(cluster: &Path, patience: Duration) -> bool {
    poll(patience, || processes(cluster).next().is_none())
}

/// Kills whatever works in the cluster. Only for sessions whose postmaster is dead: their work is lost anyway, and
/// Postgres recovers from it as from any crash.
pub(crate) fn kill_all(cluster: &Path) {
    let known = processes(cluster).filter_map(|process| Pid::from_raw(process.cast_signed()));
    for process in known {
        // It may have ended just now.
        let _ = kill_process(process, Signal::KILL);
    }
}

/// All processes at work in the cluster. Without /proc there seem to be none.
fn processes(cluster: &Path) -> impl Iterator<Item = u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all = all.filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok()));
    all.filter(|process| is_process_of(*process, cluster))
}

/// Whether the process is a Postgres at work in this folder: each changes into its cluster's. One that is dead and not
/// yet buried has no program any more.
#[cfg(target_os = "linux")]
pub(crate) fn is_process_of(process: u32, cluster: &Path) -> bool {
    let proc = PathBuf::from(format!("/proc/{process}"));
    // The kernel adds " (deleted)" to the name of a program that was upgraded meanwhile.
    let program = fs::read_link(proc.join("exe")).unwrap_or_default();
    let program = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    program.starts_with("postgres") && fs::read_link(proc.join("cwd")).is_ok_and(|folder| folder == cluster)
}

/// Without /proc there is only the name to go by.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_process_of(process: u32, _cluster: &Path) -> bool {
    let answer = std::process::Command::new("ps").args(["-o", "comm=", "-p", &process.to_string()]).output();
    answer.is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).contains("postgres"))
}

fn poll(patience: Duration, done: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
}
