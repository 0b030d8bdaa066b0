//! How large answers are sent: in pieces, in turn, and a few at once for each address.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use bytes::Bytes;
use domain::Problem;
use futures::stream;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};
use service::availability::LargeAnswer;
use service::caller::network;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::client_address::ClientAddress;
use crate::compression::{self, Gzip};

/// Of one network, so many large answers are under way at once.
const AT_ONCE: usize = 2;
/// The next one waits so long for its turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pieces are packed together: of single ones there is less to save.
const PACKED_TOGETHER: usize = 4;

pub struct LargeAnswers {
    /// Who may make a piece now, first come, first served; half of the processors stay for everything else.
    turns: Arc<Semaphore>,
    /// Places of those who have one, or wait for it. `None`: there is no limit.
    networks: Option<Mutex<HashMap<IpAddr, Weak<Semaphore>>>>,
}

impl LargeAnswers {
    pub fn new(limited: bool) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let turns = Arc::new(Semaphore::new((cores / 2).max(1)));
        Self { turns, networks: limited.then(Mutex::default) }
    }

    /// A place for an answer to this address.
    pub async fn enter(&self, address: IpAddr) -> Result<Place, Problem> {
        let Some(networks) = &self.networks else { return Ok(Place(None)) };
        let places = {
            let mut networks = networks.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody is remembered for longer than an answer takes; there are few of them at any time.
            networks.retain(|_, places| places.strong_count() > 0);
            let known = networks.get(&network(address)).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let places = Arc::new(Semaphore::new(AT_ONCE));
                networks.insert(network(address), Arc::downgrade(&places));
                places
            })
        };
        match tokio::time::timeout(PATIENCE, places.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Place(Some(permit))),
            _ => Err(Problem::RateLimited { retry_after_seconds: PATIENCE.as_secs() }),
        }
    }

    /// The answer as a body that makes its pieces as they are taken.
    pub fn body(&self, answer: LargeAnswer, place: Place, packed: bool) -> Body {
        let gzip = packed.then(Gzip::default);
        let sending = Sending { answer, gzip, ended: false, turns: self.turns.clone(), _place: place };
        Body::from_stream(stream::unfold(sending, async |mut sending| {
            let piece = sending.next().await?;
            Some((Ok::<_, Infallible>(piece), sending))
        }))
    }
}

/// Who reads an answer, and how.
pub struct Reader {
    pub address: IpAddr,
    pub only_head: bool,
    pub takes_gzip: bool,
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let ClientAddress(address) = ClientAddress::from_request_parts(parts, state).await?;
        let takes_gzip = compression::accepts(&parts.headers, "gzip");
        Ok(Self { address, only_head: parts.method == Method::HEAD, takes_gzip })
    }
}

/// For who asks for the head only: of no known length, as the body would be.
pub fn nothing() -> Body {
    Body::from_stream(stream::empty::<Result<Bytes, Infallible>>())
}

/// What [`LargeAnswers::body`] makes is not packed again.
pub fn sent_as_it_is(mut response: Response, packed: bool) -> Response {
    response.extensions_mut().insert(compression::AsItIs);
    let is_empty = response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if packed && !is_empty {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// One of a network's, until it is dropped.
pub struct Place(#[expect(dead_code, reason = "held")] Option<OwnedSemaphorePermit>);

struct Sending {
    answer: LargeAnswer,
    gzip: Option<Gzip>,
    ended: bool,
    turns: Arc<Semaphore>,
    _place: Place,
}

impl Sending {
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        // Those who wait for their turn go first, and so does whatever else there is to do.
        tokio::task::yield_now().await;
        let _turn = self.turns.acquire().await;
        let Some(gzip) = &mut self.gzip else { return self.answer.next() };
        let pieces: Vec<Bytes> = self.answer.by_ref().take(PACKED_TOGETHER).collect();
        if pieces.is_empty() {
            self.ended = true;
            return Some(gzip.end());
        }
        Some(gzip.pack(&pieces.concat()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_network_has_a_few_at_once_and_the_next_waits_for_its_turn() {
        let large = LargeAnswers::new(true);
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let mut places = Vec::new();
        for _ in 0..AT_ONCE {
            places.push(large.enter(address).await.unwrap());
        }
        let mut next = std::pin::pin!(large.enter(address));
        assert!(next.as_mut().now_or_never().is_none(), "it waits");
        assert!(large.enter(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2))).await.is_ok(), "others do not");
        places.pop();
        assert!(next.await.is_ok());
        places.clear();
        assert!(large.enter(address).await.is_ok());
        let known = large.networks.as_ref().unwrap().lock().unwrap();
        assert_eq!(known.len(), 1, "who has no answer under way is forgotten");
    }

    #[tokio::test]
    async fn without_limits_nobody_waits() {
        let large = LargeAnswers::new(false);
        let places = futures::future::join_all((0..100).map(|_| large.enter(Ipv4Addr::LOCALHOST.into()))).await;
        assert!(places.into_iter().all(|place| place.is_ok()));
    }
}
