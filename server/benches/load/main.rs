//! The load figures of `make bench`: the real binary beside what it is compared with, in one run.
//!
//! `cargo bench -p server --bench load -- slots start` runs only those named, of: slots, bookings,
//! live, slow, page, rush, leavers, start. A missed target is printed and is no failure; something that does not work
//! is one.

mod bookings;
mod client;
mod leavers;
mod live;
mod node;
mod page;
mod pgbench;
mod reading;
mod rush;
mod slots;
mod slow;
mod start;
mod static_handler;
mod table;
mod world;

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use world::World;

/// Anything that keeps a figure from being measured.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The server's, so that the handler it is compared with has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FIGURES: [&str; 8] = ["slots", "bookings", "live", "slow", "page", "rush", "leavers", "start"];

fn main() -> ExitCode {
    // `--bench` is cargo's own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [flag, file] = arguments.as_slice()
        && flag == static_handler::FLAG
    {
        return report(static_handler::serve(file));
    }
    if let [flag, rest @ ..] = arguments.as_slice()
        && flag == rush::FLAG
    {
        return report(rush::crowd(rest));
    }
    if let Some(unknown) = arguments.iter().find(|name| !FIGURES.contains(&name.as_str())) {
        return report(Err(format!("there is no figure “{unknown}”, only {}", FIGURES.join(", ")).into()));
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    report(runtime.block_on(async {
        // Heard from here on, also while something blocks.
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        // Whatever was started is stopped when its owner is dropped, so an interruption is only an end.
        tokio::select! {
            done = measure(wanted) => done,
            _ = interrupt.recv() => Err("interrupted".into()),
            _ = terminate.recv() => Err("told to stop".into()),
        }
    }))
}

fn report(done: Outcome<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("load: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(wanted: impl Fn(&str) -> bool) -> Outcome<()> {
    node::raise_open_files()?;
    let world = World::make().await?;
    let mut rows = Vec::new();
    if wanted("slots") {
        rows.push(slots::measure(&world).await?);
    }
    if wanted("bookings") {
        rows.extend(bookings::measure(&world).await?);
    }
    if wanted("live") {
        rows.extend(live::measure(&world).await?);
    }
    if wanted("slow") {
        rows.extend(slow::measure(&world).await?);
    }
    if wanted("page") {
        rows.extend(page::measure(&world).await?);
    }
    if wanted("rush") {
        rows.extend(rush::measure(&world).await?);
    }
    if wanted("leavers") {
        rows.push(leavers::measure(&world).await?);
    }
    // Last: the server brings up the cluster itself, with all that is in it by now.
    let programs = world.programs.clone();
    let folder = world.stop().await?;
    if wanted("start") {
        rows.push(start::measure(folder.path(), &programs).await?);
    }
    table::print(&rows);
    Ok(())
}
