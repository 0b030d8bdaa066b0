//! Each provider's calendar in memory, tagged with its version and replaced when the version moves.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{Appointment, Calendar};
use domain::live::{LiveState, Profile};
use domain::offering::MAX_DURATION_MINUTES;
use domain::openings::MAX_BUFFER_MINUTES;
use domain::zones::Zones;
use domain::{Handle, Openings, Problem, PublicProvider, TimeRange, slots};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::availability::CachedAnswer;
use crate::bookings::GuestKey;
use crate::db::no_answer;
use crate::store;
use crate::store::snapshot::Taken;
use crate::undisturbed::undisturbed;
use crate::{Error, Services};

/// How many providers are kept in memory, those asked for most.
const MOST_PROVIDERS: usize = 4096;
/// Bytes of ready-made answers.
const MOST_ANSWERS: u64 = 64 << 20;
/// About how many that is; the cache sizes itself by it.
const USUAL_ANSWERS: usize = 2048;
/// How old a snapshot may be: what it covers moves on with time.
const OLDEST: TimeDelta = TimeDelta::hours(12);

/// A provider's calendar as it was at `version`.
#[derive(Clone)]
pub struct Snapshot {
    pub version: i64,
    pub provider: PublicProvider,
    /// Entries, taken time and offerings (deleted ones left out); taken time only within `covers`.
    pub calendar: Calendar,
    /// From a week before to 374 days after the snapshot was made.
    pub covers: TimeRange,
    /// `calendar.openings(covers)`, made when somebody first asks for all of it: a booking looks at a few days only,
    /// and a year of windows, copied for each, would be what costs most in memory and time.
    openings: OnceLock<Arc<Openings>>,
    earlier: Option<Earlier>,
    made_at: DateTime<Utc>,
    /// [`Zones::id`] of the rules it was made by: by others it is made anew.
    pub(crate) zones: u64,
    /// Holds, expired ones too: their blocked time and when they expire.
    holds: Vec<(TimeRange, DateTime<Utc>)>,
    /// Who sits in the appointments, in no order.
    seats: Vec<Seat>,
}

/// A guest's seat. Small: every booking copies all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub appointment_id: Uuid,
    pub start: DateTime<Utc>,
    pub guest: GuestKey,
}

/// All openings of an earlier version, and the stretches that differ since.
#[derive(Clone)]
struct Earlier {
    openings: Arc<Openings>,
    changed: Vec<TimeRange>,
}

/// Of more changes, all is made anew.
const MOST_CHANGED: usize = 16;

