//! The `eventide` server: configuration, router, REST, live socket, pages, embedded Postgres.

pub mod accept;
pub mod allowance;
pub mod api_docs;
pub mod assets;
mod body;
pub mod client_address;
mod compression;
pub mod config;
pub mod database;
mod line;
pub mod live;
pub mod middleware;
pub mod openapi;
pub mod pages;
pub mod panics;
mod problem_pages;
pub mod proof;
pub mod rate_limit;
pub mod request_id;
pub mod rest;
pub mod routes;
pub mod rpc;
pub mod security;
pub mod serve;
pub mod state;
pub mod stopping;
pub mod zones;

pub use config::Config;
pub use routes::router;
pub use state::AppState;
