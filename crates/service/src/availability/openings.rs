//! When a provider can be booked, for the public: windows, slots, and why a start is none.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use domain::openings::MAX_BUFFER_MINUTES;
use domain::problem::Reason;
use domain::{FieldError, Moment, Offering, Problem, Slot, TimeRange, TimeZone, id, moment, slots};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::large::{self, LargeAnswer};
use crate::providers::snapshot_of;
use crate::snapshot::Snapshot;
use crate::undisturbed::undisturbed;
use crate::{Error, Services};

/// What `GET /availability/{provider}` asks, as it came.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct OpeningsQuery {
    /// A date in `time_zone`, or an instant. Default: today.
    pub from: Option<String>,
    /// Exclusive. Default: 7 days after `from`. At most 366 days.
    pub to: Option<String>,
    /// Id or slug; default the first active one.
    pub offering: Option<String>,
    /// Default: the offering's shortest.
    pub duration_minutes: Option<String>,
    /// IANA; default the provider's.
    pub time_zone: Option<String>,
}

/// The answer's body, `application/json`, with its entity tag.
pub struct OpeningsAnswer {
    /// With quotes.
    pub etag: String,
    pub body: AnswerBody,
}

pub enum AnswerBody {
    /// Shared by all who ask the same.
    Ready(Bytes),
    /// Too large to be kept for anybody: made while it is sent.
    Large(Box<LargeAnswer>),
}

impl AnswerBody {
    /// All of it at once.
    pub fn whole(self) -> Bytes {
        match self {
            Self::Ready(body) => body,
            Self::Large(parts) => parts.flatten().collect(),
        }
    }
}

/// A window in a REST answer: see [`domain::Window`] for what travels beside its ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpeningsBody {
    pub provider_id: Uuid,
    pub version: i64,
    pub time_zone: TimeZone,
    pub offering_id: Uuid,
    pub duration_minutes: u32,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub windows: Vec<domain::Window>,
    pub slots: Vec<Slot>,
}

/// An answer and when it is right.
#[derive(Clone)]
pub(crate) struct CachedAnswer {
    etag: String,
    /// Exactly as large as its text: by that the cache weighs it.
    body: Bytes,
    since: DateTime<Utc>,
    /// `None`: until the version moves.
    until: Option<DateTime<Utc>>,
}

impl CachedAnswer {
    /// Roughly its bytes in memory.
    pub fn weight(&self) -> usize {
        self.body.len() + self.etag.len() + 200
    }

    fn into_answer(self) -> OpeningsAnswer {
        OpeningsAnswer { etag: self.etag, body: AnswerBody::Ready(self.body) }
    }

    fn is_right_at(&self, now: DateTime<Utc>) -> bool {
        self.since <= now && self.until.is_none_or(|until| now < until)
    }
}

/// About so many starts cost as much as reading a calendar that is not in memory.
const FAR_STARTS: usize = 5000;

/// Windows and slots for the public; from memory, serialised once per version and question and kept
/// until time alone changes it. An answer is found again by the question's own `words`; only when there
/// is none, or it is not right any more, are they read. `charge` is asked before an answer is made, with the number
/// of starts that it costs; a large one costs nothing yet.
pub async fn openings(
    s: &Services,
    provider: &str,
    words: &str,
    read: impl FnOnce() -> Result<OpeningsQuery, Error>,
    charge: impl Fn(usize) -> Result<(), Problem>,
) -> Result<OpeningsAnswer, Error> {
    let now = s.clock.now();
    let snapshot = snapshot_of(s, provider).await?;
    let key = (snapshot.provider.provider_id, snapshot.version, snapshot.zones, words.into());
    if let Some(cached) = s.snapshots.answers.get(&key)
        && cached.is_right_at(now)
    {
        return Ok(cached.into_answer());
    }
    let asked = Asked::parse(&read()?, &snapshot, now)?;
    // Slots at the end of the range look at what comes after it.
    let needed = asked.within.widened(MAX_BUFFER_MINUTES, 2 * MAX_BUFFER_MINUTES);
    let is_near = snapshot.covers.encloses(&needed);
    let snapshot = if is_near {
        snapshot
    } else {
        charge(FAR_STARTS)?;
        Box::pin(load_far(s, &snapshot, needed, now)).await?
    };
    let parts = slots::Parts::new(snapshot.openings(), &asked.offering, asked.duration_minutes, asked.within, now);
    let starts = parts.at_most(snapshot.openings(), &asked.offering, asked.duration_minutes);
    if large::is_large(starts, snapshot.openings().windows_within(asked.within, 0).count()) {
        return asked.large_answer(snapshot, parts);
    }
    charge(starts)?;
    let cached = asked.answer(&snapshot, now)?;
    if is_near {
        s.snapshots.answers.insert(key, cached.clone());
    }
    Ok(cached.into_answer())
}

