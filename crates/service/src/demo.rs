//! A provider to look at: hours, offerings and a few bookings, when the database is empty.

use chrono::{NaiveDate, TimeDelta, Weekday};
use domain::availability::Series;
use domain::provider::{NewProvider, Password, ProviderChanges};
use domain::{
    Effect, Guest, NewAvailability, NewBooking, NewOffering, Offering, Pattern, Problem, Recurrence, Slug, TimeRange,
    TimeZone, WallTime, slots,
};
use uuid::Uuid;

use crate::{Actor, Error, Services, availability, bookings, offerings, providers, snapshot, store};

pub const DEMO_HANDLE: &str = "demo";
pub const DEMO_EMAIL: &str = "demo@example.com";
pub const DEMO_PASSWORD: &str = "eventide-demo";

const DEMO_NAME: &str = "Dr. Mira Lindqvist";
const DEMO_BIO: &str = "General practice and sports medicine, in Paris and online. Choose a time below; \
    you can cancel with the link you get.";
const WORKDAYS: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

/// Fills an empty database; `false` when there is a provider already.
pub async fn fill(s: &Services) -> Result<bool, Error> {
    if store::providers::any(&s.pool).await? {
        return Ok(false);
    }
    let zone: TimeZone = read("Europe/Paris")?;
    let new = NewProvider {
        handle: read(DEMO_HANDLE)?,
        display_name: DEMO_NAME.into(),
        email: read(DEMO_EMAIL)?,
        password: Password(DEMO_PASSWORD.into()),
        time_zone: zone.clone(),
    };
    let provider_id = match providers::sign_up(s, new, None).await {
        Ok(signed_up) => signed_up.provider.public.provider_id,
        // Another node was faster.
        Err(Error::Problem(Problem::Invalid { .. })) => return Ok(false),
        Err(error) => return Err(error),
    };
    let actor = Actor::Provider(provider_id);
    let changes = ProviderChanges { bio: Some(DEMO_BIO.into()), ..ProviderChanges::default() };
    providers::update_me(s, &actor, changes).await?;

    let today = zone.local(s.clock.now()).date();
    for (hours, note) in [(["09:00", "12:30"], "Mornings"), (["14:00", "18:00"], "Afternoons")] {
        availability::create(s, &actor, weekly(hours, note, today, &zone)?, None).await?;
    }
    availability::create(s, &actor, day_off(today, &zone)?, None).await?;
    let offerings = demo_offerings(s, &actor).await?;
    book_guests(s, provider_id, &offerings).await?;
    Ok(true)
}

/// Monday to Friday at these hours, from a week ago on.
fn weekly(hours: [&str; 2], note: &str, today: NaiveDate, zone: &TimeZone) -> Result<NewAvailability, Error> {
    let time = |text: &str| text.parse::<WallTime>().map_err(|cause| Error::Internal(cause.to_string()));
    let series = Series {
        start_time: time(hours[0])?,
        end_time: time(hours[1])?,
        starts_on: today - TimeDelta::days(7),
        recurrence: Recurrence::weekly(WORKDAYS),
        time_zone: zone.clone(),
        exceptions: Vec::new(),
    };
    let (effect, pattern) = (Effect::Open, Pattern::Recurring(series));
    Ok(NewAvailability { effect, pattern, note: Some(note.into()), version: None })
}

/// The first Wednesday that is at least ten days ahead.
fn day_off(today: NaiveDate, zone: &TimeZone) -> Result<NewAvailability, Error> {
    use chrono::Datelike;
    let coming = today + TimeDelta::days(10);
    let to_wednesday = (7 + 2 - i64::from(coming.weekday().num_days_from_monday())) % 7;
    let day = zone.day(coming + TimeDelta::days(to_wednesday));
    let day = day.ok_or_else(|| Error::Internal("a day without hours".into()))?;
    let (effect, pattern) = (Effect::Closed, Pattern::OneOff(day));
    Ok(NewAvailability { effect, pattern, note: Some("Day off".into()), version: None })
}

