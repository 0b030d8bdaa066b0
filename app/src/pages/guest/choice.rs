//! What a guest has chosen so far. It lives in the address, so that every choice is a link: it works
//! without scripts, can be sent to a friend, and the browser's own back button undoes it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta};
use domain::live::LiveState;
use domain::{Instant, Offering, Openings, PublicProvider, Slot, TimeRange, moment, slots};
use leptos_router::params::ParamsMap;
use uuid::Uuid;

use crate::address::query;
use crate::local_time;
use crate::zone_tables;

/// The address's query, read. What cannot be read was not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// An offering's slug.
    pub offering: Option<String>,
    pub duration: Option<u32>,
    /// The first of a month.
    pub month: Option<NaiveDate>,
    pub date: Option<NaiveDate>,
    pub start: Option<Instant>,
    pub zone: Option<String>,
}

impl Asked {
    pub fn read(query: &ParamsMap) -> Self {
        let text = |name| query.get_str(name).map(str::trim).filter(|text| !text.is_empty());
        Self {
            offering: text("offering").map(str::to_owned),
            duration: text("duration").and_then(|text| text.parse().ok()),
            month: text("month").and_then(|month| date(&format!("{month}-01"))),
            date: text("date").and_then(date),
            start: text("start").and_then(local_time::parse_instant),
            zone: text("tz").filter(|zone| zone.len() <= 64).map(str::to_owned),
        }
    }

    /// With one thing chosen anew; what no longer goes with it is dropped.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let mut query = ParamsMap::new();
        query.insert(name.to_owned(), value.to_owned());
        let new = Self::read(&query);
        match name {
            "offering" => (self.offering, self.duration, self.start) = (new.offering, None, None),
            "duration" => (self.duration, self.start) = (new.duration, None),
            "month" => (self.month, self.date, self.start) = (new.month, None, None),
            "date" => (self.month, self.date, self.start) = (None, new.date, None),
            "start" => (self.month, self.date, self.start) = (None, None, new.start),
            "tz" => self.zone = new.zone,
            _ => {}
        }
        self
    }

    /// `?offering=first-visit&start=2026-11-23T09%3A00%3A00Z`, or nothing.
    pub fn to_query(&self) -> String {
        let text = |date: Option<NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
        let month = self.month.map(month_text).unwrap_or_default();
        query([
            ("offering", self.offering.as_deref().unwrap_or_default()),
            ("duration", &self.duration.map(|minutes| minutes.to_string()).unwrap_or_default()),
            ("month", &month),
            ("date", &text(self.date)),
            ("start", &self.start.map(local_time::instant_text).unwrap_or_default()),
            ("tz", self.zone.as_deref().unwrap_or_default()),
        ])
    }
}

/// `2026-11-23`, within the years that the forms accept.
fn date(text: &str) -> Option<NaiveDate> {
    moment::date(text).filter(moment::is_near)
}

/// `2026-11`.
pub fn month_text(date: NaiveDate) -> String {
    format!("{:04}-{:02}", date.year(), date.month())
}

/// The offering asked for, else the first.
fn offering<'a>(offerings: &'a [Offering], asked: &Asked) -> Option<&'a Offering> {
    let wanted =
        asked.offering.as_ref().and_then(|slug| offerings.iter().find(|offering| offering.slug == slug.as_str()));
    wanted.or(offerings.first())
}

/// The length asked for where the offering has it, else its shortest.
fn duration(offering: &Offering, asked: &Asked) -> u32 {
    let has = |minutes: &u32| offering.durations_minutes.contains(minutes);
    asked.duration.filter(has).or(offering.durations_minutes.first().copied()).unwrap_or(30)
}

/// The times that can be booked, by the date they have in a zone.
pub type Days = BTreeMap<NaiveDate, Vec<Slot>>;

/// The last days that were cut, and from what: who asks for another day or month gets the same ones.
#[derive(Default)]
pub struct LastDays(Mutex<Option<(DaysKey, Arc<Days>)>>);

/// The state's version, the offering, the length, the zone and which of its rules, and the time.
type DaysKey = (i64, Uuid, u32, String, u32, Instant);

impl LastDays {
    fn days(&self, state: &LiveState, offering: &Offering, duration: u32, zone: &str, now: Instant) -> Arc<Days> {
        let key = (state.version, offering.offering_id, duration, zone.to_owned(), zone_tables::turn(), now);
        let Ok(mut last) = self.0.lock() else { return Arc::default() };
        match &*last {
            Some((last, days)) if *last == key => days.clone(),
            _ => {
                let days = Arc::new(days(&state.openings, offering, duration, zone, now));
                *last = Some((key, days.clone()));
                days
            }
        }
    }
}

fn days(openings: &Openings, offering: &Offering, duration: u32, zone: &str, now: Instant) -> Days {
    let end = now + TimeDelta::days(i64::from(offering.horizon_days) + 1);
    let Ok(within) = TimeRange::new(now, end) else { return Days::new() };
    let mut days = Days::new();
    for slot in slots::slots(openings, offering, duration, within, now) {
        days.entry(local_time::local(slot.start, zone).date()).or_default().push(slot);
    }
    days
}

/// The month to show, as its first day.
fn month(asked: &Asked, days: &Days, zone: &str, now: Instant) -> NaiveDate {
    let local = |instant| local_time::local(instant, zone).date();
    let date = asked.month.or(asked.start.map(local)).or(asked.date).or(days.keys().next().copied());
    let date = date.unwrap_or_else(|| local(now));
    date.with_day(1).unwrap_or(date)
}

