//! Who may do what: passwords, sessions, tokens, and other people's things.

use chrono::TimeDelta;
use domain::provider::{Credentials, Password, ProviderChanges};
use domain::{Effect, NewOffering, Problem};
use service::auth::SignedIn;
use service::paging::PageRequest;
use service::{Actor, Caller, Error, auth, availability, bookings, offerings, providers, tokens};
use sqlx::PgPool;

use crate::house::{House, fault, house, new_provider, one_off, problem};

fn credentials(email: &str, password: &str) -> Credentials {
    Credentials { email: email.parse().unwrap(), password: Password(password.into()), name: None }
}

async fn sign_in(house: &House, email: &str, password: &str) -> Result<SignedIn, Error> {
    auth::sign_in(&house.s, credentials(email, password), &Caller::inside(), None).await
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_unknown_email_and_a_wrong_password_have_the_same_answer(pool: PgPool) {
    let house = house(pool).await;
    let wrong = problem(sign_in(&house, "ada@example.com", "wrong horse").await);
    let unknown = problem(sign_in(&house, "nobody@example.com", "correct horse").await);
    assert_eq!(wrong, unknown);
    let refused = sign_in(&house, "ada@example.com", "wrong horse").await;
    assert_eq!(fault(refused), ("password".into(), "wrong_credentials".into()));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_session_lasts_until_sign_out_or_thirty_days(pool: PgPool) {
    let house = house(pool).await;
    let session = sign_in(&house, "ada@example.com", "correct horse").await.unwrap().session;
    assert_eq!(house.visit(&session).await.actor, house.actor);
    let other = auth::open_session(&house.s, house.provider_id, &Caller::inside(), None).await.unwrap().session;
    auth::sign_out(&house.s, &session).await.unwrap();
    assert_eq!(house.visit(&session).await.actor, Actor::Anonymous);
    assert_eq!(house.visit(&other).await.actor, house.actor);
    house.clock.set(house.clock.now() + TimeDelta::days(auth::SESSION_DAYS));
    assert_eq!(house.visit(&other).await.actor, Actor::Anonymous);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_token_works_until_it_is_revoked(pool: PgPool) {
    let house = house(pool).await;
    let made = tokens::create(&house.s, credentials("ada@example.com", "correct horse"), &Caller::inside(), None)
        .await
        .unwrap();
    assert_eq!(auth::by_bearer(&house.s, &made.token).await.unwrap(), house.actor);
    let listed = tokens::list(&house.s, &house.actor, PageRequest::default()).await.unwrap();
    assert_eq!(listed.items.last().unwrap().token_id, made.token_id);

    let bob = providers::sign_up(&house.s, new_provider("bob"), None).await.unwrap();
    let bob = Actor::Provider(bob.provider.public.provider_id);
    assert_eq!(problem(tokens::revoke(&house.s, &bob, made.token_id).await), Problem::NotFound);
    tokens::revoke(&house.s, &house.actor, made.token_id).await.unwrap();
    for token in [made.token.as_str(), "evt_", "", "nonsense"] {
        assert_eq!(problem(auth::by_bearer(&house.s, token).await), Problem::Unauthenticated);
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn nothing_secret_is_stored_as_it_is(pool: PgPool) {
    let house = house(pool.clone()).await;
    house.open("2027-03-02T09:00:00Z", "2027-03-02T12:00:00Z").await;
    let booked = house.book("2027-03-02T09:00:00Z", 30).await.unwrap();
    let signed_in = auth::open_session(&house.s, house.provider_id, &Caller::inside(), None).await.unwrap();
    let token = tokens::create(&house.s, credentials("ada@example.com", "correct horse"), &Caller::inside(), None)
        .await
        .unwrap()
        .token;
    let mut text = String::new();
    for table in ["provider", "session", "acquaintance", "api_token", "booking", "outbox", "idempotency_key"] {
        let dump = format!("select coalesce(string_agg(row::text, ' '), '') from {table} as row");
        text += &sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(dump)).fetch_one(&pool).await.unwrap();
    }
    for secret in ["correct horse", &signed_in.session, &signed_in.device, &token, &booked.manage_token] {
        assert!(!text.contains(secret));
        assert!(!text.contains(&hex(secret)));
    }
    assert!(text.contains("$argon2id$v=19$m=19456,t=2,p=1$"));
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_belongs_to_another_is_not_found(pool: PgPool) {
    let house = house(pool).await;
    let entry = house.open("2027-03-02T09:00:00Z", "2027-03-02T12:00:00Z").await;
    let booked = house.book("2027-03-02T09:00:00Z", 30).await.unwrap();
    let second = house.book("2027-03-02T10:00:00Z", 30).await.unwrap();
    let bob = providers::sign_up(&house.s, new_provider("bob"), None).await.unwrap();
    let bob = Actor::Provider(bob.provider.public.provider_id);
    let (s, entry_id, offering_id) = (&house.s, entry.availability_id, house.offering.offering_id);
    let id = booked.booking.booking_id;
    let new = one_off(Effect::Open, "2027-03-03T09:00:00Z", "2027-03-03T12:00:00Z");

    assert_eq!(problem(availability::get(s, &bob, entry_id).await), Problem::NotFound);
    assert_eq!(problem(availability::replace(s, &bob, entry_id, new).await), Problem::NotFound);
    assert_eq!(problem(availability::delete(s, &bob, entry_id).await), Problem::NotFound);
    assert_eq!(problem(offerings::get(s, &bob, offering_id).await), Problem::NotFound);
    assert_eq!(problem(offerings::replace(s, &bob, offering_id, NewOffering::first().into()).await), Problem::NotFound);
    assert_eq!(problem(offerings::delete(s, &bob, offering_id).await), Problem::NotFound);
    assert_eq!(problem(bookings::get(s, &bob, id).await), Problem::NotFound);
    assert_eq!(problem(bookings::cancel(s, &bob, id, None).await), Problem::NotFound);

    let guest = auth::by_bearer(s, &booked.manage_token).await.unwrap();
    assert_eq!(bookings::get(s, &guest, id).await.unwrap(), booked.booking);
    assert_eq!(problem(bookings::get(s, &guest, second.booking.booking_id).await), Problem::NotFound);
    assert_eq!(problem(bookings::cancel(s, &guest, second.booking.booking_id, None).await), Problem::NotFound);
    assert_eq!(problem(availability::get(s, &guest, entry_id).await), Problem::Forbidden);
    assert_eq!(problem(bookings::get(s, &Actor::Anonymous, id).await), Problem::Unauthenticated);
}

#[sqlx::test(migrations = "../../migrations")]
async fn handles_emails_and_slugs_are_taken_once(pool: PgPool) {
    let house = house(pool).await;
    let both = problem(providers::sign_up(&house.s, new_provider("ada"), None).await);
    let Problem::Invalid { errors } = both else { panic!("{both:?}") };
    let fields: Vec<_> = errors.iter().map(|error| (error.field.as_str(), error.code.as_str())).collect();
    assert_eq!(fields, [("handle", "taken"), ("email", "taken")]);

    let bob = providers::sign_up(&house.s, new_provider("bob"), None).await.unwrap();
    assert_eq!(auth::by_bearer(&house.s, &bob.token).await.unwrap(), Actor::Provider(bob.provider.public.provider_id));
    let changes = ProviderChanges { handle: Some("bob".parse().unwrap()), ..Default::default() };
    let taken = fault(providers::update_me(&house.s, &house.actor, changes).await);
    assert_eq!(taken, ("handle".into(), "taken".into()));
    let taken = fault(offerings::create(&house.s, &house.actor, NewOffering::first(), None).await);
    assert_eq!(taken, ("slug".into(), "taken".into()));
    // A slug is free again once its offering is gone.
    offerings::delete(&house.s, &house.actor, house.offering.offering_id).await.unwrap();
    offerings::create(&house.s, &house.actor, NewOffering::first(), None).await.unwrap();

    let found = providers::search(&house.s, "AD", PageRequest::default()).await.unwrap();
    assert_eq!(found.items.len(), 2, "by handle, and by the name that both have");
    let page = PageRequest { limit: 1, cursor: None };
    let page = providers::search(&house.s, "", page).await.unwrap();
    assert_eq!(page.items[0].handle, "ada");
    let next = PageRequest { limit: 1, cursor: page.next_cursor };
    assert_eq!(providers::search(&house.s, "", next).await.unwrap().items[0].handle, "bob");
    assert!(providers::search(&house.s, "%", PageRequest::default()).await.unwrap().items.is_empty());
}
