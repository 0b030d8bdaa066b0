//! Rate limits: 429, `Retry-After`, and the headers that tell where one stands.

use futures::StreamExt;
use serde_json::json;
use sqlx::PgPool;

use super::api::{Api, booking};

#[sqlx::test(migrations = "../migrations")]
async fn guessing_a_password_is_slowed(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on"]).await;
    let guess = json!({"email": "ada@example.com", "password": "a wrong password"});
    let guess = || api.call("POST", "/tokens").json(&guess).send();
    for _ in 0..10 {
        assert_eq!(guess().await.status, 422);
    }
    // On a slow machine a guess or two more may have become free meanwhile.
    let mut refused = guess().await;
    for _ in 0..50 {
        if refused.status == 429 {
            break;
        }
        refused = guess().await;
    }
    assert_eq!((refused.status, refused.problem()), (429, "rate-limited"));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=6).contains(&wait));
    assert_eq!(
        (refused.header("ratelimit-remaining"), refused.header("ratelimit-reset")),
        ("0", refused.header("retry-after"))
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn bookings_have_a_limit_of_their_own(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on"]).await;
    let nobody = booking("nobody", "2026-11-23T10:00:00Z");
    let first = api.call("POST", "/bookings").json(&nobody).send().await;
    assert_eq!((first.status, first.header("ratelimit-limit")), (404, "30"));
    let post = || api.call("POST", "/bookings").json(&nobody).send();
    let answers = futures::future::join_all((0..200).map(|_| post())).await;
    assert!(answers.iter().any(|answer| answer.status == 429));
    let read = api.call("GET", "/providers").send().await;
    assert_eq!((read.status, read.header("ratelimit-limit")), (200, "400"));
}

/// The doors of the browser: what REST limits must not be had by another way.
#[sqlx::test(migrations = "../migrations")]
async fn forms_of_pages_are_limited_as_rest_is(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on"]).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let statuses = async |path: &str, fields: &[(&str, &str)], times: usize| {
        let answers = futures::future::join_all((0..times).map(|_| api.rpc(path, fields))).await;
        answers.into_iter().map(|answer| answer.status().as_u16()).collect::<Vec<_>>()
    };
    let booking = [
        ("provider", "ada"),
        ("start", "2026-11-23T10:00:00Z"),
        ("duration_minutes", "30"),
        ("name", "Grace Hopper"),
        ("email", "grace@example.com"),
    ];
    let booked = statuses("book", &booking, 100).await;
    let refused = booked.iter().filter(|status| **status == 429).count();
    assert!(refused > 0 && booked.iter().filter(|status| **status == 200).count() == 1, "{booked:?}");

    let account = [
        ("display_name", "Ada"),
        ("handle", "ada-2"),
        ("email", "ada@example.com"),
        ("password", super::api::PASSWORD),
        ("time_zone", "Europe/Paris"),
    ];
    assert!(statuses("sign_up", &account, 30).await.contains(&429));
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_have_the_limit_of_an_address_and_health_has_none(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on"]).await;
    // Not more at once than one address may have connections.
    let ask = async |count: usize, path: &'static str, accept: &'static str| -> Vec<_> {
        let asked = (0..count).map(|_| api.http.get(format!("{}{path}", api.base)).header("accept", accept).send());
        futures::stream::iter(asked).buffer_unordered(100).map(Result::unwrap).collect().await
    };
    let answers = ask(1000, "/robots.txt", "*/*").await;
    assert!(answers.into_iter().any(|answer| answer.status().as_u16() == 429));
    let flood = ask(200, "/problems", "text/html").await;
    let refused = flood.into_iter().find(|answer| answer.status().as_u16() == 429);
    let refused = refused.expect("the flood is not over");
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refused.headers()["content-type"], "text/html; charset=utf-8");
    assert!(refused.text().await.unwrap().contains("<h1>"));
    let healthy = ask(600, "/healthz", "*/*").await;
    assert_eq!(healthy.len(), 600);
    assert!(healthy.into_iter().all(|answer| answer.status().as_u16() == 200));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_failure_of_ours_tells_where_one_stands_too(pool: PgPool) {
    let api = Api::start_with(pool.clone(), &["--rate-limit", "on"]).await;
    pool.close().await;
    let failed = api.call("GET", "/providers").send().await;
    assert_eq!((failed.status, failed.header("ratelimit-limit")), (503, "400"));
}

#[sqlx::test(migrations = "../migrations")]
async fn switched_off_there_is_no_limit_and_no_header(pool: PgPool) {
    let api = Api::start(pool).await;
    let answers = futures::future::join_all((0..500).map(|_| api.call("GET", "/providers").send())).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && !answer.headers.contains_key("ratelimit-limit")));
}

