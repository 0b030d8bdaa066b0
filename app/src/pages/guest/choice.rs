//! What a guest has chosen so far. It lives in the address, so that every choice is a link: it works
//! without scripts, can be sent to a friend, and the browser's own back button undoes it.

use std::sync::{Arc, Mutex};

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, TimeDelta};
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
            // Without scripts the form sends the zone that is shown: only another one was chosen.
            zone: text("tz").filter(|zone| zone.len() <= 64 && text("home") != Some(zone)).map(str::to_owned),
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

/// The times of a month that can be booked, by the day they have in a zone, from the first.
pub type Days = Vec<Vec<Slot>>;

/// The days that were cut last, and from what: who asks for another day of the month gets the same ones.
#[derive(Default)]
pub struct LastDays(Mutex<Option<(DaysKey, Arc<Days>)>>);

/// The state's version, the offering, the length, the zone and which of its rules, the time and the month.
type DaysKey = (i64, Uuid, u32, String, u32, Instant, NaiveDate);

impl LastDays {
    fn month(&self, version: i64, cut: &Cut, month: NaiveDate) -> Arc<Days> {
        let Ok(mut last) = self.0.lock() else { return Arc::default() };
        let offering_id = cut.offering.map(|offering| offering.offering_id).unwrap_or_default();
        let key = (version, offering_id, cut.duration, cut.zone.to_owned(), zone_tables::turn(), cut.now, month);
        match &*last {
            Some((last, days)) if *last == key => days.clone(),
            _ => {
                let days = Arc::new(cut.month(month));
                *last = Some((key, days.clone()));
                days
            }
        }
    }
}

/// What times are cut from, and for which clock. Never more of them than are asked for: a year has ten thousand.
struct Cut<'a> {
    openings: &'a Openings,
    offering: Option<&'a Offering>,
    duration: u32,
    zone: &'a str,
    now: Instant,
}

impl Cut<'_> {
    fn date(&self, instant: Instant) -> NaiveDate {
        local_time::local(instant, self.zone).date()
    }

    fn slots(&self, from: Instant, to: Instant) -> Vec<Slot> {
        let (Some(offering), Ok(within)) = (self.offering, TimeRange::new(from.max(self.now), to)) else {
            return Vec::new();
        };
        slots::slots(self.openings, offering, self.duration, within, self.now)
    }

    fn month(&self, month: NaiveDate) -> Days {
        let after = month.checked_add_months(Months::new(1)).unwrap_or(month);
        let mut days = vec![Vec::new(); 31];
        for slot in self.slots(earliest(month), latest(after)) {
            let date = self.date(slot.start);
            if is_in(&date, month) {
                days[date.day0() as usize].push(slot);
            }
        }
        days
    }

    /// The first day with free times, from a date on.
    fn first_day(&self, from: NaiveDate) -> Option<NaiveDate> {
        let begin = earliest(from).max(self.now);
        // Nothing is offered further ahead than 366 days.
        let weeks = (0..54).map(|week| begin + TimeDelta::weeks(week));
        let slots = weeks.flat_map(|week| self.slots(week, week + TimeDelta::weeks(1)));
        slots.map(|slot| self.date(slot.start)).find(|date| *date >= from)
    }
}

/// When a date can begin: clocks are at most 14 hours ahead of UTC.
fn earliest(date: NaiveDate) -> Instant {
    date.and_time(chrono::NaiveTime::MIN).and_utc() - TimeDelta::hours(14)
}

/// By when a date has begun everywhere.
fn latest(date: NaiveDate) -> Instant {
    earliest(date) + TimeDelta::hours(28)
}

/// Whether a date is in the month of another.
pub fn is_in(date: &NaiveDate, month: NaiveDate) -> bool {
    (date.year(), date.month()) == (month.year(), month.month())
}

/// The month to show, as its first day.
fn month(asked: &Asked, cut: &Cut) -> NaiveDate {
    let today = cut.date(cut.now);
    let date = asked.month.or(asked.start.map(|start| cut.date(start))).or(asked.date);
    let date = date.or_else(|| cut.first_day(today)).unwrap_or(today);
    date.with_day(1).unwrap_or(date)
}

/// The day whose times are shown: the one asked for, else the first with free times in the month.
fn shown_date(asked: &Asked, days: &Days, month: NaiveDate, zone: &str) -> Option<NaiveDate> {
    let start = asked.start.map(|start| local_time::local(start, zone).date());
    let first = || days.iter().position(|slots| !slots.is_empty()).and_then(|day0| month.with_day0(day0 as u32));
    start.or(asked.date).filter(|date| is_in(date, month)).or_else(first)
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
    days: Arc<Days>,
    /// The month shown, as its first day.
    pub month: NaiveDate,
    /// The day whose times are shown.
    pub date: Option<NaiveDate>,
    /// The times of that day. One that goes while it is shown stays, with nothing remaining, until something else is
    /// chosen: no other may come under the finger that was about to press it.
    pub times: Vec<Slot>,
    /// The first day with free times after what is shown, where that has none.
    pub next: Option<NaiveDate>,
    /// The chosen time is free, for the type and the length it was chosen for.
    pub is_free: bool,
    /// Where it is not: the nearest free starts.
    pub nearest: Vec<Instant>,
    pub today: NaiveDate,
}

