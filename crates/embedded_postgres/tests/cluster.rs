//! The life of a cluster on the machine's real Postgres: kept data, crashes, strangers, and second starters.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use embedded_postgres::{Cluster, Error, Options};
use tempfile::TempDir;

fn options(data_dir: &Path) -> Options {
    Options { data_dir: data_dir.into(), durable: false, max_connections: 20 }
}

fn temporary() -> TempDir {
    TempDir::with_prefix("eventide-test-").expect("a temporary folder")
}

fn start(data_dir: &Path) -> Cluster {
    Cluster::start(&options(data_dir)).unwrap_or_else(|error| panic!("{error}"))
}

fn remember(cluster: &Cluster, word: &str) {
    cluster.query("create table if not exists kept (word text)").expect("a table");
    cluster.query(&format!("insert into kept values ('{word}')")).expect("a row");
}

fn remembered(cluster: &Cluster) -> Vec<String> {
    let rows = cluster.query("select word from kept order by word").expect("the rows");
    rows.into_iter().map(|mut row| row.remove(0).expect("a word")).collect()
}

fn kill_hard(process: u32) {
    let done = Command::new("kill").args(["-9", &process.to_string()]).status().expect("kill");
    assert!(done.success());
    await_end(process);
}

fn await_end(process: u32) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while alive(process) {
        assert!(Instant::now() < deadline, "process {process} does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A zombie that nobody has buried yet does not count.
fn alive(process: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// Leaves the cluster running, as a server that was killed does. The lock has to go as it would with the process.
fn abandon(cluster: Cluster, data_dir: &Path) {
    std::mem::forget(cluster);
    let lock = data_dir.join("eventide.lock");
    // The forgotten handle still holds the lock on the old file.
    fs::remove_file(lock).expect("the lock file");
}

fn pid_file(cluster: &Cluster) -> PathBuf {
    cluster.folder().join("postmaster.pid")
}

#[test]
fn data_outlives_a_stop_and_a_start() {
    let folder = temporary();
    let cluster = start(folder.path());
    assert!(cluster.url().starts_with("postgres://eventide@localhost:5432/eventide?host=%2F"), "{}", cluster.url());
    remember(&cluster, "first");
    let process = cluster.process().expect("a process");
    cluster.stop().expect("stopped");
    await_end(process);

    let cluster = start(folder.path());
    remember(&cluster, "second");
    assert_eq!(remembered(&cluster), ["first", "second"]);
    cluster.stop().expect("stopped");
}

#[test]
fn settings_reach_the_cluster() {
    let folder = temporary();
    let cluster = start(folder.path());
    let shown = |name: &str| cluster.query(&format!("show {name}")).expect("a setting")[0][0].clone().expect("a value");
    assert_eq!(shown("listen_addresses"), "");
    assert_eq!(shown("max_connections"), "20");
    assert_eq!(shown("fsync"), "off");
    assert_eq!(shown("TimeZone"), "UTC");
    assert_eq!(shown("server_encoding"), "UTF8");
    cluster.query("create extension btree_gist").expect("the extension that the migrations need");
    assert_eq!(cluster.query("select lower('ÀÉ')").expect("a word")[0][0].as_deref(), Some("àé"));
}

#[test]
fn a_durable_cluster_syncs() {
    let folder = temporary();
    let cluster = Cluster::start(&Options::new(folder.path())).expect("started");
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(cluster.query(&format!("show {name}")).expect("a setting")[0][0].as_deref(), Some("on"), "{name}");
    }
}

#[test]
fn a_killed_postgres_is_recovered_with_its_data() {
    let folder = temporary();
    let cluster = Cluster::start(&Options::new(folder.path())).expect("started");
    remember(&cluster, "committed");
    kill_hard(cluster.process().expect("a process"));
    assert!(pid_file(&cluster).exists(), "the kill left the pid file behind");
    cluster.stop().expect("nothing to stop");

    let cluster = Cluster::start(&Options::new(folder.path())).expect("recovered");
    assert_eq!(remembered(&cluster), ["committed"]);
}

#[test]
fn a_cluster_left_running_is_taken_over() {
    let folder = temporary();
    let cluster = start(folder.path());
    remember(&cluster, "kept");
    let process = cluster.process();
    abandon(cluster, folder.path());

    let cluster = start(folder.path());
    assert_eq!(cluster.process(), process, "the same postmaster");
    assert_eq!(remembered(&cluster), ["kept"]);
    cluster.stop().expect("stopped");
    await_end(process.expect("a process"));
}

#[test]
fn a_cluster_left_running_with_other_settings_starts_anew() {
    let folder = temporary();
    let cluster = start(folder.path());
    let process = cluster.process();
    abandon(cluster, folder.path());

    let cluster = Cluster::start(&Options { max_connections: 33, ..options(folder.path()) }).expect("started");
    assert_ne!(cluster.process(), process);
    assert_eq!(cluster.query("show max_connections").expect("a setting")[0][0].as_deref(), Some("33"));
}

#[test]
fn a_stale_pid_file_with_a_strangers_number_does_not_stop_a_start() {
    let folder = temporary();
    let cluster = Cluster::start(&Options::new(folder.path())).expect("started");
    remember(&cluster, "kept");
    let file = pid_file(&cluster);
    let text = fs::read_to_string(&file).expect("the pid file");
    let old = cluster.process().expect("a process").to_string();
    kill_hard(cluster.process().expect("a process"));
    drop(cluster);

    // The number now belongs to a live process that is no Postgres.
    let mut stranger = Command::new("sleep")
        .arg("600")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sleep");
    fs::write(&file, text.replacen(&old, &stranger.id().to_string(), 1)).expect("the pid file");

    let cluster = Cluster::start(&Options::new(folder.path())).expect("started");
    assert_eq!(remembered(&cluster), ["kept"]);
    assert!(stranger.try_wait().expect("a state").is_none(), "the stranger was left alone");
    stranger.kill().and_then(|()| stranger.wait()).expect("the stranger's end");
}

#[test]
fn another_postgres_behind_a_stale_number_is_left_alone() {
    let (folder, other_folder) = (temporary(), temporary());
    let other = start(other_folder.path());
    let cluster = Cluster::start(&Options::new(folder.path())).expect("started");
    remember(&cluster, "kept");
    let file = pid_file(&cluster);
    let text = fs::read_to_string(&file).expect("the pid file");
    let old = cluster.process().expect("a process").to_string();
    kill_hard(cluster.process().expect("a process"));
    drop(cluster);
    let foreign = other.process().expect("a process");
    fs::write(&file, text.replacen(&old, &foreign.to_string(), 1)).expect("the pid file");

    let cluster = Cluster::start(&Options::new(folder.path())).expect("started");
    assert_eq!(remembered(&cluster), ["kept"]);
    assert_eq!(other.process(), Some(foreign), "the other cluster still runs");
}

#[test]
fn a_second_starter_is_told_who_was_first() {
    let folder = temporary();
    let _cluster = start(folder.path());
    let error = Cluster::start(&options(folder.path())).expect_err("refused");
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("another eventide is using this data folder"), "{said}");
    assert!(said.contains(&std::process::id().to_string()), "{said}");
}

#[test]
fn a_long_path_with_odd_letters_works() {
    let folder = temporary();
    let data_dir = folder.path().join("o'dd \"näme\" $HOME `id` 100%").join("x".repeat(120));
    let cluster = start(&data_dir);
    remember(&cluster, "far away");
    let socket = cluster.query("show unix_socket_directories").expect("a setting")[0][0].clone().expect("a folder");
    let socket = PathBuf::from(socket.trim_matches('"'));
    assert!(socket.starts_with("/tmp"), "{socket:?}");
    cluster.stop().expect("stopped");
    let cluster = start(&data_dir);
    assert_eq!(remembered(&cluster), ["far away"]);
    cluster.stop().expect("stopped");
    fs::remove_dir_all(socket).expect("the socket's folder");
}

#[test]
fn a_short_path_with_odd_letters_works() {
    let folder = temporary();
    let cluster = start(&folder.path().join("it's, \"a\" $b c\\d"));
    remember(&cluster, "near");
    assert!(cluster.url().contains("it%27s%2C%20%22a%22%20%24b%20c%5Cd"), "{}", cluster.url());
}

#[test]
fn a_folder_that_is_no_cluster_is_not_touched() {
    let folder = temporary();
    fs::create_dir(folder.path().join("postgres")).expect("a folder");
    fs::write(folder.path().join("postgres/letters.txt"), "dear").expect("a file");
    let error = Cluster::start(&options(folder.path())).expect_err("refused");
    assert!(matches!(error, Error::NotACluster(_)), "{error}");
    assert!(folder.path().join("postgres/letters.txt").exists());
}

#[test]
fn a_cluster_of_a_version_that_is_not_installed_is_refused() {
    let folder = temporary();
    start(folder.path()).stop().expect("stopped");
    fs::write(folder.path().join("postgres/PG_VERSION"), "9\n").expect("the version");
    let said = Cluster::start(&options(folder.path())).expect_err("refused").to_string();
    assert!(said.contains("was made by Postgres 9"), "{said}");
    assert_eq!(said.lines().count(), 1);
}

#[test]
fn an_initdb_that_was_cut_short_is_begun_again() {
    let folder = temporary();
    fs::create_dir(folder.path().join("postgres.new")).expect("a folder");
    fs::write(folder.path().join("postgres.new/PG_VERSION"), "15\n").expect("a half-made cluster");
    let cluster = start(folder.path());
    remember(&cluster, "whole");
    assert!(!folder.path().join("postgres.new").exists());
}

#[test]
fn the_socket_is_closed_to_other_users() {
    use std::os::unix::fs::PermissionsExt;
    let folder = temporary();
    let cluster = start(folder.path());
    let mode = fs::metadata(cluster.folder().join("socket")).expect("the socket's folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
