//! Every change has a number, and what is in memory is what the database says.

use chrono::TimeDelta;
use domain::provider::ProviderChanges;
use domain::{Effect, NewOffering, Problem, TimeRange};
use service::{Clock, Services, availability, bookings, change_log, offerings, providers, snapshot};
use sqlx::PgPool;

use crate::house::{House, NOW, at, house, house_with, one_off, problem, range};

#[sqlx::test(migrations = "../../migrations")]
async fn versions_are_gapless_under_eight_writers(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T00:00:00Z", "2027-03-06T00:00:00Z").await;
    let before = house.version().await;
    let tasks: Vec<_> = (0..8)
        .map(|writer| {
            let (s, actor, provider_id) = (house.s.clone(), house.actor.clone(), house.provider_id);
            let first = house.wanted(at("2027-03-02T00:00:00Z") + TimeDelta::hours(6 * writer), 30);
            tokio::spawn(async move {
                let mut done = 0;
                for round in 0..5 {
                    let mut wanted = first.clone();
                    wanted.start += TimeDelta::minutes(30 * round);
                    let booked = bookings::book(&s, &service::Actor::Anonymous, wanted, None).await.unwrap();
                    bookings::cancel(&s, &actor, booked.booking.booking_id, None).await.unwrap();
                    let day = at("2027-05-01T09:00:00Z") + TimeDelta::days(writer * 10 + round);
                    let closed = one_off(Effect::Closed, &day.to_rfc3339(), "2027-12-01T00:00:00Z");
                    let entry = availability::create(&s, &actor, closed, None).await.unwrap();
                    let bio = Some(format!("{writer} {round}"));
                    providers::update_me(&s, &actor, ProviderChanges { bio, ..Default::default() }).await.unwrap();
                    availability::delete(&s, &actor, entry.availability_id).await.unwrap();
                    // A refusal takes no number.
                    let refused = availability::delete(&s, &actor, entry.availability_id).await;
                    assert_eq!(problem(refused), Problem::NotFound);
                    let current = snapshot::current(&s, provider_id).await.unwrap();
                    assert!(current.version >= before + done);
                    done += 5;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(house.version().await, before + 8 * 5 * 5);
    let log = change_log::after(&house.s, house.provider_id, before, 1000).await.unwrap().unwrap();
    assert_eq!(log.len(), 200);
    assert!(log.iter().zip(before + 1..).all(|(change, version)| change.version == version));
    assert_eq!(log.iter().filter(|change| change.profile).count(), 40);
    assert_same_as_fresh(&house).await;
}

/// What is in memory against what a node that has just started reads.
async fn assert_same_as_fresh(house: &House) {
    let kept = snapshot::current(&house.s, house.provider_id).await.unwrap();
    let started = Services::new(house.s.pool.clone(), Clock::fixed(house.clock.now()));
    let fresh = snapshot::current(&started, house.provider_id).await.unwrap();
    assert_eq!(kept.version, fresh.version);
    assert_eq!(kept.covers, fresh.covers);
    assert_eq!(kept.calendar.appointments, fresh.calendar.appointments);
    assert_eq!(kept.openings(), fresh.openings());
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_snapshot_that_moved_on_equals_a_fresh_one(pool: PgPool) {
    let first = NewOffering {
        daily_limit: Some(4),
        buffer_before_minutes: 10,
        buffer_after_minutes: 20,
        step_minutes: 30,
        ..NewOffering::first()
    };
    let house = house_with(pool, first).await;
    let class = NewOffering { slug: "class".parse().unwrap(), capacity: 3, step_minutes: 60, ..NewOffering::first() };
    let class = offerings::create(&house.s, &house.actor, class, None).await.unwrap();
    for day in 2..8 {
        house.open(&format!("2027-03-0{day}T06:00:00Z"), &format!("2027-03-0{day}T22:00:00Z")).await;
    }
    assert_same_as_fresh(&house).await;

    let mut booked = Vec::new();
    for step in 0..60_i64 {
        let start = at("2027-03-02T06:00:00Z") + TimeDelta::days(step % 6) + TimeDelta::minutes(30 * (step * 7 % 30));
        let mut wanted = house.wanted(start, if step % 2 == 0 { 30 } else { 60 });
        if step % 3 == 0 {
            wanted.offering_id = Some(class.offering_id);
        }
        if let Ok(done) = bookings::book(&house.s, &service::Actor::Anonymous, wanted, None).await {
            booked.push(done.booking.booking_id);
        }
        if step % 4 == 3 && !booked.is_empty() {
            let id = booked.remove((step as usize * 5) % booked.len());
            bookings::cancel(&house.s, &house.actor, id, None).await.unwrap();
        }
        // Asked after each change, after some, and after more than are kept apart.
        if step < 20 || (step < 40 && step % 3 == 0) || step == 59 {
            assert_same_as_fresh(&house).await;
        }
    }
    assert!(booked.len() > 15, "{}", booked.len());
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_log_says_when_it_no_longer_reaches_back(pool: PgPool) {
    let house = house(pool).await;
    let start = house.version().await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T10:00:00Z").await;
    let log = change_log::after(&house.s, house.provider_id, start, 10).await.unwrap().unwrap();
    assert_eq!(log[0].changed, range("2027-03-01T09:00:00Z", "2027-03-03T10:00:00Z"));
    assert_eq!(change_log::after(&house.s, house.provider_id, start + 1, 10).await.unwrap(), Some(Vec::new()));

    house.clock.set(at("2027-03-10T08:00:00Z"));
    assert_eq!(change_log::prune(&house.s).await.unwrap() as i64, start + 1);
    assert_eq!(change_log::after(&house.s, house.provider_id, start, 10).await.unwrap(), None);
    assert_eq!(change_log::after(&house.s, house.provider_id, start + 1, 10).await.unwrap(), Some(Vec::new()));
    house.open("2027-03-12T09:00:00Z", "2027-03-12T10:00:00Z").await;
    assert_eq!(change_log::after(&house.s, house.provider_id, start, 10).await.unwrap(), None);
}

#[sqlx::test(migrations = "../../migrations")]
async fn another_nodes_version_makes_this_one_look_again(pool: PgPool) {
    let house = house(pool.clone()).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T10:00:00Z").await;
    assert_eq!(house.starts("2027-03-02", 60).await, ["09:00"]);
    let other = Services::new(pool, Clock::fixed(at(NOW)));
    bookings::book(&other, &service::Actor::Anonymous, house.wanted(at("2027-03-02T09:00:00Z"), 60), None)
        .await
        .unwrap();

    // Not told yet, this node is behind, but gives the time to nobody.
    assert_eq!(house.starts("2027-03-02", 60).await, ["09:00"]);
    let taken = problem(house.book("2027-03-02T09:00:00Z", 60).await);
    assert_eq!(taken, Problem::SlotTaken { alternatives: Vec::new() });
    house.s.snapshots.note_version(house.provider_id, house.version().await);
    assert!(house.starts("2027-03-02", 60).await.is_empty());
    let known = house.s.snapshots.known();
    assert_eq!(known, [(house.provider_id, house.version().await)]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_snapshot_moves_on_with_time(pool: PgPool) {
    let house = house(pool).await;
    let before = snapshot::current(&house.s, house.provider_id).await.unwrap().covers;
    house.clock.set(at("2027-03-01T21:00:00Z"));
    let after = snapshot::current(&house.s, house.provider_id).await.unwrap().covers;
    assert_eq!(after.end() - before.end(), TimeDelta::hours(13));
    assert_eq!(after, TimeRange::new(at("2027-02-22T21:00:00Z"), at("2028-03-09T21:00:00Z")).unwrap());
}
