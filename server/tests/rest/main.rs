//! The REST API over real sockets on real Postgres.

mod accounts;
mod api;
mod booked;
mod caching;
mod contract;
mod examples;
mod headers;
mod idempotency;
mod kept;
mod large;
mod limits;
mod line;
mod pages;
mod paging;
mod raw;
mod schema;
mod slow;
mod text;
mod typed;
mod unreadable;
mod visitor;
