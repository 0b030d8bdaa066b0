//! Whether the server answers as its OpenAPI document says, asked by schemathesis in a Python of its own.

use crate::{
    Outcome, python, setup,
    shell::{run, watch},
    summary::{Count, Summary},
    workspace::Workspace,
};

pub fn test(workspace: &Workspace, summary: &mut Summary) -> Outcome {
    let python = python::installed(workspace)?;
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
