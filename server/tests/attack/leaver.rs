//! Guests who ask for something and are gone before it is there.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// `count` times, `at_once` together: connects, asks for one of `requests` in turn, and resets the connection after
/// none to six milliseconds.
pub async fn ask_and_leave(addr: SocketAddr, requests: &[String], count: usize, at_once: usize) -> io::Result<()> {
    let mut leaving = JoinSet::new();
    for number in 0..count {
        if leaving.len() >= at_once
            && let Some(left) = leaving.join_next().await
        {
            left??;
        }
        let request = requests[number % requests.len()].clone();
        // Every delay meets every request: seven and the number of requests have no common divisor, or the shift helps.
        let delay = Duration::from_millis(((number + number / requests.len()) % 7) as u64);
        leaving.spawn(leave(addr, request, delay));
    }
    while let Some(left) = leaving.join_next().await {
        left??;
    }
    Ok(())
}

async fn leave(addr: SocketAddr, request: String, delay: Duration) -> io::Result<()> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_zero_linger()?;
    stream.write_all(request.as_bytes()).await?;
    tokio::time::sleep(delay).await;
    Ok(())
}

/// A page, as a browser asks for it.
pub fn page(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n")
}

/// As a program asks.
#[allow(dead_code, reason = "the benchmark has other requests")]
pub fn rest(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n")
}

/// A server function, as a page with scripts calls it.
pub fn call(function: &str, form: &str) -> String {
    format!(
        "POST /rpc/{function} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
}
