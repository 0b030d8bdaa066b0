//! Guests, known by their e-mail: who they are, and who has booked much lately.

use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use domain::Email;
use quick_cache::sync::Cache;
use uuid::Uuid;

/// A guest's e-mail, however it is spelled, as a hash that is this process's own: small, nothing to read in
/// memory, and nobody can choose e-mails that share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GuestKey(u64);

impl GuestKey {
    pub fn of(email: &str) -> Self {
        static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self(HASHER.hash_one(Email::known_by(email).to_lowercase()))
    }
}

/// How long a booking counts as made lately.
pub(crate) const LATELY: TimeDelta = TimeDelta::hours(1);

/// Guests remembered, those who book most.
const MOST_GUESTS: usize = 1 << 16;

/// Who has booked lately by this node: so that the database is asked only about those who have booked much, and a
/// first booking costs no statement more.
pub(crate) struct Lately(Cache<(Uuid, GuestKey), Arc<Mutex<Recent>>>);

#[derive(Default)]
struct Recent {
    since: DateTime<Utc>,
    made: u32,
    under_way: u32,
    /// Of those under way, the ones that the database is not asked about.
    uncounted: u32,
}

/// A booking under way. Dropped, it was not made.
pub(crate) struct Turn {
    recent: Arc<Mutex<Recent>>,
    /// Whether the guest's bookings are to be counted first, in the database.
    pub counted: bool,
}

impl Default for Lately {
    fn default() -> Self {
        Self(Cache::new(MOST_GUESTS))
    }
}

impl Lately {
    /// Where `most` may be made within an hour, half of them are let through on this node's own word. From there on the
    /// database says how many it were, on whatever node and before whatever restart.
    pub fn begin(&self, provider_id: Uuid, guest: GuestKey, most: u32, now: DateTime<Utc>) -> Turn {
        let found: Result<_, Infallible> = self.0.get_or_insert_with(&(provider_id, guest), || Ok(Arc::default()));
        let Ok(recent) = found;
        let mut known = locked(&recent);
        if (now - known.since).abs() >= LATELY {
            (known.since, known.made) = (now, 0);
        }
        let is_counted = known.made + known.under_way >= most / 2;
        known.under_way += 1;
        known.uncounted += u32::from(!is_counted);
        drop(known);
        Turn { recent, counted: is_counted }
    }
}

impl Turn {
    /// How many are under way that whoever counts cannot see yet. To be asked before counting: one that commits
    /// meanwhile is then counted twice and never not at all.
    pub fn unseen(&self) -> u32 {
        locked(&self.recent).uncounted
    }

    pub fn made(self) {
        locked(&self.recent).made += 1;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut known = locked(&self.recent);
        known.under_way -= 1;
        known.uncounted -= u32::from(!self.counted);
    }
}

fn locked(recent: &Mutex<Recent>) -> MutexGuard<'_, Recent> {
    recent.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bookings_count_while_they_are_under_way_and_for_an_hour_once_made() {
        let (lately, provider, grace) = (Lately::default(), Uuid::from_u128(1), GuestKey::of("grace@example.com"));
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let begin = |minutes| lately.begin(provider, grace, 4, start + TimeDelta::minutes(minutes));
        let (refused, made) = (begin(0), begin(0));
        let third = begin(0);
        assert_eq!((refused.counted, made.counted, third.counted), (false, false, true));
        assert_eq!(third.unseen(), 2);
        third.made();
        made.made();
        drop(refused);
        assert_eq!((begin(59).counted, begin(59).unseen()), (true, 0));
        assert!(!begin(60).counted);
        assert!(!lately.begin(Uuid::from_u128(2), grace, 4, start).counted);
    }

    #[test]
    fn capitals_and_blanks_make_no_other_guest() {
        assert_eq!(GuestKey::of("Grace@Example.com "), GuestKey::of("grace@example.com"));
        assert_eq!(GuestKey::of("grace@münchen.example"), GuestKey::of("grace@XN--MNCHEN-3YA.example"));
        assert_ne!(GuestKey::of("grace+1@example.com"), GuestKey::of("grace@example.com"));
    }
}
