//! `make test`: every layer on the real thing, and a summary whose last line is `N passed, N failed`.

use std::{fs, process::ExitCode};

use crate::{
    Outcome, checks, document, frontend, postgres, setup,
    shell::{ask, run, step, watch},
    summary::{CargoTest, Count, Summary, parse_playwright},
    workspace::{Workspace, make_folder, read},
    zones,
};

pub fn test(workspace: &Workspace, only: Option<&str>) -> ExitCode {
    let (rust, browser) = match only {
        None | Some("") => (true, true),
        Some("rust") => (true, false),
        Some("browser") => (false, true),
        Some(other) => {
            eprintln!("xtask: there are no tests `{other}`, only `rust` and `browser`");
            return ExitCode::from(2);
        }
    };
    let mut summary = Summary::default();
    // Whatever cannot be done is counted and the rest is done all the same.
    let mut ready = true;
    let mut missing = Vec::new();
    let mut must = |summary: &mut Summary, what: &str, outcome: Outcome| {
        if let Err(why) = outcome {
            eprintln!("xtask: {why}");
            summary.check(what, false);
            missing.push(why);
            ready = false;
        }
    };
    must(&mut summary, "set-up", setup::for_build(workspace));
    if browser {
        must(&mut summary, "set-up", setup::for_tests(workspace));
    }
    must(&mut summary, "frontend's build", frontend::build(workspace));
    if rust {
        for (name, passed) in checks::all(workspace) {
            summary.check(name, passed);
        }
        if let Err(why) = postgres::with_cluster(workspace, "test-postgres", |cluster| {
            step("cargo test", || cargo_test(workspace, &cluster.url(), &mut summary))
        }) {
            eprintln!("xtask: {why}");
            summary.check("cargo test", false);
        }
        if let Err(why) = step("OpenAPI document", || document::test(workspace, &mut summary)) {
            eprintln!("xtask: {why}");
            summary.check("OpenAPI document", false);
            missing.push(why);
        }
        if let Err(why) = step("zone database", || zones::test(workspace, &mut summary)) {
            eprintln!("xtask: {why}");
            summary.check("zone database", false);
            missing.push(why);
        }
    }
    if browser
        && ready
        && let Err(why) = step("browser tests", || playwright(workspace, &mut summary))
    {
        eprintln!("xtask: {why}");
        summary.check("browser", false);
    }
    // Said already, but hundreds of lines ago.
    for why in missing {
        eprintln!("xtask: {why}");
    }
    summary.print();
    if summary.total().failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cargo_test(workspace: &Workspace, database: &str, summary: &mut Summary) -> Outcome {
    let metadata = ask(&mut workspace.cargo(&["metadata", "--no-deps", "--format-version", "1"]));
    let metadata = metadata.and_then(|text| serde_json::from_str(&text).ok()).ok_or("cargo metadata fails")?;
    let mut reader = CargoTest::new(&metadata);
    let mut failed = 0;
    let mut command = workspace.cargo(&[&["test", "--no-fail-fast"], &checks::HOST[..]].concat());
    command.env("DATABASE_URL", database);
    let succeeded = watch(&mut command, |line| {
        if let Some((layer, count)) = reader.line(line) {
            failed += count.failed;
            summary.add(&layer, count);
        }
    })?;
    // A test program that does not compile, or that crashes, prints no result.
    if !succeeded && failed == 0 { Err("cargo test failed without a failed test".into()) } else { Ok(()) }
}

fn playwright(workspace: &Workspace, summary: &mut Summary) -> Outcome {
    run(&mut workspace.cargo(&["build", "--package", "server", "--bin", "eventide"]))?;
    setup::postgres(workspace)?;
    make_folder(&workspace.root.join("target"))?;
    let report = workspace.root.join("target/playwright.json");
    let _ = fs::remove_file(&report);
    let mut command = workspace.command("npx");
    command
        .args(["playwright", "test", "--reporter=list,json"])
        .current_dir(workspace.root.join("end2end"))
        .env("PLAYWRIGHT_JSON_OUTPUT_NAME", &report)
        .env("EVENTIDE_BIN", workspace.target.join("debug/eventide"));
    if let Some(chromium) = setup::find_chromium() {
        command.env("CHROME_PATH", chromium);
    }
    let succeeded = run(&mut command).is_ok();
    let report: serde_json::Value = serde_json::from_str(&read(&report)?).map_err(|error| error.to_string())?;
    let count = parse_playwright(&report).ok_or("Playwright's report has no numbers")?;
    summary.add("browser", count);
    match count {
        Count { failed: 0, .. } if !succeeded => Err("Playwright failed without a failed test".into()),
        Count { passed: 0, failed: 0 } => Err("there was no browser test to run".into()),
        _ => Ok(()),
    }
}
