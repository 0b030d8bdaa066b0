//! A cluster's life: made once, started, taken over or recovered at every start, stopped at the end.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::{Read, Write},
    os::unix::{
        fs::{DirBuilderExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::{
    Error, Rows,
    account::Account,
    binaries::{self, Binaries},
    place, postmaster, settings, wire,
};

/// The database that every cluster has.
pub const DATABASE: &str = "eventide";
/// The role that owns it. It needs no password: the socket lets in only who may read the files anyway.
pub const SUPERUSER: &str = "eventide";

/// Replaying the log after a crash takes as long as the log is.
const RECOVERY: Duration = Duration::from_secs(600);
const STOPPING: Duration = Duration::from_secs(60);
/// Sessions of a Postgres that was killed end by themselves, at once; one that is frozen or busy does not.
const LEAVING: Duration = Duration::from_secs(1);
const OLD_LOG: u64 = 16 * 1024 * 1024;

/// Which cluster to start and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Made if it is missing; the cluster lives in `postgres` in it.
    pub data_dir: PathBuf,
    /// False for tests: nothing is synced to disk, and a crash of the machine may lose the data.
    pub durable: bool,
    pub max_connections: u32,
}

impl Options {
    /// A durable cluster with 100 connections.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), durable: true, max_connections: 100 }
    }
}

/// A running cluster, used by nobody else. Stopped when dropped; `stop` tells whether that went well.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    socket_folder: PathBuf,
    binaries: Binaries,
    account: Account,
    stopped: bool,
    /// The postmaster that we started or took over.
    process: u32,
    /// Held for as long as the cluster is ours; the kernel releases it however this process ends.
    _lock: File,
}

impl Cluster {
    /// Starts the cluster of a data folder, made if new, and returns when it answers.
    ///
    /// A cluster that a killed server left running is taken over; one that was killed itself is recovered.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let data_dir = &options.data_dir;
        fs::create_dir_all(data_dir).map_err(Error::io("make the data folder", data_dir))?;
        let data_dir = data_dir.canonicalize().map_err(Error::io("open", data_dir))?;
        let lock = lock(&data_dir)?;

        let folder = place::cluster_folder(&data_dir)?;
        let account = Account::for_cluster(&folder)?;
        let version = version_of(&folder)?;
        let binaries = binaries::choose(&folder, version)?;
        let binaries = binaries::reachable(binaries, &account, Path::new(place::SHARED))?;
        if version.is_none() {
            make(&folder, &binaries, &account, options.durable)?;
        }
        let folder = folder.canonicalize().map_err(Error::io("open", &folder))?;
        take_possession(&folder, &account)?;

