//! From an HTTP request to a WebSocket whose memory is bounded.
//!
//! Not axum's own: it offers no message in parts, and a message sent in one part leaves a buffer of
//! its size with the socket for good. A calendar's snapshot would then cost each idle socket 60 kB.

use axum::body::Body;
use axum::response::Response;
use domain::Problem;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::metered::Metered;

/// Larger than this no frame or message of a client may be: the contract's limit.
pub(super) const MOST_RECEIVED: usize = 4096;
/// Messages are sent in parts of this size.
pub(super) const PART: usize = 2048;
/// Clients need send nothing, so little is set aside for it.
const READ_BUFFER: usize = 512;

pub(super) type Stream = WebSocketStream<Metered<TokioIo<Upgraded>>>;

/// A request that asks properly for a WebSocket (RFC 6455, section 4.2.1).
pub(super) struct Upgrade {
    accept: HeaderValue,
    on_upgrade: OnUpgrade,
}

impl Upgrade {
    pub fn of(parts: &mut Parts) -> Result<Self, Problem> {
        let detail = "This address is a WebSocket: ask for it with the headers of RFC 6455, over HTTP/1.1.";
        Self::asked(parts).ok_or_else(|| Problem::Malformed { detail: detail.into() })
    }

    fn asked(parts: &mut Parts) -> Option<Self> {
        let headers = &parts.headers;
        let asked = lists(headers, header::CONNECTION, "upgrade")
            && lists(headers, header::UPGRADE, "websocket")
            && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
        let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asked)?;
        let accept = derive_accept_key(key.as_bytes()).parse().ok()?;
        Some(Self { accept, on_upgrade: parts.extensions.remove()? })
    }

    /// Answers 101 and gives the socket to `run` in a task of its own.
    pub fn answer<F>(self, run: impl FnOnce(Stream) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send,
    {
        let on_upgrade = self.on_upgrade;
        tokio::spawn(async move {
            // A client that left meanwhile needs no answer.
            let Ok(upgraded) = on_upgrade.await else { return };
            let io = Metered::new(TokioIo::new(upgraded));
            let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config())).await;
            // Boxed: a task is as large as the largest thing it ever waits for.
            Box::pin(run(stream)).await;
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        response
    }
}

/// Every part is written at once; what the peer does not take stays within two parts.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * PART + 256)
        .max_message_size(Some(MOST_RECEIVED))
        .max_frame_size(Some(MOST_RECEIVED))
}

/// Whether a header that is a list names `wanted`.
fn lists(headers: &HeaderMap, name: HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(wanted))
}
