//! A listener as others would write one.

use std::net::SocketAddr;
use std::time::Duration;

use domain::live::{Applied, LiveMessage, LiveState};
use domain::{Openings, TimeRange};
use futures::{SinkExt, StreamExt};
use http::HeaderValue;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::node::Node;

/// When a test gives up; never how long anything should take.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
    /// Every text received, as it came.
    pub texts: Vec<String>,
}

impl Client {
    pub async fn join(node: &Node, provider: &str, since: Option<i64>) -> Self {
        Self::connect(node, provider, since, &[]).await.expect("the socket opens")
    }

    pub async fn connect(
        node: &Node,
        provider: &str,
        since: Option<i64>,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        Self::connect_to(node.addr, provider, since, headers).await
    }

    pub async fn connect_to(
        addr: SocketAddr,
        provider: &str,
        since: Option<i64>,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let since = since.map(|since| format!("?since={since}")).unwrap_or_default();
        let mut request = format!("ws://{addr}/api/v1/availability/{provider}/live{since}").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let tcp = TcpSocket::new_v4().unwrap();
        // For the tests of clients that do not read.
        tcp.set_recv_buffer_size(8192).unwrap();
        let (socket, _) = client_async(request, tcp.connect(addr).await?).await?;
        Ok(Self { socket, texts: Vec::new() })
    }

    /// The next message, heartbeats included; a close is an error.
    pub async fn message(&mut self) -> Result<LiveMessage, Message> {
        loop {
            let received = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("something comes");
            match received.expect("the socket is open").expect("the socket works") {
                Message::Text(text) => {
                    self.texts.push(text.to_string());
                    return Ok(serde_json::from_str(&text).expect("a message of the contract"));
                }
                close @ Message::Close(_) => return Err(close),
                _ => {}
            }
        }
    }

    /// The snapshot that comes first without `since`, as the state of a page.
    pub async fn state(&mut self) -> LiveState {
        let Ok(LiveMessage::Snapshot(stretch)) = self.message().await else { panic!("a snapshot comes first") };
        LiveState {
            version: stretch.version,
            profile: stretch.profile.unwrap(),
            openings: stretch.openings,
            zones: stretch.zones.unwrap(),
        }
    }

    /// Applies messages up to `version`: each change is the next one. Says what came beside heartbeats.
    pub async fn follow(&mut self, state: &mut LiveState, version: i64) -> Vec<LiveMessage> {
        let mut told = Vec::new();
        while state.version < version {
            let message = self.message().await.expect("the socket stays open");
            let beat = matches!(message, LiveMessage::Heartbeat { .. });
            let applied = state.apply(message.clone());
            if beat {
                assert_eq!(applied, Applied::Unchanged, "a heartbeat never runs ahead");
            } else {
                assert_eq!(applied, Applied::Changed, "none twice, none left out: {message:?}");
                told.push(message);
            }
        }
        told
    }

    /// The code the server closes with.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Err(Message::Close(frame)) = self.message().await {
                return frame.expect("a close says why").code.into();
            }
        }
    }

    pub async fn send(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }
}

/// A page that followed the feed shows what one that is opened now shows.
pub async fn assert_same_as_fresh(node: &Node, provider: &str, state: &LiveState) {
    let mut fresh = Client::join(node, provider, None).await;
    let Ok(LiveMessage::Snapshot(stretch)) = fresh.message().await else { panic!("a snapshot comes first") };
    assert_eq!(stretch.version, state.version);
    assert_eq!(stretch.profile.as_ref(), Some(&state.profile));
    let within = TimeRange::new(stretch.from, stretch.to).unwrap();
    let shown: Openings = state.openings.clipped(within);
    assert_eq!(shown, stretch.openings);
}