/// The calendar around a range that snapshots do not cover.
async fn load_far(s: &Services, near: &Snapshot, range: TimeRange, now: DateTime<Utc>) -> Result<Arc<Snapshot>, Error> {
    let (db, provider_id) = (s.pool.clone(), near.provider.provider_id);
    let loaded = undisturbed(async move { Snapshot::load(&db, provider_id, range, now).await }).await?;
    Ok(Arc::new(loaded.ok_or(Problem::NotFound)?))
}

/// A question, every part of it read.
struct Asked {
    within: TimeRange,
    time_zone: TimeZone,
    offering: Offering,
    duration_minutes: u32,
    /// When "today" becomes another day, if that was asked.
    today_until: Option<DateTime<Utc>>,
}

fn edge(name: &str, text: &str) -> Result<Moment, Problem> {
    Moment::read(text).ok_or_else(|| Problem::Malformed {
        detail: format!("{name} must be a date, such as 2026-11-23, or an instant, such as 2026-11-23T09:00:00Z."),
    })
}

/// A week of local days later, where it is a day.
fn week_later(moment: Moment) -> Moment {
    match moment {
        Moment::Date(date) => Moment::Date(date + TimeDelta::days(7)),
        Moment::Instant(instant) => Moment::Instant(instant + TimeDelta::days(7)),
    }
}

const LONGEST_DAYS: i64 = 366;

impl Asked {
    /// What cannot be read is `malformed`; what can be read but makes no sense is `invalid`, all of
    /// it at once.
    fn parse(query: &OpeningsQuery, snapshot: &Snapshot, now: DateTime<Utc>) -> Result<Self, Problem> {
        let time_zone = match &query.time_zone {
            None => snapshot.provider.time_zone.clone(),
            Some(name) => name.parse().map_err(|_| Problem::Malformed {
                detail: "time_zone must be the name of an IANA time zone, such as Europe/Paris.".into(),
            })?,
        };
        let read = |name, text: &Option<String>| text.as_deref().map(|text| edge(name, text)).transpose();
        let (given_from, given_to) = (read("from", &query.from)?, read("to", &query.to)?);
        let duration = query.duration_minutes.as_deref().map(duration).transpose()?;
        let offering = find_offering(snapshot, query.offering.as_deref())?.clone();

        let today = time_zone.local(now).date();
        let from = given_from.unwrap_or(Moment::Date(today));
        let mut faults = Vec::new();
        for (name, edge) in [("from", Some(from)), ("to", given_to)] {
            if edge.is_some_and(|edge| !edge.is_near()) {
                faults.push(FieldError::new(name, "out_of_range", moment::OUT_OF_RANGE));
            }
        }
        let duration_minutes = duration.or(offering.durations_minutes.first().copied()).unwrap_or_default();
        if !offering.durations_minutes.contains(&duration_minutes) {
            let known: Vec<String> = offering.durations_minutes.iter().map(u32::to_string).collect();
            let message = format!("One of the offering's lengths: {}.", known.join(", "));
            faults.push(FieldError::new("duration_minutes", "unknown_duration", message));
        }
        if !faults.is_empty() {
            return Err(faults.into());
        }
        let to = given_to.unwrap_or_else(|| week_later(from));
        let within = range(from, to, &time_zone)?;
        let today_until = if given_from.is_none() { time_zone.day(today).map(|day| day.end()) } else { None };
        Ok(Self { within, time_zone, offering, duration_minutes, today_until })
    }

