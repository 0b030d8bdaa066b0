//! What a provider says about when they can be booked: own entries, and that open ones never overlap.

use chrono::{DateTime, Utc};
use domain::calendar::{self, Calendar};
use domain::openings::MAX_BUFFER_MINUTES;
use domain::problem::{Conflict, Current};
use domain::{
    AvailabilityEntry, Effect, FieldError, NewAvailability, Page, Pattern, Problem, RangeSet, TimeRange, TimeZone,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::change::{change, foreseeable};
use crate::db::Connection;
use crate::idempotency::{Claim, Repeatable};
use crate::paging::PageRequest;
use crate::{Actor, Error, Services, ids, store};

/// How many places and how many ways out an overlap names.
const MOST_CONFLICTS: usize = 20;
const MOST_SUGGESTIONS: usize = 5;

/// Own entries in order of creation; with `within`, those that have an occurrence in it.
pub async fn list(
    s: &Services,
    actor: &Actor,
    within: Option<TimeRange>,
    page: PageRequest,
) -> Result<Page<AvailabilityEntry>, Error> {
    let provider_id = actor.provider()?;
    let after: Option<Uuid> = page.after()?;
    // Which series meet a range is for the domain to say: there are few enough to ask of all.
    let limit = within.is_none().then(|| page.rows());
    let mut entries = store::availability::list(&s.pool, provider_id, after, limit).await?;
    if let Some(within) = within {
        entries.retain(|entry| !entry.pattern.occurrences(within).is_empty());
    }
    Ok(page.page(entries, |entry| entry.availability_id))
}

pub async fn get(s: &Services, actor: &Actor, availability_id: Uuid) -> Result<AvailabilityEntry, Error> {
    let provider_id = actor.provider()?;
    store::availability::get(&s.pool, provider_id, availability_id).await?.ok_or(Problem::NotFound.into())
}

/// An entry to be: read already, or to be read by the clock of whose hours they are.
pub struct NewEntry(Box<Read>);

type Read = dyn FnOnce(&TimeZone) -> Result<NewAvailability, Vec<FieldError>> + Send;

impl NewEntry {
    /// `read` gets the provider's zone.
    pub fn by_clock(read: impl FnOnce(&TimeZone) -> Result<NewAvailability, Vec<FieldError>> + Send + 'static) -> Self {
        Self(Box::new(read))
    }

    async fn read(self, s: &Services, provider_id: Uuid) -> Result<NewAvailability, Error> {
        let provider = store::providers::get(&s.pool, provider_id).await?.ok_or(Problem::NotFound)?;
        Ok((self.0)(&provider.public.time_zone)?)
    }
}

impl From<NewAvailability> for NewEntry {
    fn from(new: NewAvailability) -> Self {
        Self(Box::new(|_| Ok(new)))
    }
}

/// `availability-overlap` when an open entry would overlap another; `invalid` for what cannot be read.
pub async fn create(
    s: &Services,
    actor: &Actor,
    new: impl Into<NewEntry>,
    repeat: Option<Repeatable>,
) -> Result<AvailabilityEntry, Error> {
    let provider_id = actor.provider()?;
    let new = new.into().read(s, provider_id).await?;
    let claim = repeat.as_ref().map(|repeat| Claim::new(repeat, provider_id, "availability"));
    let new = &new;
    change(s, provider_id, claim.as_ref(), move |mut tx| async move {
        let (now, most) = (tx.now(), s.limits.entries);
        let existing = store::availability::list(tx.db(), provider_id, None, None).await?;
        if existing.len() >= most as usize {
            let message = format!("There are {most} entries, as many as can be. Delete some that are over.");
            return Err(Problem::field("pattern", "too_many", message).into());
        }
        refuse_overlap(&existing, new)?;
        let entry = AvailabilityEntry {
            availability_id: ids::new_id(now),
            provider_id,
            effect: new.effect,
            pattern: new.pattern.clone(),
            note: new.note.clone(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        store::availability::insert(&mut tx, &entry).await?;
        tx.changed(reach_of(&[&entry.pattern], now));
        Ok(tx.done(entry))
    })
    .await
}

/// `version-conflict` when `new.version` is given and not the current one.
pub async fn replace(
    s: &Services,
    actor: &Actor,
    availability_id: Uuid,
    new: impl Into<NewEntry>,
) -> Result<AvailabilityEntry, Error> {
    let provider_id = actor.provider()?;
    let new = new.into().read(s, provider_id).await?;
    let new = &new;
    change(s, provider_id, None, move |mut tx| async move {
        let mut existing = store::availability::list(tx.db(), provider_id, None, None).await?;
        let old = take(&mut existing, availability_id)?;
        if new.version.is_some_and(|version| version != old.version) {
            return Err(Problem::VersionConflict { current: Box::new(Current::Entry(old)) }.into());
        }
        refuse_overlap(&existing, new)?;
        let entry = AvailabilityEntry {
            effect: new.effect,
            pattern: new.pattern.clone(),
            note: new.note.clone(),
            version: old.version + 1,
            updated_at: tx.now(),
            ..old.clone()
        };
        store::availability::replace(&mut tx, &entry).await?;
        tx.changed(reach_of(&[&old.pattern, &entry.pattern], tx.now()));
        Ok(tx.done(entry))
    })
    .await
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deleted {
    pub deleted: Uuid,
    /// Bookings that stand and no longer lie in open time.
    pub orphaned_bookings: Vec<Uuid>,
}

pub async fn delete(s: &Services, actor: &Actor, availability_id: Uuid) -> Result<Deleted, Error> {
    let provider_id = actor.provider()?;
    change(s, provider_id, None, move |mut tx| async move {
        let now = tx.now();
        let (gone, orphaned_bookings) = without(tx.db(), provider_id, availability_id, now).await?;
        store::availability::delete(&mut tx, availability_id).await?;
        tx.changed(reach_of(&[&gone.pattern], now));
        Ok(tx.done(Deleted { deleted: availability_id, orphaned_bookings }))
    })
    .await
}

/// The bookings that a deletion now would leave outside open time.
pub async fn orphans(s: &Services, actor: &Actor, availability_id: Uuid) -> Result<Vec<Uuid>, Error> {
    let provider_id = actor.provider()?;
    let mut connection = s.pool.acquire().await?;
    Ok(without(&mut connection, provider_id, availability_id, s.clock.now()).await?.1)
}

/// The entry, and the bookings that lie outside open time without it.
async fn without(
    db: &mut Connection,
    provider_id: Uuid,
    availability_id: Uuid,
    now: DateTime<Utc>,
) -> Result<(AvailabilityEntry, Vec<Uuid>), Error> {
    let before = store::availability::list(&mut *db, provider_id, None, None).await?;
    let mut left = before.clone();
    let gone = take(&mut left, availability_id)?;
    let upcoming = store::bookings::upcoming(db, provider_id, now).await?;
    Ok((gone, orphaned(&upcoming, before, left)))
}

fn take(entries: &mut Vec<AvailabilityEntry>, availability_id: Uuid) -> Result<AvailabilityEntry, Problem> {
    let place = entries.iter().position(|entry| entry.availability_id == availability_id);
    place.map(|place| entries.remove(place)).ok_or(Problem::NotFound)
}

/// Closed entries override what they cover, so only open ones can be in each other's way.
fn refuse_overlap(existing: &[AvailabilityEntry], new: &NewAvailability) -> Result<(), Problem> {
    if new.effect == Effect::Closed {
        return Ok(());
    }
    let conflicts = calendar::conflicts(existing, &new.pattern, MOST_CONFLICTS);
    let Some((_, first)) = conflicts.first() else { return Ok(()) };
    // Of a series, the first occurrence that is in the way.
    let wanted = new.pattern.occurrences(*first).first().map_or(*first, |occurrence| occurrence.range);
    let suggestions = calendar::suggestions(existing, wanted, MOST_SUGGESTIONS);
    let conflicts = conflicts.into_iter().map(|(availability_id, place)| Conflict {
        availability_id,
        start: place.start(),
        end: place.end(),
    });
    Err(Problem::AvailabilityOverlap { conflicts: conflicts.collect(), suggestions })
}

/// Bookings that lay in open time before and do not after.
fn orphaned(
    bookings: &[(Uuid, TimeRange)],
    before: Vec<AvailabilityEntry>,
    after: Vec<AvailabilityEntry>,
) -> Vec<Uuid> {
    let Some(all) = bookings.iter().map(|(_, range)| *range).reduce(|a, b| a.hull(&b)) else { return Vec::new() };
    let (before, after) = (open_time(before, all), open_time(after, all));
    let lost = bookings.iter().filter(|(_, range)| before.encloses(range) && !after.encloses(range));
    lost.map(|(booking_id, _)| *booking_id).collect()
}

/// Open less closed time, whatever is taken.
fn open_time(entries: Vec<AvailabilityEntry>, within: TimeRange) -> RangeSet {
    Calendar { time_zone: TimeZone::utc(), entries, appointments: Vec::new(), offerings: Vec::new() }.open_time(within)
}

/// The stretch in which the patterns have occurrences, as far as guests look. A day more on both
/// sides is for the windows beside it.
fn reach_of(patterns: &[&Pattern], now: DateTime<Utc>) -> TimeRange {
    let all = foreseeable(now);
    let occurrences = patterns.iter().flat_map(|pattern| pattern.occurrences(all));
    let hull = occurrences.map(|occurrence| occurrence.range).reduce(|a, b| a.hull(&b));
    let changed = hull.and_then(|hull| hull.widened(MAX_BUFFER_MINUTES, MAX_BUFFER_MINUTES).intersect(&all));
    // A change that nobody can see still has its number.
    changed.unwrap_or(TimeRange::from_start(now, 1).expect("a minute is not empty"))
}
