//! The browser's files: wasm and its glue, CSS, the public files, each also compressed, in `target/site`.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::{
    Outcome, compress, css,
    setup::{WASM, find_wasm_bindgen, find_wasm_opt},
    shell::{run, step},
    snip::snip,
    workspace::{Workspace, make_folder, write_changed},
};

const PROFILE: &str = "wasm-release";
const BIND: [&str; 5] = ["--target", "web", "--no-typescript", "--remove-name-section", "--remove-producers-section"];
/// Inlining a function into its only caller makes the file smaller and its compressed form a tenth larger.
const OPTIMISE: [&str; 4] = ["-Oz", "--one-caller-inline-max-function-size=20", "--generate-global-effects", "-Oz"];
/// What rustc emits for browsers by default; wasm-opt refuses what it was not told of.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// A bundle for the browser: what it is called, the features of `frontend` it is compiled with, and its style.
struct Bundle {
    name: &'static str,
    features: &'static [&'static str],
    style: &'static str,
}

/// Guests get the first; the dashboard, which needs much more, has its own (see `shell` in `app/src/lib.rs`).
const BUNDLES: [Bundle; 2] = [
    Bundle { name: "eventide", features: &[], style: "style/guests.css" },
    Bundle { name: "dashboard", features: &["--features", "provider"], style: "style/main.css" },
];

pub fn build(workspace: &Workspace) -> Outcome {
    make_folder(&workspace.root.join("target"))?;
    // Two builds at once would write into each other's files.
    let lock = workspace.root.join("target/frontend.lock");
    let lock = File::create(&lock).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(|error| format!("cannot lock target/frontend.lock: {error}"))?;
    for bundle in &BUNDLES {
        step(&format!("frontend: cargo build of {} for the browser", bundle.name), || {
            let build = ["build", "--profile", PROFILE, "--target", WASM, "--package", "frontend"];
            run(&mut workspace.cargo(&[&build[..], bundle.features].concat()))
        })?;
        // Each bundle's build puts its file here.
        let compiled = workspace.target.join(WASM).join(PROFILE).join("frontend.wasm");
        bind(workspace, bundle.name, &compiled)?;
        let style = css::bundle(&workspace.root.join(bundle.style))?;
        write_changed(&workspace.site.join(format!("pkg/{}.css", bundle.name)), style.as_bytes())?;
    }
    copy_public(&workspace.root.join("style/public"), &workspace.site)?;
    compress::all(&workspace.site)
}

/// wasm-bindgen and wasm-opt, if the compiled wasm or the tools are others than last time. The wasm is compared by
/// its content: cargo writes both bundles into one place, again each time.
fn bind(workspace: &Workspace, name: &str, compiled: &Path) -> Outcome {
    let work = workspace.root.join("target/frontend").join(name);
    let package = workspace.site.join("pkg");
    let bindgen = find_wasm_bindgen(workspace)?.ok_or("wasm-bindgen is missing: run `cargo xtask setup`")?;
    let optimiser = find_wasm_opt(workspace);
    let version = workspace.locked_version("wasm-bindgen")?;
    let stamp = format!("wasm-bindgen {version}\n{optimiser:?} {BIND:?} {OPTIMISE:?} {FEATURES:?}\n");
    let stamp_file = work.join("stamp");
    let (script, wasm_file) = (format!("{name}.js"), format!("{name}.wasm"));
    make_folder(&work)?;
    make_folder(&package)?;
    let snipped = work.join("snipped.wasm");
    let module = fs::read(compiled).map_err(|error| format!("cannot read {}: {error}", compiled.display()))?;
    let module = snip(module).map_err(|error| format!("{} cannot be read as wasm: {error}", compiled.display()))?;
    if write_changed(&snipped, &module)? {
        write_changed(&stamp_file, b"")?;
    }
    let whole = [&script, &wasm_file].iter().all(|file| package.join(file).exists());
    if whole && fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp) {
        return Ok(());
    }
    step(&format!("frontend: wasm-bindgen of {name}"), || {
        let mut command = workspace.command(&bindgen);
        run(command.args(BIND).args(["--out-name", name, "--out-dir"]).arg(&work).arg(&snipped))
    })?;
    if work.join("snippets").exists() {
        return Err("a dependency brings JavaScript files of its own, which the server does not serve".into());
    }
    // Pages ask for the name without `_bg`, as LEPTOS_OUTPUT_NAME in .cargo/config.toml has it.
    let bound = work.join(format!("{name}_bg.wasm"));
    let mut wasm = bound.clone();
    if let Some(optimiser) = optimiser {
        wasm = work.join(&wasm_file);
        step(&format!("frontend: wasm-opt of {name}"), || {
            run(workspace.command(&optimiser).args(OPTIMISE).args(FEATURES).arg(&bound).arg("-o").arg(&wasm))
        })?;
    }
    copy(&wasm, &package.join(&wasm_file))?;
    copy(&work.join(&script), &package.join(&script))?;
    write_changed(&stamp_file, stamp.as_bytes()).map(|_| ())
}

fn copy_public(from: &Path, to: &Path) -> Outcome {
    for file in files_below(from) {
        let Ok(name) = file.strip_prefix(from) else { continue };
        copy(&file, &to.join(name))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Outcome {
    let content = fs::read(from).map_err(|error| format!("cannot read {}: {error}", from.display()))?;
    write_changed(to, &content).map(|_| ())
}

/// All files below a folder, in order; none when there is no such folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries.into_iter().flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
