//! Settings: flags first, then the environment, then a default. A wrong value is one line and exit 2.

use std::ffi::OsString;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, Subcommand, error::ErrorKind};
use service::{GuestLimits, Limits};
use url::Url;

use crate::allowance::Rates;
use crate::client_address::TrustProxy;

/// What the command line says, not yet looked at.
#[derive(Parser)]
#[command(name = "eventide", version, about = "Appointment scheduling: one binary and one Postgres.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Postgres to use, as postgres://user@host/database; absent: an embedded one in the data folder
    #[arg(long, global = true, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Address and port to listen on
    #[arg(long, global = true, env = "EVENTIDE_ADDR", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000")]
    addr: String,
    /// Folder of the embedded Postgres
    #[arg(long, global = true, env = "EVENTIDE_DATA_DIR", value_name = "FOLDER", default_value = "./data")]
    data_dir: String,
    /// The URL under which people reach this server; default: http:// and the address
    #[arg(long, global = true, env = "EVENTIDE_BASE_URL", value_name = "URL")]
    base_url: Option<String>,
    /// What to log: error, warn, info, debug, trace, or directives such as server=debug
    #[arg(long, global = true, env = "EVENTIDE_LOG", value_name = "FILTER", default_value = "info")]
    log: String,
    /// How to log: text or json
    #[arg(long, global = true, env = "EVENTIDE_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: String,
    /// Rate limits: on or off
    #[arg(long, global = true, env = "EVENTIDE_RATE_LIMIT", value_name = "ON|OFF", default_value = "on")]
    rate_limit: String,
    /// Proxies that say whom they ask for: off, on (one), their number, or their networks as 10.0.0.0/8,fd00::/8
    #[arg(long, global = true, env = "EVENTIDE_TRUST_PROXY", value_name = "PROXIES", default_value = "off")]
    trust_proxy: String,
    /// How many pages may be made at once; guests who come beyond that wait in line
    #[arg(long, global = true, env = "EVENTIDE_PAGES_AT_ONCE", value_name = "NUMBER", default_value = "64")]
    pages_at_once: String,
    /// Connections at once, of all clients; default: what open files allow, at most 32768
    #[arg(long, global = true, env = "EVENTIDE_CONNECTIONS", value_name = "NUMBER")]
    connections: Option<String>,
    /// Connections at once of one address, live sockets not counted
    #[arg(long, global = true, env = "EVENTIDE_CONNECTIONS_PER_ADDRESS", value_name = "NUMBER", default_value = "512")]
    connections_per_address: String,
    /// The header in which they say it: x-forwarded-for, forwarded, or either
    #[arg(long, global = true, env = "EVENTIDE_PROXY_HEADER", value_name = "HEADER", default_value = "either")]
    proxy_header: String,
    /// Bookings that one address may make, or off
    #[arg(
        long,
        global = true,
        env = "EVENTIDE_BOOKINGS_PER_ADDRESS",
        value_name = "RATES",
        default_value = "30/minute 200/hour 600/day"
    )]
    bookings_per_address: String,
    /// Accounts that one address may make, or off
    #[arg(
        long,
        global = true,
        env = "EVENTIDE_SIGN_UPS_PER_ADDRESS",
        value_name = "RATES",
        default_value = "10/hour 30/day"
    )]
    sign_ups_per_address: String,
    /// Bookings that one e-mail may make at one provider in an hour
    #[arg(long, global = true, env = "EVENTIDE_HOURLY_PER_GUEST", value_name = "NUMBER", default_value = "10")]
    hourly_per_guest: String,
    /// Bookings ahead that one e-mail may have at one provider
    #[arg(long, global = true, env = "EVENTIDE_UPCOMING_PER_GUEST", value_name = "NUMBER", default_value = "20")]
    upcoming_per_guest: String,
    /// API tokens that one provider may have
    #[arg(long, global = true, env = "EVENTIDE_TOKENS_PER_PROVIDER", value_name = "NUMBER", default_value = "50")]
    tokens_per_provider: String,
    /// Availability entries that one provider may have
    #[arg(long, global = true, env = "EVENTIDE_ENTRIES_PER_PROVIDER", value_name = "NUMBER", default_value = "20000")]
    entries_per_provider: String,
    /// A folder of zone rules (TZif files, as zic makes them), used when newer than the system's and those compiled in
    #[arg(long, global = true, env = "EVENTIDE_TZDB_DIR", value_name = "FOLDER")]
    tzdb_dir: Option<PathBuf>,
    /// Fill an empty database with a demo provider before serving: on or off
    #[arg(long, global = true, env = "EVENTIDE_DEMO", value_name = "ON|OFF", default_value = "off")]
    demo: String,
}

