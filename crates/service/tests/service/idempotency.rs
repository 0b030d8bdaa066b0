//! A retry is not a second booking.

use domain::{NewOffering, Problem};
use service::idempotency::Repeatable;
use service::{Caller, Clock, IdempotencyKey, Services, bookings, idempotency, providers, snapshot, tokens};
use sqlx::PgPool;

use crate::house::{House, NOW, another_node, at, guest, house, house_with, new_provider, problem, race};

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
async fn sixteen_at_once_with_one_key_are_one_booking_and_answered_alike(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    let nodes = [house.s.clone(), another_node(&house.s)];
    let before = house.version().await;
    let answers = race((0..16).map(|n| {
        let (s, wanted) = (nodes[n % 2].clone(), house.wanted(at("2027-03-02T10:00:00Z"), 60));
        async move { bookings::book(&s, &service::Actor::Anonymous, wanted, repeat("once", 1)).await.unwrap() }
    }))
    .await;
    for answer in &answers {
        assert_eq!((&answer.booking, &answer.manage_token), (&answers[0].booking, &answers[0].manage_token));
    }
    assert_eq!(answers.iter().filter(|answer| !answer.is_repeated).count(), 1);
    for sql in ["select count(*) from booking", "select count(*) from outbox"] {
        assert_eq!(sqlx::query_scalar::<_, i64>(sql).fetch_one(&house.s.pool).await.unwrap(), 1, "{sql}");
    }
    assert_eq!(house.version().await, before + 1);
}

/// Transaction and command by which the last change was written, each once: rows of one statement share both.
async fn writes(house: &House) -> Vec<(String, String)> {
    sqlx::query_as(
        "select distinct xmin::text, cmin::text from (
             select xmin, cmin from appointment
             union all select xmin, cmin from booking
             union all select xmin, cmin from outbox
             union all select xmin, cmin from idempotency_key
             union all select xmin, cmin from calendar
             union all (select xmin, cmin from calendar_change order by version desc limit 1)
         ) as written",
    )
    .fetch_all(&house.s.pool)
    .await
    .unwrap()
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_booking_with_a_key_is_one_statement(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    let wanted = house.wanted(at("2027-03-02T10:00:00Z"), 60);
    bookings::book(&house.s, &service::Actor::Anonymous, wanted, repeat("k", 1)).await.unwrap();
    let written = writes(&house).await;
    assert_eq!(written.len(), 1, "{written:?}");
    assert_eq!(written[0].1, "0", "the first of its transaction, and the only one");
}

/// A node that has not heard of the last change asks under the lock, and keeps the answer as well.
#[sqlx::test(migrations = "../../migrations")]
async fn a_booking_with_a_key_by_a_node_that_is_behind_is_one_booking(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    let behind = another_node(&house.s);
    snapshot::current(&behind, house.provider_id).await.unwrap();
    house.open("2027-03-03T09:00:00Z", "2027-03-03T17:00:00Z").await;
    // Of the day that it has not heard of.
    let wanted = house.wanted(at("2027-03-03T10:00:00Z"), 60);
    let book = |s: &Services| {
        let (s, wanted) = (s.clone(), wanted.clone());
        async move { bookings::book(&s, &service::Actor::Anonymous, wanted, repeat("k", 1)).await.unwrap() }
    };
    let first = book(&behind).await;
    assert!(!first.is_repeated);
    assert!(writes(&house).await.len() > 1, "step by step");
    for node in [&behind, &house.s] {
        let again = book(node).await;
        assert_eq!((again.booking, again.manage_token), (first.booking.clone(), first.manage_token.clone()));
        assert!(again.is_repeated);
    }
    let other = bookings::book(&behind, &service::Actor::Anonymous, wanted.clone(), repeat("k", 2)).await;
    assert_eq!(problem(other), Problem::IdempotencyMismatch);
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_last_seat_of_a_group_is_for_one_key_and_the_others_stay_free(pool: PgPool) {
    let class = NewOffering { capacity: 3, step_minutes: 60, ..NewOffering::first() };
    let house = house_with(pool, class).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T12:00:00Z").await;
    let nodes = [house.s.clone(), another_node(&house.s)];
    let book = |n: usize| {
        let (s, mut wanted) = (nodes[n % 2].clone(), house.wanted(at("2027-03-02T10:00:00Z"), 60));
        wanted.guest = guest(&format!("Guest {n}"));
        async move { bookings::book(&s, &service::Actor::Anonymous, wanted, repeat(&format!("k{n}"), 1)).await }
    };
    for n in [100, 101] {
        book(n).await.unwrap();
    }
    // Each twice, as an impatient browser does.
    let results = race((0..8).chain(0..8).map(|n| {
        let asked = book(n);
        async move { (n, asked.await) }
    }))
    .await;
    let mut winners = std::collections::BTreeSet::new();
    for (n, result) in results {
        match result {
            Ok(booked) => drop(winners.insert((n, booked.booking.booking_id))),
            refused => assert!(matches!(problem(refused), Problem::SlotTaken { .. })),
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(keys(&house).await, 3, "of those who have a seat");
}

async fn keys(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from idempotency_key").fetch_one(&house.s.pool).await.unwrap()
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_refused_request_leaves_its_key_free(pool: PgPool) {
    let house = house(pool).await;
    let wanted = house.wanted(at("2027-03-02T10:00:00Z"), 60);
    let refused = problem(bookings::book(&house.s, &service::Actor::Anonymous, wanted.clone(), repeat("k", 1)).await);
    assert!(matches!(refused, Problem::NotBookable { .. }), "{refused:?}");
    assert_eq!(keys(&house).await, 0);
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    let booked = bookings::book(&house.s, &service::Actor::Anonymous, wanted, repeat("k", 1)).await.unwrap();
    assert!(!booked.is_repeated);
    assert_eq!(keys(&house).await, 1);
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
    let anew = bookings::book(&house.s, &service::Actor::Anonymous, other.clone(), repeat("k", 2)).await.unwrap();
    assert!(!anew.is_repeated && anew.booking.booking_id != first.booking.booking_id);
    let again = bookings::book(&house.s, &service::Actor::Anonymous, other, repeat("k", 2)).await.unwrap();
    assert_eq!((again.booking, again.manage_token), (anew.booking, anew.manage_token));
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
