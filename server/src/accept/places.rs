//! Who is connected: how many of whom, who has waited too long, and who goes when all places are taken.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use service::caller::network;
use tokio::sync::Notify;

use super::Settings;
use super::seat::{Phase, Seat, State};

/// Who has begun a head when the server is to stop may end it for so long.
const LAST_HEAD: Duration = Duration::from_secs(1);
/// Of those who wait longest, so many are found at once: to look through all of them for each newcomer would cost more
/// than to serve them.
const VICTIMS: usize = 256;
/// An answer that nobody takes is as good as none after this long, where others need the place.
const UNTAKEN: u64 = 1000;

pub(super) struct Places {
    settings: Settings,
    started: Instant,
    /// As of the last sweep: near enough for what takes seconds, and it costs a request nothing to read.
    now: AtomicU64,
    leaving: AtomicBool,
    taken: Mutex<Taken>,
    emptied: Notify,
}

#[derive(Default)]
struct Taken {
    networks: HashMap<Option<IpAddr>, Network>,
    total: usize,
    next_id: u64,
    /// Who waits longest, as of some time ago; the longest last.
    victims: Vec<Candidate>,
}

#[derive(Default)]
struct Network {
    seats: HashMap<u64, Arc<Seat>>,
    live: usize,
}

/// Who could make room: since when they wait, and the state in which they do.
type Candidate = ((u64, State), Arc<Seat>);

/// The longest first; of two who came in the same moment, the first.
fn rank(((since, _), seat): &((u64, State), &Arc<Seat>)) -> (u64, u64) {
    (*since, seat.id)
}

