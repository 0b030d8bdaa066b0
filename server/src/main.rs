//! The `eventide` binary.

use std::process::ExitCode;
use std::time::Duration;

use server::config::{Command, Config, Database};
use server::{accept, assets, database, openapi, panics, serve, stopping};
use service::zones::{self, Sources};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// A booking and its answer are made of many small pieces, for which the system's allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often it is looked whether there are newer zone rules.
const ZONES_EVERY: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let (command, config) = match Config::read(std::env::args_os()) {
        Ok(read) => read,
        Err(refusal) if refusal.code == 0 => {
            print!("{}", refusal.text);
            return ExitCode::SUCCESS;
        }
        Err(refusal) => return fail(refusal.text.trim_end(), refusal.code as u8),
    };
    if command == Command::Openapi {
        println!("{}", openapi::document().to_pretty_json().expect("a document of our own"));
        return ExitCode::SUCCESS;
    }
    start_log(&config);
    panics::log();
    accept::raise_open_files();
    let mut sources = Sources::new(config.tzdb_dir.clone());
    sources.load();
    tracing::info!(release = zones::version(), "zone rules");
    // Rendering pages can wait on resources of the same page: on one or two cores more threads than
    // cores keep that from standing still.
    let threads = std::thread::available_parallelism().map_or(4, |cores| cores.get().max(4));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.expect("threads can be started");
    let done = runtime.block_on(run(command, config, sources));
    // What stands still in there does not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => fail(&format!("eventide: {why}"), 1),
    }
}

fn fail(line: &str, code: u8) -> ExitCode {
    eprintln!("{line}");
    ExitCode::from(code)
}

fn start_log(config: &Config) {
    // Postgres notes at every start that the table of migrations is there already; whoever names the target sees it.
    let filter = EnvFilter::new(format!("sqlx::postgres::notice=warn,{}", config.log));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log_json { log.json().init() } else { log.with_target(false).init() }
}

async fn run(command: Command, mut config: Config, sources: Sources) -> Result<(), String> {
    let shutdown = CancellationToken::new();
    // Before Postgres: a port in use is said at once, and nothing is started for it.
    let listener = match command {
        Command::Serve => Some(listen(&mut config).await?),
        _ => None,
    };
    stopping::on_signal(shutdown.clone()).map_err(|error| format!("signals cannot be heard: {error}"))?;
    let connected = database::connect(&config, &shutdown).await.map_err(|error| error.to_string())?;
    let done = match listener {
        Some(listener) => {
            let told = shutdown.clone();
            tokio::select! {
                done = serve_on(listener, &connected.db, config, sources, shutdown) => done,
                never = async {
                    told.cancelled().await;
                    connected.retire();
                    std::future::pending().await
                } => never,
            }
        }
        None => finish(command, &connected.db).await,
    };
    // Why there is no Postgres any more says more than what failed without it.
    connected.close().await.and(done)
}

async fn listen(config: &mut Config) -> Result<TcpListener, String> {
    let cannot = |error| format!("EVENTIDE_ADDR: cannot listen on {}: {error}", config.addr);
    let listener = TcpListener::bind(config.addr).await.map_err(cannot)?;
    let addr = listener.local_addr().map_err(cannot)?;
    config.bound_to(addr);
    Ok(listener)
}

async fn finish(command: Command, db: &service::Db) -> Result<(), String> {
    if command == Command::Demo {
        let made = fill_demo(&serve::services(db.clone())).await?;
        println!(
            "{}",
            if made { "The demo provider is there." } else { "The database is not empty: nothing was changed." }
        );
    } else {
        println!("The database is up to date.");
    }
    Ok(())
}

async fn serve_on(
    listener: TcpListener,
    db: &service::Db,
    config: Config,
    sources: Sources,
    shutdown: CancellationToken,
) -> Result<(), String> {
    let services = serve::services(db.clone());
    if config.demo {
        fill_demo(&services).await?;
    }
    greet(&config, &services).await;
    let watching = tokio::spawn(zones::watch(services.clone(), sources, ZONES_EVERY));
    serve::serve(listener, services, config, shutdown).await;
    watching.abort();
    Ok(())
}

async fn fill_demo(services: &service::Services) -> Result<bool, String> {
    service::demo::fill(services).await.map_err(|error| format!("the demo provider could not be made: {error}"))
}

/// Where to click.
async fn greet(config: &Config, services: &service::Services) {
    use service::demo::{DEMO_EMAIL, DEMO_HANDLE, DEMO_PASSWORD};
    let database = match &config.database {
        Database::Url(_) => "the one of DATABASE_URL".to_owned(),
        Database::Embedded { data_dir } => format!("embedded, in {}", data_dir.display()),
    };
    println!("\n  Eventide is at {}\n", config.url("/"));
    if service::providers::profile(services, DEMO_HANDLE).await.is_ok() {
        println!("  Guest's page         {}", config.url(&format!("/{DEMO_HANDLE}")));
    }
    println!("  Provider's sign-in   {}", config.url("/sign-in"));
    if config.demo {
        println!("                       {DEMO_EMAIL}, password {DEMO_PASSWORD}");
    }
    println!("  API docs             {}", config.url("/api/docs"));
    println!("  Database             {database}");
    if !assets::are_built() {
        println!("\n  The browser's files are not built: pages work without JavaScript only. “make run” builds them.");
    }
    println!("\n  Ctrl-C stops it.\n");
}
