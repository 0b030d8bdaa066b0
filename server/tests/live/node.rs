//! A server in this process, and a provider to listen to.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use domain::provider::{NewProvider, Password};
use domain::{Effect, Guest, NewAvailability, NewBooking, NewOffering, Pattern, TimeRange};
use server::{AppState, Config, accept};
use service::bookings::Booked;
use service::{Actor, Clock, Db, Services, availability, bookings, offerings, providers};
use sqlx::PgPool;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A Monday, and what every clock of these tests says.
pub fn now() -> DateTime<Utc> {
    "2030-01-07T08:00:00Z".parse().unwrap()
}

/// One node of a deployment.
pub struct Node {
    pub services: Services,
    pub addr: SocketAddr,
    pub shutdown: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

#[derive(Clone, Copy, Default)]
pub struct Setup {
    pub feed: Feed,
    pub sockets: server::live::Settings,
    /// Keeps the kernel from buffering more than a little for a client that does not read.
    pub small_buffers: bool,
}

/// How a node learns of another's commits.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Feed {
    #[default]
    Both,
    OnlyHints,
    OnlyPoll,
    /// It does not.
    Nothing,
}

impl Node {
    pub async fn start(pool: &PgPool) -> Self {
        Self::start_with(pool, Setup::default()).await
    }

    pub async fn start_with(pool: &PgPool, setup: Setup) -> Self {
        Self::start_on(pool.clone().into(), setup).await
    }

    pub async fn start_on(db: Db, setup: Setup) -> Self {
        let services = Services::new(db, Clock::fixed(now()));
        let shutdown = CancellationToken::new();
        let mut feed = service::live::Settings::default();
        match setup.feed {
            Feed::Both => {}
            Feed::OnlyHints => feed.poll_every = std::time::Duration::from_secs(3600),
            Feed::OnlyPoll => feed.hints = false,
            Feed::Nothing => {
                feed.hints = false;
                feed.poll_every = std::time::Duration::from_secs(3600);
            }
        }
        let Ok((_, config)) = Config::read([OsString::from("eventide")]) else { panic!("the defaults are right") };
        let accepting = accept::Settings::of(&config);
        let state = AppState::new(services.clone(), config, shutdown.clone());
        let router = server::routes::live_socket(server::live::Door::new(setup.sockets)).with_state(state);
        let listener = listen(setup.small_buffers);
        let addr = listener.local_addr().unwrap();
        let stop = shutdown.clone();
        let serving = async move {
            assert!(accept::serve(listener, router, accepting, stop).await, "all have left");
        };
        let feeding = service::live::Live::run_with(services.clone(), shutdown.clone(), feed);
        let running = vec![tokio::spawn(serving), tokio::spawn(feeding)];
        Self { services, addr, shutdown, running }
    }

    /// Ends all of it, so that the database can be dropped.
    pub async fn stop(self) {
        self.shutdown.cancel();
        for task in self.running {
            task.await.unwrap();
        }
    }

    /// Waits until so many listen here.
    pub async fn has_listeners(&self, count: usize) {
        let wait = async {
            while self.services.live.listeners() != count {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(super::client::PATIENCE, wait).await.expect("listeners come and go");
    }
}

fn listen(small_buffers: bool) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    if small_buffers {
        socket.set_send_buffer_size(4096).unwrap();
    }
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(1024).unwrap()
}

/// A provider who is open around the clock for three weeks.
#[derive(Clone)]
pub struct Shop {
    pub provider_id: Uuid,
    pub handle: String,
    pub actor: Actor,
    pub opens: DateTime<Utc>,
    /// Counts the half hours that were asked for.
    next: Arc<AtomicUsize>,
}

impl Shop {
    pub async fn open(services: &Services) -> Self {
        let handle = "live-shop".to_owned();
        let new = NewProvider {
            handle: handle.parse().unwrap(),
            display_name: "The Shop".into(),
            email: "shop@example.com".parse().unwrap(),
            password: Password("a long enough password".into()),
            time_zone: "Europe/Paris".parse().unwrap(),
        };
        let provider_id = providers::sign_up(services, new, None).await.unwrap().provider.public.provider_id;
        let actor = Actor::Provider(provider_id);
        let opens = now() + TimeDelta::hours(16);
        let within = TimeRange::from_start(opens, 21 * 24 * 60).unwrap();
        let entry =
            NewAvailability { effect: Effect::Open, pattern: Pattern::OneOff(within), note: None, version: None };
        availability::create(services, &actor, entry, None).await.unwrap();
        Self { provider_id, handle, actor, opens, next: Arc::default() }
    }

    /// Books the next half hour.
    pub async fn book(&self, services: &Services) -> Booked {
        let guest = Guest {
            name: "Ada Lovelace".into(),
            email: "ada@example.org".parse().unwrap(),
            phone: Some("+44 20 7946 0958".into()),
            notes: Some("the analytical engine".into()),
            time_zone: Some("Europe/London".parse().unwrap()),
        };
        let nth = self.next.fetch_add(1, Ordering::SeqCst) as i64;
        let start = self.opens + TimeDelta::minutes(30 * nth);
        let new = NewBooking { provider: self.handle.clone(), offering_id: None, start, duration_minutes: 30, guest };
        bookings::book(services, &service::Actor::Anonymous, new, None).await.unwrap()
    }

    /// Changes what the profile shows.
    pub async fn offer(&self, services: &Services, title: &str) {
        let new =
            NewOffering { title: title.into(), slug: title.to_lowercase().parse().unwrap(), ..NewOffering::first() };
        offerings::create(services, &self.actor, new, None).await.unwrap();
    }
}