impl Snapshot {
    /// Reads the calendar in one statement; `None` when there is no such provider.
    pub(crate) async fn load(
        db: impl PgExecutor<'_>,
        provider_id: Uuid,
        covers: TimeRange,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, Error> {
        // First: what is in use by the time it is computed may be newer, and never older.
        let zones = Zones::in_use().id();
        let Some(loaded) = store::snapshot::load(db, provider_id, covers).await? else { return Ok(None) };
        let (mut holds, mut seats) = (Vec::new(), Vec::new());
        let mut appointments = Vec::with_capacity(loaded.appointments.len());
        for Taken { appointment, expires_at, guests } in loaded.appointments {
            let (appointment_id, start) = (appointment.appointment_id, appointment.during.start());
            seats.extend(guests.into_iter().map(|guest| Seat { appointment_id, start, guest }));
            holds.extend(expires_at.map(|expires_at| (appointment.blocked, expires_at)));
            if expires_at.is_none_or(|expires_at| expires_at > now) {
                appointments.push(appointment);
            }
        }
        let calendar = Calendar {
            time_zone: loaded.provider.time_zone.clone(),
            entries: loaded.entries,
            appointments,
            offerings: loaded.offerings,
        };
        let (version, provider) = (loaded.version, loaded.provider);
        let (openings, earlier, made_at) = (OnceLock::new(), None, now);
        Ok(Some(Self { version, provider, calendar, covers, openings, earlier, made_at, zones, holds, seats }))
    }

    /// What a snapshot made now covers.
    pub(crate) fn coverage(now: DateTime<Utc>) -> TimeRange {
        TimeRange::new(now - TimeDelta::days(7), now + TimeDelta::days(374)).expect("a year is not empty")
    }

    /// The provider with the offerings that guests see.
    pub fn profile(&self) -> Profile {
        let active = self.calendar.offerings.iter().filter(|offering| offering.active);
        Profile { provider: self.provider.clone(), offerings: active.cloned().collect() }
    }

    /// What a page begins with.
    pub fn live_state(&self, profile: Profile, openings: Openings) -> LiveState {
        LiveState { version: self.version, profile, openings, zones: self.edition() }
    }

    /// Of the rules it was made by; empty once others are in use, so that who has it asks for everything.
    pub(crate) fn edition(&self) -> String {
        let in_use = Zones::in_use();
        if in_use.id() == self.zones { in_use.edition() } else { String::new() }
    }

    /// Within `covers`.
    pub fn openings(&self) -> &Openings {
        self.openings.get_or_init(|| {
            let Some(Earlier { openings, changed }) = &self.earlier else {
                return Arc::new(self.calendar.openings(self.covers));
            };
            let mut openings = Openings::clone(openings);
            for stretch in changed {
                openings.replace(*stretch, self.calendar.openings(*stretch));
            }
            Arc::new(openings)
        })
    }

    /// As many of them as it takes to judge an appointment that begins at `start`.
    pub(crate) fn openings_for(&self, start: DateTime<Utc>) -> Cow<'_, Openings> {
        if let Some(known) = self.openings.get() {
            return Cow::Borrowed(known);
        }
        let longest = TimeRange::from_start(start, MAX_DURATION_MINUTES.into()).ok();
        match longest.filter(|longest| self.covers.encloses(longest)) {
            Some(longest) => {
                let around = longest.widened(MAX_BUFFER_MINUTES, 2 * MAX_BUFFER_MINUTES);
                Cow::Owned(self.calendar.openings(around))
            }
            None => Cow::Borrowed(self.openings()),
        }
    }

    /// The same calendar one version later, when all that happened is that `taken` was added, or
    /// changed, or (`None`) let go of: openings differ in `changed` only.
    pub(crate) fn after(&self, appointment_id: Uuid, taken: Option<Appointment>, changed: TimeRange) -> Self {
        let (openings, earlier) = (OnceLock::new(), self.earlier_than(changed));
        let mut next = Self { version: self.version + 1, openings, earlier, ..self.clone() };
        let appointments = &mut next.calendar.appointments;
        appointments.retain(|appointment| appointment.appointment_id != appointment_id);
        if let Some(taken) = taken.filter(|taken| taken.blocked.overlaps(&self.covers)) {
            let place = appointments.partition_point(|other| other.during.start() < taken.during.start());
            appointments.insert(place, taken);
        }
        next
    }

    /// With one seat more, or one less.
    pub(crate) fn seated(mut self, seat: Seat) -> Self {
        self.seats.push(seat);
        self
    }

    pub(crate) fn left(mut self, seat: Seat) -> Self {
        if let Some(place) = self.seats.iter().position(|taken| *taken == seat) {
            self.seats.swap_remove(place);
        }
        self
    }

    /// A guest's seats as far as the snapshot reaches.
    pub(crate) fn seats_of(&self, guest: GuestKey) -> impl Iterator<Item = &Seat> {
        self.seats.iter().filter(move |seat| seat.guest == guest)
    }

    /// What the next version can make its openings of.
    fn earlier_than(&self, changed: TimeRange) -> Option<Earlier> {
        let mut earlier = match self.openings.get() {
            Some(known) => Earlier { openings: known.clone(), changed: Vec::new() },
            None => self.earlier.clone()?,
        };
        earlier.changed.extend(changed.intersect(&self.covers));
        (earlier.changed.len() <= MOST_CHANGED).then_some(earlier)
    }

