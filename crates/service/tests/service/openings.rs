//! What the public asks: defaults, faults, entity tags, and answers that end with time.

use bytes::Bytes;
use chrono::Weekday;
use domain::{NewOffering, Problem};
use service::availability::{self, AnswerBody, OpeningsBody, OpeningsQuery};
use service::{Error, offerings, providers};
use sqlx::PgPool;

use crate::house::{House, at, fault, house, house_with, problem, weekly};

const ALL: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// An answer with all of its body.
#[derive(Clone)]
struct Told {
    etag: String,
    body: Bytes,
    was_large: bool,
}

async fn ask(house: &House, query: &OpeningsQuery) -> Result<Told, Error> {
    ask_of(house, "ada", query).await
}

async fn ask_of(house: &House, provider: &str, query: &OpeningsQuery) -> Result<Told, Error> {
    let read = || Ok(query.clone());
    let answer = availability::openings(&house.s, provider, &format!("{query:?}"), read, |_| Ok(())).await?;
    let was_large = matches!(answer.body, AnswerBody::Large(_));
    Ok(Told { etag: answer.etag, body: answer.body.whole(), was_large })
}

fn read(answer: &Told) -> OpeningsBody {
    serde_json::from_slice(&answer.body).unwrap()
}

fn query(from: &str, to: &str) -> OpeningsQuery {
    OpeningsQuery { from: Some(from.into()), to: Some(to.into()), ..Default::default() }
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_default_is_a_week_from_today_in_the_zone_asked_for(pool: PgPool) {
    let house = house(pool).await;
    availability::create(&house.s, &house.actor, weekly(&ALL, "09:00", "10:00", "2027-02-01", "UTC"), None)
        .await
        .unwrap();
    let answer = read(&ask(&house, &OpeningsQuery::default()).await.unwrap());
    assert_eq!((answer.from, answer.to), (at("2027-03-01T00:00:00Z"), at("2027-03-08T00:00:00Z")));
    assert_eq!((answer.duration_minutes, answer.offering_id), (30, house.offering.offering_id));
    assert_eq!((answer.windows.len(), answer.slots.len()), (7, 21));
    let there = OpeningsQuery { time_zone: Some("Pacific/Auckland".into()), ..Default::default() };
    let answer = read(&ask(&house, &there).await.unwrap());
    assert_eq!((answer.from, answer.time_zone.name()), (at("2027-02-28T11:00:00Z"), "Pacific/Auckland"));
    let slug = OpeningsQuery { offering: Some("appointment".into()), ..Default::default() };
    assert_eq!(read(&ask(&house, &slug).await.unwrap()).slots.len(), 21);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_tag_stays_until_the_version_or_time_changes_the_answer(pool: PgPool) {
    let offering = NewOffering { min_notice_minutes: 30, ..NewOffering::first() };
    let house = house_with(pool, offering).await;
    availability::create(&house.s, &house.actor, weekly(&ALL, "09:00", "10:00", "2027-02-01", "UTC"), None)
        .await
        .unwrap();
    let today = query("2027-03-01", "2027-03-02");
    let first = ask(&house, &today).await.unwrap();
    house.clock.set(at("2027-03-01T08:29:59Z"));
    assert_eq!(ask(&house, &today).await.unwrap().etag, first.etag);
    // At 08:30:01 the notice of 09:00 has begun.
    house.clock.set(at("2027-03-01T08:30:01Z"));
    let later = ask(&house, &today).await.unwrap();
    assert_ne!(later.etag, first.etag);
    assert_eq!(read(&later).slots[0].start, at("2027-03-01T09:15:00Z"));
    house.book("2027-03-01T09:30:00Z", 30).await.unwrap();
    let taken = ask(&house, &today).await.unwrap();
    assert_ne!(taken.etag, later.etag);
    assert!(read(&taken).slots.is_empty());

    // "Today" becomes tomorrow at midnight.
    let default = OpeningsQuery::default();
    assert_eq!(read(&ask(&house, &default).await.unwrap()).from, at("2027-03-01T00:00:00Z"));
    house.clock.set(at("2027-03-02T00:00:00Z"));
    assert_eq!(read(&ask(&house, &default).await.unwrap()).from, at("2027-03-02T00:00:00Z"));
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_cannot_be_read_is_malformed_and_what_makes_no_sense_is_invalid(pool: PgPool) {
    let house = house(pool).await;
    let malformed = [
        query("yesterday", "2027-03-02"),
        query("2027-02-30", "2027-03-02"),
        query("2027-03-01T09:00", "2027-03-02"),
        OpeningsQuery { duration_minutes: Some("-5".into()), ..Default::default() },
        OpeningsQuery { time_zone: Some("Mars/Olympus".into()), ..Default::default() },
    ];
    for query in malformed {
        assert!(matches!(problem(ask(&house, &query).await), Problem::Malformed { .. }), "{query:?}");
    }
    for (query, field, code) in [
        (query("2027-03-02", "2027-03-02"), "to", "invalid"),
        (query("2027-03-03", "2027-03-02"), "to", "invalid"),
        (query("2027-03-01", "2028-03-02"), "to", "out_of_range"),
        (query("0000-01-01", "2027-03-02"), "from", "out_of_range"),
        (query("2027-03-01", "9999-12-31"), "to", "out_of_range"),
        (
            OpeningsQuery { duration_minutes: Some("45".into()), ..Default::default() },
            "duration_minutes",
            "unknown_duration",
        ),
    ] {
        assert_eq!(fault(ask(&house, &query).await), (field.to_owned(), code.to_owned()), "{query:?}");
    }
    for offering in ["nothing", "00000000-0000-0000-0000-000000000001"] {
        let query = OpeningsQuery { offering: Some(offering.into()), ..Default::default() };
        assert_eq!(problem(ask(&house, &query).await), Problem::NotFound);
    }
    for provider in ["nobody", "00000000-0000-0000-0000-000000000001"] {
        let answer = ask_of(&house, provider, &OpeningsQuery::default()).await;
        assert_eq!(problem(answer.map(|_| ())), Problem::NotFound);
    }
    ask(&house, &query("2027-03-01", "2028-03-01")).await.unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn far_away_is_answered_too(pool: PgPool) {
    let house = house(pool).await;
    availability::create(&house.s, &house.actor, weekly(&ALL, "09:00", "10:00", "2020-01-01", "Europe/Paris"), None)
        .await
        .unwrap();
    for (from, to, hour) in [("2031-07-01", "2031-07-03", 7), ("2022-01-01", "2022-01-03", 8)] {
        let answer = read(&ask(&house, &query(from, to)).await.unwrap());
        assert_eq!(answer.windows.len(), 2);
        assert_eq!(answer.windows[0].start, at(&format!("{from}T0{hour}:00:00Z")));
        assert!(answer.slots.is_empty());
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_handle_given_up_finds_its_provider_by_the_new_one(pool: PgPool) {
    let house = house(pool).await;
    let before = read(&ask(&house, &OpeningsQuery::default()).await.unwrap());
    let changes = domain::provider::ProviderChanges { handle: Some("lovelace".parse().unwrap()), ..Default::default() };
    providers::update_me(&house.s, &house.actor, changes).await.unwrap();
    let after = read(&ask(&house, &OpeningsQuery::default()).await.unwrap());
    assert_eq!((after.provider_id, after.version), (before.provider_id, before.version + 1));
    assert_eq!(providers::profile(&house.s, "ada").await.unwrap().provider.handle, "lovelace");
    assert_eq!(providers::profile(&house.s, "lovelace").await.unwrap().provider.provider_id, house.provider_id);

    offerings::delete(&house.s, &house.actor, house.offering.offering_id).await.unwrap();
    assert!(providers::profile(&house.s, "lovelace").await.unwrap().offerings.is_empty());
    let none = ask_of(&house, "lovelace", &OpeningsQuery::default()).await;
    assert_eq!(problem(none), Problem::NotFound);
}

/// Open around the clock, with a start every five minutes.
async fn always_open(pool: PgPool) -> House {
    let house = house_with(pool, NewOffering { step_minutes: 5, horizon_days: 60, ..NewOffering::first() }).await;
    let hours = weekly(&ALL, "00:00", "24:00", "2027-02-01", "UTC");
    availability::create(&house.s, &house.actor, hours, None).await.unwrap();
    house
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_large_answer_in_pieces_is_byte_by_byte_the_same(pool: PgPool) {
    let house = always_open(pool).await;
    house.book("2027-03-03T09:30:00Z", 30).await.unwrap();
    let months = ask(&house, &query("2027-03-01", "2027-05-10")).await.unwrap();
    assert!(months.was_large);
    let body = read(&months);
    assert_eq!(serde_json::to_vec(&body).unwrap(), months.body);
    // Sixty days of horizon from midnight, less half an hour and what would run into it.
    assert_eq!(body.slots.len(), 60 * 288 + 1 - 11);
    let mut by_day = Vec::new();
    for day in 0..70 {
        let from = at("2027-03-01T00:00:00Z") + chrono::TimeDelta::days(day);
        let to = from + chrono::TimeDelta::days(1);
        let day = ask(&house, &query(&from.to_rfc3339(), &to.to_rfc3339())).await.unwrap();
        assert!(!day.was_large);
        by_day.extend(read(&day).slots);
    }
    assert_eq!(body.slots, by_day);
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_tag_of_a_large_answer_is_known_beforehand_and_changes_with_it(pool: PgPool) {
    let house = always_open(pool).await;
    let months = query("2027-03-01", "2027-05-10");
    let mut told = vec![ask(&house, &months).await.unwrap()];
    for now in ["2027-03-01T00:00:00Z", "2027-03-01T00:04:59Z", "2027-03-01T00:05:00Z", "2027-03-01T00:05:01Z"] {
        house.clock.set(at(now));
        told.push(ask(&house, &months).await.unwrap());
    }
    house.book("2027-03-03T09:30:00Z", 30).await.unwrap();
    told.push(ask(&house, &months).await.unwrap());
    for one in &told {
        for other in &told {
            assert_eq!(one.etag == other.etag, one.body == other.body);
        }
    }
    assert!(told[0].etag != told[6 - 1].etag && told[3].etag != told[4].etag);
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_answer_is_charged_before_it_is_made_and_not_again(pool: PgPool) {
    let house = always_open(pool).await;
    let day = query("2027-03-02", "2027-03-03");
    let asking = async |allowed: usize| {
        let charge = |starts| {
            if starts <= allowed { Ok(()) } else { Err(Problem::RateLimited { retry_after_seconds: 9 }) }
        };
        availability::openings(&house.s, "ada", "day", || Ok(day.clone()), charge).await.map(|_| ())
    };
    assert_eq!(problem(asking(200).await), Problem::RateLimited { retry_after_seconds: 9 });
    asking(400).await.unwrap();
    asking(0).await.unwrap();
}