impl Chosen {
    /// `before`: what was shown until now.
    pub fn of(
        asked: Asked,
        zone: String,
        state: &LiveState,
        now: Instant,
        last: &LastDays,
        before: Option<&Self>,
    ) -> Self {
        let offerings = state.profile.offerings.clone();
        let chosen = offering(&offerings, &asked);
        let duration = chosen.map_or(30, |offering| duration(offering, &asked));
        let cut = Cut { openings: &state.openings, offering: chosen, duration, zone: &zone, now };
        let slug = chosen.map(|offering| &offering.slug);
        let before = before.filter(|before| {
            let shown = before.offering().map(|offering| &offering.slug);
            let is_same = before.asked == asked && before.zone == zone && before.duration == duration && shown == slug;
            is_same && before.date.is_some()
        });
        let month = before.map_or_else(|| month(&asked, &cut), |before| before.month);
        let days = last.month(state.version, &cut, month);
        let date = before.and_then(|before| before.date).or_else(|| shown_date(&asked, &days, month, &zone));
        let mut times = date.and_then(|date| days.get(date.day0() as usize)).cloned().unwrap_or_default();
        let next = if times.is_empty() { cut.first_day(date.unwrap_or(month)) } else { None };
        for gone in before.map_or(&[][..], |before| &before.times) {
            if let Err(place) = times.binary_search_by_key(&gone.start, |slot| slot.start) {
                times.insert(place, Slot { remaining: 0, ..*gone });
            }
        }
        let is_as_asked = asked.offering.as_ref().is_none_or(|asked| slug.is_some_and(|slug| *slug == asked.as_str()))
            && asked.duration.is_none_or(|asked| asked == duration);
        let start = asked.start.filter(|_| is_as_asked);
        let is_free = start.is_some_and(|start| {
            cut.slots(start, start + TimeDelta::minutes(1)).iter().any(|slot| slot.start == start)
        });
        // What is free for another type or length is no way out.
        let nearest = start.filter(|_| !is_free).map_or_else(Vec::new, |start| {
            let all = cut.slots(now, Instant::MAX_UTC);
            slots::nearest(&all, start, 3).iter().map(TimeRange::start).collect()
        });
        Self {
            offering: chosen.and_then(|chosen| offerings.iter().position(|offering| offering == chosen)),
            today: cut.date(now),
            provider: state.profile.provider.clone(),
            is_as_asked,
            duration,
            days,
            month,
            date,
            times,
            next,
            is_free,
            nearest,
            asked,
            zone,
            offerings,
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

    /// How many times are free on a day of the month shown.
    pub fn free_on(&self, date: NaiveDate) -> usize {
        self.days.get(date.day0() as usize).map_or(0, Vec::len)
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
    fn the_zone_that_a_plain_form_was_shown_in_is_not_chosen() {
        let form = asked(&[("date", "2026-11-23"), ("tz", "Europe/Paris"), ("home", "Europe/Paris")]);
        assert_eq!(form.to_query(), "?date=2026-11-23");
        let chosen = asked(&[("tz", "Asia/Tokyo"), ("home", "Europe/Paris")]);
        assert_eq!(chosen.zone.as_deref(), Some("Asia/Tokyo"));
    }

    #[test]
    fn another_zone_keeps_the_time() {
        let start = asked(&[("start", "2026-11-23T09:00:00Z")]);
        assert_eq!(start.clone().with("tz", "Asia/Tokyo").start, start.start);
    }

    fn instant(text: &str) -> Instant {
        text.parse().unwrap()
    }

    /// Bookable from one instant to another, in half hours.
    fn state(version: i64, windows: &[(&str, &str)]) -> LiveState {
        let provider = serde_json::from_value(serde_json::json!({
            "provider_id": Uuid::nil(), "handle": "ada", "display_name": "Ada", "bio": "", "time_zone": "Europe/Paris",
        }));
        let details = domain::NewOffering { step_minutes: 30, ..domain::NewOffering::first() };
        let offering = Offering { offering_id: Uuid::nil(), version: 1, details };
        let window = |(start, end): &(&str, &str)| domain::Window {
            start: instant(start),
            end: instant(end),
            origin: instant(start),
            taken_before: None,
            taken_after: None,
        };
        let windows = windows.iter().map(window).collect();
        let profile = domain::live::Profile { provider: provider.unwrap(), offerings: vec![offering] };
        LiveState { version, profile, openings: Openings { windows, ..Openings::default() }, zones: String::new() }
    }

    fn chosen(query: &[(&str, &str)], zone: &str, state: &LiveState, before: Option<&Chosen>) -> Chosen {
        let now = instant("2026-11-20T12:00:00Z");
        Chosen::of(asked(query), zone.to_owned(), state, now, &LastDays::default(), before)
    }

    fn times(chosen: &Chosen) -> Vec<(String, bool)> {
        let time = |slot: &Slot| (chosen.local(slot.start).format("%H:%M").to_string(), slot.remaining > 0);
        chosen.times.iter().map(time).collect()
    }

    #[test]
    fn a_time_that_goes_keeps_its_place_until_something_else_is_chosen() {
        let (morning, rest) =
            (("2026-11-23T09:00:00Z", "2026-11-23T10:30:00Z"), ("2026-11-23T09:30:00Z", "2026-11-23T10:30:00Z"));
        let first = chosen(&[], "UTC", &state(1, &[morning]), None);
        assert_eq!(times(&first), [("09:00".into(), true), ("09:30".into(), true), ("10:00".into(), true)]);
        let after = chosen(&[], "UTC", &state(2, &[rest]), Some(&first));
        assert_eq!(times(&after), [("09:00".into(), false), ("09:30".into(), true), ("10:00".into(), true)]);
        // Free again, it is what it was.
        assert_eq!(times(&chosen(&[], "UTC", &state(3, &[morning]), Some(&after))), times(&first));
        let anew = chosen(&[("date", "2026-11-23")], "UTC", &state(2, &[rest]), Some(&after));
        assert_eq!(times(&anew), [("09:30".into(), true), ("10:00".into(), true)]);
    }

    #[test]
    fn a_day_whose_last_time_goes_stays_and_names_the_next() {
        let next = ("2026-12-08T09:00:00Z", "2026-12-08T10:00:00Z");
        let first = chosen(&[], "UTC", &state(1, &[("2026-11-23T09:00:00Z", "2026-11-23T09:30:00Z"), next]), None);
        let after = chosen(&[], "UTC", &state(2, &[next]), Some(&first));
        assert_eq!((after.month, after.date), (first.month, first.date));
        let later = NaiveDate::from_ymd_opt(2026, 12, 8);
        assert_eq!((times(&after), after.next), (vec![("09:00".into(), false)], later));
    }

    #[test]
    fn the_first_day_is_of_the_clock_that_is_shown() {
        // Late on the last of November in UTC.
        let state = state(1, &[("2026-11-30T23:00:00Z", "2026-12-01T00:00:00Z")]);
        for (zone, month, day) in [("UTC", 11, 30), ("Pacific/Kiritimati", 12, 1), ("Pacific/Pago_Pago", 11, 30)] {
            let shown = chosen(&[], zone, &state, None);
            let date = NaiveDate::from_ymd_opt(2026, month, day);
            assert_eq!((shown.date, shown.month.with_day(day)), (date, date), "{zone}");
            assert_eq!((shown.times.len(), shown.free_on(date.unwrap())), (2, 2), "{zone}");
        }
        assert_eq!(chosen(&[("month", "2026-12")], "UTC", &state, None).date, None);
    }

    #[test]
    fn a_chosen_time_is_free_or_has_others_near_it() {
        let free = state(1, &[("2026-11-23T09:00:00Z", "2026-11-23T12:00:00Z")]);
        let query = [("start", "2026-11-23T10:00:00Z")];
        let shown = chosen(&query, "UTC", &free, None);
        assert!(shown.is_free && shown.nearest.is_empty());
        let lost = chosen(&query, "UTC", &state(2, &[("2026-11-23T10:30:00Z", "2026-11-23T12:00:00Z")]), None);
        assert!(!lost.is_free);
        assert_eq!(lost.nearest, ["10:30", "11:00", "11:30"].map(|time| instant(&format!("2026-11-23T{time}:00Z"))));
    }

    #[test]
    fn a_day_of_another_month_gives_way_to_the_month_asked_for() {
        let asked = asked(&[("month", "2026-12"), ("date", "2026-11-23")]);
        let (openings, now) = (Openings::default(), Instant::default());
        let cut = Cut { openings: &openings, offering: None, duration: 30, zone: "UTC", now };
        let month = month(&asked, &cut);
        assert_eq!(month, NaiveDate::from_ymd_opt(2026, 12, 1).unwrap());
        assert_eq!(shown_date(&asked, &Days::new(), month, "UTC"), None);
    }
}
