//! The one way to change a calendar.
//!
//! [`change`] alone begins and commits, locks, claims an idempotency key and keeps the answer, raises the version and
//! logs what differs, tells the outbox, moves the snapshot on, announces, and does again what Postgres asks to be done
//! again. A verb gets a [`CalendarTx`]: judge, one store call, answer. Whatever writes calendar state takes it, so that
//! nothing is written without a version and a row in the log.
//!
//! [`change_at_once`] is the same in one statement, for whoever knows beforehand what the calendar has to be.

use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Event, Problem, TimeRange};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::db::{Connection, Transaction};
use crate::idempotency::Claim;
use crate::retry::Attempts;
use crate::snapshot::Snapshot;
use crate::{Error, Services, ids, store};

/// What guests may see differently after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Profile or offerings, and with them the windows at any time that guests look at.
    Profile,
    /// The windows of this stretch, buffers of neighbours included.
    Times(TimeRange),
}

impl Seen {
    pub fn kind(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Times(_) => "times",
        }
    }

    pub fn stretch(self, now: DateTime<Utc>) -> TimeRange {
        match self {
            Self::Profile => foreseeable(now),
            Self::Times(range) => range,
        }
    }
}

/// All the time that guests look at: horizons reach 366 days.
pub(crate) fn foreseeable(now: DateTime<Utc>) -> TimeRange {
    TimeRange::new(now - TimeDelta::days(1), now + TimeDelta::days(400)).expect("a year is not empty")
}

/// What a change answers.
pub(crate) struct Answered<T> {
    pub answer: T,
    /// It was given before, to the same request: nothing was changed now.
    pub is_repeated: bool,
}

/// A change that is ready to be committed.
pub(crate) struct Done<T> {
    tx: CalendarTx,
    answer: T,
}

/// A calendar under its lock. Dropped without a commit, nothing has happened.
pub(crate) struct CalendarTx {
    services: Services,
    tx: Transaction,
    provider_id: Uuid,
    /// Before the change; `None` while the calendar is made.
    version: Option<i64>,
    now: DateTime<Utc>,
    is_retry: bool,
    changed: Option<TimeRange>,
    events: Vec<Event>,
    next: Option<Snapshot>,
}

/// Changes one calendar by `verb`, all of it or nothing; an error of the verb's takes everything back.
///
/// With a `claim` the same request is answered what it was answered before. `not-found` when there is no such
/// calendar. `verb` may run more than once: what it does beside the transaction has to bear that.
pub(crate) async fn change<T, V, F>(
    s: &Services,
    provider_id: Uuid,
    claim: Option<&Claim<'_>>,
    verb: V,
) -> Result<T, Error>
where
    T: Serialize + DeserializeOwned,
    V: Fn(CalendarTx) -> F,
    F: Future<Output = Result<Done<T>, Error>>,
{
    Ok(change_or_repeat(s, Calendar::Known(provider_id), claim, verb).await?.answer)
}

/// Makes a calendar by `verb`, which has to write its provider first. Nobody has seen it yet: there is nothing to log,
/// and it begins with version 0.
pub(crate) async fn create<T, V, F>(
    s: &Services,
    provider_id: Uuid,
    claim: Option<&Claim<'_>>,
    verb: V,
) -> Result<T, Error>
where
    T: Serialize + DeserializeOwned,
    V: Fn(CalendarTx) -> F,
    F: Future<Output = Result<Done<T>, Error>>,
{
    Ok(change_or_repeat(s, Calendar::New(provider_id), claim, verb).await?.answer)
}

#[derive(Clone, Copy)]
pub(crate) enum Calendar {
    Known(Uuid),
    New(Uuid),
}

/// As [`change`], and says whether it was answered before.
pub(crate) async fn change_or_repeat<T, V, F>(
    s: &Services,
    calendar: Calendar,
    claim: Option<&Claim<'_>>,
    verb: V,
) -> Result<Answered<T>, Error>
where
    T: Serialize + DeserializeOwned,
    V: Fn(CalendarTx) -> F,
    F: Future<Output = Result<Done<T>, Error>>,
{
    let mut attempts = Attempts::default();
    loop {
        match once(s, calendar, claim, attempts.failed() > 0, &verb).await {
            Err(error) if attempts.again(&error).await => {}
            done => return done,
        }
    }
}

