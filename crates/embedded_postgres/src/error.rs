//! What can go wrong, each in one line for the person who started the program.

use std::{io, path::PathBuf, time::Duration};

/// Why there is no running cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "no Postgres found: install Postgres 15 or later (Debian: postgresql), set EVENTIDE_PG_BIN to its bin folder, \
         or set DATABASE_URL to a database of your own"
    )]
    NoBinaries,
    #[error("EVENTIDE_PG_BIN is {}, but initdb, pg_ctl and postgres (15 or later) are not all there", .0.display())]
    NotBinaries(PathBuf),
    #[error(
        "the database in {} was made by Postgres {cluster}, and only Postgres {found} is installed: \
         install {cluster}, or name its bin folder in EVENTIDE_PG_BIN", .folder.display()
    )]
    Version { folder: PathBuf, cluster: u32, found: String },
    #[error("another eventide is using this data folder: {} (process {process})", .folder.display())]
    InUse { folder: PathBuf, process: String },
    #[error("the database in {} belongs to user {owner}: run eventide as that user or as root", .folder.display())]
    NotOwner { folder: PathBuf, owner: u32 },
    #[error("{} is not a Postgres cluster (no PG_VERSION in it): move it away and start again", .0.display())]
    NotACluster(PathBuf),
    #[error(
        "Postgres refuses to run as root, and there is neither a user `postgres` nor `nobody` to run it as: \
         start eventide as an ordinary user, or set DATABASE_URL"
    )]
    NoAccount,
    #[error("{} cannot hold the database's socket: it belongs to somebody else or is open to others", .0.display())]
    SocketFolder(PathBuf),
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("{program} failed: {said} (log: {})", .log.display())]
    Program { program: &'static str, said: String, log: PathBuf },
    #[error("Postgres died {times} times within {}: its log says why ({})", seconds(.within), .log.display())]
    KeepsDying { times: usize, within: Duration, log: PathBuf },
    #[error("Postgres died and does not start again: {0}")]
    NotRevived(#[source] Box<Self>),
    #[error("Postgres answered: {0}")]
    Query(String),
}

fn seconds(time: &Duration) -> String {
    format!("{} s", time.as_secs())
}

impl Error {
    /// For `map_err`: what was being done to which path.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}
