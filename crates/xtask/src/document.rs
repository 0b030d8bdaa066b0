//! Whether the server answers as its OpenAPI document says, asked by schemathesis in a Python of its own.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    Outcome, setup,
    shell::{ask, is_root, on_path, run, step, watch},
    summary::{Count, Summary},
    workspace::Workspace,
};

/// Pinned: another one asks other things.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
const MISSING: &str = "the test of the OpenAPI document needs Python 3.10 or later with venv: \
                       install it (on Debian the packages `python3` and `python3-venv`)";

pub fn test(workspace: &Workspace, summary: &mut Summary) -> Outcome {
    let python = python(workspace)?;
    setup::postgres(workspace)?;
    run(&mut workspace.cargo(&["build", "--package", "server", "--bin", "eventide"]))?;
    let mut command = workspace.command(python);
    command.arg(workspace.root.join("server/tests/document/run.py")).arg(workspace.target.join("debug/eventide"));
    if let Some(seed) = std::env::var_os("EVENTIDE_SEED") {
        command.arg("--seed").arg(seed);
    }
    let mut found = None;
    let succeeded = watch(&mut command, |line| found = read(line).or(found))?;
    let count = found.ok_or("schemathesis told no result")?;
    summary.add("OpenAPI document", count);
    if !succeeded && count.failed == 0 { Err("schemathesis failed without a difference".into()) } else { Ok(()) }
}

/// `document: 25 passed, 0 failed`
fn read(line: &str) -> Option<Count> {
    let (passed, failed) = line.strip_prefix("document: ")?.split_once(" passed, ")?;
    Some(Count { passed: passed.parse().ok()?, failed: failed.strip_suffix(" failed")?.parse().ok()? })
}

/// Of a virtual environment, made on first use.
fn python(workspace: &Workspace) -> Outcome<PathBuf> {
    let folder = workspace.tools.join("python");
    let python = folder.join("bin/python");
    let mark = folder.join("installed");
    // A Python that was replaced meanwhile does not run.
    let runs = || ask(Command::new(&python).arg("--version")).is_some();
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == SCHEMATHESIS) && runs() {
        return Ok(python);
    }
    step("schemathesis: install it for this project", || {
        let _ = fs::remove_dir_all(&folder);
        let mut made = environment(workspace, &folder);
        if made.is_err() && is_root() && on_path(&["apt-get"]).is_some() {
            setup::apt(&["update", "-qq"])?;
            setup::apt(&["install", "-y", "-qq", "--no-install-recommends", "python3", "python3-venv"])?;
            let _ = fs::remove_dir_all(&folder);
            made = environment(workspace, &folder);
        }
        made?;
        let mut pip = workspace.command(&python);
        run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS]))?;
        fs::write(&mark, SCHEMATHESIS).map_err(|error| format!("cannot write {}: {error}", mark.display()))
    })?;
    Ok(python)
}

fn environment(workspace: &Workspace, folder: &std::path::Path) -> Outcome {
    let python = on_path(&["python3"]).ok_or(MISSING)?;
    let is_new = "import sys; sys.exit(sys.version_info < (3, 10))";
    ask(Command::new(&python).args(["-c", is_new])).ok_or(MISSING)?;
    // Debian's python3 has the module and not what it needs: it says so itself.
    run(workspace.command(python).args(["-m", "venv"]).arg(folder)).map_err(|why| format!("{MISSING} ({why})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_tells_how_many_operations_agree() {
        assert_eq!(read("document: 24 passed, 1 failed"), Some(Count { passed: 24, failed: 1 }));
        assert_eq!(read("document: some passed, 1 failed"), None);
        assert_eq!(read("24 passed, 1 failed"), None);
    }
}
