//! A private Postgres cluster from the binaries found on the machine: made, started, recovered and stopped.
//!
//! Nobody has to install, configure or start a database first: the cluster lives in a folder, speaks only
//! through a socket that only its owner can reach, and outlives crashes of the server and of itself.
//!
//! ```no_run
//! # fn main() -> Result<(), embedded_postgres::Error> {
//! use embedded_postgres::{Cluster, Options};
//! let cluster = Cluster::start(&Options::new("data"))?;
//! println!("{}", cluster.url());
//! cluster.stop()?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Keeper`] looks after a cluster for as long as the server lives, and starts it again when it dies.
//!
//! Everything blocks: call it before the runtime starts, or on a thread that may block.

mod account;
mod binaries;
mod cluster;
mod error;
mod keeper;
mod place;
mod postmaster;
mod settings;
mod wire;

pub use binaries::{Binaries, find_all_binaries, find_binaries};
pub use cluster::{Cluster, DATABASE, Options, SUPERUSER};
pub use error::Error;
pub use keeper::{Event, Keeper};
pub use wire::Rows;
