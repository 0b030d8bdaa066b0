//! What one guest and one provider may have, whoever asks at once, on whatever node and after whatever restart.

use chrono::TimeDelta;
use domain::provider::{Credentials, Password};
use domain::{Effect, Email, NewOffering, Problem};
use service::{Actor, Caller, Error, GuestLimits, Limits, Services, availability, bookings, offerings, tokens};
use sqlx::PgPool;

use crate::house::{House, another_node, at, fault, guest, house, house_with, one_off, problem, race};

const DAY: [&str; 2] = ["2027-03-02T00:00:00Z", "2027-03-03T00:00:00Z"];

/// A group that many fit into.
fn class() -> NewOffering {
    NewOffering { capacity: 30, step_minutes: 60, ..NewOffering::first() }
}

fn limited(house: &House, guest: GuestLimits) -> Services {
    house.s.clone().with_limits(Limits { guest: Some(guest), ..Limits::default() })
}

async fn book(s: &Services, house: &House, start: &str) -> Result<bookings::Booked, Error> {
    bookings::book(s, &service::Actor::Anonymous, house.wanted(at(start), 60), None).await
}

fn retry_after<T>(result: Result<T, Error>) -> u64 {
    match problem(result) {
        Problem::RateLimited { retry_after_seconds } => retry_after_seconds,
        other => panic!("{other:?}"),
    }
}

