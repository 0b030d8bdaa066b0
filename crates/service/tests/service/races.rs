//! Many at once: time is never given twice, and never outside open time.

use chrono::TimeDelta;
use domain::{BookingStatus, NewOffering, Problem, TimeRange};
use service::{Error, availability, bookings, change_log};
use sqlx::PgPool;
use uuid::Uuid;

use crate::house::{House, at, guest, house, house_with, problem, race};

async fn overlapping_pairs(house: &House) -> i64 {
    sqlx::query_scalar(
        "select count(*) from appointment a join appointment b
             on a.provider_id = b.provider_id and a.appointment_id < b.appointment_id and a.blocked && b.blocked
         where a.state in ('held', 'active') and b.state in ('held', 'active')",
    )
    .fetch_one(&house.s.pool)
    .await
    .unwrap()
}

#[sqlx::test(migrations = "../../migrations")]
async fn one_of_64_guests_gets_the_slot(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    let results = race((0..64).map(|n| {
        let s = house.s.clone();
        let mut wanted = house.wanted(at("2027-03-02T10:00:00Z"), 30);
        wanted.guest = guest(&format!("Guest {n}"));
        async move { bookings::book(&s, &service::Actor::Anonymous, wanted, None).await }
    }))
    .await;

    let (booked, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(booked.len(), 1);
    for refusal in refused {
        let Problem::SlotTaken { alternatives } = problem(refusal) else { panic!("not slot-taken") };
        assert_eq!(alternatives.len(), 5);
        assert_eq!(alternatives[0].start(), at("2027-03-02T10:30:00Z"));
        assert_eq!(alternatives[1].start(), at("2027-03-02T09:30:00Z"));
    }
    assert_eq!(overlapping_pairs(&house).await, 0);
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_is_accepted_never_overlaps(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T00:00:00Z", "2027-03-02T17:00:00Z").await;
    let first = at("2027-03-02T00:00:00Z");
    let results = race((0..64).map(|n| {
        let s = house.s.clone();
        let wanted = house.wanted(first + TimeDelta::minutes(15 * n), 60);
        async move { bookings::book(&s, &service::Actor::Anonymous, wanted, None).await }
    }))
    .await;

    let mut taken = Vec::new();
    for result in results {
        match result {
            Ok(booked) => taken.push(TimeRange::new(booked.booking.start, booked.booking.end).unwrap()),
            refused => assert!(matches!(problem(refused), Problem::SlotTaken { .. })),
        }
    }
    taken.sort();
    assert!(taken.windows(2).all(|pair| !pair[0].overlaps(&pair[1])), "{taken:?}");
    // Every refusal was for a neighbour: no hour between two bookings is left free for nobody.
    assert!(taken.len() >= 9, "{taken:?}");
    assert_eq!(overlapping_pairs(&house).await, 0);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_group_is_never_overbooked(pool: PgPool) {
    let class = NewOffering { capacity: 8, step_minutes: 60, ..NewOffering::first() };
    let house = house_with(pool, class).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T12:00:00Z").await;
    let results = race((0..30).map(|n| {
        let s = house.s.clone();
        let mut wanted = house.wanted(at("2027-03-02T10:00:00Z"), 60);
        wanted.guest = guest(&format!("Guest {n}"));
        async move { bookings::book(&s, &service::Actor::Anonymous, wanted, None).await }
    }))
    .await;
    let (booked, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(booked.len(), 8);
    assert!(refused.into_iter().all(|refusal| matches!(problem(refusal), Problem::SlotTaken { .. })));

    let seats: Vec<i32> =
        sqlx::query_scalar("select seat from booking order by seat").fetch_all(&house.s.pool).await.unwrap();
    assert_eq!(seats, (1..=8).collect::<Vec<_>>());
    let ninth = "insert into booking select provider_id, $1, appointment_id, capacity, 9, status, 'NINTH',
         manage_token_hash, guest_name, guest_email, guest_phone, guest_notes, guest_time_zone, reason, offering_id,
         starts_at, ends_at, created_at, updated_at, agreed_local, agreed_zone, title, location from booking limit 1";
    for (seat, constraint) in [("9", "booking_seat_exists"), ("3", "booking_seat_once")] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(ninth.replace(" 9,", &format!(" {seat},"))))
            .bind(Uuid::from_u128(9))
            .execute(&house.s.pool)
            .await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.as_database_error().and_then(|error| error.constraint()), Some(constraint));
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn every_booking_lay_in_open_time_at_its_commit(pool: PgPool) {
    let house = house(pool).await;
    // Ten stretches far enough apart for the log to tell them apart; one is deleted while guests book.
    let mut entries = Vec::new();
    for day in 0..10 {
        let start = at("2027-03-03T09:00:00Z") + TimeDelta::days(5 * day);
        let end = start + TimeDelta::hours(8);
        entries.push(house.open(&start.to_rfc3339(), &end.to_rfc3339()).await);
    }
    enum Done {
        Booked(Box<Result<bookings::Booked, Error>>),
        Deleted(Uuid, availability::Deleted),
    }
    let mut tries: Vec<std::pin::Pin<Box<dyn Future<Output = Done> + Send>>> = Vec::new();
    for (day, entry) in entries.iter().enumerate() {
        for hour in 0..8 {
            let (s, actor, entry_id) = (house.s.clone(), house.actor.clone(), entry.availability_id);
            let start = at("2027-03-03T09:00:00Z") + TimeDelta::days(5 * day as i64) + TimeDelta::hours(hour);
            let wanted = house.wanted(start, 60);
            tries.push(Box::pin(async move {
                Done::Booked(Box::new(bookings::book(&s, &service::Actor::Anonymous, wanted, None).await))
            }));
            if hour == 3 {
                let s = house.s.clone();
                tries.push(Box::pin(async move {
                    Done::Deleted(entry_id, availability::delete(&s, &actor, entry_id).await.unwrap())
                }));
            }
        }
    }
    let results = race(tries.into_iter()).await;

    let log = change_log::after(&house.s, house.provider_id, 0, 1000).await.unwrap().unwrap();
    let day = TimeDelta::days(1);
    // A booking's stretch is an hour with a day on both sides, a deletion's eight hours.
    let version_of = |range: TimeRange| {
        let found = log.iter().filter(|change| {
            change.changed.start() == range.start() - day && change.changed.end() == range.end() + day
        });
        found.map(|change| change.version).max()
    };
    let (mut booked, mut turned_away, mut orphaned) = (0, 0, 0);
    for result in results {
        match result {
            Done::Booked(done) => match *done {
                Ok(done) => {
                    booked += 1;
                    let range = TimeRange::new(done.booking.start, done.booking.end).unwrap();
                    let mut open = entries.iter().filter_map(|entry| match entry.pattern {
                        domain::Pattern::OneOff(open) => Some(open),
                        domain::Pattern::Recurring(_) => None,
                    });
                    let open = open.find(|open| open.encloses(&range)).unwrap();
                    let (booked_at, deleted_at) = (version_of(range).unwrap(), version_of(open).unwrap());
                    assert!(booked_at < deleted_at, "booked at {booked_at}, after the deletion at {deleted_at}");
                }
                refused => {
                    turned_away += 1;
                    assert!(matches!(problem(refused), Problem::NotBookable { .. }));
                }
            },
            Done::Deleted(id, deleted) => {
                assert_eq!(deleted.deleted, id);
                orphaned += deleted.orphaned_bookings.len();
            }
        }
    }
    assert_eq!(booked + turned_away, 80);
    assert_eq!(orphaned, booked);
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_database_itself_refuses_an_overlap(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    house.book("2027-03-02T10:00:00Z", 60).await.unwrap();
    let insert = "insert into appointment
         (provider_id, appointment_id, offering_id, during, blocked, state, capacity, expires_at, created_at)
         values ($1, $2, $3, tstzrange($4, $5), tstzrange($4, $5), $6, 1, $7, now())";
    let put = async |id: u128, start: &str, end: &str, state: &str| {
        let expires_at = (state == "held").then(|| at("2027-03-01T09:00:00Z"));
        sqlx::query(insert)
            .bind(house.provider_id)
            .bind(Uuid::from_u128(id))
            .bind(house.offering.offering_id)
            .bind(at(start))
            .bind(at(end))
            .bind(state)
            .bind(expires_at)
            .execute(&house.s.pool)
            .await
            .map_err(|error| error.as_database_error().and_then(|error| error.constraint()).unwrap_or("").to_owned())
    };
    for state in ["active", "held"] {
        let overlap = put(1, "2027-03-02T10:30:00Z", "2027-03-02T11:30:00Z", state).await;
        assert_eq!(overlap.unwrap_err(), "appointment_no_overlap");
    }
    put(2, "2027-03-02T11:00:00Z", "2027-03-02T12:00:00Z", "held").await.unwrap();
    put(3, "2027-03-02T10:30:00Z", "2027-03-02T11:30:00Z", "released").await.unwrap();

    // The raw hold moved no version, so the snapshot does not know of it: the constraint does, and
    // the guest is told as if the rules had said it.
    let Problem::SlotTaken { alternatives } = problem(house.book("2027-03-02T11:00:00Z", 60).await) else { panic!() };
    assert_eq!(alternatives[0].start(), at("2027-03-02T12:00:00Z"));
    let explained = availability::explain(
        &house.s,
        "ada",
        availability::ExplainQuery {
            start: Some("2027-03-02T11:00:00Z".into()),
            duration_minutes: Some("60".into()),
            offering: None,
        },
    );
    let explained = explained.await.unwrap();
    assert_eq!(explained.reasons[0].code, domain::problem::ReasonCode::Held);

    // When the hold is over, its time can be booked though nobody released it.
    house.clock.set(at("2027-03-01T09:00:00Z"));
    let booked = house.book("2027-03-02T11:00:00Z", 60).await.unwrap().booking;
    assert_eq!(booked.status, BookingStatus::Confirmed);
    assert_eq!(overlapping_pairs(&house).await, 0);
}
