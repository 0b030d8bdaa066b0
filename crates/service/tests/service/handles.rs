//! A handle that was given up leads on to the new one, and is nobody else's for a time.

use chrono::TimeDelta;
use domain::provider::ProviderChanges;
use domain::{Problem, Provider};
use service::{Actor, Error, Services, bookings, providers};
use sqlx::PgPool;
use uuid::Uuid;

use crate::house::{NOW, at, fault, house, new_provider, problem};

async fn rename(s: &Services, provider_id: Uuid, handle: &str) -> Result<Provider, Error> {
    let changes = ProviderChanges { handle: Some(handle.parse().unwrap()), ..ProviderChanges::default() };
    providers::update_me(s, &Actor::Provider(provider_id), changes).await
}

async fn sign_up(s: &Services, handle: &str, email: &str) -> Result<Uuid, Error> {
    let new = domain::provider::NewProvider { email: email.parse().unwrap(), ..new_provider(handle) };
    Ok(providers::sign_up(s, new, None).await?.provider.public.provider_id)
}

async fn moved_to(s: &Services, handle: &str) -> Option<String> {
    providers::find(s, handle).await.unwrap().moved_to.map(String::from)
}

fn taken() -> (String, String) {
    ("handle".into(), "taken".into())
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_handle_given_up_leads_on_and_is_kept_for_its_provider(pool: PgPool) {
    let house = house(pool).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z").await;
    let (s, ada) = (&house.s, house.provider_id);
    let ben = sign_up(s, "ben", "ben@example.com").await.unwrap();
    rename(s, ada, "lovelace").await.unwrap();
    rename(s, ada, "countess").await.unwrap();
    for former in ["ada", "lovelace"] {
        assert_eq!(providers::resolve(s, former).await.unwrap(), ada);
        assert_eq!(moved_to(s, former).await.as_deref(), Some("countess"));
        assert_eq!(fault(rename(s, ben, former).await), taken());
        assert_eq!(fault(sign_up(s, former, "eve@example.com").await), taken());
    }
    for present in ["countess", "ben", &ada.to_string()] {
        assert_eq!(moved_to(s, present).await, None);
    }
    // Links in programs go on working, bookings too.
    let mut wanted = house.wanted(at("2027-03-02T10:00:00Z"), 60);
    wanted.provider = "ada".into();
    assert_eq!(bookings::book(s, &service::Actor::Anonymous, wanted, None).await.unwrap().booking.provider_id, ada);

    // It can be taken back; what was in between is kept then.
    rename(s, ada, "ada").await.unwrap();
    assert_eq!(moved_to(s, "ada").await, None);
    assert_eq!(moved_to(s, "countess").await.as_deref(), Some("ada"));
    assert_eq!(fault(rename(s, ben, "countess").await), taken());
}

#[sqlx::test(migrations = "../../migrations")]
async fn after_ninety_days_it_is_free(pool: PgPool) {
    let house = house(pool).await;
    let (s, ada) = (&house.s, house.provider_id);
    rename(s, ada, "lovelace").await.unwrap();
    let eve = "eve@example.com";
    house.clock.set(at(NOW) + TimeDelta::days(90) - TimeDelta::seconds(1));
    assert_eq!(fault(sign_up(s, "ada", eve).await), taken());
    house.clock.set(at(NOW) + TimeDelta::days(90));
    assert_eq!(problem(providers::resolve(s, "ada").await), Problem::NotFound);
    let eve = sign_up(s, "ada", eve).await.unwrap();
    assert_eq!(providers::resolve(s, "ada").await.unwrap(), eve);
    // It is Eve's now, and when she gives it up it leads to her.
    rename(s, eve, "eve").await.unwrap();
    assert_eq!(moved_to(s, "ada").await.as_deref(), Some("eve"));
    assert_eq!(fault(rename(s, ada, "ada").await), taken());
}

#[sqlx::test(migrations = "../../migrations")]
async fn nobody_catches_a_handle_at_the_moment_it_is_given_up(pool: PgPool) {
    let house = house(pool).await;
    let ben = sign_up(&house.s, "ben", "ben@example.com").await.unwrap();
    // Given up, and not yet committed: whoever wants it waits for that.
    let mut giving_up = house.s.pool.begin().await.unwrap();
    for sql in [
        "update provider set handle = 'lovelace' where handle = 'ada'",
        "insert into former_handle select 'ada', provider_id, created_at from provider where handle = 'lovelace'",
    ] {
        sqlx::query(sql).execute(&mut *giving_up).await.unwrap();
    }
    let s = house.s.clone();
    let catching = tokio::spawn(async move { rename(&s, ben, "ada").await });
    let waits = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like 'update provider%'";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&house.s.pool).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    giving_up.commit().await.unwrap();
    assert_eq!(fault(catching.await.unwrap()), taken());
    assert_eq!(providers::resolve(&house.s, "ben").await.unwrap(), ben);
}

#[sqlx::test(migrations = "../../migrations")]
async fn one_provider_cannot_keep_any_number_of_names_from_others(pool: PgPool) {
    let house = house(pool).await;
    for n in 0..5 {
        rename(&house.s, house.provider_id, &format!("name-{n}")).await.unwrap();
    }
    let sixth = rename(&house.s, house.provider_id, "name-5").await;
    assert_eq!(fault(sixth), ("handle".into(), "too_many".into()));
    rename(&house.s, house.provider_id, "ada").await.unwrap();
    house.clock.set(at(NOW) + TimeDelta::days(90));
    rename(&house.s, house.provider_id, "name-5").await.unwrap();
}
