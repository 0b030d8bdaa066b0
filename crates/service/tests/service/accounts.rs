//! What providers do about their own account: the password, the browsers they are signed in with, and who is kept
//! apart from strangers.

use chrono::TimeDelta;
use domain::provider::{Credentials, NewProvider, Password, PasswordChange};
use domain::{Email, Problem};
use service::acquaintances::{self, Acquaintance};
use service::auth::SignedIn;
use service::{Actor, Caller, Error, auth, providers, sessions, tokens};
use sqlx::PgPool;
use uuid::Uuid;

use crate::house::{House, fault, house, new_provider, problem};

const OLD: &str = "correct horse";
const NEW: &str = "seventeen quiet owls";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

fn credentials(password: &str) -> Credentials {
    Credentials { email: "ada@example.com".parse().unwrap(), password: Password(password.into()), name: None }
}

fn from(address: &str) -> Caller {
    Caller::new(address.parse().unwrap(), FIREFOX, None)
}

fn change(password: &str, new_password: &str) -> PasswordChange {
    PasswordChange { password: Password(password.into()), new_password: Password(new_password.into()) }
}

impl House {
    async fn sign_in_from(&self, caller: &Caller, before: Option<&str>) -> SignedIn {
        auth::sign_in(&self.s, credentials(OLD), caller, before).await.unwrap()
    }

    async fn change(&self, session: &str, change: PasswordChange) -> Result<(), Error> {
        auth::change_password(&self.s, &self.actor, change, &from("192.0.2.1"), session).await
    }

    async fn is_signed_in(&self, session: &str) -> bool {
        self.visit(session).await.actor == self.actor
    }

    async fn acquaintance(&self, caller: &Caller) -> Acquaintance {
        acquaintances::of(&self.s, &"ada@example.com".parse().unwrap(), caller).await.unwrap()
    }

