//! Booking and cancelling, by the rules.

use domain::problem::ReasonCode;
use domain::{Approval, BookingStatus, Effect, NewOffering, Problem};
use service::paging::PageRequest;
use service::{Actor, auth, availability, bookings, providers};
use sqlx::PgPool;

use crate::house::{at, guest, house, house_with, one_off, problem};

fn codes(problem: Problem) -> Vec<ReasonCode> {
    match problem {
        Problem::NotBookable { reasons } => reasons.iter().map(|reason| reason.code).collect(),
        other => panic!("{other:?}"),
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_cancelled_time_can_be_booked_again_at_once(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T10:00:00Z").await;
    let booked = house.book("2027-03-02T09:00:00Z", 60).await.unwrap();
    assert!(matches!(problem(house.book("2027-03-02T09:00:00Z", 60).await), Problem::SlotTaken { .. }));
    assert!(house.starts("2027-03-02", 60).await.is_empty());

    let guest = auth::by_bearer(&house.s, &booked.manage_token).await.unwrap();
    let id = booked.booking.booking_id;
    let cancelled = bookings::cancel(&house.s, &guest, id, Some("Ill".into())).await.unwrap();
    assert_eq!((cancelled.status, cancelled.reason.as_deref()), (BookingStatus::Cancelled, Some("Ill")));
    assert_eq!(house.starts("2027-03-02", 60).await, ["09:00"]);
    house.book("2027-03-02T09:00:00Z", 60).await.unwrap();

    let again = problem(bookings::cancel(&house.s, &guest, id, None).await);
    assert_eq!(again, Problem::InvalidTransition { status: BookingStatus::Cancelled });
    let messages: Vec<String> =
        sqlx::query_scalar("select topic from outbox order by outbox_id").fetch_all(&house.s.pool).await.unwrap();
    assert_eq!(messages, ["booking.confirmed", "booking.cancelled", "booking.confirmed"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_seat_given_up_is_the_next_to_be_taken(pool: PgPool) {
    let class = NewOffering { capacity: 2, seats_per_guest: 2, step_minutes: 60, ..NewOffering::first() };
    let house = house_with(pool, class).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T10:00:00Z").await;
    let first = house.book("2027-03-02T09:00:00Z", 60).await.unwrap();
    house.book("2027-03-02T09:00:00Z", 60).await.unwrap();
    assert!(matches!(problem(house.book("2027-03-02T09:00:00Z", 60).await), Problem::SlotTaken { .. }));
    bookings::cancel(&house.s, &house.actor, first.booking.booking_id, None).await.unwrap();
    house.book("2027-03-02T09:00:00Z", 60).await.unwrap();
    let seats: Vec<i32> = sqlx::query_scalar("select seat from booking where status <> 'cancelled' order by seat")
        .fetch_all(&house.s.pool)
        .await
        .unwrap();
    assert_eq!(seats, [1, 2]);
}

/// A law may move the instant away from the hour that two people have agreed.
#[sqlx::test(migrations = "../../migrations")]
async fn a_booking_remembers_the_wall_time_it_was_agreed_at(pool: PgPool) {
    let class = NewOffering { capacity: 2, seats_per_guest: 2, step_minutes: 60, ..NewOffering::first() };
    let house = house_with(pool, class).await;
    let zone = domain::provider::ProviderChanges {
        time_zone: Some("America/Vancouver".parse().unwrap()),
        ..Default::default()
    };
    providers::update_me(&house.s, &house.actor, zone).await.unwrap();
    house.open("2027-03-02T17:00:00Z", "2027-03-02T18:00:00Z").await;
    for _ in 0..2 {
        house.book("2027-03-02T17:00:00Z", 60).await.unwrap();
    }
    let agreed: Vec<(chrono::NaiveDateTime, String)> =
        sqlx::query_as("select agreed_local, agreed_zone from booking order by seat")
            .fetch_all(&house.s.pool)
            .await
            .unwrap();
    let ten = ("2027-03-02T10:00:00".parse().unwrap(), "America/Vancouver".to_owned());
    assert_eq!(agreed, [ten.clone(), ten]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_booking_is_refused_with_its_reasons(pool: PgPool) {
    let offering = NewOffering { min_notice_minutes: 60, horizon_days: 30, ..NewOffering::first() };
    let house = house_with(pool, offering).await;
    house.open("2027-03-01T08:00:00Z", "2027-04-20T18:00:00Z").await;
    let closed = one_off(Effect::Closed, "2027-03-03T09:00:00Z", "2027-03-03T12:00:00Z");
    availability::create(&house.s, &house.actor, closed, None).await.unwrap();
    for (start, duration, code) in [
        ("2027-03-01T08:30:00Z", 30, ReasonCode::TooSoon),
        ("2027-04-10T08:30:00Z", 30, ReasonCode::TooFar),
        ("2027-03-03T10:00:00Z", 30, ReasonCode::Closed),
        ("2027-03-02T10:07:00Z", 30, ReasonCode::OffGrid),
        ("2027-03-02T10:00:00Z", 45, ReasonCode::UnknownDuration),
    ] {
        assert_eq!(codes(problem(house.book(start, duration).await)), [code], "{start}");
    }
    let mut elsewhere = house.wanted(at("2027-03-02T10:00:00Z"), 30);
    elsewhere.offering_id = Some(uuid::Uuid::from_u128(1));
    assert_eq!(
        problem(bookings::book(&house.s, &service::Actor::Anonymous, elsewhere.clone(), None).await),
        Problem::NotFound
    );
    elsewhere.provider = "nobody".into();
    assert_eq!(problem(bookings::book(&house.s, &service::Actor::Anonymous, elsewhere, None).await), Problem::NotFound);
}

#[sqlx::test(migrations = "../../migrations")]
async fn buffers_keep_neighbours_apart(pool: PgPool) {
    let offering = NewOffering { buffer_before_minutes: 15, buffer_after_minutes: 30, ..NewOffering::first() };
    let house = house_with(pool, offering).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T13:00:00Z").await;
    house.book("2027-03-02T10:30:00Z", 30).await.unwrap();
    assert_eq!(house.starts("2027-03-02", 30).await, ["09:00", "09:15", "11:45", "12:00", "12:15", "12:30"]);
    // 09:15 to 09:45 and its half hour end where the other's quarter begins: they touch.
    house.book("2027-03-02T09:15:00Z", 30).await.unwrap();
    assert!(matches!(problem(house.book("2027-03-02T11:30:00Z", 30).await), Problem::SlotTaken { .. }));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_daily_limit_closes_the_local_day(pool: PgPool) {
    let offering = NewOffering { daily_limit: Some(2), step_minutes: 60, ..NewOffering::first() };
    let house = house_with(pool, offering).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    house.open("2027-03-03T09:00:00Z", "2027-03-03T17:00:00Z").await;
    let first = house.book("2027-03-02T09:00:00Z", 60).await.unwrap();
    house.book("2027-03-02T16:00:00Z", 60).await.unwrap();
    assert_eq!(codes(problem(house.book("2027-03-02T12:00:00Z", 60).await)), [ReasonCode::DailyLimit]);
    assert!(house.starts("2027-03-02", 60).await.is_empty());
    assert_eq!(house.starts("2027-03-03", 60).await.len(), 8);
    bookings::cancel(&house.s, &house.actor, first.booking.booking_id, None).await.unwrap();
    assert_eq!(house.starts("2027-03-02", 60).await.len(), 7);
}

#[sqlx::test(migrations = "../../migrations")]
async fn manual_approval_makes_a_pending_booking_that_keeps_its_time(pool: PgPool) {
    let offering = NewOffering { approval: Approval::Manual, ..NewOffering::first() };
    let house = house_with(pool, offering).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T10:00:00Z").await;
    let booked = house.book("2027-03-02T09:00:00Z", 60).await.unwrap();
    assert_eq!(booked.booking.status, BookingStatus::Pending);
    assert!(matches!(problem(house.book("2027-03-02T09:00:00Z", 60).await), Problem::SlotTaken { .. }));
}

#[sqlx::test(migrations = "../../migrations")]
async fn bookings_are_listed_in_order_page_by_page(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    for (name, hour) in [("Cleo", 12), ("Ann_e", 10), ("Bob", 11), ("Annie", 13)] {
        let mut wanted = house.wanted(at(&format!("2027-03-02T{hour}:00:00Z")), 30);
        wanted.guest = guest(name);
        bookings::book(&house.s, &service::Actor::Anonymous, wanted, None).await.unwrap();
    }
    let list = async |filter: domain::booking::BookingFilter, page| {
        let page = bookings::list(&house.s, &house.actor, filter, page).await.unwrap();
        (page.items.iter().map(|booking| booking.guest.name.clone()).collect::<Vec<_>>(), page.next_cursor)
    };
    let all = domain::booking::BookingFilter::default;
    let (first, cursor) = list(all(), PageRequest { limit: 3, cursor: None }).await;
    assert_eq!(first, ["Ann_e", "Bob", "Cleo"]);
    assert_eq!(list(all(), PageRequest { limit: 3, cursor }).await, (vec!["Annie".to_owned()], None));
    let search = |text: &str| domain::booking::BookingFilter { search: Some(text.into()), ..all() };
    assert_eq!(list(search("ann_"), PageRequest::default()).await.0, ["Ann_e"]);
    let from = domain::booking::BookingFilter {
        from: Some(at("2027-03-02T11:00:00Z")),
        to: Some(at("2027-03-02T13:00:00Z")),
        status: Some(BookingStatus::Confirmed),
        search: None,
    };
    assert_eq!(list(from, PageRequest::default()).await.0, ["Bob", "Cleo"]);
    let forged = PageRequest { limit: 3, cursor: Some("abc".into()) };
    let refused = problem(bookings::list(&house.s, &house.actor, all(), forged).await);
    assert!(matches!(refused, Problem::Malformed { .. }));
    assert_eq!(
        problem(bookings::list(&house.s, &Actor::Anonymous, all(), PageRequest::default()).await),
        Problem::Unauthenticated
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn connections_kept_at_hand_for_bookings_are_the_pools_to_close(pool: PgPool) {
    let house = house(pool.clone()).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T12:00:00Z").await;
    for start in ["2027-03-02T09:00:00Z", "2027-03-02T10:00:00Z"] {
        house.book(start, 30).await.unwrap();
    }
    // The services live on and are asked no more.
    tokio::time::timeout(std::time::Duration::from_secs(30), pool.close()).await.expect("none is kept for ever");
    assert_eq!(pool.size(), 0);
    drop(house);
}
