//! The demo provider has something to look at on whichever day it is made.

use service::paging::PageRequest;
use service::{Actor, Clock, Services, bookings, demo, providers};
use sqlx::PgPool;

use crate::house::at;

async fn filled(pool: PgPool, now: &str) {
    let s = Services::new(pool, Clock::fixed(at(now)));
    assert!(demo::fill(&s).await.unwrap());
    assert!(!demo::fill(&s).await.unwrap());
    let profile = providers::profile(&s, demo::DEMO_HANDLE).await.unwrap();
    assert_eq!(profile.offerings.len(), 3);
    let actor = Actor::Provider(profile.provider.provider_id);
    let listed = bookings::list(&s, &actor, Default::default(), PageRequest::default()).await.unwrap();
    assert!((6..=10).contains(&listed.items.len()), "{}", listed.items.len());
    assert!(listed.items.iter().all(|booking| booking.guest.email.ends_with("@example.com")));
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_demo_has_bookings_on_a_monday(pool: PgPool) {
    filled(pool, "2027-03-01T08:00:00Z").await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_demo_has_bookings_on_a_friday_evening(pool: PgPool) {
    filled(pool, "2027-12-24T22:30:00Z").await;
}
