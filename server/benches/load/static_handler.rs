//! What the month of slots is compared with: an axum handler that answers fixed bytes, in a process
//! of its own (this very program, started again) with the runtime and socket settings of `eventide`.

use std::io::Read;
use std::net::SocketAddr;
use std::process::Command;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG};

use crate::Outcome;
use crate::node::{Node, free_address};

pub const FLAG: &str = "--static-handler";
pub const PATH: &str = "/bytes";

/// Starts it with `body` as its answer, kept in the file for it to read.
pub async fn start(file: &std::path::Path, body: &[u8]) -> Outcome<Node> {
    let addr = free_address()?;
    std::fs::write(file, body)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(FLAG).arg(file).env("STATIC_HANDLER_ADDR", addr.to_string());
    Ok(Node::start(command, addr, PATH).await?.0)
}

/// The other process: answers until it is stopped, or until the one that started it is gone.
pub fn serve(file: &str) -> Outcome<()> {
    let addr: SocketAddr = std::env::var("STATIC_HANDLER_ADDR")?.parse()?;
    let body = Bytes::from(std::fs::read(file)?);
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let threads = std::thread::available_parallelism().map_or(4, |cores| cores.get().max(4));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(async {
        let answer = move || async move { ([(CONTENT_TYPE, "application/json"), (ETAG, "\"1\"")], body) };
        let listener = tokio::net::TcpListener::bind(addr).await?.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        Ok(axum::serve(listener, Router::new().route(PATH, get(answer))).await?)
    })
}
