//! A retry is not a second booking.

use domain::Problem;
use service::idempotency::Repeatable;
use service::{Caller, Clock, IdempotencyKey, Services, bookings, idempotency, providers, tokens};
use sqlx::PgPool;

use crate::house::{NOW, at, house, new_provider, problem};

fn repeat(key: &str, body: u8) -> Option<Repeatable> {
    Some(Repeatable { key: IdempotencyKey::parse(key).unwrap(), body_hash: [body; 32], network: None })
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_same_request_has_the_same_answer_across_a_restart(pool: PgPool) {
    let house = house(pool.clone()).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    let wanted = house.wanted(at("2027-03-02T10:00:00Z"), 60);
    let first = bookings::book(&house.s, &service::Actor::Anonymous, wanted.clone(), repeat("a", 1)).await.unwrap();
    let version = house.version().await;

    let restarted = Services::new(pool.clone(), Clock::fixed(at(NOW)));
    let second = bookings::book(&restarted, &service::Actor::Anonymous, wanted.clone(), repeat("a", 1)).await.unwrap();
    assert_eq!(second.booking, first.booking);
    assert_eq!(second.manage_token, first.manage_token);
    assert_eq!(house.version().await, version);

    assert_eq!(
        problem(bookings::book(&restarted, &service::Actor::Anonymous, wanted.clone(), repeat("a", 2)).await),
        Problem::IdempotencyMismatch
    );
    let other_key = problem(bookings::book(&restarted, &service::Actor::Anonymous, wanted, repeat("b", 1)).await);
    assert!(matches!(other_key, Problem::SlotTaken { .. }));

    // A copy of the database holds no token.
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("select answer from idempotency_key").fetch_all(&pool).await.unwrap();
    assert_eq!(kept.len(), 1);
    let token = first.manage_token.as_bytes();
    assert!(!kept[0].windows(token.len()).any(|window| window == token));
}

#[sqlx::test(migrations = "../../migrations")]
async fn sixteen_at_once_with_one_key_are_one_booking(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (s, wanted) = (house.s.clone(), house.wanted(at("2027-03-02T10:00:00Z"), 60));
            tokio::spawn(async move {
                bookings::book(&s, &service::Actor::Anonymous, wanted, repeat("once", 1)).await.unwrap()
            })
        })
        .collect();
    let mut tokens = std::collections::BTreeSet::new();
    for task in tasks {
        tokens.insert(task.await.unwrap().manage_token);
    }
    assert_eq!(tokens.len(), 1);
    let count: i64 = sqlx::query_scalar("select count(*) from booking").fetch_one(&house.s.pool).await.unwrap();
    assert_eq!(count, 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_refused_request_leaves_its_key_free(pool: PgPool) {
    let house = house(pool).await;
    let wanted = house.wanted(at("2027-03-02T10:00:00Z"), 60);
    assert!(bookings::book(&house.s, &service::Actor::Anonymous, wanted.clone(), repeat("k", 1)).await.is_err());
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    bookings::book(&house.s, &service::Actor::Anonymous, wanted, repeat("k", 1)).await.unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn keys_are_kept_a_day_and_forgotten_after_two(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-09T09:00:00Z", "2027-03-09T17:00:00Z").await;
    let wanted = house.wanted(at("2027-03-09T10:00:00Z"), 60);
    let first = bookings::book(&house.s, &service::Actor::Anonymous, wanted.clone(), repeat("k", 1)).await.unwrap();
    house.clock.set(at("2027-03-02T08:00:00Z"));
    assert_eq!(idempotency::prune(&house.s).await.unwrap(), 0);
    let again = bookings::book(&house.s, &service::Actor::Anonymous, wanted, repeat("k", 1)).await.unwrap();
    assert_eq!(again.booking.booking_id, first.booking.booking_id);

    house.clock.set(at("2027-03-03T08:00:01Z"));
    let other = house.wanted(at("2027-03-09T12:00:00Z"), 60);
    bookings::book(&house.s, &service::Actor::Anonymous, other, repeat("k", 2)).await.unwrap();
    house.clock.set(at("2027-03-06T08:00:00Z"));
    assert_eq!(idempotency::prune(&house.s).await.unwrap(), 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn sign_up_and_tokens_can_be_repeated_too(pool: PgPool) {
    let house = house(pool).await;
    let first = providers::sign_up(&house.s, new_provider("bob"), repeat("k", 1)).await.unwrap();
    let again = providers::sign_up(&house.s, new_provider("bob"), repeat("k", 1)).await.unwrap();
    assert_eq!(first.token, again.token);
    // Another person may use the same key.
    providers::sign_up(&house.s, new_provider("cleo"), repeat("k", 2)).await.unwrap();

    let credentials = || domain::provider::Credentials {
        email: "bob@example.com".parse().unwrap(),
        password: domain::provider::Password("correct horse".into()),
        name: Some("ci".into()),
    };
    let token = tokens::create(&house.s, credentials(), &Caller::inside(), repeat("k", 1)).await.unwrap();
    let same = tokens::create(&house.s, credentials(), &Caller::inside(), repeat("k", 1)).await.unwrap();
    assert_eq!((token.token_id, token.token), (same.token_id, same.token));
}
