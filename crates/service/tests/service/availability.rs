//! Opening and closing time: overlaps, versions, orphans, wall clock.

use chrono::Weekday;
use domain::{Effect, NewOffering, Pattern, Problem};
use service::Actor;
use service::availability::{self, ExplainQuery};
use service::paging::PageRequest;
use sqlx::PgPool;

use crate::house::{at, fault, house, house_with, one_off, problem, range, weekly};

#[sqlx::test(migrations = "../../migrations")]
async fn open_entries_may_not_overlap(pool: PgPool) {
    let house = house(pool).await;
    let entry = house.open("2027-03-02T09:00:00Z", "2027-03-02T12:00:00Z").await;
    let version = house.version().await;
    let wanted = one_off(Effect::Open, "2027-03-02T11:00:00Z", "2027-03-02T13:00:00Z");
    let Problem::AvailabilityOverlap { conflicts, suggestions } =
        problem(availability::create(&house.s, &house.actor, wanted, None).await)
    else {
        panic!("not an overlap")
    };
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].availability_id, entry.availability_id);
    assert_eq!((conflicts[0].start, conflicts[0].end), (at("2027-03-02T11:00:00Z"), at("2027-03-02T12:00:00Z")));
    assert_eq!(suggestions[0], range("2027-03-02T12:00:00Z", "2027-03-02T13:00:00Z"));
    assert_eq!(house.version().await, version);

    house.open("2027-03-02T12:00:00Z", "2027-03-02T13:00:00Z").await;
    let closed = one_off(Effect::Closed, "2027-03-02T10:00:00Z", "2027-03-02T11:00:00Z");
    availability::create(&house.s, &house.actor, closed, None).await.unwrap();
    assert_eq!(house.starts("2027-03-02", 60).await, ["09:00", "11:00", "11:15", "11:30", "11:45", "12:00"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn of_two_that_overlap_at_once_one_is_kept(pool: PgPool) {
    let house = house(pool).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (s, actor) = (house.s.clone(), house.actor.clone());
            let wanted = weekly(&[Weekday::Tue], "09:00", "12:00", "2027-03-01", "UTC");
            tokio::spawn(async move { availability::create(&s, &actor, wanted, None).await })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            refused => assert!(matches!(problem(refused), Problem::AvailabilityOverlap { .. })),
        }
    }
    assert_eq!(made, 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_replacement_checks_the_version_it_replaces(pool: PgPool) {
    let house = house(pool).await;
    let entry = house.open("2027-03-02T09:00:00Z", "2027-03-02T10:00:00Z").await;
    // It may overlap what it was itself.
    let mut longer = one_off(Effect::Open, "2027-03-02T09:30:00Z", "2027-03-02T11:00:00Z");
    longer.version = Some(1);
    let replaced = availability::replace(&house.s, &house.actor, entry.availability_id, longer.clone()).await.unwrap();
    assert_eq!((replaced.version, replaced.created_at), (2, entry.created_at));
    assert_eq!(house.starts("2027-03-02", 60).await, ["09:30", "09:45", "10:00"]);

    let refused = problem(availability::replace(&house.s, &house.actor, entry.availability_id, longer).await);
    assert_eq!(
        refused,
        Problem::VersionConflict { current: Box::new(domain::problem::Current::Entry(replaced.clone())) }
    );
    let series = weekly(&[Weekday::Wed], "09:00", "10:00", "2027-03-01", "Europe/Paris");
    let series = availability::replace(&house.s, &house.actor, entry.availability_id, series).await.unwrap();
    assert_eq!(availability::get(&house.s, &house.actor, entry.availability_id).await.unwrap(), series);
    assert!(house.starts("2027-03-02", 60).await.is_empty());
    assert_eq!(house.starts("2027-03-03", 60).await, ["08:00"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn deleting_names_the_bookings_left_without_open_time(pool: PgPool) {
    let house = house(pool).await;
    let entry = house.open("2027-03-02T09:00:00Z", "2027-03-02T12:00:00Z").await;
    let other = house.open("2027-03-02T12:00:00Z", "2027-03-02T14:00:00Z").await;
    let lost = house.book("2027-03-02T10:00:00Z", 60).await.unwrap().booking;
    let across = house.book("2027-03-02T11:30:00Z", 60).await.unwrap().booking;
    house.book("2027-03-02T13:00:00Z", 60).await.unwrap();
    // Known beforehand, and asking changes nothing.
    let would = availability::orphans(&house.s, &house.actor, entry.availability_id).await.unwrap();
    assert_eq!(would, [lost.booking_id, across.booking_id]);
    let stranger = availability::orphans(&house.s, &Actor::Anonymous, entry.availability_id).await;
    assert_eq!(problem(stranger), Problem::Unauthenticated);
    let deleted = availability::delete(&house.s, &house.actor, entry.availability_id).await.unwrap();
    assert_eq!(deleted.orphaned_bookings, would);
    let gone = availability::delete(&house.s, &house.actor, entry.availability_id).await;
    assert_eq!(problem(gone), Problem::NotFound);
    let deleted = availability::delete(&house.s, &house.actor, other.availability_id).await.unwrap();
    assert_eq!(deleted.orphaned_bookings.len(), 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn seats_of_a_group_are_not_sold_in_time_that_was_closed(pool: PgPool) {
    let house = house_with(pool, NewOffering { capacity: 8, seats_per_guest: 8, ..NewOffering::first() }).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T12:00:00Z").await;
    house.book("2027-03-02T10:00:00Z", 60).await.unwrap();
    assert_eq!(house.starts("2027-03-02", 60).await, ["09:00", "10:00", "11:00"]);
    let closed = one_off(Effect::Closed, "2027-03-02T10:30:00Z", "2027-03-02T10:45:00Z");
    let closed = availability::create(&house.s, &house.actor, closed, None).await.unwrap();
    assert_eq!(house.starts("2027-03-02", 60).await, ["09:00", "11:00"]);
    let Problem::NotBookable { reasons } = problem(house.book("2027-03-02T10:00:00Z", 60).await) else {
        panic!("taken, not closed")
    };
    assert_eq!(reasons[0].code, domain::problem::ReasonCode::Closed);
    availability::delete(&house.s, &house.actor, closed.availability_id).await.unwrap();
    house.book("2027-03-02T10:00:00Z", 60).await.unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_provider_has_only_so_many_entries(pool: PgPool) {
    let house = house(pool.clone()).await;
    sqlx::query(
        "insert into availability (provider_id, availability_id, effect, during, created_at, updated_at)
         select $1, gen_random_uuid(), 'closed', tstzrange(now(), now() + interval '1 hour'), now(), now()
         from generate_series(1, 20000)",
    )
    .bind(house.provider_id)
    .execute(&pool)
    .await
    .unwrap();
    let one_more = one_off(Effect::Open, "2027-03-02T10:30:00Z", "2027-03-02T10:45:00Z");
    let refused = availability::create(&house.s, &house.actor, one_more, None).await;
    assert_eq!(fault(refused), ("pattern".into(), "too_many".into()));
}

#[sqlx::test(migrations = "../../migrations")]
async fn weekly_hours_keep_their_wall_clock_over_a_change_of_offset(pool: PgPool) {
    let house = house(pool).await;
    let hours = weekly(&[Weekday::Sat, Weekday::Sun, Weekday::Mon], "09:00", "10:00", "2027-03-01", "Europe/Paris");
    availability::create(&house.s, &house.actor, hours, None).await.unwrap();
    // Clocks in Paris go forward on Sunday, 28 March 2027.
    assert_eq!(house.starts("2027-03-27", 60).await, ["08:00"]);
    assert_eq!(house.starts("2027-03-28", 60).await, ["07:00"]);
    assert_eq!(house.starts("2027-03-29", 60).await, ["07:00"]);
    let booked = house.book("2027-03-28T07:00:00Z", 60).await.unwrap().booking;
    assert_eq!(booked.start, at("2027-03-28T07:00:00Z"));
    // Far beyond the snapshot, the same hours: December is winter again.
    let explain = async |start: &str| {
        let query = ExplainQuery { start: Some(start.into()), ..Default::default() };
        let explained = availability::explain(&house.s, "ada", query).await.unwrap();
        explained.reasons.iter().map(|reason| reason.code).collect::<Vec<_>>()
    };
    use domain::problem::ReasonCode::{OutsideAvailability, TooFar};
    assert_eq!(explain("2031-12-01T08:00:00Z").await, [TooFar]);
    assert!(explain("2031-12-01T07:00:00Z").await.contains(&OutsideAvailability));
}

#[sqlx::test(migrations = "../../migrations")]
async fn own_entries_are_listed_page_by_page_and_by_range(pool: PgPool) {
    let house = house(pool).await;
    for day in 2..7 {
        house.open(&format!("2027-03-0{day}T09:00:00Z"), &format!("2027-03-0{day}T10:00:00Z")).await;
    }
    let hours = weekly(&[Weekday::Sun], "09:00", "10:00", "2027-03-01", "UTC");
    availability::create(&house.s, &house.actor, hours, None).await.unwrap();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest { limit: 4, cursor };
        let page = availability::list(&house.s, &house.actor, None, page).await.unwrap();
        seen.extend(page.items.into_iter().map(|entry| entry.pattern));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 6);
    assert!(matches!(&seen[0], Pattern::OneOff(first) if first.start() == at("2027-03-02T09:00:00Z")));
    let within = range("2027-03-05T09:30:00Z", "2027-03-08T00:00:00Z");
    let page = PageRequest { limit: 2, cursor: None };
    let page = availability::list(&house.s, &house.actor, Some(within), page).await.unwrap();
    assert_eq!(page.items.len(), 2);
    let next = PageRequest { limit: 2, cursor: page.next_cursor };
    let last = availability::list(&house.s, &house.actor, Some(within), next).await.unwrap();
    assert!(matches!(last.items[..], [ref series] if matches!(series.pattern, Pattern::Recurring(_))));
}
