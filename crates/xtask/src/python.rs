//! A Python of the project's own, for tests that another maker's programs have to judge.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    Outcome, setup,
    shell::{ask, is_root, on_path, run, step},
    workspace::Workspace,
};

/// Pinned: another schemathesis asks other things.
const PACKAGES: [&str; 2] = ["schemathesis==4.32.5", TZDATA];
/// Of the release that is compiled in: 2026.6 is 2026f.
pub const TZDATA: &str = "tzdata==2026.6";
const MISSING: &str = "the tests of the OpenAPI document and of the zone database need Python 3.10 or later with venv: \
                       install it (on Debian the packages `python3` and `python3-venv`)";

/// Of a virtual environment, made on first use.
pub fn installed(workspace: &Workspace) -> Outcome<PathBuf> {
    let folder = workspace.tools.join("python");
    let python = folder.join("bin/python");
    let mark = folder.join("installed");
    let wanted = PACKAGES.join("\n");
    // A Python that was replaced meanwhile does not run.
    let runs = || ask(Command::new(&python).arg("--version")).is_some();
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) && runs() {
        return Ok(python);
    }
    step("Python: install its packages for this project", || {
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
        run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES))?;
        fs::write(&mark, wanted).map_err(|error| format!("cannot write {}: {error}", mark.display()))
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
