//! A Postgres for development and tests: fast, forgetful, stopped at the end.

use std::{
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use embedded_postgres::{Cluster, Options};

use crate::{Outcome, setup, workspace::Workspace};

/// Runs `work` with the address of a cluster in `target/<name>`.
///
/// The folder is kept: the next call starts in a moment, and after a kill it takes over what still runs.
pub fn with_cluster<T>(workspace: &Workspace, name: &str, work: impl FnOnce(&Cluster) -> Outcome<T>) -> Outcome<T> {
    setup::postgres(workspace)?;
    let options = Options { data_dir: workspace.root.join("target").join(name), durable: false, max_connections: 300 };
    let cluster = start(&options)?;
    let mut watch = watch(&cluster)?;
    let outcome = work(&cluster);
    let _ = watch.kill().and_then(|()| watch.wait());
    cluster.stop().map_err(|error| error.to_string())?;
    outcome
}

/// Stops the cluster when this process ends early, by Ctrl-C for one: then the pipe to the shell closes.
fn watch(cluster: &Cluster) -> Outcome<Child> {
    let process = cluster.process().ok_or("Postgres has ended")?.to_string();
    Command::new("sh")
        .args(["-c", "read -r _; kill -INT \"$1\"", "sh", &process])
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot run sh: {error}"))
}

/// A cluster that another version made holds nothing worth keeping.
fn start(options: &Options) -> Outcome<Cluster> {
    match Cluster::start(options) {
        Err(embedded_postgres::Error::Version { folder, .. }) => {
            std::fs::remove_dir_all(&folder).map_err(|error| format!("cannot remove {}: {error}", folder.display()))?;
            Cluster::start(options).map_err(|error| error.to_string())
        }
        other => other.map_err(|error| error.to_string()),
    }
}
