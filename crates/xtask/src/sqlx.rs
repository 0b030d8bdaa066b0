//! Renews `.sqlx`, by which queries are checked where there is no database.

use std::fs;

use crate::{
    Outcome,
    frontend::files_below,
    postgres::with_cluster,
    shell::{run, step},
    workspace::{Workspace, make_folder, read},
};

pub fn prepare(workspace: &Workspace) -> Outcome {
    with_cluster(workspace, "sqlx-postgres", |cluster| {
        let ask = |sql: &str| cluster.query(sql).map_err(|error| error.to_string());
        // Begin from nothing, also after an interruption.
        ask("drop schema public cascade; create schema public")?;
        for file in files_below(&workspace.root.join("migrations")) {
            if file.extension().is_some_and(|kind| kind == "sql") {
                ask(&read(&file)?).map_err(|why| format!("{}: {why}", file.display()))?;
            }
        }
        step("sqlx: describe all queries", || describe(workspace, &cluster.url()))
    })
}

/// With a database and a folder named, the query macros write down what they learn, without sqlx-cli.
fn describe(workspace: &Workspace, database: &str) -> Outcome {
    let record = workspace.root.join(".sqlx");
    let fresh = workspace.root.join("target/sqlx");
    let _ = fs::remove_dir_all(&fresh);
    make_folder(&fresh)?;
    // Cargo expands the macros only of what it has to compile.
    run(&mut workspace.cargo(&["clean", "--quiet", "--package", "service", "--profile", "dev"]))?;
    let mut check = workspace.cargo(&["check", "--package", "service", "--all-targets"]);
    check.env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", &fresh).env("DATABASE_URL", database);
    run(&mut check)?;
    // Only a whole record replaces the old one.
    let _ = fs::remove_dir_all(&record);
    make_folder(&record)?;
    let files = files_below(&fresh);
    for file in &files {
        let name = file.file_name().unwrap_or_default();
        fs::copy(file, record.join(name)).map_err(|error| format!("cannot write {}: {error}", record.display()))?;
    }
    println!("  {} queries", files.len());
    Ok(())
}
