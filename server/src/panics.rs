//! A panic is a line of the log like any other, with the request it happened in.

use std::panic::PanicHookInfo;

use crate::request_id;

/// From here on panics no longer print themselves past the log.
pub fn log() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(request_id = request_id::current(), place, cause = words(panic), "a panic");
    }));
}

fn words<'a>(panic: &'a PanicHookInfo<'_>) -> &'a str {
    panic.payload_as_str().unwrap_or("(no message)")
}
