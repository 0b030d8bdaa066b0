//! The evening of a rush: two nodes with ten thousand open pages each are restarted one after the other, all pages come
//! back, and bookings go on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;
use tokio::sync::{Mutex, mpsc};

use crate::client::{self, Connection};
use crate::live::Socket;
use crate::node::{self, Node, On};
use crate::table::{Row, percentile};
use crate::world::{FIRST_PROVIDER, World, provider_id, start_of};
use crate::{Outcome, reading};

const SOCKETS: usize = 20_000;
/// Files that this process needs beside its sockets.
const OTHER_FILES: usize = 1_000;
const LASTING: Duration = Duration::from_secs(30);
const BOOKINGS_A_SECOND: u32 = 333;
const BOOKERS: usize = 32;
const PROVIDERS: i64 = 1000;
/// Those of the other figures have other numbers.
const FIRST: i64 = FIRST_PROVIDER + 2_000_000;
/// A page waits about so long before it comes back, and not all pages the same, as `app/src/live.rs` does.
const COMES_BACK_AFTER: Duration = Duration::from_millis(500);

pub async fn measure(world: &World) -> Outcome<Vec<Row>> {
    let sockets = SOCKETS.min(node::open_files().saturating_sub(OTHER_FILES));
    println!("rush: {sockets} sockets on two nodes, each restarted, {BOOKINGS_A_SECOND} bookings a second");
    world.add_providers(FIRST, FIRST + PROVIDERS).await?;
    sqlx::query("analyze provider, calendar, offering, availability").execute(&world.pool).await?;
    let mut nodes = vec![Node::eventide(On::Url(world.url())).await?.0, Node::eventide(On::Url(world.url())).await?.0];
    let addrs = [nodes[0].addr, nodes[1].addr];

    let crowd = Arc::new(Crowd::default());
    for number in 0..sockets {
        tokio::spawn(crowd.clone().follow(addrs[number % 2], number));
    }
    crowd.all_there(sockets).await?;

    let bookers = Arc::new(Bookers::new(addrs));
    let mut booking = bookers.start();
    let started = Instant::now();
    let mut back = Vec::new();
    for (number, addr) in addrs.into_iter().enumerate() {
        tokio::time::sleep_until((started + LASTING / 10 * (1 + 4 * number as u32)).into()).await;
        bookers.away_from(number);
        nodes.remove(0).stop()?;
        let down = Instant::now();
        nodes.push(Node::eventide_at(addr, On::Url(world.url())).await?.0);
        crowd.all_there(sockets).await?;
        back.push(down.elapsed().as_secs_f64());
        bookers.back();
    }
    tokio::time::sleep_until((started + LASTING).into()).await;
    bookers.stop();
    let mut times = Vec::new();
    let mut errors = Vec::new();
    while let Some(done) = booking.recv().await {
        match done {
            Ok(milliseconds) => times.push(milliseconds),
            Err(why) => errors.push(why),
        }
    }
    let resident: Vec<f64> = nodes
        .iter()
        .map(|node| Ok(reading::resident_bytes(node.process())? as f64 / 1048576.0))
        .collect::<Outcome<_>>()?;
    crowd.leave();
    for node in nodes {
        node.stop()?;
    }
    if let Some(why) = errors.first() {
        println!("  the first of {} bookings that failed: {why}", errors.len());
    }
    println!(
        "  {} bookings; all sockets back {back:.1?} s after each node had stopped; {} attempts to connect failed \
         meanwhile; resident MiB by node {resident:.0?}",
        times.len(),
        crowd.failures.load(Ordering::Relaxed)
    );
    let (p50, p99) = (percentile(&times, 50.0), percentile(&times, 99.0));
    Ok(vec![Row {
        what: format!("{} bookings in 30 s while {sockets} sockets come back to two restarted nodes", times.len()),
        measured: format!(
            "p50 {p50:.1} ms, p99 {p99:.1} ms, {} errors, {:.0} MiB a node",
            errors.len(),
            resident.iter().copied().fold(0.0, f64::max)
        ),
        compared_with: "–".into(),
        ratio: None,
        target: "0 errors, p99 < 100 ms",
        reached: errors.is_empty() && p99 < 100.0 && times.len() as u32 >= BOOKINGS_A_SECOND * 29,
    }])
}