#[sqlx::test(migrations = "../migrations")]
async fn guests_behind_a_proxy_have_a_limit_each(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on", "--trust-proxy", "127.0.0.0/8"]).await;
    let nobody = booking("nobody", "2026-11-23T10:00:00Z");
    let post = |from: &str| {
        let call = api.call("POST", "/bookings").json(&nobody);
        if from.is_empty() { call.send() } else { call.header("x-forwarded-for", from).send() }
    };
    let flood = futures::future::join_all((0..200).map(|n| {
        let from = format!("9.9.9.9, 203.0.113.4:{}", 40_000 + n);
        let post = &post;
        async move { post(&from).await.status }
    }));
    assert!(flood.await.contains(&429));
    // Whatever could be mistaken for the one who floods, or for the proxy.
    for other in ["203.0.113.5", "[2001:db8::1]:443", "unknown", ""] {
        let first = post(other).await;
        assert_eq!((first.status, first.header("ratelimit-remaining")), (404, "29"), "{other}");
    }
}

/// A booking of its own start for each number: 16 a day.
fn booking_of(n: usize, email: &str) -> serde_json::Value {
    let (day, half_hour) = (23 + n / 16, n % 16);
    let start = format!("2026-11-{day}T{:02}:{:02}:00Z", 9 + half_hour / 2, half_hour % 2 * 30);
    let mut booking = booking("ada", &start);
    booking["guest"]["email"] = email.into();
    booking
}

/// The attack: one e-mail, from as many addresses as it likes.
#[sqlx::test(migrations = "../migrations")]
async fn one_email_books_so_much_at_a_provider_and_no_more(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on", "--trust-proxy", "on"]).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let book = |n: usize, email: &str| {
        let call = api.call("POST", "/bookings").header("x-forwarded-for", &format!("203.0.113.{n}"));
        call.json(&booking_of(n, email)).send()
    };
    let flood = futures::future::join_all((0..16).map(|n| book(n, "grace@example.com"))).await;
    let made = flood.iter().filter(|answer| answer.status == 201).count();
    assert!((1..=10).contains(&made), "{made}");
    let refused = flood.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!((refused.problem(), refused.header("ratelimit-remaining")), ("rate-limited", "0"));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3601).contains(&wait));
    // Somebody else is not kept out by it.
    let free = flood.iter().position(|answer| answer.status == 429).unwrap();
    book(free, "ada@example.com").await.expect(201);
}

