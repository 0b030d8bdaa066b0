//! How many connections there may be, by the files that this process may open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;
use crate::database;

/// Kept for what is no connection of a client: the log, the listening socket, the runtime's own, files that are read.
const OTHERS: usize = 64;
/// More are not asked for of themselves: each costs some 20 kB, and who has the memory can say so.
const USUAL_MOST: usize = 32_768;
/// Where the system does not say.
const UNKNOWN_FILES: usize = 1024;

/// What this process has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Of any kind.
    pub connections: usize,
    /// Live sockets among them: they stay for hours, and somebody has to be able to ask for a page beside them.
    pub live: usize,
}

impl Capacity {
    pub fn of(config: &Config) -> Self {
        Self::within(open_files(), config.connections)
    }

    /// Postgres and a reserve come first; of very few files, half are for connections all the same.
    fn within(files: usize, asked: Option<usize>) -> Self {
        let reserved = database::CONNECTIONS as usize + OTHERS;
        let possible = files.saturating_sub(reserved).max(files / 2).max(1);
        let connections = asked.unwrap_or(USUAL_MOST).min(possible);
        Self { connections, live: (connections - connections / 4).max(1) }
    }
}

/// As many files as this process may have open now.
fn open_files() -> usize {
    match getrlimit(Resource::Nofile).current {
        Some(files) => usize::try_from(files).unwrap_or(usize::MAX),
        None => UNKNOWN_FILES.max(USUAL_MOST * 2),
    }
}

/// As many sockets and files as the system lets this process have: what it starts with is often 1024, made for
/// programs that use `select`.
pub fn raise_open_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "the number of open files stays as it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_follows_from_the_files_there_are() {
        let connections = |files, asked| Capacity::within(files, asked).connections;
        assert_eq!(connections(1024, None), 1024 - OTHERS - database::CONNECTIONS as usize);
        assert_eq!(connections(1 << 20, None), USUAL_MOST);
        assert_eq!(connections(1 << 20, Some(100_000)), 100_000);
        assert_eq!(connections(1024, Some(100_000)), connections(1024, None), "no more than there is room for");
        assert_eq!(connections(1024, Some(10)), 10);
        assert_eq!(connections(64, None), 32, "a server that takes nobody is of no use");
    }

    #[test]
    fn live_sockets_leave_room_for_others() {
        for files in [4, 64, 400, 20_000] {
            let Capacity { connections, live } = Capacity::within(files, None);
            assert!(live >= 1 && (live < connections || connections < 4), "{files}: {live} of {connections}");
        }
    }
}
