//! What one anonymous address can do, done to the real binary on loopback. Small here; `make bench` does it at full size.

mod leaver;
mod leaving;
mod process;
mod stopping;
