//! The real binary with a Postgres of its own that stands still, dies, or keeps dying under it.

mod dies;
mod server;
mod still;
