//! A provider's room: the version its listeners have reached, and the frames that take them there.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::zones::Zones;
use tokio::sync::watch;
use uuid::Uuid;

use super::frame::{Frame, span};
use super::locked;
use super::ring::{MOST_FRAMES, Ring};
use crate::change_log;
use crate::snapshot::{self, Snapshot};
use crate::{Error, Services};
use domain::live::Change;

pub(super) struct Room {
    pub provider_id: Uuid,
    reached: watch::Sender<Reached>,
    /// The newest version heard of.
    wanted: AtomicI64,
    ring: Mutex<Ring>,
    /// One feeder at a time, so that frames are made once and in order.
    feeding: tokio::sync::Mutex<()>,
    /// One at a time makes the frames that several returning listeners ask for.
    filling: tokio::sync::Mutex<()>,
    /// The last snapshot message made, and of what.
    snapshot: tokio::sync::Mutex<Option<(Arc<Snapshot>, domain::TimeRange, Frame)>>,
}

/// How far a room is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    /// Whose frame is in the ring, or was.
    pub version: i64,
    /// [`Zones::id`] of the rules by which frames are made.
    pub zones: u64,
}

impl Room {
    /// A room whose listeners are, or will be brought, at `version`.
    pub fn new(provider_id: Uuid, version: i64) -> Self {
        Self {
            provider_id,
            reached: watch::Sender::new(Reached { version, zones: Zones::in_use().id() }),
            wanted: AtomicI64::new(version),
            ring: Mutex::default(),
            feeding: tokio::sync::Mutex::default(),
            filling: tokio::sync::Mutex::default(),
            snapshot: tokio::sync::Mutex::default(),
        }
    }

    pub fn reached(&self) -> i64 {
        self.reached.borrow().version
    }

    pub fn watch(&self) -> watch::Receiver<Reached> {
        self.reached.subscribe()
    }

    /// Notes that there is `version`; whether there is something to feed.
    pub fn want(&self, version: i64) -> bool {
        self.wanted.fetch_max(version, Ordering::SeqCst).max(version) > self.reached()
    }

    pub fn is_behind(&self) -> bool {
        self.wanted.load(Ordering::SeqCst) > self.reached()
    }

    pub fn frame(&self, version: i64) -> Option<Frame> {
        self.ring().get(version)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        locked(&self.ring)
    }

    /// Makes the frames up to the newest version heard of. Where somebody already does, they will see
    /// to it: they look again after they have let go.
    pub async fn feed(&self, services: &Services) -> Result<(), Error> {
        while self.is_behind() {
            let Ok(_feeding) = self.feeding.try_lock() else { return Ok(()) };
            while self.is_behind() {
                if !self.feed_some(services).await? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Whether it came any further.
    async fn feed_some(&self, services: &Services) -> Result<bool, Error> {
        let reached = self.reached();
        let most = MOST_FRAMES as i64;
        match change_log::after(services, self.provider_id, reached, most).await? {
            Some(changes) => {
                let Some(last) = changes.last().map(|change| change.version) else { return Ok(false) };
                let snapshot = at_least(services, self.provider_id, last).await?;
                let frames: Vec<_> =
                    changes.iter().map(|change| Frame::change(change, &snapshot)).collect::<Result<_, _>>()?;
                // By older rules they are of no use: they are made anew. Judged while nobody can empty the ring.
                let mut ring = self.ring();
                if snapshot.is_by_the_rules_in_use() {
                    frames.into_iter().for_each(|frame| ring.push(frame));
                    drop(ring);
                    self.reach(last);
                }
                Ok(true)
            }
            // Further behind than the log reaches: whoever listens is helped by a snapshot.
            None => {
                let snapshot = snapshot::current(services, self.provider_id).await?;
                self.ring().clear();
                Ok(self.reach(snapshot.version))
            }
        }
    }

    fn reach(&self, version: i64) -> bool {
        self.reached.send_if_modified(|reached| {
            let further = version > reached.version;
            reached.version = version.max(reached.version);
            further
        })
    }

    /// Other rules of zones are in use: whoever listens is told everything anew.
    pub fn renew(&self) {
        self.ring().clear();
        let zones = Zones::in_use().id();
        self.reached.send_if_modified(|reached| std::mem::replace(&mut reached.zones, zones) != zones);
    }

    /// Puts the frames after `since` into the ring, for all who come back from there: many do at once
    /// after a node was replaced.
    pub async fn fill_back_to(&self, services: &Services, since: i64) -> Result<(), Error> {
        let _filling = self.filling.lock().await;
        let oldest = self.ring().first().unwrap_or(self.reached() + 1);
        if since + 1 >= oldest {
            return Ok(());
        }
        let Some(changes) = change_log::after(services, self.provider_id, since, oldest - 1 - since).await? else {
            return Ok(());
        };
        let snapshot = at_least(services, self.provider_id, oldest - 1).await?;
        let frames: Vec<_> = changes.iter().map(|change| Frame::change(change, &snapshot)).collect::<Result<_, _>>()?;
        let mut ring = self.ring();
        if snapshot.is_by_the_rules_in_use() {
            frames.into_iter().rev().for_each(|frame| ring.prepend(frame));
        }
        Ok(())
    }

    /// The snapshot message of now, made once for all who ask at this version and in this hour.
    pub async fn snapshot_frame(&self, services: &Services) -> Result<Frame, Error> {
        let mut made = self.snapshot.lock().await;
        let current = snapshot::current(services, self.provider_id).await?;
        let within = span(&current, services.clock.now());
        if let Some((of, span, frame)) = &*made
            && Arc::ptr_eq(of, &current)
            && *span == within
        {
            return Ok(frame.clone());
        }
        let frame = Frame::snapshot(&current, within)?;
        *made = Some((current, within, frame.clone()));
        Ok(frame)
    }
}

/// The calendar in memory at `version` or later.
pub(super) async fn at_least(services: &Services, provider_id: Uuid, version: i64) -> Result<Arc<Snapshot>, Error> {
    services.snapshots.note_version(provider_id, version);
    let snapshot = snapshot::current(services, provider_id).await?;
    if snapshot.version < version {
        return Err(Error::Internal(format!("a snapshot at {} where {version} was known", snapshot.version)));
    }
    Ok(snapshot)
}

/// How often over the whole view may be told anew before a snapshot is plainly the shorter way.
const MOST_TOLD: i64 = 16;

/// Whether telling these changes one by one would be a waste beside one snapshot: hundreds of them,
/// each about the whole year.
pub(super) fn better_at_once(changes: &[Change], snapshot: &Snapshot) -> bool {
    let told: i64 = changes
        .iter()
        .filter_map(|change| change.changed.intersect(&snapshot.covers))
        .map(|stretch| stretch.length().num_minutes())
        .sum();
    told > MOST_TOLD * snapshot.covers.length().num_minutes()
}
