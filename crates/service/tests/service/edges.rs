//! Many at once where something ends: the last of a day, the notice, a booking that is cancelled.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::problem::ReasonCode;
use domain::{BookingStatus, NewOffering, Problem, Side};
use service::{Actor, auth, bookings, change_log};
use sqlx::PgPool;

use crate::house::{House, another_node, at, guest, house, house_with, problem, race};

/// Whether a refusal says that there is no more of it, or that somebody was faster, and nothing else.
fn is_of_the_limit(problem: &Problem) -> bool {
    match problem {
        Problem::SlotTaken { .. } => true,
        Problem::NotBookable { reasons } => reasons.iter().any(|reason| reason.code == ReasonCode::DailyLimit),
        _ => false,
    }
}

async fn count(house: &House, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&house.s.pool).await.unwrap()
}

/// Who sits has an appointment that is kept for them, and no time is kept for nobody.
async fn assert_seats_and_time_agree(house: &House) {
    let without_time = "select count(*) from booking join appointment using (provider_id, appointment_id)
         where status in ('pending', 'confirmed') and state <> 'active'";
    let for_nobody = "select count(*) from appointment where state = 'active' and not exists (
             select from booking where booking.appointment_id = appointment.appointment_id
                 and status in ('pending', 'confirmed'))";
    assert_eq!((count(house, without_time).await, count(house, for_nobody).await), (0, 0));
}

