//! Live refresh: rooms of listeners, one a provider, fed after commits here and on other nodes.
//!
//! The numbered log of changes is the truth. A commit on this node, a hint from another node and a
//! poll every second do the same: they say that a calendar has reached a version. The feeder then
//! reads what the log has after the room's version, makes one frame of each change and wakes the
//! listeners. So a lost hint costs a second, and nothing costs a change.

mod frame;
mod listener;
mod notify;
mod ring;
mod room;
mod tasks;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::zones::Zones;
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

use crate::{Error, Services, change_log, snapshot};

pub use frame::Frame;
pub use listener::Listener;
use room::Room;
pub use tasks::Settings;

/// So many listeners at a time read what they missed from the database.
const CATCHING_UP: usize = 4;

/// The rooms, and the hints to and from other nodes.
pub struct Live {
    /// Told from other nodes by this name.
    node: Uuid,
    /// A room exists while it has listeners.
    rooms: Mutex<HashMap<Uuid, Kept>>,
    /// Rooms that have something to feed.
    hungry: Mutex<HashSet<Uuid>>,
    hunger: Notify,
    /// Own commits that other nodes are still to be told of, by their newest version.
    moved: Mutex<HashMap<Uuid, i64>>,
    own_commits: Notify,
    poll_now: Notify,
    /// The last listener has left.
    empty: Notify,
    catching_up: Semaphore,
}

struct Kept {
    room: Arc<Room>,
    listeners: usize,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            node: Uuid::new_v4(),
            rooms: Mutex::default(),
            hungry: Mutex::default(),
            hunger: Notify::new(),
            moved: Mutex::default(),
            own_commits: Notify::new(),
            poll_now: Notify::new(),
            empty: Notify::new(),
            catching_up: Semaphore::new(CATCHING_UP),
        }
    }
}

impl Live {
    /// Serves this node's listeners at once and hints to the others, in a batch. Never blocks.
    pub fn committed(&self, provider_id: Uuid, version: i64) {
        self.heard_of(provider_id, version);
        let mut moved = locked(&self.moved);
        let newest = moved.entry(provider_id).or_insert(version);
        *newest = version.max(*newest);
        drop(moved);
        self.own_commits.notify_one();
    }

    /// Listens to a provider's calendar: to what changed after version `since`, or to a snapshot and
    /// what comes after it. A snapshot too when `zones`, the edition of the zones' rules by which the client's state was
    /// made, is no longer in use. Frames flow while [`Live::run`] does.
    pub async fn join(
        services: &Services,
        provider_id: Uuid,
        since: Option<i64>,
        zones: Option<&str>,
    ) -> Result<Listener, Error> {
        let live = &services.live;
        let known = live.room(provider_id).map(|room| room.reached());
        let mut reached = match known {
            Some(reached) => reached,
            None => snapshot::current(services, provider_id).await?.version,
        };
        if since.is_some_and(|since| since > reached) {
            // Another node was faster than its hint. The client's word alone must not move anything.
            for (_, version) in change_log::versions(services, &[provider_id]).await? {
                services.snapshots.note_version(provider_id, version);
                live.heard_of(provider_id, version);
                reached = version.max(reached);
            }
        }
        let since = since.filter(|since| *since <= reached);
        let mut listener = live.enter(provider_id, reached, since);
        // Judged once the room will tell of newer ones.
        if zones.is_some_and(|zones| zones != Zones::in_use().edition()) {
            listener.needs_everything();
        }
        // A commit just before the room was there found nobody to tell.
        live.heard_of(provider_id, snapshot::current(services, provider_id).await?.version);
        Ok(listener)
    }

    fn enter(self: &Arc<Self>, provider_id: Uuid, reached: i64, since: Option<i64>) -> Listener {
        let mut rooms = locked(&self.rooms);
        let kept = rooms
            .entry(provider_id)
            .or_insert_with(|| Kept { room: Arc::new(Room::new(provider_id, reached)), listeners: 0 });
        kept.listeners += 1;
        Listener::new(self.clone(), kept.room.clone(), since)
    }

    /// To be called after other rules of zones were put to use: all listeners are told everything anew.
    pub fn renew(&self) {
        let rooms: Vec<_> = locked(&self.rooms).values().map(|kept| kept.room.clone()).collect();
        rooms.iter().for_each(|room| room.renew());
    }

    /// How many listen, for the metrics.
    pub fn listeners(&self) -> usize {
        locked(&self.rooms).values().map(|kept| kept.listeners).sum()
    }

    fn leave(&self, provider_id: Uuid) {
        let mut rooms = locked(&self.rooms);
        if let Some(kept) = rooms.get_mut(&provider_id) {
            kept.listeners -= 1;
            if kept.listeners == 0 {
                rooms.remove(&provider_id);
            }
        }
        if rooms.is_empty() {
            self.empty.notify_waiters();
        }
    }

    /// Waits until nobody listens.
    async fn emptied(&self) {
        loop {
            let empty = self.empty.notified();
            if locked(&self.rooms).is_empty() {
                return;
            }
            empty.await;
        }
    }

    fn room(&self, provider_id: Uuid) -> Option<Arc<Room>> {
        locked(&self.rooms).get(&provider_id).map(|kept| kept.room.clone())
    }

    /// Wakes the feeder where somebody listens and does not have `version` yet.
    fn heard_of(&self, provider_id: Uuid, version: i64) {
        if self.room(provider_id).is_some_and(|room| room.want(version)) {
            locked(&self.hungry).insert(provider_id);
            self.hunger.notify_one();
        }
    }
}

/// No code panics while it holds one of these locks; a poisoned one is as good as new.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
