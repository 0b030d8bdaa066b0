//! `make clean`: removes what can be made again, never the data.

use std::fs;

use crate::{Outcome, workspace::Workspace};

pub fn clean(workspace: &Workspace) -> Outcome {
    let made = ["target", "end2end/node_modules", "end2end/test-results", "end2end/playwright-report"];
    for folder in made.iter().map(|name| workspace.root.join(name)).filter(|folder| folder.exists()) {
        fs::remove_dir_all(&folder).map_err(|error| format!("cannot remove {}: {error}", folder.display()))?;
        println!("removed {}", folder.display());
    }
    if !workspace.target.starts_with(&workspace.root) {
        // Other projects may build there too.
        println!("left alone: {} (CARGO_TARGET_DIR)", workspace.target.display());
    }
    Ok(())
}
