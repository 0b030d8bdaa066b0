//! A client that can be as slow as it likes: bytes out, bytes in.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

/// When a test gives up; never how long anything should take.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Raw(TcpStream);

impl Raw {
    /// From an address of this machine, `127.0.0.<last>`: each is a network of its own.
    pub async fn open(to: SocketAddr, last: u8) -> Self {
        Self::try_open(to, last).await.expect("the server listens")
    }

    pub async fn try_open(to: SocketAddr, last: u8) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Or the kernel would take megabytes for who does not read.
        socket.set_recv_buffer_size(4096)?;
        socket.bind(SocketAddr::from(([127, 0, 0, last], 0)))?;
        Ok(Self(socket.connect(to).await?))
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.0.write_all(bytes.as_ref()).await.expect("the server listens");
        self
    }

    pub async fn get(&mut self, path: &str) -> &mut Self {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
    }

    /// The next bytes; none when the server has closed, orderly or not.
    pub async fn next(&mut self) -> Vec<u8> {
        let mut buffer = vec![0; 2048];
        let read = timeout(PATIENCE, self.0.read(&mut buffer)).await.expect("something comes, or the end");
        buffer.truncate(read.unwrap_or(0));
        buffer
    }

    /// One answer with `Content-Length`.
    pub async fn answer(&mut self) -> String {
        let mut text = String::new();
        loop {
            let bytes = self.next().await;
            assert!(!bytes.is_empty(), "an answer and not the end after {text:?}");
            text.push_str(&String::from_utf8(bytes).unwrap());
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|n| n.parse::<usize>());
            if body.len() >= length.map_or(0, Result::unwrap) {
                return text;
            }
        }
    }

    /// All that comes until the server closes.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            match self.next().await {
                bytes if bytes.is_empty() => return all,
                bytes => all.extend(bytes),
            }
        }
    }

    /// Sends a byte of `repeated` now and then, until the server has closed. What it said meanwhile.
    pub async fn drip(mut self, repeated: &str, every: Duration) -> String {
        let (mut reader, mut writer) = self.0.split();
        let drip = async {
            for byte in repeated.bytes().cycle() {
                if writer.write_all(&[byte]).await.is_err() {
                    break;
                }
                sleep(every).await;
            }
            std::future::pending::<()>().await;
        };
        let read = async {
            let mut all = Vec::new();
            let _ = reader.read_to_end(&mut all).await;
            String::from_utf8(all).unwrap()
        };
        tokio::select! {
            said = timeout(PATIENCE, read) => said.expect("the server ends it"),
            () = drip => unreachable!("it waits"),
        }
    }
}
