//! Folders of zones, made up.

use std::fs;
use std::path::Path;

/// Writes a folder of a release in which these zones are always so far ahead of UTC, as in `<+09>-9`.
pub fn write(folder: &Path, release: &str, zones: &[(&str, &str)]) {
    for (name, rule) in zones {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, always(rule)).unwrap();
    }
    fs::write(folder.join("version"), format!("{release}\n")).unwrap();
}

/// A TZif file (RFC 9636) without any transition: all is in the rule at its end.
fn always(rule: &str) -> Vec<u8> {
    let mut tzif = Vec::new();
    for _ in 0..2 {
        tzif.extend(b"TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        // Nothing but one type of local time, whose name takes four bytes.
        [0u32, 0, 0, 0, 1, 4].iter().for_each(|count| tzif.extend(count.to_be_bytes()));
        tzif.extend(b"\0\0\0\0\0\0-00\0");
    }
    tzif.extend(format!("\n{rule}\n").bytes());
    tzif
}
