//! What a provider's own screens are given to show.

use chrono::TimeDelta;
use domain::dashboard::{BookingList, Shelf};
use domain::provider::ProviderChanges;
use domain::{Effect, Problem};
use service::paging::PageRequest;
use service::{Actor, availability, bookings, providers};
use sqlx::PgPool;

use crate::house::{House, at, date, guest, house, one_off, problem, weekly};

async fn book(house: &House, start: &str, name: &str) -> uuid::Uuid {
    let mut wanted = house.wanted(at(start), 30);
    wanted.guest = guest(name);
    let booked = bookings::book(&house.s, &Actor::Anonymous, wanted, None).await.unwrap();
    booked.booking.booking_id
}

async fn shelf(house: &House, shelf: Shelf, search: &str, page: PageRequest) -> (Vec<String>, Option<String>) {
    let list = bookings::shelf(&house.s, &house.actor, shelf, search, page).await.unwrap();
    let BookingList { items, next_cursor, .. } = list;
    (items.into_iter().map(|item| item.booking.guest.name).collect(), next_cursor)
}

/// Three days of one booking each, the first called off, and it is the evening of the second.
async fn three_days(pool: PgPool) -> House {
    let house = house(pool).await;
    for (day, name) in [(2, "Ann"), (3, "Bob"), (4, "Cleo")] {
        house.open(&format!("2027-03-0{day}T09:00:00Z"), &format!("2027-03-0{day}T12:00:00Z")).await;
        let booking_id = book(&house, &format!("2027-03-0{day}T10:00:00Z"), name).await;
        if name == "Ann" {
            bookings::cancel(&house.s, &house.actor, booking_id, None).await.unwrap();
            book(&house, &format!("2027-03-0{day}T11:00:00Z"), "Annie").await;
        }
    }
    house.clock.set(at("2027-03-03T18:00:00Z"));
    house
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_shelf_lists_what_its_name_says_in_the_order_of_its_screen(pool: PgPool) {
    let house = three_days(pool).await;
    let all = PageRequest::default;
    assert_eq!(shelf(&house, Shelf::Upcoming, "", all()).await.0, ["Cleo"]);
    assert_eq!(shelf(&house, Shelf::Past, "", all()).await.0, ["Bob", "Annie"]);
    assert_eq!(shelf(&house, Shelf::Cancelled, "", all()).await.0, ["Ann"]);
    assert_eq!(shelf(&house, Shelf::All, "", all()).await.0, ["Cleo", "Bob", "Annie", "Ann"]);
    assert_eq!(shelf(&house, Shelf::All, " ann ", all()).await.0, ["Annie", "Ann"], "on every shelf");
    assert_eq!(shelf(&house, Shelf::Upcoming, "ann", all()).await.0, [""; 0]);
    let refused = bookings::shelf(&house.s, &Actor::Anonymous, Shelf::All, "", all()).await;
    assert_eq!(problem(refused), Problem::Unauthenticated);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_booking_is_upcoming_until_its_end_and_past_from_then_on(pool: PgPool) {
    let house = three_days(pool).await;
    for (now, upcoming, past) in [
        ("2027-03-04T10:29:59Z", vec!["Cleo"], vec!["Bob", "Annie"]),
        ("2027-03-04T10:30:00Z", vec![], vec!["Cleo", "Bob", "Annie"]),
    ] {
        house.clock.set(at(now));
        assert_eq!(shelf(&house, Shelf::Upcoming, "", PageRequest::default()).await.0, upcoming, "{now}");
        assert_eq!(shelf(&house, Shelf::Past, "", PageRequest::default()).await.0, past, "{now}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn pages_of_the_past_go_back_and_rows_that_come_move_none(pool: PgPool) {
    let house = three_days(pool).await;
    let (first, cursor) = shelf(&house, Shelf::All, "", PageRequest { limit: 2, cursor: None }).await;
    assert_eq!(first, ["Cleo", "Bob"]);
    book(&house, "2027-03-04T11:00:00Z", "Dora").await;
    let (second, end) = shelf(&house, Shelf::All, "", PageRequest { limit: 2, cursor }).await;
    assert_eq!((second, end), (vec!["Annie".to_owned(), "Ann".to_owned()], None));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_week_is_that_of_the_providers_clock(pool: PgPool) {
    let house = house(pool).await;
    let changes = ProviderChanges { time_zone: Some("Pacific/Auckland".parse().unwrap()), ..Default::default() };
    providers::update_me(&house.s, &house.actor, changes).await.unwrap();
    // Sunday evening in UTC is Monday in Auckland: the next week, there.
    house.clock.set(at("2027-03-07T18:00:00Z"));
    let hours = weekly(&[chrono::Weekday::Mon], "09:00", "12:00", "2027-03-01", "Pacific/Auckland");
    availability::create(&house.s, &house.actor, hours, None).await.unwrap();
    let closed = one_off(Effect::Closed, "2027-04-01T00:00:00Z", "2027-04-02T00:00:00Z");
    availability::create(&house.s, &house.actor, closed, None).await.unwrap();
    let booked = book(&house, "2027-03-07T20:00:00Z", "Grace").await;
    let gone = book(&house, "2027-03-07T21:00:00Z", "Gone").await;
    bookings::cancel(&house.s, &house.actor, gone, None).await.unwrap();
    book(&house, "2027-03-14T20:00:00Z", "Next week").await;

    let week = availability::week(&house.s, &house.actor, None).await.unwrap();
    assert_eq!((week.monday, week.now), (date("2027-03-08"), "2027-03-08T07:00:00".parse().unwrap()));
    let shown: Vec<_> = week.bookings.iter().map(|shown| (shown.booking.booking_id, shown.start)).collect();
    assert_eq!(shown, [(booked, "2027-03-08T09:00:00".parse().unwrap())]);
    assert_eq!((week.entries.len(), week.hours.len(), week.has_hours), (1, 1, true));
    assert_eq!(week.live.version, house.version().await);

    let empty = availability::week(&house.s, &house.actor, Some(date("2026-11-23"))).await.unwrap();
    assert_eq!((empty.monday, empty.hours.len(), empty.has_hours), (date("2026-11-23"), 0, true));
    for edge in ["0001-01-01", "9999-12-31", "+200000-01-01"] {
        let Ok(far) = edge.parse() else { panic!("{edge}") };
        let week = availability::week(&house.s, &house.actor, Some(far)).await.unwrap();
        assert_eq!(week.monday, date("2027-03-08"), "{edge} is no week of ours: the present one");
    }
    assert_eq!(problem(availability::week(&house.s, &Actor::Anonymous, None).await), Problem::Unauthenticated);
}

#[sqlx::test(migrations = "../../migrations")]
async fn orphans_are_named_by_the_providers_clock(pool: PgPool) {
    let house = house(pool).await;
    let entry = house.open("2027-03-02T09:00:00Z", "2027-03-02T12:00:00Z").await;
    let booked = book(&house, "2027-03-02T10:00:00Z", "Grace").await;
    let deleted = availability::delete(&house.s, &house.actor, entry.availability_id).await.unwrap();
    assert_eq!(deleted.orphaned_bookings, [booked]);
    let named = bookings::orphans(&house.s, &house.actor, &[booked, uuid::Uuid::from_u128(1)]).await.unwrap();
    let [orphan] = named.as_slice() else { panic!("{named:?}") };
    assert_eq!((orphan.booking_id, orphan.guest.as_str()), (booked, "Grace"));
    assert_eq!(orphan.end - orphan.start, TimeDelta::minutes(30));
}
