//! Who gets in, and for how long: the way from a listening socket to the router.
//!
//! In place of `axum::serve`, which waits for everybody for ever. All time limits are looked after by one sweep over
//! all connections, several times a second: a timer of its own for each head, answer and pause would cost each request
//! more than all the rest that is done here.

mod capacity;
mod conversation;
mod places;
mod seat;
mod stream;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
pub use capacity::{Capacity, raise_open_files};
use conversation::Manner;
pub use conversation::is_too_slow;
use places::Places;

/// How long requests may take to finish once the server is told to stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// What a deployment seldom needs to change, but for the two numbers.
#[derive(Clone)]
pub struct Settings {
    /// From the first byte of a request's head to its last; from the connection to the first byte.
    pub head: Duration,
    /// From an answer to the next request.
    pub idle: Duration,
    /// The same for a trusted proxy. Longer than the proxy's own: else it would send a request into a closing connection.
    pub idle_proxy: Duration,
    /// From a request's head to the end of its body.
    pub body: Duration,
    /// A client may make an answer wait so long in all, until it has taken [`LEAST_TAKEN`] more of it.
    pub write: Duration,
    /// How long requests may take to finish once the server is told to stop.
    pub grace: Duration,
    /// Connections at once.
    pub most: usize,
    /// Of one network. Live sockets are not among them, and those of a trusted proxy neither.
    pub most_per_network: usize,
    /// Whether the peer stands in front of many others.
    pub is_proxy: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

/// What a client must take of an answer while it keeps it waiting for [`Settings::write`]: less than the slowest of
/// mobile networks lets through, and more than those take who read a byte now and then.
pub const LEAST_TAKEN: usize = 16 * 1024;

/// Bytes of an answer that the kernel takes before they can be sent.
const UNSENT: u32 = 128 * 1024;

/// Connections that the kernel keeps until they are accepted.
const LINE: i32 = 16_384;

impl Settings {
    pub fn of(config: &Config) -> Self {
        let trust_proxy = config.trust_proxy.clone();
        let capacity = Capacity::of(config);
        Self {
            head: Duration::from_secs(20),
            idle: Duration::from_secs(45),
            idle_proxy: Duration::from_secs(180),
            body: Duration::from_secs(30),
            write: Duration::from_secs(30),
            grace: GRACE,
            most: capacity.connections,
            most_per_network: if config.rate_limit { config.connections_per_address } else { usize::MAX },
            is_proxy: Arc::new(move |peer| trust_proxy.trusts(peer.to_canonical())),
        }
    }

    /// Often enough for the shortest of the limits.
    fn sweep_every(&self) -> Duration {
        let shortest = [self.head, self.idle, self.write].into_iter().min().unwrap_or_default();
        (shortest / 8).clamp(Duration::from_millis(10), Duration::from_millis(500))
    }
}

/// Accepts until `shutdown` is cancelled. Then requests that have begun are finished, for [`Settings::grace`] at most.
/// Whether all of them were.
pub async fn serve(listener: TcpListener, router: Router, settings: Settings, shutdown: CancellationToken) -> bool {
    bound_the_kernel(&listener, settings.write);
    let (sweep_every, grace) = (settings.sweep_every(), settings.grace);
    let manner = Manner::new(router, settings.body);
    let places = Places::new(settings);
    let sweeping = tokio::spawn({
        let places = places.clone();
        async move {
            loop {
                tokio::time::sleep(sweep_every).await;
                places.sweep();
            }
        }
    });
    accept(&listener, &places, &manner, &shutdown).await;
    drop(listener);
    places.tell_all_to_leave();
    let all_left = tokio::time::timeout(grace, places.empty()).await.is_ok();
    places.end_all();
    sweeping.abort();
    all_left
}

/// What the kernel keeps for clients. Accepted sockets inherit it.
fn bound_the_kernel(listener: &TcpListener, patience: Duration) {
    let socket = socket2::SockRef::from(listener);
    // A longer line than the usual 1024, as far as the system allows: who does not get into it tries again a second later.
    let line = socket.listen(LINE);
    // It would buffer megabytes for one who does not read. What is on its way is not counted, so nobody is slowed.
    let unsent = socket.set_tcp_notsent_lowat(UNSENT);
    // What nobody acknowledges, or takes, does not stay for a quarter of an hour after we have closed. Later than by the
    // sweep, which tells the client: the kernel says nothing.
    let unacknowledged = socket.set_tcp_user_timeout(Some(patience * 3 / 2));
    if let Err(error) = line.and(unsent).and(unacknowledged) {
        tracing::debug!(%error, "the limits of TCP stay the system's");
    }
}

async fn accept(listener: &TcpListener, places: &Arc<Places>, manner: &Manner, shutdown: &CancellationToken) {
    let mut stopping = std::pin::pin!(shutdown.cancelled());
    let mut complained: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stopping => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => admit(stream, peer, places, manner),
            // Of that one connection, which is gone.
            Err(error) if is_its_own(&error) => {}
            Err(error) => {
                // No more files or memory, though less is allowed than there should be. The connection stays in the
                // kernel's line, so to ask again at once would only turn in circles.
                if complained.is_none_or(|at| at.elapsed() > Duration::from_secs(10)) {
                    complained = Some(Instant::now());
                    tracing::error!(%error, "no connection can be accepted");
                }
                places.make_room();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

fn admit(stream: TcpStream, peer: SocketAddr, places: &Arc<Places>, manner: &Manner) {
    // Whoever finds no place is hung up on: there is nothing to say to somebody who has asked nothing yet.
    let Some(seat) = places.enter(peer.ip()) else { return };
    let _ = stream.set_nodelay(true);
    tokio::spawn(manner.converse(stream::Stream::new(stream, seat.clone()), seat, peer));
}

fn is_its_own(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