/// The day whose times are shown: the one asked for, else the first with free times in the month.
fn shown_date(asked: &Asked, days: &Days, month: NaiveDate, zone: &str) -> Option<NaiveDate> {
    let in_month = |date: &NaiveDate| (date.year(), date.month()) == (month.year(), month.month());
    let start = asked.start.map(|start| local_time::local(start, zone).date());
    start.or(asked.date).filter(in_month).or_else(|| days.range(month..).next().map(|(date, _)| *date).filter(in_month))
}

/// All that follows from the address, the live state and the time.
#[derive(Clone, PartialEq)]
pub struct Chosen {
    pub asked: Asked,
    /// By whose clock times are shown.
    pub zone: String,
    pub provider: PublicProvider,
    pub offerings: Vec<Offering>,
    offering: Option<usize>,
    pub duration: u32,
    /// The type and the length in the address are those shown; what was asked for may be offered no more.
    pub is_as_asked: bool,
    pub days: Arc<Days>,
    /// The month shown, as its first day.
    pub month: NaiveDate,
    /// The day whose times are shown.
    pub date: Option<NaiveDate>,
    pub today: NaiveDate,
}

impl Chosen {
    pub fn of(asked: Asked, zone: String, state: &LiveState, now: Instant, last: &LastDays) -> Self {
        let offerings = state.profile.offerings.clone();
        let chosen = offering(&offerings, &asked);
        let duration = chosen.map_or(30, |offering| duration(offering, &asked));
        let days = chosen.map(|offering| last.days(state, offering, duration, &zone, now)).unwrap_or_default();
        let month = month(&asked, &days, &zone, now);
        let same_type = |slug: &String| chosen.is_some_and(|chosen| chosen.slug == slug.as_str());
        Self {
            is_as_asked: asked.offering.as_ref().is_none_or(same_type)
                && asked.duration.is_none_or(|asked| asked == duration),
            offering: chosen.and_then(|chosen| offerings.iter().position(|offering| offering == chosen)),
            date: shown_date(&asked, &days, month, &zone),
            today: local_time::local(now, &zone).date(),
            provider: state.profile.provider.clone(),
            asked,
            zone,
            offerings,
            duration,
            days,
            month,
        }
    }

    pub fn offering(&self) -> Option<&Offering> {
        self.offerings.get(self.offering?)
    }

    /// The last day that can be booked.
    pub fn last_day(&self) -> NaiveDate {
        let horizon = self.offering().map_or(0, |offering| offering.horizon_days);
        self.today + TimeDelta::days(i64::from(horizon))
    }

    /// The chosen time, while it is free for the type and the length it was chosen for.
    pub fn slot(&self) -> Option<Slot> {
        let start = self.asked.start.filter(|_| self.is_as_asked)?;
        self.slots(self.local(start).date()).iter().find(|slot| slot.start == start).copied()
    }

    /// The free times of a day.
    pub fn slots(&self, date: NaiveDate) -> &[Slot] {
        self.days.get(&date).map_or(&[], Vec::as_slice)
    }

    pub fn local(&self, instant: Instant) -> NaiveDateTime {
        local_time::local(instant, &self.zone)
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn asked(query: &[(&str, &str)]) -> Asked {
        let mut map = ParamsMap::new();
        for (name, value) in query {
            map.insert((*name).to_owned(), (*value).to_owned());
        }
        Asked::read(&map)
    }

    #[test]
    fn a_choice_survives_its_address() {
        let chosen = asked(&[
            ("offering", "first-visit"),
            ("duration", "60"),
            ("month", "2026-11"),
            ("date", "2026-11-23"),
            ("start", "2026-11-23T10:00:00+01:00"),
            ("tz", "America/New_York"),
        ]);
        assert_eq!(
            chosen.to_query(),
            "?offering=first-visit&duration=60&month=2026-11&date=2026-11-23&start=2026-11-23T09%3A00%3A00Z&tz=America%2FNew_York"
        );
    }

    #[test]
    fn nonsense_in_the_address_is_not_asked() {
        let nonsense = asked(&[("duration", "-1"), ("month", "2026-13"), ("date", "99999-01-01"), ("start", "soon")]);
        assert_eq!(nonsense, Asked::default());
    }

    #[test]
    fn of_a_day_chosen_twice_the_last_counts() {
        assert_eq!(
            asked(&[("date", "2026-11-23"), ("date", "2026-11-24")]).date,
            NaiveDate::from_ymd_opt(2026, 11, 24)
        );
    }

    #[test]
    fn another_length_keeps_the_day_and_drops_the_time() {
        let before = asked(&[("date", "2026-11-23"), ("start", "2026-11-23T09:00:00Z")]);
        let after = before.with("duration", "60");
        assert_eq!((after.date, after.start, after.duration), (NaiveDate::from_ymd_opt(2026, 11, 23), None, Some(60)));
    }

    #[test]
    fn another_zone_keeps_the_time() {
        let start = asked(&[("start", "2026-11-23T09:00:00Z")]);
        assert_eq!(start.clone().with("tz", "Asia/Tokyo").start, start.start);
    }

    #[test]
    fn a_day_of_another_month_gives_way_to_the_month_asked_for() {
        let asked = asked(&[("month", "2026-12"), ("date", "2026-11-23")]);
        let month = month(&asked, &Days::new(), "UTC", Instant::default());
        assert_eq!(month, NaiveDate::from_ymd_opt(2026, 12, 1).unwrap());
        assert_eq!(shown_date(&asked, &Days::new(), month, "UTC"), None);
    }
}