#[derive(Subcommand, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Apply the migrations and serve (the default)
    Serve,
    /// Apply the migrations and stop
    Migrate,
    /// Fill an empty database with a demo provider and stop
    Demo,
    /// Print the OpenAPI document
    Openapi,
}

/// Settings, every one checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub database: Database,
    pub addr: SocketAddr,
    pub base_url: Url,
    /// Whether `base_url` was made of `addr`.
    base_url_follows_addr: bool,
    pub log: String,
    pub log_json: bool,
    pub rate_limit: bool,
    pub pages_at_once: usize,
    /// `None`: as many as open files allow.
    pub connections: Option<usize>,
    pub connections_per_address: usize,
    /// What an address may make, a guest may book and a provider may have. With `rate_limit` off, of providers only.
    pub bookings_per_address: Rates,
    pub sign_ups_per_address: Rates,
    pub limits: Limits,
    pub trust_proxy: TrustProxy,
    /// Where zone rules may be that are newer than others.
    pub tzdb_dir: Option<PathBuf>,
    pub demo: bool,
}

#[derive(Clone, Debug)]
pub enum Database {
    Url(Box<sqlx::postgres::PgConnectOptions>),
    Embedded { data_dir: PathBuf },
}

/// Why the program does not start: text for the terminal and the exit code.
pub struct Refusal {
    pub text: String,
    pub code: i32,
}

