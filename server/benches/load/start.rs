//! From nothing to the first 200 on an existing embedded cluster, against a bare start of the cluster.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Outcome;
use crate::node::{Node, On};
use crate::table::{Row, median};

const ROUNDS: usize = 5;

/// `folder` holds `data`, a stopped cluster of `eventide`; `programs` are those that made it.
pub async fn measure(folder: &Path, programs: &Path) -> Outcome<Row> {
    println!("start: eventide serve on an existing embedded cluster");
    let data = folder.join("data");
    let cluster = BareCluster { folder: data.join("postgres").canonicalize()?, pg_ctl: programs.join("pg_ctl") };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (node, took) = Node::eventide(On::DataDir(&data)).await?;
        ours.push(took.as_secs_f64());
        node.stop()?;

        let started = Instant::now();
        cluster.control(&["start", "-w", "-l", "/dev/null"])?;
        theirs.push(started.elapsed().as_secs_f64());
        cluster.control(&["stop", "-w", "-m", "fast"])?;
    }
    println!("  each of them, in seconds: {ours:.2?}, pg_ctl {theirs:.2?}");
    let (ours, theirs) = (median(&ours), median(&theirs));
    Ok(Row {
        what: "eventide serve to the first 200 on /readyz".into(),
        measured: format!("{ours:.2} s"),
        compared_with: format!("pg_ctl start {theirs:.2} s"),
        ratio: Some(ours / theirs),
        target: "< 2 s",
        reached: ours < 2.0,
    })
}

/// The cluster without a server around it. Dropped, it stops what a failure left running.
struct BareCluster {
    folder: PathBuf,
    pg_ctl: PathBuf,
}

impl BareCluster {
    /// As the user that the cluster belongs to: Postgres refuses root.
    fn control(&self, arguments: &[&str]) -> Outcome<()> {
        let owner = std::fs::metadata(&self.folder)?;
        let mut command = Command::new(&self.pg_ctl);
        command.arg("-D").arg(&self.folder).args(arguments).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        if std::fs::metadata("/proc/self")?.uid() != owner.uid() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        match command.status()? {
            status if status.success() => Ok(()),
            status => Err(format!("pg_ctl {}: {status}", arguments.join(" ")).into()),
        }
    }
}

impl Drop for BareCluster {
    fn drop(&mut self) {
        if self.folder.join("postmaster.pid").exists() {
            let _ = self.control(&["stop", "-w", "-m", "immediate"]);
        }
    }
}
