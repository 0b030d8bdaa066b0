//! Where a cluster and its socket live: in the data folder, or elsewhere when Postgres could not use that.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{Error, account::Account};

/// For what the data folder cannot hold because it lies in a folder closed to all but root (as /root is).
pub(crate) const SHARED: &str = "/var/lib/eventide";
pub(crate) const PORT: u16 = 5432;
/// `sun_path` has 108 bytes, the last one zero.
const LONGEST_SOCKET: usize = 107;

/// The folder of the cluster, which may not exist yet. `data_dir` is canonical.
///
/// If the account cannot reach the data folder, `postgres` in it becomes a link to the place that it can reach.
/// The link is the record: it is followed from then on, also when the data folder moves.
pub(crate) fn cluster_folder(data_dir: &Path) -> Result<PathBuf, Error> {
    let folder = data_dir.join("postgres");
    if let Ok(found) = folder.canonicalize() {
        return Ok(found);
    }
    if let Ok(target) = fs::read_link(&folder) {
        return Ok(data_dir.join(target));
    }
    let account = Account::for_cluster(&folder)?;
    if account.can_enter(data_dir) {
        return Ok(folder);
    }
    if data_dir.parent().is_some_and(|parent| account.can_enter(parent)) {
        // Only the data folder itself is shut: it may be passed through from now on, and still not be listed.
        let mode = fs::metadata(data_dir).map_err(Error::io("look at", data_dir))?.permissions().mode();
        fs::set_permissions(data_dir, fs::Permissions::from_mode(mode | 0o011))
            .map_err(Error::io("open a way into", data_dir))?;
        return Ok(folder);
    }
    // A new name each time: whoever removed the data folder does not want the old data back.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let elsewhere = Path::new(SHARED).join(format!("{}-{now}", fingerprint(data_dir)));
    make_shared(Path::new(SHARED))?;
    symlink(&elsewhere, &folder).map_err(Error::io("make the link", &folder))?;
    Ok(elsewhere)
}

/// A folder that every user may pass through, whatever root's umask is.
pub(crate) fn make_shared(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::io("make", folder))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(Error::io("open", folder))
}

/// The folder of the cluster's socket, made if need be; it is reached by the account (and root) only.
pub(crate) fn socket_folder(cluster: &Path, account: &Account) -> Result<PathBuf, Error> {
    let inside = cluster.join("socket");
    let longest = socket_file(&inside).as_os_str().len() + ".lock".len();
    let folder = if longest <= LONGEST_SOCKET {
        inside
    } else {
        PathBuf::from(format!("/tmp/eventide-{}", fingerprint(cluster)))
    };
    match fs::DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => account.give(&folder)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Error::io("make", &folder)(error)),
    }
    // /tmp is everybody's: a folder that someone else put there first must not be trusted.
    let found = fs::symlink_metadata(&folder).map_err(Error::io("look at", &folder))?;
    if !found.is_dir() || found.uid() != account.uid || found.permissions().mode() & 0o077 != 0 {
        return Err(Error::SocketFolder(folder));
    }
    Ok(folder)
}

pub(crate) fn socket_file(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

/// FNV-1a of a path: short, and the same in every build.
fn fingerprint(path: &Path) -> String {
    let hash = path
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}
