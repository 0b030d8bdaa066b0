//! Looking after a running cluster: started again when it dies, given up when it keeps dying.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{Cluster, Error};

/// How soon a death is noticed.
const LOOKED_EVERY: Duration = Duration::from_millis(if cfg!(target_os = "linux") { 50 } else { 1000 });
/// Who dies so often in so short a time has a reason that a start does not mend.
const MOST_DEATHS: usize = 5;
const WITHIN: Duration = Duration::from_secs(60);
/// Between a start that failed and the next.
const PAUSE: Duration = Duration::from_millis(300);

/// What happens to a kept cluster.
#[derive(Debug)]
pub enum Event {
    /// It ended, and not because we stopped it.
    Died,
    /// It answers again, so long after its death was noticed.
    Back(Duration),
    /// It will not be started again. The last event.
    GivenUp(Error),
}

/// Has a cluster looked after by a thread. Stopped when dropped, as the cluster is; [`Keeper::stop`] tells how that
/// went.
pub struct Keeper {
    url: String,
    thread: Option<JoinHandle<Result<(), Error>>>,
    /// Dropped when the thread is to end.
    stay: Option<Sender<()>>,
    leaving: Arc<AtomicBool>,
}

impl Keeper {
    /// Tells what happens on the thread itself: whoever listens must not block it for long.
    pub fn new(cluster: Cluster, tell: impl FnMut(Event) + Send + 'static) -> Self {
        let (stay, left) = mpsc::channel();
        let leaving = Arc::new(AtomicBool::new(false));
        let url = cluster.url();
        let mut watch = Watch { cluster, tell, deaths: VecDeque::new(), leaving: leaving.clone() };
        let thread = thread::Builder::new().name("postgres-keeper".into()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = left.recv_timeout(LOOKED_EVERY) {
                if !watch.look() {
                    break;
                }
            }
            watch.cluster.stop()
        });
        let thread = Some(thread.expect("a thread can be started"));
        Self { url, thread, stay: Some(stay), leaving }
    }

    /// As [`Cluster::url`]: it stays the same.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on a death is final: the server is about to stop, and whoever stops the machine ends both.
    pub fn retire(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Ends all sessions, writes everything down and stops; a start under way is broken off.
    pub fn stop(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        self.retire();
        self.stay = None;
        match self.thread.take() {
            Some(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            None => Ok(()),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Whoever cares how it went calls `stop`.
        let _ = self.end();
    }
}

struct Watch<T> {
    cluster: Cluster,
    tell: T,
    deaths: VecDeque<Instant>,
    leaving: Arc<AtomicBool>,
}

impl<T: FnMut(Event)> Watch<T> {
    /// Whether to look again.
    fn look(&mut self) -> bool {
        if self.cluster.is_alive() || self.leaving.load(Ordering::Relaxed) {
            return true;
        }
        let died = Instant::now();
        (self.tell)(Event::Died);
        match self.revive() {
            Ok(()) if self.leaving.load(Ordering::Relaxed) => true,
            Ok(()) => {
                (self.tell)(Event::Back(died.elapsed()));
                true
            }
            Err(error) => {
                (self.tell)(Event::GivenUp(error));
                false
            }
        }
    }

    /// A start that fails counts as a death: what killed it once may do so again while it recovers.
    fn revive(&mut self) -> Result<(), Error> {
        let mut failed = None;
        loop {
            let now = Instant::now();
            self.deaths.push_back(now);
            self.deaths.retain(|death| now - *death < WITHIN);
            if self.deaths.len() >= MOST_DEATHS {
                let (times, log) = (self.deaths.len(), self.cluster.log());
                return Err(failed.unwrap_or(Error::KeepsDying { times, within: WITHIN, log }));
            }
            match self.cluster.revive(&self.leaving) {
                Err(error) if !self.leaving.load(Ordering::Relaxed) => failed = Some(Error::NotRevived(error.into())),
                _ => return Ok(()),
            }
            thread::sleep(PAUSE);
        }
    }
}
