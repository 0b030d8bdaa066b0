//! The folders of the project, found from wherever the command was typed.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Outcome;

pub struct Workspace {
    pub root: PathBuf,
    /// Cargo's target folder: `CARGO_TARGET_DIR`, or `target`.
    pub target: PathBuf,
    /// What is installed for this project only.
    pub tools: PathBuf,
    /// What the server hands to browsers; the server's build looks for it in this place.
    pub site: PathBuf,
}

impl Workspace {
    pub fn find() -> Outcome<Self> {
        let start = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).or_else(|| std::env::current_dir().ok());
        let start = start.ok_or("the current folder is gone")?;
        let root = start.ancestors().find(|folder| folder.join("Cargo.lock").exists());
        let root = root.ok_or("there is no Cargo.lock here or above: call it inside the project")?.to_path_buf();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { tools: root.join("target/tools"), site: root.join("target/site"), target, root })
    }

    /// A command in the project's root, without what cargo tells the programs that it runs about themselves.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_CRATE_NAME" {
                command.env_remove(&name);
            }
        }
        command
    }

    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments);
        command
    }

    /// The version of a package in Cargo.lock.
    pub fn locked_version(&self, package: &str) -> Outcome<String> {
        let lock = read(&self.root.join("Cargo.lock"))?;
        let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("\nname = \"{package}\"\n")));
        let version = entry.and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next());
        version.map(str::to_owned).ok_or_else(|| format!("{package} is not in Cargo.lock"))
    }
}

pub fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

pub fn make_folder(path: &Path) -> Outcome {
    fs::create_dir_all(path).map_err(|error| format!("cannot make {}: {error}", path.display()))
}

/// Writes only what differs: cargo takes a new modification time for a change.
pub fn write_changed(path: &Path, content: &[u8]) -> Outcome<bool> {
    if fs::read(path).is_ok_and(|found| found == content) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    fs::write(path, content).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(true)
}