    fn pass(&self, time: TimeDelta) {
        self.clock.set(self.clock.now() + time);
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_changed_password_replaces_the_old_one_and_ends_other_sessions(pool: PgPool) {
    let house = house(pool).await;
    let own = house.sign_in_from(&from("192.0.2.1"), None).await.session;
    let other = house.sign_in_from(&from("192.0.2.2"), None).await.session;
    let token = tokens::create(&house.s, credentials(OLD), &from("192.0.2.1"), None).await.unwrap().token;

    house.change(&own, change(OLD, NEW)).await.unwrap();
    assert!(house.is_signed_in(&own).await);
    assert!(!house.is_signed_in(&other).await);
    assert_eq!(auth::by_bearer(&house.s, &token).await.unwrap(), house.actor, "API tokens stay");
    let old = auth::sign_in(&house.s, credentials(OLD), &from("192.0.2.1"), None).await.map(|_| ());
    assert_eq!(fault(old), ("password".into(), "wrong_credentials".into()));
    auth::sign_in(&house.s, credentials(NEW), &from("192.0.2.1"), None).await.unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_password_is_changed_only_by_who_knows_the_old_one(pool: PgPool) {
    let house = house(pool).await;
    let own = house.sign_in_from(&from("192.0.2.1"), None).await.session;
    let other = house.sign_in_from(&from("192.0.2.2"), None).await.session;
    let wrong = fault(house.change(&own, change("incorrect horse", NEW)).await);
    assert_eq!(wrong, ("password".into(), "wrong_credentials".into()));
    assert!(house.is_signed_in(&other).await);
    for (actor, expected) in [
        (Actor::Anonymous, Problem::Unauthenticated),
        (Actor::Guest { manage_token: String::new() }, Problem::Forbidden),
        (Actor::Provider(Uuid::nil()), Problem::NotFound),
    ] {
        let refused = auth::change_password(&house.s, &actor, change(OLD, NEW), &Caller::inside(), &own).await;
        assert_eq!(problem(refused), expected);
    }
    auth::sign_in(&house.s, credentials(OLD), &from("192.0.2.1"), None).await.unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn of_two_changes_at_once_one_is_told_that_it_came_late(pool: PgPool) {
    let house = house(pool).await;
    let own = house.sign_in_from(&from("192.0.2.1"), None).await.session;
    let both =
        tokio::join!(house.change(&own, change(OLD, NEW)), house.change(&own, change(OLD, "eighteen loud owls")));
    let [done, late] = if both.0.is_ok() { [both.0, both.1] } else { [both.1, both.0] };
    done.unwrap();
    assert_eq!(fault(late), ("password".into(), "wrong_credentials".into()));
}

/// The old password was looked at, and then it was changed: what it would open would outlive the change.
#[sqlx::test(migrations = "../../migrations")]
async fn a_sign_in_that_overlaps_a_change_opens_nothing(pool: PgPool) {
    let house = house(pool.clone()).await;
    let caller = Caller::inside();
    let session = auth::sign_in(&house.s, credentials(OLD), &caller, None);
    let token = tokens::create(&house.s, credentials(OLD), &caller, None);
    // Both have seen that the password is right, and wait to make something of it.
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("update provider set password_hash = 'another'").execute(&mut *lock).await.unwrap();
    let change = async {
        let waiting = "select count(*) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.unwrap() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        lock.commit().await.unwrap();
    };
    let (session, token, ()) = tokio::join!(session, token, change);
    assert_eq!(fault(session.map(|_| ())).1, "wrong_credentials");
    assert_eq!(fault(token.map(|_| ())).1, "wrong_credentials");
}

#[sqlx::test(migrations = "../../migrations")]
async fn weak_passwords_are_refused_at_sign_up_and_at_a_change(pool: PgPool) {
    let house = house(pool).await;
    let own = house.sign_in_from(&from("192.0.2.1"), None).await.session;
    for (password, code) in [
        ("password1234", "common"),
        ("Qwertyuiop", "common"),
        ("ada@example.com", "personal"),
        ("Ada-2027-ada", "personal"),
        ("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}", "too_short"),
    ] {
        let refused = fault(house.change(&own, change(OLD, password)).await);
        assert_eq!(refused, ("new_password".into(), code.into()), "{password}");
        let new = NewProvider {
            password: Password(password.into()),
            email: "ada@example.net".parse().unwrap(),
            ..new_provider("ada-2")
        };
        let refused = fault(providers::sign_up(&house.s, new, None).await);
        assert_eq!(refused, ("password".into(), code.into()), "{password}");
    }
    assert_eq!(fault(house.change(&own, change(OLD, OLD)).await), ("new_password".into(), "unchanged".into()));

    let weak = NewProvider { password: Password("password1234".into()), ..new_provider("ada") };
    let Problem::Invalid { errors } = problem(providers::sign_up(&house.s, weak, None).await) else { panic!() };
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["handle", "email", "password"], "all faults at once");
}

/// macOS and Windows send the same accented letter as one character or as two.
#[sqlx::test(migrations = "../../migrations")]
async fn a_password_is_the_same_however_its_letters_are_composed(pool: PgPool) {
    let house = house(pool.clone()).await;
    let own = house.sign_in_from(&from("192.0.2.1"), None).await.session;
    house.change(&own, change(OLD, "cafe\u{301} au lait, deux")).await.unwrap();
    for password in ["caf\u{e9} au lait, deux", "cafe\u{301} au lait, deux"] {
        auth::sign_in(&house.s, credentials(password), &from("192.0.2.1"), None).await.unwrap();
    }
    let plain = auth::sign_in(&house.s, credentials("cafe au lait, deux"), &from("192.0.2.1"), None).await.map(|_| ());
    assert_eq!(fault(plain), ("password".into(), "wrong_credentials".into()));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_sign_in_ends_the_session_that_the_browser_had(pool: PgPool) {
    let house = house(pool).await;
    let first = house.sign_in_from(&from("192.0.2.1"), None).await.session;
    let other = house.sign_in_from(&from("192.0.2.2"), None).await.session;
    let wrong = auth::sign_in(&house.s, credentials("incorrect horse"), &from("192.0.2.1"), Some(&first)).await;
    assert_eq!(fault(wrong), ("password".into(), "wrong_credentials".into()));
    assert!(house.is_signed_in(&first).await, "only when it succeeds");
    let second = house.sign_in_from(&from("192.0.2.1"), Some(&first)).await.session;
    assert!(!house.is_signed_in(&first).await);
    assert!(house.is_signed_in(&second).await && house.is_signed_in(&other).await);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_session_lasts_while_it_is_used_and_ends_thirty_days_after(pool: PgPool) {
    let house = house(pool).await;
    let session = house.sign_in_from(&from("192.0.2.1"), None).await.session;
    for _ in 0..4 {
        house.pass(TimeDelta::days(auth::SESSION_DAYS) - TimeDelta::seconds(1));
        let visit = house.visit(&session).await;
        assert!(visit.actor == house.actor && visit.renewed);
    }
    house.pass(TimeDelta::days(auth::SESSION_DAYS));
    assert_eq!(house.visit(&session).await.actor, Actor::Anonymous);
    assert!(sessions::list(&house.s, &house.actor, &session).await.unwrap().is_empty());
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_session_in_use_is_written_at_most_once_an_hour(pool: PgPool) {
    let house = house(pool.clone()).await;
    let session = house.sign_in_from(&from("192.0.2.1"), None).await.session;
    let written =
        async || sqlx::query_scalar::<_, String>("select xmin::text from session").fetch_one(&pool).await.unwrap();
    let first = written().await;
    for _ in 0..59 {
        house.pass(TimeDelta::minutes(1));
        assert!(!house.visit(&session).await.renewed);
    }
    assert_eq!(written().await, first);
    house.pass(TimeDelta::minutes(1));
    let visits = futures::future::join_all((0..8).map(|_| house.visit(&session))).await;
    assert!(visits.iter().any(|visit| visit.renewed));
    let second = written().await;
    assert_ne!(second, first);
    assert!(!house.visit(&session).await.renewed);
    assert_eq!(written().await, second);
}

#[sqlx::test(migrations = "../../migrations")]
async fn sessions_are_listed_with_place_and_time_and_can_be_ended(pool: PgPool) {
    let house = house(pool).await;
    let own = house.sign_in_from(&from("192.0.2.1"), None).await.session;
    house.pass(TimeDelta::hours(2));
    let other = house.sign_in_from(&from("2001:db8::7"), None).await.session;
    house.pass(TimeDelta::hours(2));
    let third = house.sign_in_from(&from("::ffff:192.0.2.3"), None).await.session;

    let listed = sessions::list(&house.s, &house.actor, &own).await.unwrap();
    let told: Vec<_> = listed.iter().map(|one| (one.address.as_str(), one.browser.as_str(), one.current)).collect();
    let browser = "Firefox on Linux";
    assert_eq!(told, [("192.0.2.1", browser, true), ("192.0.2.3", browser, false), ("2001:db8::7", browser, false)]);
    assert_eq!(listed[2].used_at, house.clock.now() - TimeDelta::hours(2));

    // Used from elsewhere, an hour later: so it is told.
    auth::by_session(&house.s, &own, "198.51.100.9".parse().unwrap()).await.unwrap();
    let listed = sessions::list(&house.s, &house.actor, &own).await.unwrap();
    assert_eq!((listed[0].address.as_str(), listed[0].used_at), ("198.51.100.9", house.clock.now()));

    sessions::end(&house.s, &house.actor, listed[2].session_id, &Caller::inside()).await.unwrap();
    assert!(!house.is_signed_in(&other).await && house.is_signed_in(&third).await);
    let gone = sessions::end(&house.s, &house.actor, listed[2].session_id, &Caller::inside()).await;
    assert_eq!(problem(gone), Problem::NotFound);
    sessions::end_others(&house.s, &house.actor, &own, &Caller::inside()).await.unwrap();
    assert!(!house.is_signed_in(&third).await && house.is_signed_in(&own).await);
}

#[sqlx::test(migrations = "../../migrations")]
async fn another_providers_sessions_are_neither_seen_nor_ended(pool: PgPool) {
    let house = house(pool).await;
    let own = house.sign_in_from(&from("192.0.2.1"), None).await.session;
    let id = sessions::list(&house.s, &house.actor, &own).await.unwrap()[0].session_id;
    let bob = providers::sign_up(&house.s, new_provider("bob"), None).await.unwrap().provider.public.provider_id;
    let (bob, theirs) =
        (Actor::Provider(bob), auth::open_session(&house.s, bob, &from("192.0.2.1"), None).await.unwrap());
    assert_eq!(sessions::list(&house.s, &bob, &theirs.session).await.unwrap().len(), 1);
    assert_eq!(problem(sessions::end(&house.s, &bob, id, &Caller::inside()).await), Problem::NotFound);
    sessions::end_others(&house.s, &bob, &theirs.session, &Caller::inside()).await.unwrap();
    assert!(house.is_signed_in(&own).await);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_browser_and_a_network_are_known_after_the_right_password(pool: PgPool) {
    let house = house(pool).await;
    let stranger = from("192.0.2.1");
    assert_eq!(house.acquaintance(&stranger).await, Acquaintance::Stranger);
    let wrong = auth::sign_in(&house.s, credentials("incorrect horse"), &stranger, None).await;
    assert_eq!(fault(wrong), ("password".into(), "wrong_credentials".into()));
    assert_eq!(house.acquaintance(&stranger).await, Acquaintance::Stranger);

    let device = house.sign_in_from(&stranger, None).await.device;
    let elsewhere = Caller { device: Some(device.clone()), ..from("198.51.100.9") };
    assert!(matches!(house.acquaintance(&elsewhere).await, Acquaintance::Device(_)));
    assert_eq!(house.acquaintance(&stranger).await, Acquaintance::Network);
    assert_eq!(house.acquaintance(&from("198.51.100.9")).await, Acquaintance::Stranger);
    let forged = Caller { device: Some("0".repeat(64)), ..from("198.51.100.9") };
    assert_eq!(house.acquaintance(&forged).await, Acquaintance::Stranger);

    // Of this account only.
    providers::sign_up(&house.s, new_provider("bob"), None).await.unwrap();
    for email in ["bob@example.com", "nobody@example.com"] {
        assert_eq!(
            acquaintances::of(&house.s, &email.parse().unwrap(), &elsewhere).await.unwrap(),
            Acquaintance::Stranger
        );
    }
    // A token by REST makes the program's network known.
    tokens::create(&house.s, credentials(OLD), &from("203.0.113.5"), None).await.unwrap();
    assert_eq!(house.acquaintance(&from("203.0.113.5")).await, Acquaintance::Network);
    house.pass(TimeDelta::days(acquaintances::REMEMBERED_DAYS));
    assert_eq!(house.acquaintance(&elsewhere).await, Acquaintance::Stranger);
}

/// A cookie that somebody else has put into the browser must not make them an acquaintance.
#[sqlx::test(migrations = "../../migrations")]
async fn each_sign_in_has_a_new_device_cookie_and_the_old_one_is_worth_nothing(pool: PgPool) {
    let house = house(pool).await;
    let planted = Caller { device: Some("f".repeat(64)), ..from("192.0.2.1") };
    let device = house.sign_in_from(&planted, None).await.device;
    assert_ne!(Some(&device), planted.device.as_ref());
    let elsewhere = |device: &str| Caller { device: Some(device.to_owned()), ..from("198.51.100.9") };
    assert_eq!(house.acquaintance(&elsewhere(&"f".repeat(64))).await, Acquaintance::Stranger);

    // Another account in the same browser: both are known by the new cookie.
    let bob = providers::sign_up(&house.s, new_provider("bob"), None).await.unwrap().provider.public.provider_id;
    let both = auth::open_session(&house.s, bob, &elsewhere(&device), None).await.unwrap().device;
    assert!(matches!(house.acquaintance(&elsewhere(&both)).await, Acquaintance::Device(_)));
    let bobs = acquaintances::of(&house.s, &"bob@example.com".parse().unwrap(), &elsewhere(&both)).await.unwrap();
    assert!(matches!(bobs, Acquaintance::Device(_)));
    assert_eq!(house.acquaintance(&elsewhere(&device)).await, Acquaintance::Stranger);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_changed_password_makes_strangers_of_others(pool: PgPool) {
    let house = house(pool).await;
    let thief =
        Caller { device: Some(house.sign_in_from(&from("203.0.113.5"), None).await.device), ..from("203.0.113.5") };
    let own = house.sign_in_from(&from("192.0.2.1"), None).await;
    let owner = Caller { device: Some(own.device), ..from("192.0.2.1") };
    let changed = change(OLD, NEW);
    auth::change_password(&house.s, &house.actor, changed, &owner, &own.session).await.unwrap();
    assert_eq!(house.acquaintance(&thief).await, Acquaintance::Stranger);
    assert!(matches!(house.acquaintance(&owner).await, Acquaintance::Device(_)));
}

#[sqlx::test(migrations = "../../migrations")]
async fn sessions_and_what_an_account_is_known_by_are_bounded(pool: PgPool) {
    let house = house(pool.clone()).await;
    for n in 0..130 {
        house.pass(TimeDelta::seconds(1));
        auth::open_session(&house.s, house.provider_id, &from(&format!("192.0.2.{n}")), None).await.unwrap();
    }
    for count in ["select count(*) from acquaintance", "select count(*) from session"] {
        assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&pool).await.unwrap(), 100, "{count}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_password_is_the_same_from_every_keyboard(pool: PgPool) {
    let house = house(pool).await;
    let sign_in = async |password: &str| {
        let email = "noel@münchen.example".parse().unwrap();
        let credentials = Credentials { email, password: Password(password.into()), name: None };
        auth::sign_in(&house.s, credentials, &Caller::inside(), None).await
    };
    let new = NewProvider {
        email: "noel@XN--MNCHEN-3YA.example".parse().unwrap(),
        password: Password("e\u{301}te\u{301}\u{a0}de la mer".into()),
        ..new_provider("noel")
    };
    providers::sign_up(&house.s, new, None).await.unwrap();
    assert!(sign_in("\u{e9}t\u{e9} de la mer").await.is_ok());
    assert_eq!(fault(sign_in("\u{e9}t\u{e9} de la Mer").await).1, "wrong_credentials");
}

#[sqlx::test(migrations = "../../migrations")]
async fn who_guesses_by_another_spelling_is_no_stranger_and_no_other_account(pool: PgPool) {
    let house = house(pool).await;
    let email: Email = "ada@münchen.example".parse().unwrap();
    let new = NewProvider { email: email.clone(), ..new_provider("lovelace") };
    providers::sign_up(&house.s, new, None).await.unwrap();
    let credentials = Credentials { email, password: Password("correct horse".into()), name: None };
    let known = from("203.0.113.9");
    auth::sign_in(&house.s, credentials, &known, None).await.unwrap();
    for spelling in ["ADA@xn--mnchen-3ya.example", " ada@MÜNCHEN.example ", "ada@mu\u{308}nchen.example"] {
        let found = acquaintances::of(&house.s, &Email::known_by(spelling), &known).await.unwrap();
        assert_eq!(found, Acquaintance::Network, "{spelling}");
    }
}

/// As rows were before hosts had one spelling.
#[sqlx::test(migrations = "../../migrations")]
async fn hosts_of_older_accounts_get_their_one_spelling_where_nobody_else_has_it(pool: PgPool) {
    let house = house(pool.clone()).await;
    for (handle, email) in [
        ("alone", "Ü@mÜnchen.example"),
        ("first", "eva@kÖln.example"),
        ("second", "eva@ko\u{308}ln.example"),
        ("taken", "zoe@ÖL.example"),
        ("owner", "zoe@öl.example"),
    ] {
        let new = NewProvider { email: Email::stored(email.into()), ..new_provider(handle) };
        providers::sign_up(&house.s, new, None).await.unwrap();
    }
    sqlx::raw_sql(include_str!("../../../../migrations/0005_typed.sql")).execute(&pool).await.unwrap();
    let all: Vec<(String, String)> =
        sqlx::query_as("select handle, email from provider order by handle").fetch_all(&pool).await.unwrap();
    let all: Vec<(&str, &str)> = all.iter().map(|(handle, email)| (&**handle, &**email)).collect();
    assert_eq!(
        all,
        [
            ("ada", "ada@example.com"),
            ("alone", "Ü@münchen.example"),
            ("first", "eva@kÖln.example"),
            ("owner", "zoe@öl.example"),
            ("second", "eva@ko\u{308}ln.example"),
            ("taken", "zoe@ÖL.example"),
        ]
    );
}
