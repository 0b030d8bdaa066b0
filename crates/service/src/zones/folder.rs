//! A folder of compiled zones, as systems and `zic` make them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use domain::zones::{BrokenZone, Release, Zones};

/// The beginning of every file that holds a zone (RFC 9636).
const MAGIC: &[u8] = b"TZif";
/// Far more than any zone takes.
const LARGEST: u64 = 1 << 20;
/// The same zones once more, or counted with leap seconds, or what this machine happens to be set to.
const NO_NAMES: [&str; 5] = ["posix", "right", "localtime", "posixrules", "Factory"];

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("there are no zones in it")]
    Empty,
    #[error("its {0} is not a zone file")]
    NoZone(String),
    #[error(transparent)]
    Broken(#[from] BrokenZone),
}

/// The release that a folder says it is of.
///
/// `+VERSION` and `version` are what makers put beside the zones, `tzdata.zi` is the text they were made of.
pub fn release(folder: &Path) -> Result<Option<Release>, Fault> {
    fs::read_dir(folder)?;
    let first_line = |name: &str| -> Option<String> {
        let text = fs::read(folder.join(name)).ok()?;
        let line = text.split(|byte| *byte == b'\n').next()?;
        Some(String::from_utf8_lossy(line).trim().to_owned())
    };
    let mut said = ["+VERSION", "version", "tzdata.zi"].into_iter().filter_map(first_line);
    Ok(said.find_map(|line| line.trim_start_matches("# version ").parse().ok()))
}

/// All its zones, with what it lacks taken from those compiled in.
pub fn read(folder: &Path) -> Result<Zones, Fault> {
    let release = release(folder)?;
    let mut files = BTreeMap::new();
    let mut open = vec![PathBuf::new()];
    while let Some(within) = open.pop() {
        for entry in fs::read_dir(folder.join(&within))? {
            let path = within.join(entry?.file_name());
            let Some(name) = path.to_str().filter(|name| !NO_NAMES.contains(name)).map(str::to_owned) else { continue };
            // Of what a link leads to: many zones are links.
            let about = match fs::metadata(folder.join(&path)) {
                // A link to nowhere is no zone.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                about => about?,
            };
            if about.is_dir() {
                // `Area/Country/City` is as deep as names go; a link to a folder above would else never end.
                if path.components().count() < 3 {
                    open.push(path);
                }
            } else if about.is_file() && about.len() <= LARGEST {
                let bytes = fs::read(folder.join(&path))?;
                if bytes.starts_with(MAGIC) {
                    files.insert(name, bytes);
                } else if Zones::in_use().rules(&name).is_some() {
                    return Err(Fault::NoZone(name));
                }
            }
        }
    }
    if files.is_empty() {
        return Err(Fault::Empty);
    }
    Ok(Zones::new(release, files)?)
}
