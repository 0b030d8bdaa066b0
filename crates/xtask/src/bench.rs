//! `make bench`: the engine alone, the server under load, and what a browser has to download.

use std::fs;

use crate::{
    Outcome,
    compress::suffixed,
    frontend::{self, files_below},
    setup,
    shell::{run, step},
    workspace::Workspace,
};

/// What the guest's page may make a browser download, brotli.
const BUDGET: u64 = 300_000;

pub fn bench(workspace: &Workspace) -> Outcome {
    setup::for_build(workspace)?;
    setup::postgres(workspace)?;
    frontend::build(workspace)?;
    step("the engine", || {
        run(&mut workspace.cargo(&["bench", "--package", "domain", "--features", "zones", "--bench", "engine"]))
    })?;
    step("the server under load", || run(&mut workspace.cargo(&["bench", "--package", "server", "--bench", "load"])))?;
    sizes(workspace);
    Ok(())
}

fn sizes(workspace: &Workspace) {
    let size = |file: &std::path::Path| fs::metadata(file).map_or(0, |found| found.len());
    println!("\n{:<16} {:>10} {:>10} {:>10}", "download", "raw", "gzip", "brotli");
    let is_dashboards = |file: &std::path::Path| file.file_stem().is_some_and(|stem| stem == "dashboard");
    let mut total = [0; 3];
    for file in files_below(&workspace.site.join("pkg")) {
        if file.extension().is_some_and(|kind| kind == "br" || kind == "gz") {
            continue;
        }
        let sizes = [size(&file), size(&suffixed(&file, "gz")), size(&suffixed(&file, "br"))];
        print_row(&file.file_name().unwrap_or_default().to_string_lossy(), sizes);
        // The dashboard's bundle is not downloaded by the guest's page.
        if !is_dashboards(&file) {
            total = [0, 1, 2].map(|column| total[column] + sizes[column]);
        }
    }
    print_row("guest's page", total);
    let verdict = if total[2] <= BUDGET { "reached" } else { "MISSED" };
    println!("target: {:.1} kB of at most {} kB, {verdict}", total[2] as f64 / 1000.0, BUDGET / 1000);
}

fn print_row(name: &str, [raw, gzip, brotli]: [u64; 3]) {
    println!("{name:<16} {raw:>10} {gzip:>10} {brotli:>10}");
}