async fn count(house: &House, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&house.s.pool).await.unwrap()
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_guest_has_one_seat_of_a_group_unless_the_offering_says_otherwise(pool: PgPool) {
    let house = house_with(pool, class()).await;
    house.open(DAY[0], DAY[1]).await;
    let ten = "2027-03-02T10:00:00Z";
    let first = house.book(ten, 60).await.unwrap();
    assert_eq!(fault(house.book(ten, 60).await), ("guest.email".into(), "already_booked".into()));
    let mut shouting = house.wanted(at(ten), 60);
    shouting.guest.email = Email::stored(shouting.guest.email.to_uppercase());
    let refused = bookings::book(&another_node(&house.s), &service::Actor::Anonymous, shouting, None).await;
    assert_eq!(fault(refused), ("guest.email".into(), "already_booked".into()));
    // Another guest, and another time.
    let mut other = house.wanted(at(ten), 60);
    other.guest = guest("Ada Lovelace");
    bookings::book(&house.s, &service::Actor::Anonymous, other, None).await.unwrap();
    house.book("2027-03-02T11:00:00Z", 60).await.unwrap();

    // Who gives the seat back may have it again.
    let actor = Actor::Guest { manage_token: first.manage_token };
    bookings::cancel(&house.s, &actor, first.booking.booking_id, None).await.unwrap();
    house.book(ten, 60).await.unwrap();
    assert_eq!(fault(house.book(ten, 60).await), ("guest.email".into(), "already_booked".into()));

    let family = NewOffering { seats_per_guest: 3, ..class() };
    offerings::replace(&house.s, &house.actor, house.offering.offering_id, family.into()).await.unwrap();
    for _ in 0..2 {
        house.book(ten, 60).await.unwrap();
    }
    assert_eq!(fault(house.book(ten, 60).await), ("guest.email".into(), "already_booked".into()));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_guest_who_asks_on_two_nodes_at_once_has_one_seat(pool: PgPool) {
    let house = house_with(pool, class()).await;
    house.open(DAY[0], DAY[1]).await;
    let nodes = [house.s.clone(), another_node(&house.s)];
    let results = race((0..24).map(|n| {
        let (s, wanted) = (nodes[n % 2].clone(), house.wanted(at("2027-03-02T10:00:00Z"), 60));
        async move { bookings::book(&s, &service::Actor::Anonymous, wanted, None).await }
    }));
    let (booked, refused): (Vec<_>, Vec<_>) = results.await.into_iter().partition(Result::is_ok);
    assert_eq!((booked.len(), count(&house, "select count(*) from booking").await), (1, 1));
    for refusal in refused {
        assert_eq!(fault(refusal), ("guest.email".into(), "already_booked".into()));
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_guest_has_so_many_bookings_ahead_and_no_more(pool: PgPool) {
    let house = house(pool).await;
    house.open(DAY[0], DAY[1]).await;
    let s = limited(&house, GuestLimits { upcoming: 3, an_hour: 1000 });
    let first = book(&s, &house, "2027-03-02T01:00:00Z").await.unwrap();
    book(&s, &house, "2027-03-02T05:00:00Z").await.unwrap();
    book(&another_node(&s), &house, "2027-03-02T03:00:00Z").await.unwrap();
    // There is room when the first begins: at one the next morning, from eight today.
    let seventeen_hours = 17 * 60 * 60;
    for node in [&s, &another_node(&s)] {
        let wait = retry_after(book(node, &house, "2027-03-02T07:00:00Z").await);
        assert_eq!(wait, seventeen_hours + 1);
    }
    let mut other = house.wanted(at("2027-03-02T09:00:00Z"), 60);
    other.guest = guest("Ada Lovelace");
    bookings::book(&s, &service::Actor::Anonymous, other, None).await.unwrap();

    bookings::cancel(&s, &house.actor, first.booking.booking_id, None).await.unwrap();
    book(&s, &house, "2027-03-02T07:00:00Z").await.unwrap();
    retry_after(book(&s, &house, "2027-03-02T11:00:00Z").await);
    house.clock.set(at("2027-03-02T03:00:00Z"));
    book(&s, &house, "2027-03-02T11:00:00Z").await.unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_guest_who_books_and_cancels_again_and_again_is_slowed(pool: PgPool) {
    let house = house(pool).await;
    house.open(DAY[0], DAY[1]).await;
    let s = limited(&house, GuestLimits { upcoming: 1000, an_hour: 4 });
    let start = "2027-03-02T10:00:00Z";
    for minutes in 0..4 {
        house.clock.set(at("2027-03-01T08:00:00Z") + TimeDelta::minutes(minutes));
        let made = book(&s, &house, start).await.unwrap();
        bookings::cancel(&s, &house.actor, made.booking.booking_id, None).await.unwrap();
    }
    // The first of them was three minutes ago.
    assert_eq!(retry_after(book(&s, &house, start).await), 57 * 60 + 1);
    // A node that was restarted knows nothing, and asks the database in time.
    let restarted = another_node(&s);
    let mut made = 0;
    while let Ok(again) = book(&restarted, &house, start).await {
        bookings::cancel(&restarted, &house.actor, again.booking.booking_id, None).await.unwrap();
        made += 1;
    }
    assert_eq!(made, 2);
    house.clock.set(at("2027-03-01T09:03:00Z"));
    book(&s, &house, start).await.unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn of_many_bookings_at_once_a_guest_gets_no_more_than_one_after_the_other(pool: PgPool) {
    let house = house(pool).await;
    house.open(DAY[0], DAY[1]).await;
    let flood = async |limits: GuestLimits, email: &str| {
        let s = limited(&house, limits);
        let results = race((0..48).map(|n| {
            let (s, mut wanted) = (s.clone(), house.wanted(at(DAY[0]) + TimeDelta::minutes(30 * n), 30));
            wanted.guest.email = email.parse().unwrap();
            async move { bookings::book(&s, &service::Actor::Anonymous, wanted, None).await }
        }));
        let (booked, refused): (Vec<_>, Vec<_>) = results.await.into_iter().partition(Result::is_ok);
        for refusal in refused {
            assert!(matches!(problem(refusal), Problem::RateLimited { .. } | Problem::SlotTaken { .. }));
        }
        booked.len()
    };
    let ahead = flood(GuestLimits { upcoming: 5, an_hour: 1000 }, "grace@example.com").await;
    assert_eq!(ahead, 5, "judged at the calendar's version, as the time itself is");
    let lately = flood(GuestLimits { upcoming: 1000, an_hour: 8 }, "ada@example.com").await;
    assert!((1..=8).contains(&lately), "{lately}");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_retry_is_answered_though_no_more_may_be_made(pool: PgPool) {
    let house = house(pool).await;
    house.open(DAY[0], DAY[1]).await;
    let s = limited(&house, GuestLimits { upcoming: 1, an_hour: 1 });
    let repeat = || {
        let key = service::IdempotencyKey::parse("6f1c9d0e-4b7a-4c53-9a21-8e0d5f7b3c64").unwrap();
        Some(service::idempotency::Repeatable { key, body_hash: [1; 32], network: None })
    };
    let wanted = house.wanted(at("2027-03-02T10:00:00Z"), 60);
    let first = bookings::book(&s, &service::Actor::Anonymous, wanted.clone(), repeat()).await.unwrap();
    let again = bookings::book(&s, &service::Actor::Anonymous, wanted.clone(), repeat()).await.unwrap();
    assert_eq!(again.manage_token, first.manage_token);
    retry_after(bookings::book(&s, &service::Actor::Anonymous, wanted, None).await);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_provider_has_so_many_tokens_and_no_more(pool: PgPool) {
    let house = house(pool).await;
    let s = house.s.clone().with_limits(Limits { tokens: 4, ..Limits::default() });
    let token = |s: &Services| {
        let (email, password) = ("ada@example.com".parse().unwrap(), Password("correct horse".into()));
        let (s, credentials) = (s.clone(), Credentials { email, password, name: None });
        async move { tokens::create(&s, credentials, &Caller::inside(), None).await }
    };
    // The first came with the account.
    let results = race((0..8).map(|_| token(&s))).await;
    let (made, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), count(&house, "select count(*) from api_token").await), (3, 4));
    for refusal in refused {
        assert_eq!(fault(refusal), ("name".into(), "too_many".into()));
    }
    tokens::revoke(&s, &house.actor, made.into_iter().next().unwrap().unwrap().token_id).await.unwrap();
    token(&s).await.unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_provider_has_so_many_entries_and_no_more(pool: PgPool) {
    let house = house(pool).await;
    let s = house.s.clone().with_limits(Limits { entries: 3, ..Limits::default() });
    let results = race((0..8).map(|n| {
        let (s, actor) = (s.clone(), house.actor.clone());
        let new = one_off(Effect::Open, &format!("2027-03-02T{n:02}:00:00Z"), &format!("2027-03-02T{n:02}:30:00Z"));
        async move { availability::create(&s, &actor, new, None).await }
    }));
    let (made, refused): (Vec<_>, Vec<_>) = results.await.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), count(&house, "select count(*) from availability").await), (3, 3));
    for refusal in refused {
        assert_eq!(fault(refusal), ("pattern".into(), "too_many".into()));
    }
}
