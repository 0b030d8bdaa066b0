//! One connection: requests to the router, answers back, until either side ends it.

use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::Service;

use super::seat::Seat;
use super::stream::Stream;

/// The longest head. It is also about what a client may leave untaken here of an answer that is made while it is sent.
const BUFFER: usize = 32 * 1024;

/// How connections are talked to.
#[derive(Clone)]
pub(super) struct Manner {
    http: http1::Builder,
    router: Router,
    body: Duration,
}

impl Manner {
    pub fn new(router: Router, body: Duration) -> Self {
        let mut http = http1::Builder::new();
        http.max_buf_size(BUFFER);
        // The sweep looks after the head's time.
        http.header_read_timeout(None);
        Self { http, router, body }
    }

    /// Until the connection ends, or is another protocol's.
    pub fn converse(
        &self,
        stream: Stream,
        seat: Arc<Seat>,
        peer: SocketAddr,
    ) -> impl Future<Output = ()> + Send + use<> {
        let door = Door { router: self.router.clone(), body: self.body, seat: seat.clone(), peer };
        let connection = self.http.serve_connection(TokioIo::new(stream), door).with_upgrades();
        async move {
            let mut connection = pin!(connection);
            let mut told = false;
            poll_fn(|cx| {
                seat.waker.register(cx.waker());
                if seat.is_ending() {
                    return Poll::Ready(());
                }
                if !told && seat.is_told_to_leave() {
                    told = true;
                    connection.as_mut().graceful_shutdown();
                }
                // What goes wrong on a connection is its client's affair.
                connection.as_mut().poll(cx).map(drop)
            })
            .await;
        }
    }
}

/// The router as hyper calls it.
struct Door {
    router: Router,
    body: Duration,
    seat: Arc<Seat>,
    peer: SocketAddr,
}

impl hyper::service::Service<Request<Incoming>> for Door {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let turn = Turn::begin(self.seat.clone());
        let mut request = request.map(|body| {
            if http_body::Body::is_end_stream(&body) { Body::empty() } else { Body::new(self.arriving(body)) }
        });
        request.extensions_mut().insert(ConnectInfo(self.peer));
        Answering { answer: self.router.clone().call(request), turn: Some(turn) }
    }
}

impl Door {
    fn arriving(&self, body: Incoming) -> Arriving {
        Arriving { body, until: Instant::now() + self.body, timer: None, seat: self.seat.clone() }
    }
}

/// From a head to the last of its answer; whatever becomes of it in between.
struct Turn(Arc<Seat>);

impl Turn {
    fn begin(seat: Arc<Seat>) -> Self {
        seat.begin();
        Self(seat)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.finish();
    }
}

pin_project_lite::pin_project! {
    struct Answering {
        #[pin]
        answer: RouteFuture<Infallible>,
        turn: Option<Turn>,
    }
}

impl Future for Answering {
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(response) = ready!(this.answer.poll(cx));
        let turn = this.turn.take();
        if response.status() == StatusCode::SWITCHING_PROTOCOLS
            && let Some(Turn(seat)) = &turn
        {
            seat.places.go_live(seat);
        }
        Poll::Ready(Ok(response.map(|body| Answer { body, _turn: turn })))
    }
}

/// An answer's body: hyper drops it when it has all of it.
struct Answer {
    body: Body,
    _turn: Option<Turn>,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A request's body, which has to be there in time: all of it, not only the next piece.
struct Arriving {
    body: Incoming,
    until: Instant,
    /// Made when there is something to wait for.
    timer: Option<Pin<Box<Sleep>>>,
    seat: Arc<Seat>,
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            // Not in time is not in time, also for one who always has a little more ready.
            if frame.is_some() && Instant::now() > this.until {
                return Poll::Ready(Some(Err(TooSlow.into())));
            }
            if frame.is_none() {
                this.seat.await_body(false);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        this.seat.await_body(true);
        let until = this.until;
        ready!(this.timer.get_or_insert_with(|| Box::pin(sleep_until(until))).as_mut().poll(cx));
        Poll::Ready(Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.seat.await_body(false);
    }
}

/// A body did not arrive in time.
#[derive(Debug)]
pub struct TooSlow;

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body did not arrive in time")
    }
}

impl std::error::Error for TooSlow {}

/// Whether a body's error comes of [`TooSlow`], however often it was wrapped.
pub fn is_too_slow(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<TooSlow>())
}
