//! A client that costs little: fixed request bytes in, status and body out, over HTTP/1.1 keep-alive.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Outcome;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(addr: SocketAddr) -> io::Result<Self> {
        let mut connection = Self::of(TcpStream::connect(addr).await?)?;
        connection.buffer.reserve(256 * 1024);
        Ok(connection)
    }

    /// With little memory of its own: there can be thousands.
    pub fn of(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends the bytes of one request and reads its answer, which has to name its length.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.read().await?;
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let length = body_length(&self.buffer[..head]).ok_or_else(|| garbled("an answer without Content-Length"))?;
        while self.buffer.len() < head + length {
            self.read().await?;
        }
        let (head, body) = self.buffer.split_at(head);
        let code = head.get(9..12).and_then(|code| std::str::from_utf8(code).ok());
        let status = code.and_then(|code| code.parse().ok()).ok_or_else(|| garbled("an answer without a status"))?;
        Ok(Answer { status, body })
    }

    /// Sends JSON and reads JSON; any status but `expected` is an error that shows the answer.
    pub async fn json(&mut self, expected: u16, request: &[u8]) -> Outcome<Value> {
        let answer = self.send(request).await?;
        if answer.status != expected {
            return Err(unexpected(&answer).into());
        }
        Ok(serde_json::from_slice(answer.body)?)
    }

    /// The stream after an upgrade, with what the server has already said on it.
    pub fn into_upgraded(mut self) -> (Vec<u8>, TcpStream) {
        let head = self.buffer.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |end| end + 4);
        (self.buffer.split_off(head), self.stream)
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn body_length(head: &[u8]) -> Option<usize> {
    if head.starts_with(b"HTTP/1.1 101") {
        return Some(0);
    }
    let name = b"content-length:";
    let line = head
        .split(|byte| *byte == b'\n')
        .find(|line| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))?;
    std::str::from_utf8(&line[name.len()..]).ok()?.trim().parse().ok()
}

fn garbled(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

pub fn unexpected(answer: &Answer) -> String {
    format!("unexpected answer {}: {}", answer.status, String::from_utf8_lossy(answer.body))
}

pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n").into_bytes()
}

pub fn post(path: &str, token: Option<&str>, key: Option<&str>, body: &Value) -> Vec<u8> {
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let key = key.map(|key| format!("Idempotency-Key: {key}\r\n")).unwrap_or_default();
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}{key}Content-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Answers a second of `clients` connections that each ask again as soon as they are answered, each
/// with the next request of its own `requests(client)`. An answer of another status is an error.
///
/// All of it runs on one thread of its own, so that the client takes at most one core from the server.
pub async fn rate<R>(
    addr: SocketAddr,
    clients: usize,
    lasting: Duration,
    expected: u16,
    requests: impl Fn(usize) -> R + Send + 'static,
) -> Outcome<f64>
where
    R: FnMut(&mut Vec<u8>) + 'static,
{
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async move {
            let mut connections = Vec::new();
            for _ in 0..clients {
                connections.push(Connection::open(addr).await?);
            }
            let started = Instant::now();
            let asking: Vec<_> = connections
                .into_iter()
                .enumerate()
                .map(|(client, connection)| {
                    tokio::task::spawn_local(ask(connection, started + lasting, expected, requests(client)))
                })
                .collect();
            let mut answers = 0;
            for client in asking {
                answers += client.await??;
            }
            Ok(answers as f64 / started.elapsed().as_secs_f64())
        })
    })
    .await?
}

async fn ask(
    mut connection: Connection,
    until: Instant,
    expected: u16,
    mut next: impl FnMut(&mut Vec<u8>),
) -> Outcome<u64> {
    let mut request = Vec::new();
    let mut answers = 0;
    while Instant::now() < until {
        next(&mut request);
        let answer = connection.send(&request).await?;
        if answer.status != expected {
            return Err(unexpected(&answer).into());
        }
        answers += 1;
    }
    Ok(answers)
}