/// Guests of both nodes for each hour of a day, three for each, at once.
async fn crowd(house: &House) -> usize {
    let nodes = [house.s.clone(), another_node(&house.s)];
    let results = race((0..24).map(|n| {
        let (s, hour) = (nodes[n % 2].clone(), TimeDelta::hours(n as i64 % 8));
        let mut wanted = house.wanted(at("2027-03-02T09:00:00Z") + hour, 60);
        wanted.guest = guest(&format!("Guest {n}"));
        async move { bookings::book(&s, &Actor::Anonymous, wanted, None).await }
    }))
    .await;
    let (booked, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    for refusal in refused.into_iter().map(problem) {
        assert!(is_of_the_limit(&refusal), "{refusal:?}");
    }
    booked.len()
}

#[sqlx::test(migrations = "../../migrations")]
async fn no_more_than_the_daily_limit_is_booked_by_all_who_ask_at_once(pool: PgPool) {
    let house = house_with(pool, NewOffering { daily_limit: Some(3), step_minutes: 60, ..NewOffering::first() }).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    assert_eq!(crowd(&house).await, 3);
    assert_eq!(count(&house, "select count(*) from appointment").await, 3);
}

#[sqlx::test(migrations = "../../migrations")]
async fn two_classes_a_day_are_two_appointments_and_all_of_their_seats(pool: PgPool) {
    let class = NewOffering { daily_limit: Some(2), capacity: 5, step_minutes: 60, ..NewOffering::first() };
    let house = house_with(pool, class).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    let seated = crowd(&house).await;
    assert_eq!(count(&house, "select count(*) from appointment").await, 2);
    assert!((2..=6).contains(&seated), "{seated}");

    // The day is full of classes, and each of them takes guests until its last seat.
    let starts = house.starts("2027-03-02", 60).await;
    assert_eq!(starts.len(), 2, "{starts:?}");
    let mut joined = BTreeSet::new();
    for (n, hour) in (0..5).flat_map(|n| starts.iter().map(move |hour| (n, hour))) {
        let mut wanted = house.wanted(at(&format!("2027-03-02T{hour}:00Z")), 60);
        wanted.guest = guest(&format!("Late {n}"));
        match bookings::book(&house.s, &Actor::Anonymous, wanted, None).await {
            Ok(booked) => drop(joined.insert(booked.booking.booking_id)),
            refused => assert!(matches!(problem(refused), Problem::SlotTaken { .. })),
        }
    }
    assert_eq!(seated + joined.len(), 10);
    assert!(house.starts("2027-03-02", 60).await.is_empty());
    assert_eq!(count(&house, "select count(*) from appointment").await, 2);
}

#[sqlx::test(migrations = "../../migrations")]
async fn nobody_gets_in_after_the_notice_though_they_race_with_the_clock(pool: PgPool) {
    let class = NewOffering { capacity: 100, min_notice_minutes: 60, step_minutes: 60, ..NewOffering::first() };
    let house = house_with(pool, class).await;
    house.open("2027-03-02T10:00:00Z", "2027-03-02T12:00:00Z").await;
    house.clock.set(at("2027-03-02T09:00:00Z"));
    let nodes = [house.s.clone(), another_node(&house.s)];
    let guests = |numbers: std::ops::Range<usize>| {
        race(numbers.map(|n| {
            let (s, clock) = (nodes[n % 2].clone(), house.clock.clone());
            let mut wanted = house.wanted(at("2027-03-02T10:00:00Z"), 60);
            wanted.guest = guest(&format!("Guest {n}"));
            async move {
                if n == 30 {
                    clock.set(at("2027-03-02T09:00:00.000001Z"));
                }
                bookings::book(&s, &Actor::Anonymous, wanted, None).await
            }
        }))
    };
    assert!(guests(0..8).await.iter().all(Result::is_ok), "at the very instant it is still possible");
    let racing = guests(8..56).await;
    let late = guests(56..64).await;
    assert!(late.iter().all(Result::is_err));
    let (booked, refused): (Vec<_>, Vec<_>) = racing.into_iter().chain(late).partition(Result::is_ok);
    for refusal in refused {
        let Problem::NotBookable { reasons } = problem(refusal) else { panic!("not by the rules") };
        assert_eq!(reasons.iter().map(|reason| reason.code).collect::<Vec<_>>(), [ReasonCode::TooSoon]);
    }
    let too_late = "select count(*) from booking where created_at > starts_at - interval '1 hour'";
    assert_eq!(count(&house, too_late).await, 0);
    assert_eq!(count(&house, "select count(*) from booking").await, 8 + booked.len() as i64);
}

#[sqlx::test(migrations = "../../migrations")]
async fn of_many_who_cancel_one_booking_one_does_and_it_is_known_who(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T10:00:00Z").await;
    let booked = house.book("2027-03-02T09:00:00Z", 60).await.unwrap();
    let id = booked.booking.booking_id;
    let sides = [auth::by_bearer(&house.s, &booked.manage_token).await.unwrap(), house.actor.clone()];
    let (before, nodes) = (house.version().await, [house.s.clone(), another_node(&house.s)]);
    let results = race((0..8).map(|n| {
        let (s, actor) = (nodes[n / 2 % 2].clone(), sides[n % 2].clone());
        async move { bookings::cancel(&s, &actor, id, Some(format!("reason {n}"))).await }
    }))
    .await;
    let (mut done, refused): (Vec<_>, Vec<_>) = results.into_iter().enumerate().partition(|(_, result)| result.is_ok());
    assert_eq!(done.len(), 1);
    for (_, refusal) in refused {
        assert_eq!(problem(refusal), Problem::InvalidTransition { status: BookingStatus::Cancelled });
    }
    let (n, cancelled) = done.remove(0);
    let cancelled = cancelled.unwrap();
    assert_eq!(cancelled.cancelled_by, Some(if n % 2 == 0 { Side::Guest } else { Side::Provider }));
    assert_eq!((cancelled.reason.clone(), cancelled.sequence), (Some(format!("reason {n}")), 1));
    for node in &nodes {
        assert_eq!(bookings::get(node, &house.actor, id).await.unwrap(), cancelled);
    }
    assert_eq!(house.version().await, before + 1);
    assert_eq!(count(&house, "select count(*) from outbox where topic = 'booking.cancelled'").await, 1);
    assert_seats_and_time_agree(&house).await;
    house.book("2027-03-02T09:00:00Z", 60).await.unwrap();
}

/// The last guest of a class leaves while another comes: whoever is first, there is a seat for the one who comes.
#[sqlx::test(migrations = "../../migrations")]
async fn who_joins_a_group_while_its_last_guest_leaves_has_a_seat(pool: PgPool) {
    let class = NewOffering { capacity: 2, step_minutes: 60, ..NewOffering::first() };
    let house = house_with(pool, class).await;
    house.open("2027-03-02T00:00:00Z", "2027-03-03T00:00:00Z").await;
    let nodes = [house.s.clone(), another_node(&house.s)];
    for hour in 0..20 {
        let start = at("2027-03-02T00:00:00Z") + TimeDelta::hours(hour);
        let first = bookings::book(&nodes[0], &Actor::Anonymous, house.wanted(start, 60), None).await.unwrap();
        let mut wanted = house.wanted(start, 60);
        wanted.guest = guest("Ada Lovelace");
        let leaves = {
            let (s, actor) = (nodes[0].clone(), house.actor.clone());
            async move { bookings::cancel(&s, &actor, first.booking.booking_id, None).await.map(drop) }
        };
        let comes = {
            let s = nodes[hour as usize % 2].clone();
            async move { bookings::book(&s, &Actor::Anonymous, wanted, None).await.map(drop) }
        };
        let both: [std::pin::Pin<Box<dyn Future<Output = _> + Send>>; 2] = [Box::pin(leaves), Box::pin(comes)];
        for done in race(both.into_iter()).await {
            done.unwrap();
        }
        assert_seats_and_time_agree(&house).await;
    }
    assert_eq!(count(&house, "select count(*) from appointment where state = 'active'").await, 20);
    let log = change_log::after(&house.s, house.provider_id, 0, 1000).await.unwrap().unwrap();
    assert!(log.iter().zip(log[0].version..).all(|(change, version)| change.version == version));
}
