//! A server and a provider who is open in Kathmandu.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use domain::zones::Zones;
use futures::StreamExt;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use server::{Config, accept, serve};
use service::zones::{Sources, watch};
use service::{Clock, Services};
use sqlx::PgPool;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinHandle;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

/// A Friday.
const NOW: &str = "2026-11-20T08:00:00Z";
/// When a test gives up; never how long anything should take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The rules in use are the process's: one test at a time.
static TURN: Mutex<()> = Mutex::const_new(());

pub struct Site {
    pub addr: SocketAddr,
    pub http: reqwest::Client,
    pub services: Services,
    shutdown: CancellationToken,
    _turn: MutexGuard<'static, ()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Site {
    /// By the rules compiled in.
    pub async fn start(pool: PgPool) -> Self {
        let turn = TURN.lock().await;
        Zones::bundled().put_to_use();
        let flags = ["eventide", "--addr", "127.0.0.1:0", "--rate-limit", "off"];
        let (_, mut config) = Config::read(flags.map(Into::into)).ok().expect("flags of our own");
        let listener = TcpListener::bind(config.addr).await.unwrap();
        let addr = listener.local_addr().unwrap();
        config.bound_to(addr);
        let settings = accept::Settings::of(&config);
        let services = Services::new(pool, Clock::fixed(NOW.parse().unwrap()));
        let shutdown = CancellationToken::new();
        tokio::spawn(serve::serve_with(listener, services.clone(), config, shutdown.clone(), settings));
        Self { addr, http: reqwest::Client::new(), services, shutdown, _turn: turn }
    }

    /// Looks into the folder all the time.
    pub fn watch(&self, folder: &Path) -> JoinHandle<()> {
        tokio::spawn(watch(self.services.clone(), Sources::only(folder.into()), Duration::from_millis(5)))
    }

    /// Open every day from 09:00 to 10:00 in Kathmandu; with a token.
    pub async fn provider(&self) -> String {
        let body = json!({
            "handle": "ada", "display_name": "Ada", "email": "ada@example.com", "password": "correct horse battery",
            "time_zone": "Asia/Kathmandu",
        });
        let made = self.post("/providers", "", &body).await;
        let hours = json!({"effect": "open", "pattern": {
            "kind": "recurring", "start_time": "09:00", "end_time": "10:00", "starts_on": "2026-11-01",
            "recurrence": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        }});
        let token = made["token"].as_str().unwrap().to_owned();
        self.post("/availability", &token, &hours).await;
        token
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Value {
        let url = format!("http://{}/api/v1{path}", self.addr);
        let answer = self.http.post(url).bearer_auth(token).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// The status, the headers and the body.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
        let mut request = self.http.get(format!("http://{}{path}", self.addr));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.bytes().await.unwrap().into())
    }

    pub async fn json(&self, path: &str) -> Value {
        let (status, _, body) = self.get(path, &[]).await;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    pub async fn listen(&self, query: &str) -> Socket {
        let (socket, _) =
            connect_async(format!("ws://{}/api/v1/availability/ada/live{query}", self.addr)).await.unwrap();
        Socket(socket)
    }
}

pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// The next message that is no heartbeat.
    pub async fn message(&mut self) -> Value {
        let next = async {
            loop {
                let Ok(message) = self.0.next().await.expect("the socket stays open") else { panic!("it fails") };
                let Ok(text) = message.into_text() else { continue };
                let message: Value = serde_json::from_str(&text).unwrap_or_default();
                if message["type"] == "snapshot" || message["type"] == "change" {
                    return message;
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("a message comes")
    }
}
