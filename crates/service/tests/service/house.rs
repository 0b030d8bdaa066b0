//! A provider to test with, and the shortest words for what tests ask.

use chrono::{DateTime, NaiveDate, Utc, Weekday};
use domain::availability::Series;
use domain::provider::{NewProvider, Password};
use domain::{
    AvailabilityEntry, Effect, Guest, NewAvailability, NewBooking, NewOffering, Offering, Pattern, Problem, Recurrence,
    TimeRange,
};
use service::{Actor, Caller, Clock, Error, Services, auth, availability, bookings, offerings, providers};
use sqlx::PgPool;
use uuid::Uuid;

/// A Monday.
pub const NOW: &str = "2027-03-01T08:00:00Z";

pub struct House {
    pub s: Services,
    pub clock: Clock,
    pub provider_id: Uuid,
    pub actor: Actor,
    pub offering: Offering,
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn range(start: &str, end: &str) -> TimeRange {
    TimeRange::new(at(start), at(end)).unwrap()
}

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A provider in UTC without availability.
pub async fn house(pool: PgPool) -> House {
    house_with(pool, NewOffering::first()).await
}

pub async fn house_with(pool: PgPool, offering: NewOffering) -> House {
    let clock = Clock::fixed(at(NOW));
    let s = Services::new(pool, clock.clone());
    let signed_up = providers::sign_up(&s, new_provider("ada"), None).await.unwrap();
    let provider_id = signed_up.provider.public.provider_id;
    let actor = Actor::Provider(provider_id);
    let first = offerings::list(&s, &actor, "ada").await.unwrap().remove(0);
    let offering = offerings::replace(&s, &actor, first.offering_id, offering.into()).await.unwrap();
    House { s, clock, provider_id, actor, offering }
}

pub fn new_provider(handle: &str) -> NewProvider {
    NewProvider {
        handle: handle.parse().unwrap(),
        display_name: "Ada".into(),
        email: format!("{handle}@example.com").parse().unwrap(),
        password: Password("correct horse".into()),
        time_zone: "UTC".parse().unwrap(),
    }
}

pub fn one_off(effect: Effect, start: &str, end: &str) -> NewAvailability {
    NewAvailability { effect, pattern: Pattern::OneOff(range(start, end)), note: None, version: None }
}

pub fn weekly(days: &[Weekday], start: &str, end: &str, from: &str, zone: &str) -> NewAvailability {
    let pattern = Pattern::Recurring(Series {
        start_time: start.parse().unwrap(),
        end_time: end.parse().unwrap(),
        starts_on: date(from),
        recurrence: Recurrence::weekly(days.iter().copied()),
        time_zone: zone.parse().unwrap(),
        exceptions: Vec::new(),
    });
    NewAvailability { effect: Effect::Open, pattern, note: None, version: None }
}

pub fn guest(name: &str) -> Guest {
    let email = format!("{}@example.com", name.replace(' ', ".")).parse().unwrap();
    Guest { name: name.into(), email, phone: None, notes: None, time_zone: None }
}

impl House {
    pub async fn open(&self, start: &str, end: &str) -> AvailabilityEntry {
        availability::create(&self.s, &self.actor, one_off(Effect::Open, start, end), None).await.unwrap()
    }

    pub fn wanted(&self, start: DateTime<Utc>, duration_minutes: u32) -> NewBooking {
        let provider = self.provider_id.to_string();
        NewBooking { provider, offering_id: None, start, duration_minutes, guest: guest("Grace Hopper") }
    }

    pub async fn book(&self, start: &str, duration_minutes: u32) -> Result<bookings::Booked, Error> {
        bookings::book(&self.s, &service::Actor::Anonymous, self.wanted(at(start), duration_minutes), None).await
    }

    /// The starts of one day.
    pub async fn starts(&self, day: &str, duration_minutes: u32) -> Vec<String> {
        let query = availability::OpeningsQuery {
            from: Some(day.into()),
            to: Some((date(day) + chrono::TimeDelta::days(1)).to_string()),
            duration_minutes: Some(duration_minutes.to_string()),
            ..Default::default()
        };
        let (provider, words) = (self.provider_id.to_string(), format!("{query:?}"));
        let answer = availability::openings(&self.s, &provider, &words, || Ok(query), |_| Ok(())).await.unwrap();
        let body: availability::OpeningsBody = serde_json::from_slice(&answer.body.whole()).unwrap();
        body.slots.iter().map(|slot| slot.start.format("%H:%M").to_string()).collect()
    }

    /// Who a session's token makes of a request from nowhere in particular.
    pub async fn visit(&self, session_token: &str) -> auth::Visit {
        auth::by_session(&self.s, session_token, Caller::inside().address).await.unwrap()
    }

    pub async fn version(&self) -> i64 {
        service::change_log::versions(&self.s, &[self.provider_id]).await.unwrap()[0].1
    }
}

/// Knows only what the database does.
pub fn another_node(s: &Services) -> Services {
    Services::new(s.pool.clone(), s.clock.clone()).with_limits(s.limits)
}

/// All at once, on as many tasks.
pub async fn race<T: Send + 'static>(tries: impl Iterator<Item = impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let tasks: Vec<_> = tries.map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

pub fn problem<T>(result: Result<T, Error>) -> Problem {
    match result {
        Err(Error::Problem(problem)) => problem,
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it was allowed"),
    }
}

/// The code of the one field at fault.
pub fn fault<T>(result: Result<T, Error>) -> (String, String) {
    match problem(result) {
        Problem::Invalid { errors } if errors.len() == 1 => (errors[0].field.clone(), errors[0].code.clone()),
        other => panic!("{other:?}"),
    }
}
