//! The promises of the service, on real Postgres: each test has a database of its own.

mod access;
mod accounts;
mod availability;
mod bookings;
mod dashboard;
mod demo;
mod distribution;
mod edges;
mod handles;
mod house;
mod idempotency;
mod limits;
mod offerings;
mod openings;
mod races;
mod statements;
mod versions;
mod waiting;