async fn once<T, V, F>(
    s: &Services,
    calendar: Calendar,
    claim: Option<&Claim<'_>>,
    is_retry: bool,
    verb: &V,
) -> Result<Answered<T>, Error>
where
    T: Serialize + DeserializeOwned,
    V: Fn(CalendarTx) -> F,
    F: Future<Output = Result<Done<T>, Error>>,
{
    let now = s.clock.now();
    let mut tx = s.pool.begin().await?;
    // Who asks again needs no lock.
    if let Some(claim) = claim
        && let Some(answer) = claim.given(&mut tx, now).await?
    {
        tx.rollback().await?;
        return Ok(Answered { answer, is_repeated: true });
    }
    let (provider_id, version) = match calendar {
        Calendar::Known(id) => (id, Some(store::calendar::lock(&mut *tx, id).await?.ok_or(Problem::NotFound)?)),
        Calendar::New(id) => (id, None),
    };
    // Claimed after the lock, in the order of `change_at_once`: the other way round two with one key wait for each other.
    if let Some(claim) = claim
        && let Some(answer) = claim.begin(&mut tx, now).await?
    {
        tx.rollback().await?;
        return Ok(Answered { answer, is_repeated: true });
    }
    let tx = CalendarTx {
        services: s.clone(),
        tx,
        provider_id,
        version,
        now,
        is_retry,
        changed: None,
        events: Vec::new(),
        next: None,
    };
    // An error has dropped the transaction, and with it all that was done.
    let Done { tx, answer } = verb(tx).await?;
    let kept = claim.map(|claim| claim.seal(&answer)).transpose()?;
    tx.commit(claim.zip(kept)).await?;
    Ok(Answered { answer, is_repeated: false })
}

impl CalendarTx {
    pub fn provider_id(&self) -> Uuid {
        self.provider_id
    }

    /// The time of the change, asked once.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// For statements within the change: any that reads, and those of `store` that take the whole of this.
    pub fn db(&mut self) -> &mut Connection {
        &mut self.tx
    }

    /// Tells it to the outbox, in order; sent after the commit.
    pub fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Says where windows may differ afterwards. A change that says nothing is taken to reach all that guests see.
    pub fn changed(&mut self, stretch: TimeRange) {
        self.changed = Some(self.changed.map_or(stretch, |before| before.hull(&stretch)));
    }

    /// The calendar as it is under the lock: from memory, or read.
    pub async fn snapshot(&mut self) -> Result<Arc<Snapshot>, Error> {
        // After a failure nothing in memory is trusted: somebody may have written past the version.
        if let Some(known) = self.known_snapshot().filter(|_| !self.is_retry) {
            return Ok(known);
        }
        let (provider_id, now) = (self.provider_id, self.now);
        let loaded = Snapshot::load(self.db(), provider_id, Snapshot::coverage(now), now).await?;
        Ok(self.services.snapshots.put(provider_id, loaded.ok_or(Problem::NotFound)?))
    }

    /// [`CalendarTx::snapshot`] if it is in memory.
    pub fn known_snapshot(&self) -> Option<Arc<Snapshot>> {
        self.services.snapshots.at(self.provider_id, self.version?, self.now)
    }

    /// What is in memory after the commit, so that nobody has to read it again.
    pub fn moves_to(&mut self, next: Snapshot) {
        self.next = Some(next);
    }

    /// What a verb ends with.
    pub fn done<T>(self, answer: T) -> Done<T> {
        Done { tx: self, answer }
    }

    async fn commit(mut self, kept: Option<(&Claim<'_>, Vec<u8>)>) -> Result<(), Error> {
        let kept = kept.as_ref().map(|(claim, answer)| Kept { key_hash: claim.key_hash(), answer });
        let Some(before) = self.version else {
            if let Some(kept) = &kept {
                store::idempotency::keep(&mut *self.tx, Claim::NOBODY, kept.key_hash, kept.answer).await?;
            }
            debug_assert!(self.events.is_empty() && self.changed.is_none(), "nobody has seen it yet");
            return Ok(self.tx.commit().await?);
        };
        let settled = Settled {
            provider_id: self.provider_id,
            version: before + 1,
            now: self.now,
            seen: self.changed.map_or(Seen::Profile, Seen::Times),
            messages: messages(&self.events, self.now)?,
            kept,
        };
        store::calendar::settle(&mut *self.tx, &settled).await?;
        self.tx.commit().await?;
        moved(&self.services, self.provider_id, before + 1, self.next);
        Ok(())
    }
}

/// All that ends a change, written before its commit.
pub(crate) struct Settled<'a> {
    pub provider_id: Uuid,
    /// Afterwards.
    pub version: i64,
    pub now: DateTime<Utc>,
    pub seen: Seen,
    pub messages: Vec<Message>,
    pub kept: Option<Kept<'a>>,
}