    fn answer(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Result<CachedAnswer, Error> {
        let (offering, duration, within) = (&self.offering, self.duration_minutes, self.within);
        let openings = snapshot.openings();
        let mut body = self.without_openings(snapshot);
        body.windows = openings.clipped(within).windows;
        body.slots = slots::slots(openings, offering, duration, within, now);
        let body = serde_json::to_vec(&body).map_err(|cause| Error::Internal(format!("openings: {cause}")))?;
        let etag = etag(snapshot.version, Sha256::digest(&body).as_slice());
        let changes = slots::unchanged_until(openings, offering, duration, within, now);
        let until = [changes, self.today_until, snapshot.holds_until()].into_iter().flatten().min();
        Ok(CachedAnswer { etag, body: body.into_boxed_slice().into(), since: now, until })
    }

    fn large_answer(self, snapshot: Arc<Snapshot>, parts: slots::Parts) -> Result<OpeningsAnswer, Error> {
        let body = self.without_openings(&snapshot);
        let version = snapshot.version;
        let large = LargeAnswer::new(snapshot, self.offering, &body, self.within, parts)?;
        Ok(OpeningsAnswer { etag: etag(version, &large.digest()), body: AnswerBody::Large(Box::new(large)) })
    }

    fn without_openings(&self, snapshot: &Snapshot) -> OpeningsBody {
        OpeningsBody {
            provider_id: snapshot.provider.provider_id,
            version: snapshot.version,
            time_zone: self.time_zone.clone(),
            offering_id: self.offering.offering_id,
            duration_minutes: self.duration_minutes,
            from: self.within.start(),
            to: self.within.end(),
            windows: Vec::new(),
            slots: Vec::new(),
        }
    }
}

fn etag(version: i64, digest: &[u8]) -> String {
    format!("\"{version}-{}\"", hex::encode(&digest[..8]))
}

fn range(from: Moment, to: Moment, zone: &TimeZone) -> Result<TimeRange, Problem> {
    let Ok(within) = TimeRange::new(from.instant(zone), to.instant(zone)) else {
        return Err(Problem::field("to", "invalid", "The end must be after the start."));
    };
    // A year of days may be an hour longer than its days of 24 hours.
    let too_long = match (from, to) {
        (Moment::Date(from), Moment::Date(to)) => (to - from).num_days() > LONGEST_DAYS,
        _ => within.length() > TimeDelta::days(LONGEST_DAYS),
    };
    if too_long {
        return Err(Problem::field("to", "out_of_range", "At most 366 days."));
    }
    Ok(within)
}

fn duration(text: &str) -> Result<u32, Problem> {
    text.parse().map_err(|_| Problem::Malformed { detail: "duration_minutes must be a whole number.".into() })
}

/// By id or slug; the first active one when nothing is said.
fn find_offering<'a>(snapshot: &'a Snapshot, wanted: Option<&str>) -> Result<&'a Offering, Problem> {
    let mut offerings = snapshot.calendar.offerings.iter();
    let found = match wanted {
        None => offerings.find(|offering| offering.active),
        Some(wanted) => match id::read(wanted) {
            Some(id) => offerings.find(|offering| offering.offering_id == id),
            None => offerings.find(|offering| offering.slug == wanted),
        },
    };
    found.ok_or(Problem::NotFound)
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct ExplainQuery {
    pub start: Option<String>,
    pub offering: Option<String>,
    pub duration_minutes: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Explanation {
    pub bookable: bool,
    pub reasons: Vec<Reason>,
}

pub async fn explain(s: &Services, provider: &str, query: ExplainQuery) -> Result<Explanation, Error> {
    let now = s.clock.now();
    let start = query.start.as_deref().and_then(moment::instant).ok_or_else(|| Problem::Malformed {
        detail: "start must be an RFC 3339 instant, such as 2026-11-23T09:00:00Z.".into(),
    })?;
    let duration = query.duration_minutes.as_deref().map(duration).transpose()?;
    let mut snapshot = snapshot_of(s, provider).await?;
    let offering = find_offering(&snapshot, query.offering.as_deref())?.clone();
    let duration = duration.or(offering.durations_minutes.first().copied()).unwrap_or_default();

    if moment::is_near(&start) {
        let day = TimeDelta::days(1);
        let looked_at = TimeRange::new(start - day * 2, start + day * 3).map_err(|_| Problem::NotFound)?;
        if !snapshot.covers.encloses(&looked_at) {
            snapshot = load_far(s, &snapshot, looked_at, now).await?;
        }
    }
    let reasons = domain::explain::explain(&snapshot.calendar, &offering, duration, start, now);
    Ok(Explanation { bookable: reasons.is_empty(), reasons })
}