impl Config {
    /// Reads flags and environment. `--help` and `--version` come back as a refusal with code 0.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<(Command, Self), Refusal> {
        let cli = Cli::try_parse_from(arguments).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp => Refusal { text: error.render().to_string(), code: 0 },
            ErrorKind::DisplayVersion => Refusal { text: version(&error.render().to_string()), code: 0 },
            _ => {
                let text = error.render().to_string();
                let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
                Refusal { text: format!("eventide: {line} (eventide --help lists the settings)\n"), code: 2 }
            }
        })?;
        let command = cli.command.unwrap_or(Command::Serve);
        let config = Self::check(cli).map_err(|fault| Refusal { text: format!("eventide: {fault}\n"), code: 2 })?;
        Ok((command, config))
    }

    fn check(cli: Cli) -> Result<Self, String> {
        let addr: SocketAddr = cli.addr.parse().map_err(|_| {
            format!("EVENTIDE_ADDR (--addr): “{}” is not an address and port such as 127.0.0.1:3000", cli.addr)
        })?;
        let database = match cli.database_url.filter(|url| !url.is_empty()) {
            // The value may hold a password: it is not repeated.
            Some(url) => Database::Url(Box::new(
                postgres_options(&url)
                    .ok_or("DATABASE_URL (--database-url): not a Postgres URL such as postgres://user@host/database")?,
            )),
            None if cli.data_dir.is_empty() => return Err("EVENTIDE_DATA_DIR (--data-dir): must name a folder".into()),
            None => Database::Embedded { data_dir: cli.data_dir.into() },
        };
        let given = cli.base_url.filter(|url| !url.is_empty());
        let base_url_follows_addr = given.is_none();
        let base_url = given.unwrap_or_else(|| format!("http://{}", reachable(addr)));
        let base_url = Url::parse(&base_url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some() && url.path() == "/")
            .ok_or_else(|| {
                format!("EVENTIDE_BASE_URL (--base-url): “{base_url}” is not a URL such as https://book.example.com (no path)")
            })?;
        if tracing_subscriber::EnvFilter::try_new(&cli.log).is_err() || cli.log.is_empty() {
            return Err(format!(
                "EVENTIDE_LOG (--log): “{}” is not a log filter such as info or server=debug",
                cli.log
            ));
        }
        let log_json = match cli.log_format.as_str() {
            "text" => false,
            "json" => true,
            other => return Err(format!("EVENTIDE_LOG_FORMAT (--log-format): “{other}” is neither text nor json")),
        };
        let mut trust_proxy: TrustProxy = cli.trust_proxy.parse().map_err(|()| {
            format!(
                "EVENTIDE_TRUST_PROXY (--trust-proxy): “{}” is neither off, on, a number of proxies, nor networks such as 10.0.0.0/8",
                cli.trust_proxy
            )
        })?;
        trust_proxy.header = cli.proxy_header.parse().map_err(|()| {
            format!(
                "EVENTIDE_PROXY_HEADER (--proxy-header): “{}” is neither x-forwarded-for, forwarded nor either",
                cli.proxy_header
            )
        })?;
        let rate_limit = switch("EVENTIDE_RATE_LIMIT (--rate-limit)", &cli.rate_limit)?;
        let bookings_per_address =
            rates("EVENTIDE_BOOKINGS_PER_ADDRESS (--bookings-per-address)", &cli.bookings_per_address)?;
        let sign_ups_per_address =
            rates("EVENTIDE_SIGN_UPS_PER_ADDRESS (--sign-ups-per-address)", &cli.sign_ups_per_address)?;
        let guest = GuestLimits {
            upcoming: number(
                "EVENTIDE_UPCOMING_PER_GUEST (--upcoming-per-guest)",
                &cli.upcoming_per_guest,
                1..=1_000_000,
            )?,
            an_hour: number("EVENTIDE_HOURLY_PER_GUEST (--hourly-per-guest)", &cli.hourly_per_guest, 1..=1_000_000)?,
        };
        let limits = Limits {
            tokens: number(
                "EVENTIDE_TOKENS_PER_PROVIDER (--tokens-per-provider)",
                &cli.tokens_per_provider,
                1..=1_000_000,
            )?,
            entries: number(
                "EVENTIDE_ENTRIES_PER_PROVIDER (--entries-per-provider)",
                &cli.entries_per_provider,
                1..=1_000_000,
            )?,
            guest: rate_limit.then_some(guest),
        };
        Ok(Self {
            database,
            addr,
            base_url,
            base_url_follows_addr,
            log: cli.log,
            log_json,
            pages_at_once: number("EVENTIDE_PAGES_AT_ONCE (--pages-at-once)", &cli.pages_at_once, 1..=1024)?,
            connections: cli
                .connections
                .filter(|number| !number.is_empty())
                .map(|connections| number("EVENTIDE_CONNECTIONS (--connections)", &connections, MANY))
                .transpose()?,
            connections_per_address: number(
                "EVENTIDE_CONNECTIONS_PER_ADDRESS (--connections-per-address)",
                &cli.connections_per_address,
                MANY,
            )?,
            rate_limit,
            bookings_per_address: if rate_limit { bookings_per_address } else { Rates::default() },
            sign_ups_per_address: if rate_limit { sign_ups_per_address } else { Rates::default() },
            limits,
            trust_proxy,
            tzdb_dir: cli.tzdb_dir.filter(|folder| !folder.as_os_str().is_empty()),
            demo: switch("EVENTIDE_DEMO (--demo)", &cli.demo)?,
        })
    }

    /// Takes the address that was really bound: port 0 asks the system for a free one.
    pub fn bound_to(&mut self, addr: SocketAddr) {
        self.addr = addr;
        if self.base_url_follows_addr {
            self.base_url = Url::parse(&format!("http://{}", reachable(addr))).expect("an address makes a URL");
        }
    }

    /// An absolute URL of ours for an absolute path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.as_str().trim_end_matches('/'))
    }

    pub fn is_https(&self) -> bool {
        self.base_url.scheme() == "https"
    }
}

/// With the zone rules that a server started now would use.
fn version(program: &str) -> String {
    let named = std::env::var_os("EVENTIDE_TZDB_DIR").filter(|folder| !folder.is_empty());
    service::zones::Sources::new(named.map(PathBuf::from)).load();
    format!("{}\nzone rules {}\n", program.trim_end(), service::zones::version())
}