/// Open pages.
#[derive(Default)]
struct Crowd {
    there: AtomicUsize,
    failures: AtomicU64,
    leaving: AtomicBool,
}

impl Crowd {
    /// One page: listens, and comes back whenever its socket ends.
    async fn follow(self: Arc<Self>, addr: SocketAddr, number: usize) {
        let provider = provider_id(FIRST + (number as i64) % PROVIDERS);
        let path = format!("/api/v1/availability/{provider}/live?since=0");
        // From as many addresses as guests would come from: two hundred and fifty pages each.
        let from = Ipv4Addr::new(127, 1, (number / 250) as u8, 1);
        while !self.leaving.load(Ordering::Relaxed) {
            match open(addr, from, &path).await {
                Ok(socket) => {
                    self.there.fetch_add(1, Ordering::Relaxed);
                    socket.until_closed().await;
                    self.there.fetch_sub(1, Ordering::Relaxed);
                }
                Err(_) => _ = self.failures.fetch_add(1, Ordering::Relaxed),
            }
            let jitter = Duration::from_millis((number as u64).wrapping_mul(2_654_435_761) % 1000);
            tokio::time::sleep(COMES_BACK_AFTER + jitter).await;
        }
    }

    async fn all_there(&self, sockets: usize) -> Outcome<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.there.load(Ordering::Relaxed) < sockets {
            if Instant::now() > deadline {
                return Err(
                    format!("{} of {sockets} sockets after a minute", self.there.load(Ordering::Relaxed)).into()
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }
}

async fn open(addr: SocketAddr, from: Ipv4Addr, path: &str) -> Outcome<Socket> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    Socket::upgrade(Connection::of(socket.connect(addr).await?)?, path).await
}

/// Guests who book, at a steady pace, through whichever nodes are there.
struct Bookers {
    addrs: [SocketAddr; 2],
    /// The node that is being restarted; 2: none.
    away: AtomicUsize,
    next: Mutex<(i64, tokio::time::Interval)>,
    stopping: AtomicBool,
}

impl Bookers {
    fn new(addrs: [SocketAddr; 2]) -> Self {
        let pace = tokio::time::interval(Duration::from_secs(1) / BOOKINGS_A_SECOND);
        Self { addrs, away: AtomicUsize::new(2), next: Mutex::new((0, pace)), stopping: AtomicBool::new(false) }
    }

    fn start(self: &Arc<Self>) -> mpsc::UnboundedReceiver<Result<f64, String>> {
        let (done, receiver) = mpsc::unbounded_channel();
        for booker in 0..BOOKERS {
            tokio::spawn(self.clone().run(booker % 2, done.clone()));
        }
        receiver
    }

    async fn run(self: Arc<Self>, home: usize, done: mpsc::UnboundedSender<Result<f64, String>>) {
        let mut connections: [Option<Connection>; 2] = [None, None];
        loop {
            let number = {
                let mut next = self.next.lock().await;
                next.1.tick().await;
                next.0 += 1;
                next.0 - 1
            };
            if self.stopping.load(Ordering::Relaxed) {
                return;
            }
            let node = if self.away.load(Ordering::SeqCst) == home { 1 - home } else { home };
            let booked = book(&mut connections[node], self.addrs[node], number).await;
            if booked.is_err() {
                connections[node] = None;
            }
            let _ = done.send(booked.map_err(|why| why.to_string()));
        }
    }

    /// From here on nobody goes to this node; those who have gone are given a moment.
    fn away_from(&self, node: usize) {
        self.away.store(node, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(300));
    }

    fn back(&self) {
        self.away.store(2, Ordering::SeqCst);
    }

    fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

/// Milliseconds.
async fn book(connection: &mut Option<Connection>, addr: SocketAddr, number: i64) -> Outcome<f64> {
    if connection.is_none() {
        *connection = Some(Connection::open(addr).await?);
    }
    let connection = connection.as_mut().expect("just opened");
    let booking = serde_json::json!({
        "provider": provider_id(FIRST + number % PROVIDERS), "start": start_of(number / PROVIDERS),
        "duration_minutes": 30, "guest": {"name": "A Guest", "email": format!("guest-{number}@example.com")},
    });
    let started = Instant::now();
    connection.json(201, &client::post("/api/v1/bookings", None, &booking)).await?;
    Ok(started.elapsed().as_secs_f64() * 1e3)
}