    /// Whether holds that have expired by `now` stand in the way of `blocked`.
    pub(crate) fn has_expired_holds(&self, blocked: TimeRange, now: DateTime<Utc>) -> bool {
        self.holds.iter().any(|(held, expires_at)| *expires_at <= now && held.overlaps(&blocked))
    }

    /// When the snapshot stops being right though the version stays: at the end of the next hold.
    pub(crate) fn holds_until(&self) -> Option<DateTime<Utc>> {
        self.holds.iter().map(|(_, expires_at)| *expires_at).filter(|expires_at| *expires_at > self.made_at).min()
    }

    /// The next instant after `now` at which time alone changes what guests can be shown of it: a start of any
    /// offering and length comes too near or near enough, or a hold ends. `None`: none within the horizon.
    pub fn unchanged_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let active = self.calendar.offerings.iter().filter(|offering| offering.active);
        let changes = active.flat_map(|offering| {
            let end = now + TimeDelta::days(i64::from(offering.horizon_days) + 1);
            let within = TimeRange::new(now, end).expect("a day is not empty");
            let lengths = offering.durations_minutes.iter();
            lengths.filter_map(move |&minutes| slots::unchanged_until(self.openings(), offering, minutes, within, now))
        });
        changes.chain(self.holds_until()).min()
    }

    pub(crate) fn is_by_the_rules_in_use(&self) -> bool {
        self.zones == Zones::in_use().id()
    }

    fn is_right_at(&self, now: DateTime<Utc>) -> bool {
        (now - self.made_at).abs() < OLDEST
            && self.is_by_the_rules_in_use()
            && self.holds_until().is_none_or(|expires_at| now < expires_at)
    }
}

/// What is known of one provider.
#[derive(Default)]
struct Known {
    /// The newest version heard of.
    version: AtomicI64,
    snapshot: ArcSwapOption<Snapshot>,
    /// Held by who loads; the others wait for the result. When loading last failed because Postgres cannot be asked.
    loading: tokio::sync::Mutex<Option<Instant>>,
}

impl Known {
    /// The snapshot, if it can be answered from.
    fn current(&self, now: DateTime<Utc>) -> Option<Arc<Snapshot>> {
        let snapshot = self.snapshot.load_full()?;
        (snapshot.version >= self.version.load(Ordering::Acquire) && snapshot.is_right_at(now)).then_some(snapshot)
    }

    /// Puts a snapshot in place of an older one.
    fn put(&self, snapshot: &Arc<Snapshot>) {
        self.version.fetch_max(snapshot.version, Ordering::AcqRel);
        self.snapshot.rcu(|old| match old {
            Some(old) if (old.version, old.made_at) > (snapshot.version, snapshot.made_at) => Some(old.clone()),
            _ => Some(snapshot.clone()),
        });
    }
}

/// Known versions and snapshots, bounded in number.
pub struct Snapshots {
    providers: Cache<Uuid, Arc<Known>>,
    handles: Cache<Handle, Uuid>,
    /// Bodies that were asked for.
    pub(crate) answers: Cache<AnswerKey, CachedAnswer, AnswerWeight>,
}

/// A provider, the version, the zones' rules, and the words of the question.
type AnswerKey = (Uuid, i64, u64, Box<str>);

/// Weighs answers by what they take in memory.
#[derive(Clone)]
pub(crate) struct AnswerWeight;

impl Weighter<AnswerKey, CachedAnswer> for AnswerWeight {
    fn weight(&self, (.., words): &AnswerKey, answer: &CachedAnswer) -> u64 {
        (answer.weight() + words.len()) as u64
    }
}