        let socket_folder = place::socket_folder(&folder, &account)?;
        let mut cluster = Self { folder, socket_folder, binaries, account, stopped: true, process: 0, _lock: lock };
        cluster.run(options)?;
        cluster.stopped = false;
        cluster.process = cluster.process().unwrap_or_default();
        cluster.create_database()?;
        Ok(cluster)
    }

    /// For sqlx and other clients: `postgres://…?host=<socket folder>`, percent-encoded.
    pub fn url(&self) -> String {
        self.url_of(DATABASE)
    }

    /// The same for another database of this cluster, whose name needs no encoding.
    pub fn url_of(&self, database: &str) -> String {
        let host = percent_encoded(self.socket_folder.as_os_str().as_encoded_bytes());
        format!("postgres://{SUPERUSER}@localhost:{}/{database}?host={host}", place::PORT)
    }

    /// Where the data is: `postgres` in the data folder, or where that link leads.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The programs that run it (initdb, pg_ctl and postgres, perhaps psql and pgbench).
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The process number of the postmaster, while it lives.
    pub fn process(&self) -> Option<u32> {
        postmaster::running(&self.folder).map(|postmaster| postmaster.process)
    }

    /// Whether the postmaster that was started, or taken over, still lives. Frozen is alive.
    pub fn is_alive(&self) -> bool {
        postmaster::is_process_of(self.process, &self.folder)
    }

    /// Starts it again after it ended by itself, with the settings it had: its crash recovery loses nothing that was
    /// committed. Returns when it answers, or soon after `given_up` was set; then it may be stopped as ever.
    pub fn revive(&mut self, given_up: &AtomicBool) -> Result<(), Error> {
        self.clear_remains()?;
        self.pg_ctl_start(given_up)?;
        self.process = self.process().unwrap_or_default();
        Ok(())
    }

    /// Runs `sql` (one or more statements, one transaction) in the database and returns all rows as text.
    pub fn query(&self, sql: &str) -> Result<Rows, Error> {
        wire::query(&place::socket_file(&self.socket_folder), SUPERUSER, DATABASE, sql)
    }

    /// Ends all sessions, writes everything down and stops.
    pub fn stop(mut self) -> Result<(), Error> {
        self.shut_down()
    }

    fn run(&self, options: &Options) -> Result<(), Error> {
        let wanted = settings::text(options, &self.socket_folder);
        let file = self.folder.join(settings::FILE);
        let unchanged = fs::read_to_string(&file).is_ok_and(|found| found == wanted);
        if postmaster::running(&self.folder).is_some() {
            if unchanged && postmaster::wait_ready(&self.folder, RECOVERY) {
                return Ok(());
            }
            // With other settings it has to start anew. It may also have been on its way out already.
            self.pg_ctl_stop()?;
        }
        self.clear_remains()?;
        fs::write(&file, wanted).map_err(Error::io("write", &file))?;
        self.account.give(&file)?;
        self.include_settings()?;
        self.pg_ctl_start(&AtomicBool::new(false))
    }

    /// Removes what a killed Postgres leaves behind. Nobody else can be using it: the data folder is locked by us.
    fn clear_remains(&self) -> Result<(), Error> {
        // Sessions outlive a killed postmaster for a moment, and their shared memory forbids a new one.
        if !postmaster::wait_none(&self.folder, LEAVING) {
            postmaster::kill_all(&self.folder);
        }
        if !postmaster::wait_none(&self.folder, STOPPING) {
            let said = "sessions of a Postgres that was killed do not end".to_owned();
            return Err(Error::Program { program: "Postgres", said, log: self.log() });
        }
        // Postgres itself replaces the socket when it is ready to: until then who connects is refused, and tries again.
        let socket_lock = self.socket_folder.join(format!(".s.PGSQL.{}.lock", place::PORT));
        for file in [postmaster::pid_file(&self.folder), socket_lock] {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io("remove", file)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn include_settings(&self) -> Result<(), Error> {
        let file = self.folder.join("postgresql.conf");
        let include = format!("include '{}'", settings::FILE);
        let text = fs::read_to_string(&file).map_err(Error::io("read", &file))?;
        if text.lines().any(|line| line.trim() == include) {
            return Ok(());
        }
        fs::write(&file, format!("{text}\n{include}\n")).map_err(Error::io("write", &file))
    }

    fn pg_ctl_start(&self, given_up: &AtomicBool) -> Result<(), Error> {
        let log = self.log();
        if fs::metadata(&log).is_ok_and(|found| found.len() > OLD_LOG) {
            fs::rename(&log, log.with_extension("log.1")).map_err(Error::io("rename", &log))?;
        }
        let written = fs::metadata(&log).map_or(0, |found| found.len() as usize);
        let seconds = RECOVERY.as_secs().to_string();
        let (program, mut command) = self.pg_ctl_command(&["start", "-w", "-s", "-t", &seconds, "-l", "server.log"]);
        let starting = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut starting = starting.map_err(Error::io("run", &program))?;
        while starting.try_wait().map_err(Error::io("wait for", &program))?.is_none() {
            // Recovery may take minutes: whoever stops the server does not wait for them.
            if given_up.load(Ordering::Relaxed) && postmaster::running(&self.folder).is_some() {
                self.pg_ctl_stop()?;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let done = starting.wait_with_output().map_err(Error::io("wait for", &program))?;
        if done.status.success() || given_up.load(Ordering::Relaxed) {
            return Ok(());
        }
        let text = fs::read(&log).unwrap_or_default();
        let new = text.get(written..).unwrap_or_default();
        let said = reason(&String::from_utf8_lossy(new), &done.stderr);
        Err(Error::Program { program: "Postgres", said, log })
    }

    fn pg_ctl_stop(&self) -> Result<(), Error> {
        let seconds = STOPPING.as_secs().to_string();
        let done = self.pg_ctl(&["stop", "-w", "-s", "-m", "fast", "-t", &seconds])?;
        // It may have ended by itself between the look and the call.
        if done.status.success() || postmaster::running(&self.folder).is_none() {
            return Ok(());
        }
        Err(Error::Program { program: "pg_ctl stop", said: reason("", &done.stderr), log: self.log() })
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Result<Output, Error> {
        let (program, mut command) = self.pg_ctl_command(arguments);
        output(&mut command, &program)
    }

    fn pg_ctl_command(&self, arguments: &[&str]) -> (PathBuf, Command) {
        let program = self.binaries.folder.join("pg_ctl");
        // pg_ctl hands the folder to a shell: from inside, its name is a harmless dot. A group of its own keeps a
        // Ctrl-C meant for the server from reaching it half-way; the postmaster gets a session of its own anyway.
        let mut command = self.account.command(&program);
        command.args(arguments).args(["-D", "."]).current_dir(&self.folder).process_group(0);
        (program, command)
    }

    fn create_database(&self) -> Result<(), Error> {
        let socket = place::socket_file(&self.socket_folder);
        let ask = |sql: &str| wire::query(&socket, SUPERUSER, "postgres", sql);
        if ask(&format!("select 1 from pg_database where datname = '{DATABASE}'"))?.is_empty() {
            ask(&format!("create database {DATABASE}"))?;
        }
        Ok(())
    }

    fn shut_down(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.stopped, true) || postmaster::running(&self.folder).is_none() {
            return Ok(());
        }
        self.pg_ctl_stop()?;
        // pg_ctl looks at the pid file only, which goes a moment before the process.
        postmaster::wait_none(&self.folder, STOPPING);
        Ok(())
    }

    /// Where Postgres says what happens to it.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Whoever cares how it went calls `stop`.
        let _ = self.shut_down();
    }
}

/// One server to a data folder. The file stays; the lock on it goes with the process.
fn lock(data_dir: &Path) -> Result<File, Error> {
    let path = data_dir.join("eventide.lock");
    let mut options = File::options();
    let mut file =
        options.read(true).write(true).create(true).truncate(false).open(&path).map_err(Error::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = file.read_to_string(&mut process);
            let process = process.trim();
            let process = if process.is_empty() { "number not known yet" } else { process }.into();
            return Err(Error::InUse { folder: data_dir.into(), process });
        }
        Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(Error::io("write", &path))?;
    Ok(file)
}

/// The version that made the cluster; `None` when there is none yet.
fn version_of(folder: &Path) -> Result<Option<u32>, Error> {
    if let Ok(text) = fs::read_to_string(folder.join("PG_VERSION")) {
        return Ok(text.trim().parse().ok());
    }
    match fs::read_dir(folder) {
        Ok(entries) => match entries.count() {
            0 => Ok(None),
            _ => Err(Error::NotACluster(folder.into())),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", folder)(error)),
    }
}

/// Makes the cluster beside its place and moves it there when it is whole: a half-made one is never found.
fn make(folder: &Path, binaries: &Binaries, account: &Account, durable: bool) -> Result<(), Error> {
    let partial = folder.with_extension("new");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(Error::io("remove", &partial))?;
    }
    DirBuilder::new().mode(0o700).create(&partial).map_err(Error::io("make", &partial))?;
    account.give(&partial)?;

    // Bytewise order, and letters of every language; the same on every machine.
    let modern: &[&str] = &["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
    let usual: &[&str] = &["--locale=C.UTF-8"];
    let bare: &[&str] = &["--locale=C"];
    let first = if binaries.version >= 17 { modern } else { usual };
    let initdb = |locale: &[&str]| {
        let program = binaries.folder.join("initdb");
        let mut command = account.command(&program);
        command.args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--no-instructions"]);
        command.args(locale).args((!durable).then_some("--no-sync")).arg("--pgdata").arg(&partial);
        output(&mut command, &program)
    };
    let mut done = initdb(first)?;
    if !done.status.success() {
        // Not every system has C.UTF-8. initdb cleans up after a failure.
        done = initdb(bare)?;
    }
    if !done.status.success() {
        return Err(Error::Program { program: "initdb", said: reason("", &done.stderr), log: partial });
    }
    fs::rename(&partial, folder).map_err(Error::io("move the new cluster to", folder))
}

/// Rights that copying or unpacking a data folder may have changed, and on which Postgres insists.
fn take_possession(folder: &Path, account: &Account) -> Result<(), Error> {
    if account.owns(folder) {
        let found = fs::metadata(folder).map_err(Error::io("look at", folder))?.permissions().mode();
        if found & 0o077 == 0 {
            return Ok(());
        }
    } else {
        account.give_all(folder)?;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(Error::io("protect", folder))
}

fn output(command: &mut Command, program: &Path) -> Result<Output, Error> {
    command.stdin(std::process::Stdio::null()).output().map_err(Error::io("run", program))
}

/// The line that says why: the last fatal one of the log, else the first error of the program.
fn reason(log: &str, stderr: &[u8]) -> String {
    let after = |line: &str, word: &str| line.split_once(word).map(|(_, said)| said.trim().to_owned());
    let stderr = String::from_utf8_lossy(stderr);
    log.lines()
        .rev()
        .find_map(|line| after(line, "FATAL:").or_else(|| after(line, "PANIC:")))
        .or_else(|| stderr.lines().find_map(|line| after(line, "error:")))
        .or_else(|| stderr.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned))
        .unwrap_or_else(|| "it gave no reason".into())
}

fn percent_encoded(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(*byte)),
            _ => _ = write!(text, "%{byte:02X}"),
        }
        text
    })
}
