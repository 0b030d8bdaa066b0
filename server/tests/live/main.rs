//! The live feed on real sockets and real Postgres: nothing lost, nothing told twice, nobody named.

mod client;
mod feed;
mod node;
mod processes;
mod recovery;
mod socket;
