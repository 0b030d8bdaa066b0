//! The messages of the live feed, and how a page applies them.

use serde::{Deserialize, Serialize};

use crate::openings::{FullDay, GroupSeats, Window};
use crate::{Instant, Offering, Openings, PublicProvider, TimeRange};

/// From server to client; JSON text frames. Nothing in it names a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", try_from = "Flat")]
pub enum LiveMessage {
    /// All there is between `from` and `to`.
    Snapshot(Stretch),
    /// What the client had between `from` and `to` is replaced.
    Change(Stretch),
    /// Nothing new; a client whose version is lower has missed something.
    Heartbeat { version: i64 },
}

/// A row of the numbered log of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub version: i64,
    /// Whether it concerns the profile or the offerings.
    pub profile: bool,
    /// The stretch in which windows may differ, buffers of neighbours included.
    pub changed: TimeRange,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub version: i64,
    pub from: Instant,
    pub to: Instant,
    #[serde(flatten)]
    pub openings: Openings,
    /// Active offerings and profile, where the change concerns them (always in a snapshot).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// In a snapshot, the rules of zones that it was made by, as [`LiveState::zones`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zones: Option<String>,
}

/// A message as it is read: serde's way through a tag and `flatten` would be a large part of what a
/// guest's browser loads.
#[derive(Deserialize)]
struct Flat {
    r#type: Kind,
    version: i64,
    from: Option<Instant>,
    to: Option<Instant>,
    #[serde(default)]
    windows: Vec<Window>,
    #[serde(default)]
    groups: Vec<GroupSeats>,
    #[serde(default)]
    full_days: Vec<FullDay>,
    profile: Option<Profile>,
    zones: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Snapshot,
    Change,
    Heartbeat,
}

impl TryFrom<Flat> for LiveMessage {
    type Error = &'static str;

    fn try_from(flat: Flat) -> Result<Self, Self::Error> {
        let Flat { r#type, version, from, to, windows, groups, full_days, profile, zones } = flat;
        let message = match r#type {
            Kind::Heartbeat => return Ok(Self::Heartbeat { version }),
            Kind::Snapshot => Self::Snapshot,
            Kind::Change => Self::Change,
        };
        let (Some(from), Some(to)) = (from, to) else { return Err("a stretch has both of its ends") };
        let openings = Openings { windows, groups, full_days };
        Ok(message(Stretch { version, from, to, openings, profile, zones }))
    }
}

/// What a guest page shows beside the times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub provider: PublicProvider,
    pub offerings: Vec<Offering>,
}

/// What a page knows: the state that messages are applied to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveState {
    pub version: i64,
    pub profile: Profile,
    pub openings: Openings,
    /// The edition of the zones' rules that all of it was made by.
    pub zones: String,
}

/// What a message did to the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The state is now that of the message's version.
    Changed,
    /// Nothing new: an old message, or a heartbeat at the version known.
    Unchanged,
    /// A version is missing in between: ask again with `since`.
    Gap,
}

impl LiveState {
    /// Applies one message. A gap changes nothing. A snapshot is all there is, whatever was known: its version is
    /// lower only where the database was restored from a backup.
    pub fn apply(&mut self, message: LiveMessage) -> Applied {
        match message {
            LiveMessage::Heartbeat { version } if version > self.version => Applied::Gap,
            LiveMessage::Heartbeat { .. } => Applied::Unchanged,
            LiveMessage::Snapshot(stretch) => {
                self.openings = Openings::default();
                self.take(stretch)
            }
            LiveMessage::Change(stretch) if stretch.version == self.version + 1 => self.take(stretch),
            LiveMessage::Change(stretch) if stretch.version > self.version => Applied::Gap,
            LiveMessage::Change(_) => Applied::Unchanged,
        }
    }

    fn take(&mut self, stretch: Stretch) -> Applied {
        self.version = stretch.version;
        if let Ok(within) = TimeRange::new(stretch.from, stretch.to) {
            self.openings.replace(within, stretch.openings);
        }
        if let Some(profile) = stretch.profile {
            self.profile = profile;
        }
        if let Some(zones) = stretch.zones {
            self.zones = zones;
        }
        Applied::Changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(version: i64) -> LiveState {
        let provider = PublicProvider {
            provider_id: uuid::Uuid::nil(),
            handle: "ada".parse().unwrap(),
            display_name: "Ada".into(),
            bio: String::new(),
            time_zone: "UTC".parse().unwrap(),
        };
        let profile = Profile { provider, offerings: Vec::new() };
        LiveState { version, profile, openings: Openings::default(), zones: "2026f.0".into() }
    }

    fn stretch(version: i64) -> Stretch {
        let (from, to) = ("2027-03-01T00:00:00Z".parse().unwrap(), "2027-03-02T00:00:00Z".parse().unwrap());
        Stretch { version, from, to, openings: Openings::default(), profile: None, zones: None }
    }

    #[test]
    fn a_change_is_applied_only_after_the_one_before_it() {
        let mut state = state(7);
        assert_eq!(state.apply(LiveMessage::Change(stretch(9))), Applied::Gap);
        assert_eq!(state.apply(LiveMessage::Change(stretch(7))), Applied::Unchanged);
        assert_eq!(state.apply(LiveMessage::Heartbeat { version: 8 }), Applied::Gap);
        assert_eq!((state.apply(LiveMessage::Change(stretch(8))), state.version), (Applied::Changed, 8));
        assert_eq!(state.apply(LiveMessage::Heartbeat { version: 8 }), Applied::Unchanged);
    }

    #[test]
    fn a_snapshot_counts_even_of_a_database_that_was_restored() {
        let mut state = state(7);
        assert_eq!((state.apply(LiveMessage::Snapshot(stretch(3))), state.version), (Applied::Changed, 3));
    }
}