impl Places {
    pub fn new(settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            started: Instant::now(),
            now: AtomicU64::new(0),
            leaving: AtomicBool::new(false),
            taken: Mutex::default(),
            emptied: Notify::new(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the start.
    pub fn now(&self) -> u64 {
        self.now.load(Relaxed)
    }

    /// A place for one more; `None` when all are taken by those who are being answered.
    pub fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Arc<Seat>> {
        let network = (!(self.settings.is_proxy)(peer)).then(|| network(peer));
        let mut taken = self.taken();
        let of_network = taken.networks.get(&network);
        if network.is_some() && of_network.is_some_and(|of| of.talking() >= self.settings.most_per_network) {
            let of_network = of_network.expect("looked at");
            let seats = of_network.seats.values();
            let longest = seats.filter_map(|seat| Some((self.waits_since(seat)?, seat))).min_by_key(rank);
            let longest = longest.map(|(since, seat)| (since, seat.clone()));
            taken.end(&longest?).then_some(())?;
        }
        if taken.total >= self.settings.most {
            self.end_longest(&mut taken).then_some(())?;
        }
        taken.next_id += 1;
        taken.total += 1;
        let seat = Arc::new(Seat::new(taken.next_id, network, self.clone()));
        taken.networks.entry(network).or_default().seats.insert(seat.id, seat.clone());
        Some(seat)
    }

    /// Ends who waits longest, if anybody does.
    fn end_longest(&self, taken: &mut Taken) -> bool {
        while let Some(victim) = taken.victims.pop() {
            if taken.end(&victim) {
                return true;
            }
        }
        let seats = taken.networks.values().flat_map(|network| network.seats.values());
        let mut waiting: Vec<_> = seats.filter_map(|seat| Some((self.waits_since(seat)?, seat))).collect();
        if waiting.len() > VICTIMS {
            waiting.select_nth_unstable_by_key(VICTIMS, rank);
            waiting.truncate(VICTIMS);
        }
        waiting.sort_unstable_by_key(|candidate| std::cmp::Reverse(rank(candidate)));
        taken.victims = waiting.into_iter().map(|(since, seat)| (since, seat.clone())).collect();
        while let Some(victim) = taken.victims.pop() {
            if taken.end(&victim) {
                return true;
            }
        }
        false
    }

    /// Since when the client waits, or keeps us waiting; and the state in which it does.
    fn waits_since(&self, seat: &Seat) -> Option<(u64, State)> {
        let (now, state) = (self.now(), seat.state());
        let since = match state.phase {
            Phase::New | Phase::Idle | Phase::Asking => Some(state.since),
            Phase::Answering => {
                let waits = seat.stall.waited(now);
                seat.body_awaited().or((waits > UNTAKEN).then(|| now.saturating_sub(waits)))
            }
            Phase::Live | Phase::Ending => None,
        };
        since.map(|since| (since, state))
    }

    /// The system has no more files: some of those who wait make room.
    pub fn make_room(&self) {
        let mut taken = self.taken();
        for _ in 0..VICTIMS {
            if !self.end_longest(&mut taken) {
                return;
            }
        }
    }

    /// Frees a place; of one that was ended the place is free already.
    pub fn leave(&self, seat: &Seat) {
        let mut taken = self.taken();
        taken.remove(seat);
        if taken.total == 0 {
            self.emptied.notify_waiters();
        }
    }

    /// The connection becomes a WebSocket, and no longer counts among its network's.
    pub fn go_live(&self, seat: &Seat) {
        let mut taken = self.taken();
        let state = seat.state();
        if state.phase == Phase::Answering
            && seat.change(state, Phase::Live)
            && let Some(network) = taken.networks.get_mut(&seat.network)
            && network.seats.contains_key(&seat.id)
        {
            network.live += 1;
        }
    }

    pub fn has_stalled(&self, seat: &Seat) -> bool {
        seat.stall.waited(self.now()) >= millis(self.settings.write)
    }

    /// Ends who has taken too long.
    pub fn sweep(&self) {
        let now = millis(self.started.elapsed());
        self.now.store(now, Relaxed);
        let taken = self.taken();
        let late: Vec<Arc<Seat>> = taken
            .networks
            .values()
            .flat_map(|network| network.seats.values())
            .filter(|seat| self.is_late(seat, now))
            .cloned()
            .collect();
        drop(taken);
        for seat in late {
            seat.waker.wake();
        }
    }

    /// Whether the seat has been told so.
    fn is_late(&self, seat: &Seat, now: u64) -> bool {
        let (state, settings) = (seat.state(), &self.settings);
        let idle = if seat.network.is_none() { settings.idle_proxy } else { settings.idle };
        let patience = match state.phase {
            // Proxies open connections before they need them.
            Phase::New if seat.network.is_none() => idle,
            Phase::Asking if self.leaving.load(Relaxed) => settings.head.min(LAST_HEAD),
            Phase::New | Phase::Asking => settings.head,
            Phase::Idle => idle,
            Phase::Answering => Duration::MAX,
            Phase::Live | Phase::Ending => return false,
        };
        let late =
            now.saturating_sub(state.since) > millis(patience) || seat.stall.waited(now) >= millis(settings.write);
        late && seat.change(state, Phase::Ending)
    }

    /// The server stops: whoever is not being answered goes, and the others after their answer.
    pub fn tell_all_to_leave(&self) {
        self.leaving.store(true, Relaxed);
        self.all().iter().for_each(|seat| seat.tell_to_leave());
    }

    /// Time is up.
    pub fn end_all(&self) {
        for seat in self.all() {
            let state = seat.state();
            if !matches!(state.phase, Phase::Live | Phase::Ending) {
                seat.change(state, Phase::Ending);
            }
            seat.waker.wake();
        }
    }

    fn all(&self) -> Vec<Arc<Seat>> {
        self.taken().networks.values().flat_map(|network| network.seats.values()).cloned().collect()
    }

    /// Until nobody is there any more.
    pub async fn empty(&self) {
        loop {
            let mut emptied = std::pin::pin!(self.emptied.notified());
            emptied.as_mut().enable();
            if self.taken().total == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Taken {
    /// Whether the candidate still does what it was chosen for, and goes.
    fn end(&mut self, ((_, state), seat): &Candidate) -> bool {
        if !seat.change(*state, Phase::Ending) {
            return false;
        }
        // Before it is gone, so that the place can be given away at once.
        self.remove(seat);
        seat.waker.wake();
        true
    }

    fn remove(&mut self, seat: &Seat) {
        let Some(network) = self.networks.get_mut(&seat.network) else { return };
        if network.seats.remove(&seat.id).is_none() {
            return;
        }
        self.total -= 1;
        network.live -= usize::from(seat.state().phase == Phase::Live);
        if network.seats.is_empty() {
            self.networks.remove(&seat.network);
        }
    }
}

impl Network {
    /// Connections that are no live sockets.
    fn talking(&self) -> usize {
        self.seats.len() - self.live
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(most: usize, most_per_network: usize) -> Arc<Places> {
        let is_proxy: Arc<dyn Fn(IpAddr) -> bool + Send + Sync> = Arc::new(|peer| peer == address("192.0.2.99"));
        let long = Duration::from_secs(60);
        Places::new(Settings {
            head: long,
            idle: long,
            idle_proxy: long,
            body: long,
            write: long,
            grace: long,
            most,
            most_per_network,
            is_proxy,
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn who_waits_longest_makes_room() {
        let places = places(3, 10);
        let seats: Vec<_> = (1..=3).map(|n| places.enter(address(&format!("192.0.2.{n}"))).unwrap()).collect();
        seats[0].begin(); // is being answered
        let newcomer = places.enter(address("192.0.2.4"));
        assert!(newcomer.is_some() && seats[1].is_ending());
        assert!(!seats[0].is_ending() && !seats[2].is_ending());
        places.leave(&seats[1]);
        assert_eq!(places.taken().total, 3, "its place was given away already");
    }

    #[test]
    fn nobody_who_is_being_answered_has_to_go() {
        let places = places(2, 10);
        let seats: Vec<_> = (1..=2).map(|n| places.enter(address(&format!("192.0.2.{n}"))).unwrap()).collect();
        seats.iter().for_each(|seat| seat.begin());
        assert!(places.enter(address("192.0.2.3")).is_none());
        // Who does not take the answer has no better claim than who is silent.
        seats[1].stall.waits(0);
        places.now.store(UNTAKEN + 1, Relaxed);
        assert!(places.enter(address("192.0.2.3")).is_some());
        assert!(seats[1].is_ending() && !seats[0].is_ending());
    }

    #[test]
    fn one_network_keeps_nobody_else_out_and_a_proxy_is_no_network() {
        let places = places(10, 2);
        let first = places.enter(address("2001:db8::1")).unwrap();
        let _second = places.enter(address("2001:db8::2")).unwrap();
        let third = places.enter(address("2001:db8::3")).unwrap();
        assert!(first.is_ending(), "a /64 is one");
        third.begin();
        let proxied: Vec<_> = (0..5).map(|_| places.enter(address("192.0.2.99")).unwrap()).collect();
        assert!(proxied.iter().all(|seat| !seat.is_ending()));
    }

    #[test]
    fn a_live_socket_takes_a_place_but_not_one_of_its_network() {
        let places = places(3, 1);
        let live = places.enter(address("192.0.2.1")).unwrap();
        live.begin();
        places.go_live(&live);
        live.finish();
        let talking = places.enter(address("192.0.2.1")).unwrap();
        assert!(!talking.is_ending() && live.state().phase == Phase::Live);
        places.leave(&live);
        places.leave(&talking);
        assert!(places.taken().networks.is_empty(), "nothing is remembered of those who left");
    }

    #[test]
    fn of_many_who_wait_the_oldest_go_one_by_one() {
        let places = places(3 * VICTIMS, 10 * VICTIMS);
        let seats: Vec<_> = (0..3 * VICTIMS).map(|_| places.enter(address("192.0.2.1")).unwrap()).collect();
        let later: Vec<_> = (0..2 * VICTIMS).map(|_| places.enter(address("192.0.2.2")).unwrap()).collect();
        assert!(seats[..2 * VICTIMS].iter().all(|seat| seat.is_ending()));
        assert!(seats[2 * VICTIMS..].iter().chain(&later).all(|seat| !seat.is_ending()));
    }

    #[test]
    fn who_asks_again_meanwhile_stays() {
        let places = places(3, 10);
        let seats: Vec<_> = (0..3).map(|_| places.enter(address("192.0.2.1")).unwrap()).collect();
        places.enter(address("192.0.2.2")).unwrap();
        assert!(seats[0].is_ending());
        // The list of those who wait is older than this request.
        seats[1].begin();
        places.enter(address("192.0.2.2")).unwrap();
        assert!(!seats[1].is_ending() && seats[2].is_ending());
    }
}