/// sqlx itself reads a URL of any scheme.
fn postgres_options(url: &str) -> Option<sqlx::postgres::PgConnectOptions> {
    let named = url.starts_with("postgres://") || url.starts_with("postgresql://");
    named.then(|| url.parse().ok()).flatten()
}

fn switch(name: &str, value: &str) -> Result<bool, String> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("{name}: “{value}” is neither on nor off")),
    }
}

/// Of what there can be any number, but none.
const MANY: RangeInclusive<usize> = 1..=1_000_000;

fn rates(name: &str, value: &str) -> Result<Rates, String> {
    value.parse().map_err(|()| format!("{name}: “{value}” is neither off nor rates such as 30/minute 200/hour 600/day"))
}

fn number<N: FromStr + PartialOrd + Display>(name: &str, value: &str, allowed: RangeInclusive<N>) -> Result<N, String> {
    let number = value.parse().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| format!("{name}: “{value}” is not a number from {} to {}", allowed.start(), allowed.end()))
}

/// An address a browser on this machine can open: a wildcard is not one.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let mut addr = addr;
    if addr.ip().is_unspecified() {
        addr.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    addr
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<(Command, Config), Refusal> {
        Config::read(std::iter::once("eventide").chain(arguments.iter().copied()).map(OsString::from))
    }

    #[test]
    fn serve_is_the_default_command() {
        let (command, config) = read(&["--addr", "0.0.0.0:4000"]).ok().unwrap();
        assert_eq!(command, Command::Serve);
        assert_eq!(config.base_url.as_str(), "http://127.0.0.1:4000/");
        assert_eq!(config.url("/demo"), "http://127.0.0.1:4000/demo");
    }

    #[test]
    fn a_wrong_value_is_one_line_that_names_the_setting() {
        for (flag, value, setting) in [
            ("--addr", "3000", "EVENTIDE_ADDR"),
            ("--database-url", "mysql://x", "DATABASE_URL"),
            ("--base-url", "book.example.com", "EVENTIDE_BASE_URL"),
            ("--base-url", "https://example.com/sub", "EVENTIDE_BASE_URL"),
            ("--log", "", "EVENTIDE_LOG"),
            ("--log-format", "xml", "EVENTIDE_LOG_FORMAT"),
            ("--rate-limit", "maybe", "EVENTIDE_RATE_LIMIT"),
            ("--pages-at-once", "0", "EVENTIDE_PAGES_AT_ONCE"),
            ("--connections", "0", "EVENTIDE_CONNECTIONS"),
            ("--connections-per-address", "many", "EVENTIDE_CONNECTIONS_PER_ADDRESS"),
            ("--trust-proxy", "10.0.0.0/99", "EVENTIDE_TRUST_PROXY"),
            ("--proxy-header", "x-real-ip", "EVENTIDE_PROXY_HEADER"),
            ("--bookings-per-address", "30/second", "EVENTIDE_BOOKINGS_PER_ADDRESS"),
            ("--sign-ups-per-address", "", "EVENTIDE_SIGN_UPS_PER_ADDRESS"),
            ("--hourly-per-guest", "0", "EVENTIDE_HOURLY_PER_GUEST"),
            ("--upcoming-per-guest", "many", "EVENTIDE_UPCOMING_PER_GUEST"),
            ("--tokens-per-provider", "0", "EVENTIDE_TOKENS_PER_PROVIDER"),
            ("--entries-per-provider", "1.5", "EVENTIDE_ENTRIES_PER_PROVIDER"),
            ("--demo", "yes", "EVENTIDE_DEMO"),
        ] {
            let refusal = read(&[flag, value]).err().unwrap();
            assert_eq!(refusal.code, 2, "{flag}");
            assert!(refusal.text.contains(setting), "{}", refusal.text);
            assert_eq!(refusal.text.trim_end().lines().count(), 1, "{}", refusal.text);
        }
    }

    #[test]
    fn an_unknown_flag_is_one_line_and_exit_2() {
        let refusal = read(&["--bogus"]).err().unwrap();
        assert_eq!((refusal.code, refusal.text.trim_end().lines().count()), (2, 1));
    }

    #[test]
    fn the_password_of_a_wrong_database_url_is_not_repeated() {
        assert!(!read(&["--database-url", "mysql://u:secret@h/d"]).err().unwrap().text.contains("secret"));
    }
}
