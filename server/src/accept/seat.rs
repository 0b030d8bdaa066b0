//! One connection's place, and what it is doing: written by the connection, read by the sweep.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use futures::task::AtomicWaker;

use super::LEAST_TAKEN;
use super::places::Places;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Accepted; not a byte has come.
    New,
    /// Between an answer and the next request.
    Idle,
    /// A part of a head has come.
    Asking,
    /// A request is being answered, or its body read.
    Answering,
    /// A WebSocket, which has limits of its own.
    Live,
    /// Told to end, without another word.
    Ending,
}

/// A phase and since when, in milliseconds of [`Places::now`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub phase: Phase,
    pub since: u64,
}

impl State {
    fn packed(self) -> u64 {
        self.since << 3 | self.phase as u64
    }

    fn unpacked(bits: u64) -> Self {
        use Phase::{Answering, Asking, Ending, Idle, Live, New};
        let phases = [New, Idle, Asking, Answering, Live, Ending];
        Self { phase: phases[(bits & 7) as usize], since: bits >> 3 }
    }
}

pub(super) struct Seat {
    pub id: u64,
    /// Whose it is; `None` for a trusted proxy's.
    pub network: Option<IpAddr>,
    pub places: Arc<Places>,
    /// Wakes the connection to look at its seat.
    pub waker: AtomicWaker,
    state: AtomicU64,
    leaving: AtomicBool,
    pub stall: Stall,
    /// Since when a request's body is waited for, plus one; 0: none is.
    body_awaited: AtomicU64,
}

impl Seat {
    pub fn new(id: u64, network: Option<IpAddr>, places: Arc<Places>) -> Self {
        let state = State { phase: Phase::New, since: places.now() }.packed();
        let (state, leaving) = (AtomicU64::new(state), AtomicBool::new(false));
        let (waker, stall, body_awaited) = (AtomicWaker::new(), Stall::default(), AtomicU64::new(0));
        Self { id, network, places, waker, state, leaving, stall, body_awaited }
    }

    pub fn state(&self) -> State {
        State::unpacked(self.state.load(Relaxed))
    }

    /// Something was read.
    pub fn heard(&self) {
        let state = self.state();
        if matches!(state.phase, Phase::New | Phase::Idle) {
            self.change(state, Phase::Asking);
        }
    }

    /// A whole head was read.
    pub fn begin(&self) {
        let state = self.state();
        if !matches!(state.phase, Phase::Live | Phase::Ending) {
            self.change(state, Phase::Answering);
        }
    }

    /// The last of an answer is on its way.
    pub fn finish(&self) {
        let state = self.state();
        if state.phase == Phase::Answering {
            self.change(state, Phase::Idle);
        }
    }

    /// Whether it changed: somebody else may have been quicker.
    pub fn change(&self, from: State, to: Phase) -> bool {
        let to = State { phase: to, since: self.places.now() };
        self.state.compare_exchange(from.packed(), to.packed(), Relaxed, Relaxed).is_ok()
    }

    pub fn is_ending(&self) -> bool {
        self.state().phase == Phase::Ending
    }

    /// Whether a request's body is waited for.
    pub fn await_body(&self, waits: bool) {
        let awaited = self.body_awaited.load(Relaxed);
        if waits != (awaited != 0) {
            self.body_awaited.store(if waits { self.places.now() + 1 } else { 0 }, Relaxed);
        }
    }

    pub fn body_awaited(&self) -> Option<u64> {
        self.body_awaited.load(Relaxed).checked_sub(1)
    }

    /// The server stops: no more requests after this one.
    pub fn tell_to_leave(&self) {
        self.leaving.store(true, Relaxed);
        self.waker.wake();
    }

    pub fn is_told_to_leave(&self) -> bool {
        self.leaving.load(Relaxed)
    }
}

/// How long a client has kept us waiting since it last took [`LEAST_TAKEN`] bytes. Not since it last took one: it
/// could take one just in time for ever.
#[derive(Default)]
pub(super) struct Stall {
    /// Since when a write waits, plus one; 0: none does.
    since: AtomicU64,
    /// Waited before that, with this little taken meanwhile. Only the connection writes these two.
    before: AtomicU64,
    taken: AtomicU64,
}

impl Stall {
    pub fn waits(&self, now: u64) {
        if self.since.load(Relaxed) == 0 {
            self.since.store(now + 1, Relaxed);
        }
    }

    pub fn took(&self, bytes: usize, now: impl FnOnce() -> u64) {
        let since = self.since.load(Relaxed);
        if since == 0 && self.before.load(Relaxed) == 0 {
            return; // As almost always.
        }
        let taken = self.taken.load(Relaxed) + bytes as u64;
        let enough = taken >= LEAST_TAKEN as u64;
        let waited = if since == 0 { 0 } else { now().saturating_sub(since - 1) };
        self.before.store(if enough { 0 } else { self.before.load(Relaxed) + waited }, Relaxed);
        self.taken.store(if enough { 0 } else { taken }, Relaxed);
        self.since.store(0, Relaxed);
    }

    /// Milliseconds.
    pub fn waited(&self, now: u64) -> u64 {
        let since = self.since.load(Relaxed);
        let waits = if since == 0 { 0 } else { now.saturating_sub(since - 1) };
        self.before.load(Relaxed) + waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_a_phase_and_a_time() {
        for phase in [Phase::New, Phase::Idle, Phase::Asking, Phase::Answering, Phase::Live, Phase::Ending] {
            let state = State { phase, since: 123_456_789 };
            assert_eq!(State::unpacked(state.packed()), state);
        }
    }

    #[test]
    fn a_byte_now_and_then_is_not_reading() {
        let stall = Stall::default();
        for second in 0..30 {
            stall.waits(second * 1000);
            stall.took(1, || second * 1000 + 999);
        }
        assert_eq!(stall.waited(30_000), 30 * 999);
        stall.waits(30_000);
        assert_eq!(stall.waited(31_000), 30 * 999 + 1000);
    }

    #[test]
    fn who_reads_slowly_but_reads_is_not_counted_as_waiting() {
        let stall = Stall::default();
        for second in 0..100 {
            stall.waits(second * 1000);
            stall.took(LEAST_TAKEN / 2, || second * 1000 + 900);
        }
        assert_eq!(stall.waited(100_000), 0);
        // Time in which nothing waits does not count, whatever was taken before.
        stall.waits(100_000);
        stall.took(10, || 100_500);
        assert_eq!(stall.waited(900_000), 500);
    }
}
