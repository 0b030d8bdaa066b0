//! Ready-made messages of the feed: serialised once, shared by every socket that sends them.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use domain::TimeRange;
use domain::live::{LiveMessage, Stretch};

use crate::Error;
use crate::snapshot::Snapshot;
use domain::live::Change;

/// A message as JSON text. Cloning it copies no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The version a client has once it has applied the message.
    pub version: i64,
    /// UTF-8.
    pub text: Bytes,
}

impl Frame {
    fn new(version: i64, message: &LiveMessage) -> Result<Self, Error> {
        let text = serde_json::to_vec(message).map_err(|error| Error::Internal(format!("a live message: {error}")))?;
        Ok(Self { version, text: text.into() })
    }

    /// One change, told from a snapshot of its version or a later one.
    ///
    /// A later snapshot may tell more than had happened by then. That converges: whatever differs is
    /// told again by the frame of the version that changed it.
    pub(super) fn change(change: &Change, snapshot: &Snapshot) -> Result<Self, Error> {
        let stretch = match change.changed.intersect(&snapshot.covers) {
            Some(within) => stretch(snapshot, change.version, within, change.profile),
            // Nothing of it is in anybody's view, but the number must not be missing: an empty stretch.
            None => Stretch {
                version: change.version,
                from: change.changed.start(),
                to: change.changed.start(),
                openings: domain::Openings::default(),
                profile: change.profile.then(|| snapshot.profile()),
                zones: None,
            },
        };
        Self::new(change.version, &LiveMessage::Change(stretch))
    }

    /// All that a page may need, within `within`.
    pub(super) fn snapshot(snapshot: &Snapshot, within: TimeRange) -> Result<Self, Error> {
        let zones = Some(snapshot.edition());
        let stretch = Stretch { zones, ..stretch(snapshot, snapshot.version, within, true) };
        Self::new(snapshot.version, &LiveMessage::Snapshot(stretch))
    }

    /// Says that `version` is all there is.
    pub fn heartbeat(version: i64) -> Self {
        Self { version, text: format!(r#"{{"type":"heartbeat","version":{version}}}"#).into() }
    }
}

fn stretch(snapshot: &Snapshot, version: i64, within: TimeRange, with_profile: bool) -> Stretch {
    Stretch {
        version,
        from: within.start(),
        to: within.end(),
        openings: snapshot.openings().clipped(within),
        profile: with_profile.then(|| snapshot.profile()),
        zones: None,
    }
}

/// What a snapshot message spans at `now`: from a day ago, by the hour so that sockets can share it,
/// to the end of what is known, which is beyond the farthest horizon.
pub(super) fn span(snapshot: &Snapshot, now: DateTime<Utc>) -> TimeRange {
    let day_ago = (now - TimeDelta::days(1)).timestamp();
    let hour = DateTime::from_timestamp(day_ago - day_ago.rem_euclid(3600), 0).unwrap_or(now);
    TimeRange::new(hour.max(snapshot.covers.start()), snapshot.covers.end()).unwrap_or(snapshot.covers)
}
