//! The `eventide` server: configuration, router, REST, live socket, pages, embedded Postgres.

pub mod accept;
pub mod api_docs;
pub mod assets;
pub mod client_address;
pub mod config;
pub mod database;
pub mod edge;
pub mod live;
pub mod openapi;
mod packing;
mod pages;
mod problem_pages;
pub mod rate_limit;
pub mod request_id;
pub mod rest;
pub mod routes;
pub mod security;
pub mod serve;
pub mod state;

pub use config::Config;
pub use routes::router;
pub use state::AppState;
