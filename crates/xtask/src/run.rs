//! `make run`: build everything, then become the server.

use std::os::unix::process::CommandExt;

use crate::{
    Outcome, frontend, setup,
    shell::{run as call, step},
    workspace::Workspace,
};

pub fn run(workspace: &Workspace, arguments: &[String]) -> Outcome {
    setup::for_build(workspace)?;
    // Whoever brings a database needs no Postgres of ours.
    if std::env::var_os("DATABASE_URL").is_none_or(|url| url.is_empty()) {
        setup::postgres(workspace)?;
    }
    frontend::build(workspace)?;
    step("server: cargo build", || {
        call(&mut workspace.cargo(&["build", "--release", "--package", "server", "--bin", "eventide"]))
    })?;
    // The server takes this process's place, so that Ctrl-C and signals reach it and nothing stands between.
    let program = workspace.target.join("release/eventide");
    let mut server = workspace.command(&program);
    server.arg("serve").args(arguments);
    // A newcomer has something to look at; it fills an empty database only.
    if std::env::var_os("EVENTIDE_DEMO").is_none() {
        server.env("EVENTIDE_DEMO", "on");
    }
    let error = server.exec();
    Err(format!("cannot start {}: {error}", program.display()))
}