#[sqlx::test(migrations = "../migrations")]
async fn one_address_books_so_much_and_no_more_whatever_its_emails(pool: PgPool) {
    let flags = ["--rate-limit", "on", "--trust-proxy", "on", "--bookings-per-address", "3/minute 100/day"];
    let api = Api::start_with(pool, &flags).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let book = |n: usize, from: &str, email: &str| {
        let call = api.call("POST", "/bookings").header("x-forwarded-for", from);
        call.json(&booking_of(n, email)).send()
    };
    book(0, "203.0.113.4", "first@example.com").await.expect(201);
    // What is taken is not made, and costs nothing.
    for n in 0..6 {
        let taken = book(0, "203.0.113.4", &format!("late-{n}@example.com")).await;
        assert_eq!(taken.problem(), "slot-taken");
    }
    // In a minute there would be room for one more each 20 s.
    let mut more = Vec::new();
    for n in 1..12 {
        more.push(book(n, "203.0.113.4", &format!("guest-{n}@example.com")).await);
    }
    let refused = more.iter().find(|answer| answer.status == 429).unwrap();
    assert!((1..=20).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    assert!(more.iter().filter(|answer| answer.status == 201).count() >= 2);
    book(12, "203.0.113.5", "other@example.com").await.expect(201);

    // Not by the form either.
    let fields = |n: usize| {
        let booking = booking_of(n, "form@example.com");
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        [text(&booking["start"]), format!("form-{n}@example.com")]
    };
    let mut statuses = Vec::new();
    for n in 13..16 {
        let [start, email] = fields(n);
        let form =
            [("provider", "ada"), ("start", &*start), ("duration_minutes", "30"), ("name", "Grace"), ("email", &email)];
        statuses.push(api.rpc_from("203.0.113.4", "book", &form).await.status().as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn one_address_makes_so_many_accounts_and_no_more(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "on", "--sign-ups-per-address", "2/hour"]).await;
    let sign_up = |name: &str| {
        let body = json!({
            "handle": name, "display_name": name, "email": format!("{name}@example.com"),
            "password": super::api::PASSWORD, "time_zone": "Europe/London",
        });
        api.call("POST", "/providers").json(&body).send()
    };
    api.sign_up("ada").await;
    // Refused for another reason: not made.
    assert_eq!(sign_up("ada").await.status, 422);
    api.sign_up("ben").await;
    let third = sign_up("cleo").await;
    assert_eq!((third.status, third.problem()), (429, "rate-limited"));
    let wait: u64 = third.header("retry-after").parse().unwrap();
    assert!((1..=1800).contains(&wait), "{wait}");
    let form = [
        ("display_name", "Cleo"),
        ("handle", "cleo"),
        ("email", "cleo@example.com"),
        ("password", super::api::PASSWORD),
        ("time_zone", "Europe/Paris"),
    ];
    assert_eq!(api.rpc("sign_up", &form).await.status().as_u16(), 429);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_provider_may_have_is_limited_though_nothing_else_is(pool: PgPool) {
    let flags = ["--rate-limit", "off", "--tokens-per-provider", "2", "--entries-per-provider", "1"];
    let api = Api::start_with(pool, &flags).await;
    let ada = api.sign_up("ada").await;
    let credentials = json!({"email": "ada@example.com", "password": super::api::PASSWORD, "name": "Website"});
    let token = || api.call("POST", "/tokens").json(&credentials).send();
    token().await.expect(201);
    let third = token().await.expect(422);
    assert_eq!((&third["errors"][0]["field"], &third["errors"][0]["code"]), (&json!("name"), &json!("too_many")));
    assert!(third["detail"].as_str().unwrap().contains("2 tokens"));

    api.open(&ada, "2026-11-23").await;
    let entry = json!({"effect": "open", "pattern": {"kind": "one_off", "start": "2026-11-24T09:00:00Z", "end": "2026-11-24T10:00:00Z"}});
    let second = api.call("POST", "/availability").token(&ada.token).json(&entry).send().await.expect(422);
    assert_eq!((&second["errors"][0]["field"], &second["errors"][0]["code"]), (&json!("pattern"), &json!("too_many")));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_guest_has_one_seat_of_a_group_and_the_offering_may_say_more(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let offering = json!({"title": "Class", "durations_minutes": [30], "capacity": 8});
    let class = api.call("POST", "/offerings").token(&ada.token).json(&offering).send().await.expect(201);
    assert_eq!(class["seats_per_guest"], 1);
    let id = class["offering_id"].as_str().unwrap();
    let mut seat = booking("ada", "2026-11-23T10:00:00Z");
    seat["offering_id"] = id.into();
    let book = || api.call("POST", "/bookings").json(&seat).send();
    book().await.expect(201);
    let again = book().await.expect(422);
    assert_eq!(again["type"], "/problems/invalid");
    assert_eq!(
        (&again["errors"][0]["field"], &again["errors"][0]["code"]),
        (&json!("guest.email"), &json!("already_booked"))
    );
    let more = json!({"title": "Class", "durations_minutes": [30], "capacity": 8, "seats_per_guest": 2});
    let put = api.call("PUT", "/offerings/{offering_id}").path("offering_id", id).token(&ada.token);
    assert_eq!(put.json(&more).send().await.expect(200)["seats_per_guest"], 2);
    book().await.expect(201);
    book().await.expect(422);
}
