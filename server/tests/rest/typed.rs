//! What people type, as the API takes and gives it.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::api::{Api, PASSWORD, booking};

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_phone_number_never_keeps_a_guest_from_booking(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    for (hour, phone, kept) in [
        (10, "\u{202d}+1 (555) 010-0100\u{202c}", "+1 (555) 010-0100"),
        (11, "+44\u{a0}20\u{202f}7946\u{2011}0958", "+44 20 7946\u{2011}0958"),
        (12, "०१२ ३४५६७", "०१२ ३४५६७"),
        (13, "555 0100 ext. 12", "555 0100 ext. 12"),
    ] {
        let mut body = booking("ada", &format!("2026-11-23T{hour}:00:00Z"));
        body["guest"]["phone"] = json!(phone);
        let made = api.call("POST", "/bookings").json(&body).send().await.expect(201);
        assert_eq!(made["booking"]["guest"]["phone"], kept, "{phone:?}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn one_host_in_several_spellings_is_one_account(pool: PgPool) {
    let api = Api::start(pool).await;
    let sign_up = async |handle: &str, email: &str| {
        let body =
            json!({"handle": handle, "display_name": "Ram", "email": email, "password": PASSWORD, "time_zone": "UTC"});
        api.call("POST", "/providers").json(&body).send().await
    };
    let made = sign_up("ram", "राम@XN--L2BL7A9D.xn--o1b8dj2ki").await.expect(201);
    assert_eq!(made["provider"]["email"], "राम@मोहन.ईन्फो");
    for again in ["राम@मोहन.ईन्फो", "राम@xn--l2bl7a9d.xn--o1b8dj2ki", "राम@मोहन。ईन्फो"]
    {
        let refused = sign_up("other", again).await.expect(422);
        assert_eq!((&refused["errors"][0]["field"], &refused["errors"][0]["code"]), (&json!("email"), &json!("taken")));
        let token = json!({"email": again, "password": PASSWORD, "name": "x"});
        api.call("POST", "/tokens").json(&token).send().await.expect(201);
    }
    for bad in ["ra\u{200b}m@example.com", "\u{feff}ram@example.com", "ram@ex\u{ad}", "ram@"] {
        let refused = sign_up("other", bad).await.expect(422);
        assert_eq!(refused["errors"][0]["field"], "email", "{bad:?}");
    }
    let long = sign_up("other", &format!("ram@{}.example", "x".repeat(64))).await.expect(422);
    assert_eq!(long["errors"][0]["code"], "invalid");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_account_whose_host_was_kept_in_punycode_goes_on_working(pool: PgPool) {
    let api = Api::start(pool.clone()).await;
    api.sign_up("ada").await;
    // As it was written before there was one spelling.
    let old = "update provider set email = 'ada@xn--mnchen-3ya.example' where handle = 'ada'";
    sqlx::query(old).execute(&pool).await.unwrap();
    for email in ["ada@münchen.example", "ada@MÜNCHEN.example", "Ada@xn--mnchen-3ya.example"] {
        let token = json!({"email": email, "password": PASSWORD, "name": "x"});
        api.call("POST", "/tokens").json(&token).send().await.expect(201);
    }
    let body = json!({"handle": "bob", "display_name": "Bob", "email": "ada@münchen.example", "password": PASSWORD, "time_zone": "UTC"});
    let refused = api.call("POST", "/providers").json(&body).send().await.expect(422);
    assert_eq!(refused["errors"][0]["code"], "taken");
}

#[sqlx::test(migrations = "../migrations")]
async fn capitals_in_a_handle_lead_to_the_provider(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let page = async |path: &str| {
        let answer = api.http.get(format!("{}{path}", api.base)).header("accept", "text/html").send().await.unwrap();
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (answer.status().as_u16(), to)
    };
    assert_eq!(page("/Ada").await, (302, Some("/ada".into())));
    assert_eq!(page("/ADA?tz=Asia%2FTokyo").await, (302, Some("/ada?tz=Asia%2FTokyo".into())));
    assert_eq!(page("/ada").await, (200, None));
    assert_eq!(page("/Nobody").await.0, 404);

    let profile = api.call("GET", "/providers/{provider}").path("provider", "ADA").send().await.expect(200);
    assert_eq!(profile["handle"], "ada");
    let openings = api.call("GET", "/availability/{id}").path("id", "Ada").send().await.expect(200);
    assert_eq!(openings["provider_id"], ada.id.as_str());
    api.call("POST", "/bookings").json(&booking("Ada", "2026-11-23T10:00:00Z")).send().await.expect(201);

    // One given up leads on, in capitals too.
    api.call("PATCH", "/me").token(&ada.token).json(&json!({"handle": "lovelace"})).send().await.expect(200);
    assert_eq!(page("/Ada").await, (302, Some("/lovelace".into())));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_search_finds_a_name_however_its_accents_were_sent(pool: PgPool) {
    let api = Api::start(pool).await;
    let zoe = api.sign_up("zoe").await;
    api.open(&zoe, "2026-11-23").await;
    for (hour, name) in [(10, "Zoe\u{308} Kravitz"), (11, "Zo\u{eb} Saldaña"), (12, "ＺＯË Wide")] {
        let mut body = booking("zoe", &format!("2026-11-23T{hour}:00:00Z"));
        body["guest"]["name"] = json!(name);
        let made = api.call("POST", "/bookings").json(&body).send().await.expect(201);
        assert_eq!(made["booking"]["guest"]["name"], name, "kept as it was typed");
    }
    let rename = |name: &str| api.call("PATCH", "/me").token(&zoe.token).json(&json!({"display_name": name})).send();
    for (name, sought) in [("Zoe\u{308}", "zo%C3%AB"), ("Zo\u{eb}", "Zoe%CC%88"), ("Ｚｏë", "ZOE%CC%88")] {
        rename(name).await.expect(200);
        let found = api.call("GET", "/providers").query(&format!("search={sought}")).send().await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{name:?} by {sought}");
        let query = format!("search={sought}");
        let found = api.call("GET", "/bookings").token(&zoe.token).query(&query).send().await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 3, "{sought}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn slugs_that_the_server_makes_are_its_own_to_keep_apart(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    let create = |body: Value| api.call("POST", "/offerings").token(&ada.token).json(&body).send();
    let mut made = Vec::new();
    for title in ["Терапия", "Терапия", "Massage", "Массаж", "Massage"] {
        made.push(create(json!({"title": title, "durations_minutes": [30]})).await.expect(201));
    }
    let slugs: Vec<String> = made.iter().map(|offering| text(&offering["slug"])).collect();
    assert_eq!(slugs, ["offering", "offering-2", "massage", "offering-3", "massage-2"]);

    // Replaced without a slug it keeps the one that it has anyway.
    let id = text(&made[1]["offering_id"]);
    let put = |body: Value| {
        api.call("PUT", "/offerings/{offering_id}").path("offering_id", &id).token(&ada.token).json(&body).send()
    };
    let again = put(json!({"title": "Терапия", "durations_minutes": [45]})).await.expect(200);
    assert_eq!(again["slug"], "offering-2");
    let other = put(json!({"title": "Massage", "durations_minutes": [45]})).await.expect(200);
    assert_eq!(other["slug"], "massage-3");
    // One that somebody asks for is theirs to change.
    let refused = create(json!({"title": "Other", "durations_minutes": [30], "slug": "massage"})).await.expect(422);
    assert_eq!((&refused["errors"][0]["field"], &refused["errors"][0]["code"]), (&json!("slug"), &json!("taken")));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_slug_of_hex_digits_is_found_by_it(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    let slug = "0193570e8a2b7c3d9e4f5a6b7c8d9e0f";
    let body = json!({"title": "Hex", "durations_minutes": [30], "slug": slug});
    let made = api.call("POST", "/offerings").token(&ada.token).json(&body).send().await.expect(201);
    let ask = async |offering: &str| {
        let query = format!("offering={offering}");
        api.call("GET", "/availability/{id}").path("id", "ada").query(&query).send().await
    };
    assert_eq!(ask(slug).await.expect(200)["offering_id"], made["offering_id"]);
    assert_eq!(ask(&text(&made["offering_id"])).await.expect(200)["offering_id"], made["offering_id"]);
    // An id without its hyphens is nobody's name.
    ask(&text(&made["offering_id"]).replace('-', "")).await.expect(404);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_date_in_a_query_is_written_as_in_a_form(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    for date in ["2026-1-5", "%2B2026-01-05", "2026-01-5%20", "2026-%201-05", "20260105"] {
        let query = format!("from={date}");
        api.call("GET", "/availability/{id}").path("id", "ada").query(&query).send().await.expect(400);
        api.call("GET", "/availability").token(&ada.token).query(&query).send().await.expect(400);
        api.call("GET", "/bookings").token(&ada.token).query(&query).send().await.expect(400);
    }
    for year in ["1969-12-31", "2200-01-01"] {
        let query = format!("from={year}");
        for path in ["/availability", "/bookings"] {
            let refused = api.call("GET", path).token(&ada.token).query(&query).send().await.expect(422);
            assert_eq!(refused["errors"][0]["code"], "out_of_range");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_rule_may_end_with_a_separator(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    let pattern = json!({"kind": "recurring", "start_time": "09:00", "end_time": "12:00", "starts_on": "2026-11-23",
        "recurrence": "FREQ=WEEKLY;BYDAY=MO;"});
    let body = json!({"effect": "open", "pattern": pattern});
    let entry = api.call("POST", "/availability").token(&ada.token).json(&body).send().await.expect(201);
    assert_eq!(entry["pattern"]["recurrence"], "FREQ=WEEKLY;BYDAY=MO");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_name_that_cannot_be_seen_is_missing(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    for name in ["\u{200b}\u{2060}", "\u{3164}", "\u{202e}\u{202c}", "\u{2800}\u{a0}"] {
        let mut body = booking("ada", "2026-11-23T10:00:00Z");
        body["guest"]["name"] = json!(name);
        let refused = api.call("POST", "/bookings").json(&body).send().await.expect(422);
        assert_eq!(
            (&refused["errors"][0]["field"], &refused["errors"][0]["code"]),
            (&json!("guest.name"), &json!("required")),
            "{name:?}"
        );
    }
}
