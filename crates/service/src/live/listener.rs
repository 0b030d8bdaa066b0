//! One who listens in a room: first what they missed, then every change, none twice and none left out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Live;
use super::frame::Frame;
use super::room::{Reached, Room, at_least, better_at_once};
use crate::change_log;
use crate::{Error, Services};
use domain::live::Change;

/// Who missed more than this is given a snapshot.
const MOST_MISSED: i64 = 1000;
/// Who missed at most this much shares the frames of others who did.
const SHARED: i64 = 128;
/// Time moves the horizon on even when nothing changes: so often everything is told again.
const RENEWED_EVERY: Duration = Duration::from_secs(24 * 3600);

pub struct Listener {
    live: Arc<Live>,
    room: Arc<Room>,
    reached: watch::Receiver<Reached>,
    /// The rules of zones by which the client was told what it knows.
    zones: u64,
    /// The version of the last frame given out; `None` when a snapshot comes next.
    version: Option<i64>,
    /// Changes still to be told, when too many were missed for the ring. Only their frames are large,
    /// and those are made one at a time.
    missed: VecDeque<Change>,
    renewed: Instant,
}

impl Listener {
    pub(super) fn new(live: Arc<Live>, room: Arc<Room>, since: Option<i64>) -> Self {
        let reached = room.watch();
        let zones = reached.borrow().zones;
        Self { live, room, reached, zones, version: since, missed: VecDeque::new(), renewed: Instant::now() }
    }

    /// A snapshot comes next.
    pub(super) fn needs_everything(&mut self) {
        self.version = None;
    }

    /// What a client that applied every frame so far is at; `None` before the first, without `since`.
    pub fn version(&self) -> Option<i64> {
        self.version
    }

    /// The next frame; waits until there is one. May be cancelled and called again.
    ///
    /// Thousands wait here at the same time: what they seldom do is boxed, so that waiting is small.
    pub async fn next(&mut self, services: &Services) -> Result<Frame, Error> {
        loop {
            let reached = *self.reached.borrow_and_update();
            if reached.zones != self.zones {
                (self.zones, self.version) = (reached.zones, None);
            }
            let Some(version) = self.version else { return Box::pin(self.snapshot(services)).await };
            if let Some(frame) = self.room.frame(version + 1) {
                self.missed.clear();
                return Ok(self.given(frame));
            }
            if let Some(change) = self.missed.front() {
                let snapshot = Box::pin(at_least(services, self.room.provider_id, change.version)).await?;
                let frame = Frame::change(change, &snapshot)?;
                self.missed.pop_front();
                return Ok(self.given(frame));
            }
            if version >= reached.version {
                // The room outlives its listeners, so the wait cannot fail.
                let _ = self.reached.changed().await;
                continue;
            }
            Box::pin(self.catch_up(services, version)).await?;
        }
    }

    /// For a listener to whom nothing was told for a while.
    pub async fn heartbeat(&mut self, services: &Services) -> Result<Frame, Error> {
        match self.version {
            Some(version) if self.renewed.elapsed() < RENEWED_EVERY => Ok(Frame::heartbeat(version)),
            _ => Box::pin(self.snapshot(services)).await,
        }
    }

    /// Sees to it that the next frame is in the ring or `missed`, or a snapshot.
    async fn catch_up(&mut self, services: &Services, version: i64) -> Result<(), Error> {
        let behind = self.room.reached() - version;
        if behind > MOST_MISSED {
            self.version = None;
            return Ok(());
        }
        let _turn = self.live.catching_up.acquire().await;
        if behind <= SHARED {
            self.room.fill_back_to(services, version).await?;
            if self.room.frame(version + 1).is_some() {
                return Ok(());
            }
        }
        let missed = change_log::after(services, self.room.provider_id, version, MOST_MISSED).await?;
        let last = missed.as_ref().and_then(|missed| missed.last()).map(|change| change.version);
        match (missed, last) {
            (Some(missed), Some(last)) => {
                let snapshot = at_least(services, self.room.provider_id, last).await?;
                if better_at_once(&missed, &snapshot) {
                    self.version = None;
                } else {
                    self.missed = missed.into();
                }
            }
            _ => self.version = None,
        }
        Ok(())
    }

    async fn snapshot(&mut self, services: &Services) -> Result<Frame, Error> {
        let frame = self.room.snapshot_frame(services).await?;
        self.renewed = Instant::now();
        self.missed.clear();
        // The snapshot may be ahead of the room, when it was read just after another node's commit.
        self.live.heard_of(self.room.provider_id, frame.version);
        Ok(self.given(frame))
    }

    fn given(&mut self, frame: Frame) -> Frame {
        self.version = Some(frame.version);
        frame
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.live.leave(self.room.provider_id);
    }
}