/// A row of the outbox.
pub(crate) struct Message {
    pub outbox_id: Uuid,
    pub topic: String,
    pub payload: serde_json::Value,
}

/// The answer for whoever asks again with the key.
pub(crate) struct Kept<'a> {
    pub key_hash: &'a [u8],
    /// Sealed.
    pub answer: &'a [u8],
}

/// An event as the outbox has it: its name apart from what it tells.
fn messages(events: &[Event], now: DateTime<Utc>) -> Result<Vec<Message>, Error> {
    events.iter().map(|event| message(event, now)).collect()
}

fn message(event: &Event, now: DateTime<Utc>) -> Result<Message, Error> {
    let unwritten = || Error::Internal("an event that cannot be written".into());
    let mut parts = serde_json::to_value(event).map_err(|_| unwritten())?;
    let topic = parts.get("type").and_then(|name| name.as_str()).ok_or_else(unwritten)?.to_owned();
    Ok(Message { outbox_id: ids::new_id(now), topic, payload: parts["data"].take() })
}

/// After the commit, and only then.
fn moved(s: &Services, provider_id: Uuid, version: i64, next: Option<Snapshot>) {
    if let Some(next) = next {
        s.snapshots.put(provider_id, next);
    }
    s.snapshots.note_version(provider_id, version);
    s.live.committed(provider_id, version);
}

/// A change that is one statement, with all that [`change`] would write beside it.
pub(crate) struct AtOnce<'a> {
    pub connection: &'a mut Connection,
    pub provider_id: Uuid,
    /// The version at which the change was found to be allowed.
    pub expected: i64,
    pub now: DateTime<Utc>,
    pub seen: Seen,
    pub message: Message,
    pub claimed: Option<Claimed<'a>>,
}

/// A key that nobody has used, with its answer.
pub(crate) struct Claimed<'a> {
    pub kept: Kept<'a>,
    pub body_hash: &'a [u8],
}

/// What is known of a change before it is made.
pub(crate) struct Change<'a, T> {
    pub answer: &'a T,
    pub event: Event,
    /// Where windows differ afterwards.
    pub changed: TimeRange,
    /// In memory afterwards.
    pub next: Snapshot,
}

/// Changes the calendar if it still is what `snapshot` says. `statement` writes all of [`AtOnce`] and answers whether
/// it did: not when somebody was faster, the key is known, or a constraint refuses; [`change`] finds out which.
pub(crate) async fn change_at_once<T: Serialize>(
    s: &Services,
    snapshot: &Snapshot,
    now: DateTime<Utc>,
    claim: Option<&Claim<'_>>,
    change: Change<'_, T>,
    statement: impl AsyncFnOnce(AtOnce<'_>) -> sqlx::Result<bool>,
) -> Result<bool, Error> {
    let Change { answer, event, changed, next } = change;
    let sealed = claim.map(|claim| claim.seal(answer)).transpose()?;
    let claimed = claim.zip(sealed.as_deref()).map(|(claim, answer)| Claimed {
        kept: Kept { key_hash: claim.key_hash(), answer },
        body_hash: claim.body_hash(),
    });
    let provider_id = snapshot.provider.provider_id;
    let message = message(&event, now)?;
    let mut connection = s.idle.take().await?;
    let at_once = AtOnce {
        connection: &mut connection,
        provider_id,
        expected: snapshot.version,
        now,
        seen: Seen::Times(changed),
        message,
        claimed,
    };
    match statement(at_once).await.map_err(Error::from) {
        Ok(is_written) => {
            s.idle.keep(connection);
            if is_written {
                moved(s, provider_id, snapshot.version + 1, Some(next));
            }
            Ok(is_written)
        }
        Err(error) if error.constraint().is_some() || error.is_transient() => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