impl Default for Snapshots {
    fn default() -> Self {
        // What is heavier than a shard's part is not kept: a year of slots must fit, on many cores too.
        let answers = OptionsBuilder::new()
            .shards(8)
            .estimated_items_capacity(USUAL_ANSWERS)
            .weight_capacity(MOST_ANSWERS)
            .build()
            .expect("both capacities are given");
        Self {
            providers: Cache::new(MOST_PROVIDERS),
            handles: Cache::new(MOST_PROVIDERS),
            answers: Cache::with_options(
                answers,
                AnswerWeight,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
        }
    }
}

impl Snapshots {
    /// A version heard of: by an own commit, a hint of another node, or the poll. Never goes backwards.
    pub fn note_version(&self, provider_id: Uuid, version: i64) {
        // Who is not in memory will be loaded at that version or a later one.
        if let Some(known) = self.providers.get(&provider_id) {
            known.version.fetch_max(version, Ordering::AcqRel);
        }
    }

    fn known_of(&self, provider_id: Uuid) -> Arc<Known> {
        let known: Result<_, Infallible> = self.providers.get_or_insert_with(&provider_id, || Ok(Arc::default()));
        let Ok(known) = known;
        known
    }

    /// The ids in memory, for the poll of missed versions.
    pub fn known(&self) -> Vec<(Uuid, i64)> {
        self.providers.iter().map(|(id, known)| (id, known.version.load(Ordering::Acquire))).collect()
    }

    /// A snapshot that somebody loaded or derived.
    pub(crate) fn put(&self, provider_id: Uuid, snapshot: Snapshot) -> Arc<Snapshot> {
        let snapshot = Arc::new(snapshot);
        self.known_of(provider_id).put(&snapshot);
        snapshot
    }

    /// The snapshot of exactly this version, if it is in memory and right.
    pub(crate) fn at(&self, provider_id: Uuid, version: i64, now: DateTime<Utc>) -> Option<Arc<Snapshot>> {
        let snapshot = self.providers.get(&provider_id)?.snapshot.load_full()?;
        (snapshot.version == version && snapshot.is_right_at(now)).then_some(snapshot)
    }

    pub(crate) fn by_handle(&self, handle: &Handle) -> Option<Uuid> {
        self.handles.get(handle)
    }

    pub(crate) fn remember_handle(&self, handle: Handle, provider_id: Uuid) {
        self.handles.insert(handle, provider_id);
    }
}

/// The snapshot at the newest version this node has heard of, or later. Loads it once for all who wait.
pub async fn current(s: &Services, provider_id: Uuid) -> Result<Arc<Snapshot>, Error> {
    let now = s.clock.now();
    let known = s.snapshots.known_of(provider_id);
    if let Some(snapshot) = known.current(now) {
        return Ok(snapshot);
    }
    // Boxed: it is large, and every answer would have room for it though most find their snapshot above.
    let s = s.clone();
    Box::pin(undisturbed(async move { load(&s, &known, provider_id, now).await })).await
}

async fn load(s: &Services, known: &Known, provider_id: Uuid, now: DateTime<Utc>) -> Result<Arc<Snapshot>, Error> {
    let asked = Instant::now();
    let mut failed = known.loading.lock().await;
    if let Some(snapshot) = known.current(now) {
        return Ok(snapshot);
    }
    // Those who waited for it share its failure too: one after the other they would wait for ever.
    if failed.is_some_and(|failed| failed >= asked) {
        return Err(Error::Database(no_answer("the calendar could not be loaded")));
    }
    // Whatever version was heard of is committed, so one load reaches it.
    match Snapshot::load(&s.pool, provider_id, Snapshot::coverage(now), now).await {
        Ok(Some(snapshot)) => {
            let snapshot = Arc::new(snapshot);
            known.put(&snapshot);
            Ok(snapshot)
        }
        Ok(None) => {
            s.snapshots.providers.remove(&provider_id);
            Err(Problem::NotFound.into())
        }
        Err(error) => {
            if error.is_unavailable() {
                *failed = Some(Instant::now());
            }
            if known.snapshot.load().is_none() {
                s.snapshots.providers.remove(&provider_id);
            }
            Err(error)
        }
    }
}
