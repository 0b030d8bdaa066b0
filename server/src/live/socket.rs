//! One open socket: frames out, nothing of interest in, and a proper goodbye.

use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use service::Services;
use service::live::{Frame, Listener};
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as Part;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

use super::Settings;
use super::metered::is_flood;
use super::upgrade::{PART, Stream};

/// Clients need send nothing; what they send is read and forgotten, up to so many frames at once …
const BURST: f64 = 60.0;
/// … and so many a second in the long run.
const RATE: f64 = 1.0;
/// After so many heartbeats without a sign of life, pongs included, nobody is there.
const SILENT_BEATS: u32 = 4;
const TOO_MUCH: &str = "Too many frames: there is no need to send any.";
/// How long a goodbye may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// How much of what a client still sends is read while it is told goodbye.
const MOST_DRAINED: u64 = 1 << 20;

/// How a socket ends.
enum End {
    /// Nobody is there any more.
    Gone,
    /// The client said goodbye and waits for ours.
    Answered,
    /// We say why.
    Closed(CloseCode, &'static str),
    /// We say why, and read no more of its frames.
    Flooded,
}

/// Whether to go on.
type Flow = ControlFlow<End>;

pub(super) struct Socket {
    stream: Stream,
    listener: Listener,
    services: Services,
    settings: Settings,
    /// Frames that the client may send now, as of `heard`.
    allowance: f64,
    heard: Instant,
}

impl Socket {
    pub fn new(stream: Stream, listener: Listener, services: Services, settings: Settings) -> Self {
        Self { stream, listener, services, settings, allowance: BURST, heard: Instant::now() }
    }

    /// Serves the socket until either side ends it.
    pub async fn run(mut self, shutdown: &CancellationToken) {
        if let ControlFlow::Break(end) = self.serve(shutdown).await {
            let _ = timeout(FAREWELL, Box::pin(self.end(end))).await;
        }
    }

    async fn serve(&mut self, shutdown: &CancellationToken) -> Flow {
        let mut stopping = std::pin::pin!(shutdown.cancelled());
        // Sockets that were opened together must not all wake together.
        let mut beat = std::pin::pin!(sleep_until(Instant::now() + self.settings.heartbeat_every.mul_f64(jitter())));
        loop {
            tokio::select! {
                biased;
                () = &mut stopping => return ControlFlow::Break(End::Closed(CloseCode::Away, "The server restarts; connect again.")),
                () = &mut beat => {
                    if self.heard.elapsed() > self.settings.heartbeat_every * SILENT_BEATS {
                        return ControlFlow::Break(End::Gone);
                    }
                    let frame = self.listener.heartbeat(&self.services).await;
                    self.send(frame).await?;
                    self.ping().await?;
                    beat.as_mut().reset(Instant::now() + self.settings.heartbeat_every.mul_f64(0.8 + 0.2 * jitter()));
                }
                received = self.stream.next() => self.received(received)?,
                frame = self.listener.next(&self.services) => self.send(frame).await?,
            }
        }
    }

    /// What a client says is of no interest, how much it says is.
    fn received(&mut self, received: Option<Result<Message, Error>>) -> Flow {
        match received {
            Some(Ok(Message::Close(_))) => return ControlFlow::Break(End::Answered),
            Some(Err(Error::Capacity(_))) => {
                return ControlFlow::Break(End::Closed(CloseCode::Size, "Frames may have 4 KiB at most."));
            }
            Some(Err(Error::Protocol(_))) => {
                return ControlFlow::Break(End::Closed(CloseCode::Protocol, "That is not RFC 6455."));
            }
            Some(Err(Error::Utf8(_))) => {
                return ControlFlow::Break(End::Closed(CloseCode::Invalid, "Text must be UTF-8."));
            }
            Some(Err(Error::Io(error))) if is_flood(&error) => {
                return ControlFlow::Break(End::Flooded);
            }
            None | Some(Err(_)) => return ControlFlow::Break(End::Gone),
            Some(Ok(_)) => {}
        }
        self.allowance = (self.allowance + self.heard.elapsed().as_secs_f64() * RATE).min(BURST) - 1.0;
        self.heard = Instant::now();
        if self.allowance < 0.0 {
            return ControlFlow::Break(End::Closed(CloseCode::Policy, TOO_MUCH));
        }
        ControlFlow::Continue(())
    }

    async fn send(&mut self, frame: Result<Frame, service::Error>) -> Flow {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                // Logged by the conversion. The client comes back with `since` and has lost nothing.
                let _ = error.into_problem("live socket");
                return ControlFlow::Break(End::Closed(CloseCode::Again, "Connect again in a moment."));
            }
        };
        match timeout(self.settings.patience, send_in_parts(&mut self.stream, frame.text)).await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(_)) | Err(_) => ControlFlow::Break(End::Gone),
        }
    }

    /// Asks for a sign of life; nobody answers a heartbeat.
    async fn ping(&mut self) -> Flow {
        match timeout(self.settings.patience, self.stream.send(Message::Ping(Bytes::new()))).await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(_)) | Err(_) => ControlFlow::Break(End::Gone),
        }
    }

    /// Says goodbye and waits for the client's own: to hang up on unread data would make TCP take
    /// back the words as well.
    async fn end(&mut self, end: End) -> Result<(), Error> {
        let (code, reason) = match end {
            End::Gone => return Ok(()),
            End::Answered => return self.drained().await,
            End::Closed(code, reason) => (code, reason),
            End::Flooded => (CloseCode::Policy, TOO_MUCH),
        };
        self.stream.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await?;
        if !matches!(end, End::Flooded | End::Closed(CloseCode::Size, _)) {
            return self.drained().await;
        }
        // The rest of a large frame cannot be read as frames, and that of a flood should not.
        let mut rest = self.stream.get_mut().unmetered().take(MOST_DRAINED);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
        Ok(())
    }

    /// Reads on, which also sends what is still to be sent, until the socket has closed.
    async fn drained(&mut self) -> Result<(), Error> {
        while let Some(received) = self.stream.next().await {
            received?;
        }
        Ok(())
    }
}

/// In parts, so that what the peer does not take at once occupies one part and not the whole text.
async fn send_in_parts(stream: &mut Stream, mut rest: Bytes) -> Result<(), Error> {
    let mut kind = Data::Text;
    loop {
        let part = rest.split_to(rest.len().min(PART));
        let last = rest.is_empty();
        stream.feed(Message::Frame(Part::message(part, OpCode::Data(kind), last))).await?;
        if last {
            return stream.flush().await;
        }
        kind = Data::Continue;
    }
}

/// From 0 to 1; need not be hard to guess.
fn jitter() -> f64 {
    f64::from(RandomState::new().hash_one(()) as u32) / f64::from(u32::MAX)
}