/// A consultation in place of the offering a new provider has, a first visit, and a class.
async fn demo_offerings(s: &Services, actor: &Actor) -> Result<Vec<Offering>, Error> {
    let consultation = NewOffering {
        slug: Slug::of_title("Consultation"),
        title: "Consultation".into(),
        description: "For anything that does not need an examination table. By video or in person.".into(),
        location: "Video call, or 12 rue des Arènes, Paris".into(),
        ..NewOffering::first()
    };
    let first_visit = NewOffering {
        slug: Slug::of_title("First visit"),
        title: "First visit".into(),
        description: "A thorough first look. Please bring earlier findings.".into(),
        location: "12 rue des Arènes, Paris".into(),
        durations_minutes: vec![60, 90],
        step_minutes: 30,
        buffer_before_minutes: 10,
        buffer_after_minutes: 15,
        min_notice_minutes: 120,
        daily_limit: Some(3),
        ..NewOffering::first()
    };
    let class = NewOffering {
        slug: Slug::of_title("Back class"),
        title: "Back class".into(),
        description: "Exercises for a strong back, in a group of eight at most.".into(),
        location: "Studio, 12 rue des Arènes, Paris".into(),
        durations_minutes: vec![60],
        step_minutes: 60,
        capacity: 8,
        ..NewOffering::first()
    };
    let provider_id = actor.provider()?;
    let mut made = Vec::new();
    match store::offerings::list(&s.pool, provider_id).await?.first() {
        Some(first) => made.push(offerings::replace(s, actor, first.offering_id, consultation.into()).await?),
        None => made.push(offerings::create(s, actor, consultation, None).await?),
    }
    made.push(offerings::create(s, actor, first_visit, None).await?);
    made.push(offerings::create(s, actor, class, None).await?);
    Ok(made)
}

/// Guests: name, offering, length, and how many days ahead at least.
const GUESTS: [(&str, usize, u32, i64); 9] = [
    ("Amara Okafor", 0, 30, 1),
    ("Jonas Weber", 1, 60, 1),
    ("Lucía Fernández", 0, 60, 2),
    ("Noah Tremblay", 2, 60, 3),
    ("Priya Raman", 2, 60, 3),
    ("Elif Kaya", 2, 60, 3),
    ("Tomás Silva", 0, 30, 4),
    ("Hana Sato", 1, 90, 6),
    ("Oskar Nowak", 0, 30, 8),
];

async fn book_guests(s: &Services, provider_id: Uuid, offerings: &[Offering]) -> Result<(), Error> {
    let now = s.clock.now();
    for (place, (name, offering, duration_minutes, days)) in GUESTS.into_iter().enumerate() {
        let Some(offering) = offerings.get(offering) else { continue };
        let current = snapshot::current(s, provider_id).await?;
        let ahead = now + TimeDelta::days(days);
        let Ok(within) = TimeRange::new(ahead, ahead + TimeDelta::days(7)) else { continue };
        let free = slots::slots(current.openings(), offering, duration_minutes, within, now);
        // A class that has begun to fill is filled on; others are spread over the day.
        let group = free.iter().find(|slot| slot.remaining < offering.capacity);
        let Some(slot) = group.or_else(|| free.get(place * 3 % 11)) else { continue };
        let email = read(&format!("{}@example.com", ascii_name(name)))?;
        let guest = Guest { name: name.into(), email, phone: None, notes: None, time_zone: None };
        let provider = provider_id.to_string();
        let offering_id = Some(offering.offering_id);
        bookings::book(
            s,
            &Actor::Anonymous,
            NewBooking { provider, offering_id, start: slot.start, duration_minutes, guest },
            None,
        )
        .await?;
    }
    Ok(())
}

/// Of our own words.
fn read<T: std::str::FromStr>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::Internal(format!("the demo's {text} is not what it should be")))
}

/// The plain letters of a name, for an address.
fn ascii_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase()
}
