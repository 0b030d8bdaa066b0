//! Offerings: nobody writes over what they have not seen, and what was booked stays what was booked.

use domain::form::OfferingChange;
use domain::problem::Current;
use domain::{BookingStatus, NewOffering, Problem, Side};
use service::{Actor, auth, bookings, offerings};
use sqlx::PgPool;

use crate::house::{another_node, at, house, house_with, problem};

fn titled(title: &str) -> NewOffering {
    NewOffering { title: title.into(), ..NewOffering::first() }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_change_of_what_somebody_else_has_changed_is_a_conflict_and_shows_it(pool: PgPool) {
    let house = house(pool).await;
    let (s, actor, id) = (&house.s, &house.actor, house.offering.offering_id);
    let seen = house.offering.version;
    let change = |title: &str, version| OfferingChange { details: titled(title), version };
    let first = offerings::replace(s, actor, id, change("First", Some(seen))).await.unwrap();
    assert_eq!(first.version, seen + 1);
    let before = house.version().await;
    for stale in [seen, seen + 2] {
        let refused = problem(offerings::replace(s, actor, id, change("Second", Some(stale))).await);
        assert_eq!(refused, Problem::VersionConflict { current: Box::new(Current::Offering(first.clone())) });
    }
    assert_eq!(house.version().await, before, "a refusal is no change");
    assert_eq!(offerings::get(s, actor, id).await.unwrap(), first);
    // Who says no version means to write over it.
    let over = offerings::replace(s, actor, id, change("Over", None)).await.unwrap();
    assert_eq!((over.details.title.as_str(), over.version), ("Over", seen + 2));
}

/// Whoever is first: the second either keeps what the first has done, or is told of it.
#[sqlx::test(migrations = "../../migrations")]
async fn pausing_and_renaming_at_the_same_moment_lose_nothing(pool: PgPool) {
    let house = house(pool).await;
    let (id, other) = (house.offering.offering_id, another_node(&house.s));
    let mut version = house.offering.version;
    for round in 0..10 {
        let title = format!("Round {round}");
        let pauses = offerings::set_active(&other, &house.actor, id, false);
        let change = OfferingChange { details: titled(&title), version: Some(version) };
        let renames = offerings::replace(&house.s, &house.actor, id, change);
        let (paused, renamed) = tokio::join!(pauses, renames);
        paused.unwrap();
        let now = offerings::get(&house.s, &house.actor, id).await.unwrap();
        assert!(!now.details.active, "paused is paused");
        match renamed {
            Ok(renamed) => assert_eq!((renamed.version, &now.details.title), (version + 1, &title)),
            refused => {
                let Problem::VersionConflict { current } = problem(refused) else { panic!("not a conflict") };
                assert_eq!(*current, Current::Offering(now.clone()));
            }
        }
        offerings::set_active(&house.s, &house.actor, id, true).await.unwrap();
        version = offerings::get(&house.s, &house.actor, id).await.unwrap().version;
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_booking_keeps_the_title_and_the_place_that_were_said_to_its_guest(pool: PgPool) {
    let said = NewOffering { location: "Rue Monge 1".into(), ..titled("First visit") };
    let house = house_with(pool, said.clone()).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    let booked = house.book("2027-03-02T10:00:00Z", 60).await.unwrap();
    let guest = auth::by_bearer(&house.s, &booked.manage_token).await.unwrap();
    let (s, id, booking_id) = (&house.s, house.offering.offering_id, booked.booking.booking_id);
    let assert_kept = async |after: &str| {
        for actor in [&guest, &house.actor] {
            let kept = bookings::get(s, actor, booking_id).await.unwrap();
            assert_eq!((kept.title.as_str(), kept.location.as_str()), ("First visit", "Rue Monge 1"), "{after}");
        }
    };
    assert_kept("booking").await;
    let renamed = NewOffering { title: "Consultation".into(), location: "Elsewhere".into(), ..said };
    offerings::replace(s, &house.actor, id, renamed.into()).await.unwrap();
    assert_kept("a rename").await;
    let second = house.book("2027-03-02T12:00:00Z", 60).await.unwrap().booking;
    assert_eq!((second.title.as_str(), second.location.as_str()), ("Consultation", "Elsewhere"));
    offerings::set_active(s, &house.actor, id, false).await.unwrap();
    assert_kept("a pause").await;
    offerings::delete(s, &house.actor, id).await.unwrap();
    assert_kept("a deletion").await;
    let cancelled = bookings::cancel(s, &guest, booking_id, None).await.unwrap();
    assert_eq!((cancelled.title.as_str(), cancelled.status), ("First visit", BookingStatus::Cancelled));
    assert_kept("all of that and a cancel").await;
    let events: Vec<String> = sqlx::query_scalar("select payload->'booking'->>'title' from outbox order by outbox_id")
        .fetch_all(&s.pool)
        .await
        .unwrap();
    assert_eq!(events, ["First visit", "Consultation", "First visit"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_guest_cannot_cancel_what_is_over_and_the_provider_can(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    let booked = house.book("2027-03-02T10:00:00Z", 60).await.unwrap();
    let guest = auth::by_bearer(&house.s, &booked.manage_token).await.unwrap();
    let id = booked.booking.booking_id;
    house.clock.set(at("2027-03-02T11:00:00Z"));
    let before = house.version().await;
    let refused = problem(bookings::cancel(&house.s, &guest, id, None).await);
    assert_eq!(refused, Problem::InvalidTransition { status: BookingStatus::Confirmed });
    assert_eq!(problem(bookings::cancel(&house.s, &Actor::Anonymous, id, None).await), Problem::Unauthenticated);
    assert_eq!(house.version().await, before);
    let cancelled = bookings::cancel(&house.s, &house.actor, id, Some("Did not come.".into())).await.unwrap();
    assert_eq!(cancelled.cancelled_by, Some(Side::Provider));
}
