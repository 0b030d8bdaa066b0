//! What must hold before any test runs: formatting, lints for host and browser, documentation.

use std::process::Command;

use crate::{
    Outcome, setup,
    setup::WASM,
    shell::{run, step},
    workspace::Workspace,
    zones,
};

/// The crates of the host. Never all features together: `ssr` and `hydrate` of the app must not meet.
pub const HOST: [&str; 14] = [
    "-p",
    "domain",
    "-p",
    "service",
    "-p",
    "embedded_postgres",
    "-p",
    "xtask",
    "-p",
    "app",
    "-p",
    "server",
    "--features",
    "app/ssr,domain/zones",
];
/// Both bundles of the browser's code.
const GUEST: [&str; 8] = ["-p", "frontend", "-p", "app", "--features", "app/hydrate", "--target", WASM];
const PROVIDER: [&str; 8] = ["-p", "frontend", "-p", "app", "--features", "app/hydrate,app/provider", "--target", WASM];
const DENY: [&str; 3] = ["--", "-D", "warnings"];

/// `make check`: all of them, so that one run names every fault.
pub fn check(workspace: &Workspace) -> Outcome {
    setup::for_build(workspace)?;
    let mut failed: Vec<&str> = all(workspace).into_iter().filter(|(_, ok)| !ok).map(|(name, _)| name).collect();
    if !passes("documentation", &mut documentation(workspace)) {
        failed.push("documentation");
    }
    zones::note_newer(workspace);
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

/// Formatting and lints by name, and whether each passed.
pub fn all(workspace: &Workspace) -> Vec<(&'static str, bool)> {
    let clippy = |what: &[&str]| workspace.cargo(&[&["clippy"], what, &["--all-targets"], &DENY[..]].concat());
    [
        ("formatting", workspace.cargo(&["fmt", "--all", "--check"])),
        ("clippy for the host", clippy(&HOST)),
        ("clippy for the guest's browser", clippy(&GUEST)),
        ("clippy for the provider's browser", clippy(&PROVIDER)),
    ]
    .into_iter()
    .map(|(name, mut command)| (name, passes(name, &mut command)))
    .collect()
}

fn passes(name: &str, command: &mut Command) -> bool {
    step(name, || run(command)).is_ok()
}

fn documentation(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo(&[&["doc", "--no-deps"], &HOST[..]].concat());
    command.env("RUSTDOCFLAGS", "-D warnings");
    command
}
