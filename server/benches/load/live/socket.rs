//! As much of a WebSocket client as it takes to listen, and the tally of who has heard what.

use std::collections::HashMap;
use std::io::Cursor;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, BufReader, Chain};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::Outcome;
use crate::client::{Connection, unexpected};

pub struct Socket {
    stream: BufReader<Chain<Cursor<Vec<u8>>, TcpStream>>,
}

/// Which change has reached how many sockets.
pub struct Tally {
    sockets: usize,
    heard: Mutex<HashMap<i64, usize>>,
    complete: UnboundedSender<(i64, Instant)>,
    closing: AtomicBool,
}

/// What counts in a message of the live feed.
#[derive(Deserialize)]
struct Message {
    r#type: String,
    version: i64,
}

impl Socket {
    /// Connects and waits until the server has agreed.
    pub async fn open(addr: SocketAddr, path: &str) -> Outcome<Self> {
        Self::upgrade(Connection::open(addr).await?, path).await
    }

    pub async fn upgrade(mut connection: Connection, path: &str) -> Outcome<Self> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let answer = connection.send(request.as_bytes()).await?;
        if answer.status != 101 {
            return Err(unexpected(&answer).into());
        }
        let (said, stream) = connection.into_upgraded();
        Ok(Self { stream: BufReader::with_capacity(1024, Cursor::new(said).chain(stream)) })
    }

    /// Listens to nothing in particular.
    pub async fn until_closed(mut self) {
        let mut text = Vec::new();
        while self.text(&mut text).await.is_ok() {}
    }

    /// Tallies every version heard, until the server closes.
    pub async fn listen(mut self, tally: Arc<Tally>) {
        let mut known = 0;
        let ended: Outcome<()> = async {
            let mut text = Vec::new();
            loop {
                self.text(&mut text).await?;
                let message: Message = serde_json::from_slice(&text)?;
                if message.r#type != "heartbeat" && message.version > known {
                    tally.heard(known + 1..=message.version);
                    known = message.version;
                }
            }
        }
        .await;
        if let Err(why) = ended
            && !tally.closing.load(Ordering::Relaxed)
        {
            eprintln!("load: a socket ended early: {why}");
        }
    }

    /// Reads the next text, which may come in several frames. The server masks nothing.
    async fn text(&mut self, text: &mut Vec<u8>) -> Outcome<()> {
        text.clear();
        loop {
            let head = self.stream.read_u8().await?;
            let length = match self.stream.read_u8().await? {
                126 => u64::from(self.stream.read_u16().await?),
                127 => self.stream.read_u64().await?,
                short => u64::from(short),
            };
            let length = usize::try_from(length)?;
            // The kind of frame in the lower half, and in the upper whether it ends the message.
            match head & 0xf {
                0 | 1 => {
                    let start = text.len();
                    text.resize(start + length, 0);
                    self.stream.read_exact(&mut text[start..]).await?;
                    if head & 0x80 != 0 {
                        return Ok(());
                    }
                }
                8 => return Err("the server closed it".into()),
                // A ping, which may come between the parts of a text. Nothing lasts long enough to need a pong.
                _ => _ = self.stream.read_exact(&mut [0; 125][..length]).await?,
            }
        }
    }
}

impl Tally {
    /// The receiver gets each version with the instant at which the last socket had it.
    pub fn new(sockets: usize) -> (Arc<Self>, UnboundedReceiver<(i64, Instant)>) {
        let (complete, receiver) = unbounded_channel();
        let tally = Self { sockets, heard: Mutex::default(), complete, closing: AtomicBool::new(false) };
        (Arc::new(tally), receiver)
    }

    /// From now on the end of a socket is no news.
    pub fn closing(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    fn heard(&self, versions: impl Iterator<Item = i64>) {
        let mut heard = self.heard.lock().expect("no holder panics");
        for version in versions {
            let count = heard.entry(version).or_default();
            *count += 1;
            if *count == self.sockets {
                let _ = self.complete.send((version, Instant::now()));
            }
        }
    }
}
