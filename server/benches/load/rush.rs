//! The evening of a rush: two nodes with ten thousand open pages each are restarted one after the other, all pages come
//! back, and bookings go on.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc, watch};

use crate::client::{self, Connection};
use crate::live::Socket;
use crate::node::{self, Node, On};
use crate::table::{Row, percentile};
use crate::world::{FIRST_PROVIDER, World, provider_id, start_of};
use crate::{Outcome, reading};

pub const FLAG: &str = "--crowd";
const SOCKETS: usize = 20_000;
const PROCESSES: usize = 2;
const LASTING: Duration = Duration::from_secs(30);
const BOOKINGS_A_SECOND: u32 = 333;
const BOOKERS: usize = 32;
const PROVIDERS: i64 = 1000;
/// Those of the other figures have other numbers.
const FIRST: i64 = FIRST_PROVIDER + 2_000_000;
/// A page waits about so long before it comes back, and not all pages the same, as `app/src/live.rs` does.
const COMES_BACK_AFTER: Duration = Duration::from_millis(500);

pub async fn measure(world: &World) -> Outcome<Vec<Row>> {
    println!("rush: {SOCKETS} sockets on two nodes, each restarted, {BOOKINGS_A_SECOND} bookings a second");
    world.add_providers(FIRST, FIRST + PROVIDERS).await?;
    sqlx::query("analyze provider, calendar, offering, availability").execute(&world.pool).await?;
    let mut nodes = vec![Node::eventide(On::Url(world.url())).await?.0, Node::eventide(On::Url(world.url())).await?.0];
    let addrs = [nodes[0].addr, nodes[1].addr];

    let mut crowd = Crowd::gather(addrs, SOCKETS)?;
    crowd.all_there(SOCKETS).await?;

    let bookers = Arc::new(Bookers::new(addrs));
    let mut booking = bookers.start();
    let started = Instant::now();
    let mut back = Vec::new();
    for (number, addr) in addrs.into_iter().enumerate() {
        tokio::time::sleep_until((started + LASTING / 10 * (1 + 4 * number as u32)).into()).await;
        bookers.away_from(number);
        nodes.remove(0).stop()?;
        crowd.some_left(SOCKETS).await?;
        let down = Instant::now();
        nodes.push(Node::eventide_at(addr, On::Url(world.url())).await?.0);
        crowd.all_there(SOCKETS).await?;
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
    crowd.leave().await?;
    for node in nodes {
        node.stop()?;
    }
    if let Some(why) = errors.first() {
        println!("  the first of {} bookings that failed: {why}", errors.len());
    }
    println!(
        "  {} bookings; all sockets back {back:.1?} s after each node had stopped; resident MiB by node {resident:.0?}",
        times.len(),
    );
    let (p50, p99) = (percentile(&times, 50.0), percentile(&times, 99.0));
    Ok(vec![Row {
        what: format!("{} bookings in 30 s while {SOCKETS} sockets come back to two restarted nodes", times.len()),
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

/// Open pages, in processes of their own (this very program, started again): one process may have too few files.
struct Crowd {
    children: Vec<Child>,
    /// How many of each process's sockets are open.
    there: Vec<watch::Receiver<usize>>,
}

impl Crowd {
    fn gather(addrs: [SocketAddr; 2], sockets: usize) -> Outcome<Self> {
        let (mut children, mut there) = (Vec::new(), Vec::new());
        for process in 0..PROCESSES {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg(FLAG).args(addrs.map(|addr| addr.to_string()));
            command.args([process, sockets].map(|number| number.to_string()));
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
            let mut says = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
            let (tell, told) = watch::channel(0);
            tokio::spawn(async move {
                while let Ok(Some(line)) = says.next_line().await {
                    let _ = tell.send(line.parse().unwrap_or_default());
                }
            });
            children.push(child);
            there.push(told);
        }
        Ok(Self { children, there })
    }

    async fn all_there(&mut self, sockets: usize) -> Outcome<()> {
        let of_each = sockets / PROCESSES;
        let all = async {
            for there in &mut self.there {
                there.wait_for(|there| *there == of_each).await?;
            }
            Ok::<_, watch::error::RecvError>(())
        };
        match tokio::time::timeout(Duration::from_secs(60), all).await {
            Ok(there) => Ok(there?),
            Err(_) => Err(format!("{sockets} sockets were not there within a minute").into()),
        }
    }

    /// Some are gone: what is heard from here on is news.
    async fn some_left(&mut self, sockets: usize) -> Outcome<()> {
        let of_each = sockets / PROCESSES;
        for there in &mut self.there {
            there.wait_for(|there| *there < of_each).await?;
        }
        Ok(())
    }

    async fn leave(self) -> Outcome<()> {
        for mut child in self.children {
            drop(child.stdin.take());
            child.wait().await?;
        }
        Ok(())
    }
}

/// The other process: opens its part of the pages, says how many are open, and ends with its input.
pub fn crowd(arguments: &[String]) -> Outcome<()> {
    let [one, other, process, sockets] = arguments else { return Err("two addresses and two numbers".into()) };
    let addrs: [SocketAddr; 2] = [one.parse()?, other.parse()?];
    let (process, sockets): (usize, usize) = (process.parse()?, sockets.parse()?);
    node::raise_open_files()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let there = Arc::new(AtomicUsize::new(0));
        for number in (0..sockets).filter(|number| number / 2 % PROCESSES == process) {
            tokio::spawn(follow(addrs[number % 2], number, there.clone()));
        }
        // Nobody waits for thousands of sockets to close.
        std::thread::spawn(|| {
            let _ = std::io::stdin().read(&mut [0]);
            std::process::exit(0);
        });
        let mut said = usize::MAX;
        loop {
            let now = there.load(Ordering::Relaxed);
            if now != said {
                println!("{now}");
                said = now;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
}

/// One page: listens, and comes back whenever its socket ends.
async fn follow(addr: SocketAddr, number: usize, there: Arc<AtomicUsize>) {
    let provider = provider_id(FIRST + (number as i64) % PROVIDERS);
    let path = format!("/api/v1/availability/{provider}/live?since=0");
    // From as many addresses as guests would come from: two hundred and fifty pages each.
    let from = Ipv4Addr::new(127, 1, (number / 250) as u8, 1);
    loop {
        if let Ok(socket) = open(addr, from, &path).await {
            there.fetch_add(1, Ordering::Relaxed);
            socket.until_closed().await;
            there.fetch_sub(1, Ordering::Relaxed);
        }
        let jitter = Duration::from_millis((number as u64).wrapping_mul(2_654_435_761) % 1000);
        tokio::time::sleep(COMES_BACK_AFTER + jitter).await;
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
    /// How often each has been: connections from before are no more.
    restarts: [AtomicUsize; 2],
    next: Mutex<(i64, tokio::time::Interval)>,
    stopping: AtomicBool,
}

impl Bookers {
    fn new(addrs: [SocketAddr; 2]) -> Self {
        let pace = tokio::time::interval(Duration::from_secs(1) / BOOKINGS_A_SECOND);
        Self {
            addrs,
            away: AtomicUsize::new(2),
            restarts: Default::default(),
            next: Mutex::new((0, pace)),
            stopping: AtomicBool::new(false),
        }
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
        let mut known = [0, 0];
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
            let restarts = self.restarts[node].load(Ordering::SeqCst);
            if std::mem::replace(&mut known[node], restarts) != restarts {
                connections[node] = None;
            }
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
        self.restarts[node].fetch_add(1, Ordering::SeqCst);
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
    connection.json(201, &client::post("/api/v1/bookings", None, None, &booking)).await?;
    Ok(started.elapsed().as_secs_f64() * 1e3)
}
