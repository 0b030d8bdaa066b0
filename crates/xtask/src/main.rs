//! What the Makefile calls: set-up, the frontend's build, the tests with their summary, the benchmarks.
//!
//! Each command is a module; each step says in one line what it does and how long it took, and a step whose
//! work is done already says nothing.

mod bench;
mod checks;
mod clean;
mod compress;
mod css;
mod document;
mod frontend;
mod postgres;
mod python;
mod run;
mod setup;
mod shell;
mod snip;
mod sqlx;
mod summary;
mod test;
mod workspace;
mod zones;

use std::process::ExitCode;

use workspace::Workspace;

/// A sentence for the person at the terminal.
type Outcome<T = ()> = Result<T, String>;

const USAGE: &str = "cargo xtask <command>
  setup             install what a build needs and is missing
  frontend          build wasm, JavaScript glue and CSS into target/site
  run [options]     build everything and start eventide (options go to `eventide serve`)
  test [only]       all tests, with a summary; only: rust or browser
  bench             the engine, the load figures, and what a browser downloads
  check             formatting, lints and documentation
  sqlx              renew .sqlx, the record of all queries, from the migrations
  clean             remove target and node_modules, never the data";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = arguments.split_first().map_or(("help", &[][..]), |(first, rest)| (first.as_str(), rest));
    let workspace = match Workspace::find() {
        Ok(workspace) => workspace,
        Err(why) => return failed(&why),
    };
    let outcome = match command {
        "setup" => setup::for_build(&workspace).and_then(|()| setup::for_tests(&workspace)),
        "frontend" => setup::for_build(&workspace).and_then(|()| frontend::build(&workspace)),
        "run" => run::run(&workspace, rest),
        "test" => return test::test(&workspace, rest.first().map(String::as_str)),
        "bench" => bench::bench(&workspace),
        "check" => checks::check(&workspace),
        "sqlx" => sqlx::prepare(&workspace),
        "clean" => clean::clean(&workspace),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        unknown => Err(format!("there is no command `{unknown}`\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => failed(&why),
    }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("xtask: {why}");
    ExitCode::FAILURE
}
