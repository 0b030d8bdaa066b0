//! What was booked stays what was booked, at every door; and who may still cancel it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sqlx::PgPool;

use super::api::{Api, PASSWORD, Someone, booking};
use super::visitor::Visitor;

/// A booking, and all doors at which it is seen.
struct Seen<'a> {
    api: &'a Api,
    ada: &'a Someone,
    booking_id: String,
    manage_token: String,
}

impl Seen<'_> {
    fn text(value: &Value) -> String {
        value.as_str().unwrap().to_owned()
    }

    async fn ics(&self) -> String {
        let path = self.api.call("GET", "/bookings/{booking_id}/ics").path("booking_id", &self.booking_id);
        let file = path.query(&format!("key={}", self.manage_token)).send().await;
        assert_eq!(file.status, 200, "{}", file.text);
        // Long lines are folded (RFC 5545, 3.1).
        file.text.replace("\r\n ", "")
    }

    /// Title and place by REST, in the list, in the calendar file, on the guest's page and on the provider's.
    async fn everywhere(&self, title: &str, place: &str) {
        let one = || self.api.call("GET", "/bookings/{booking_id}").path("booking_id", &self.booking_id);
        let list = self.api.call("GET", "/bookings").token(&self.ada.token).send().await.expect(200);
        let listed = list["items"].as_array().unwrap().iter().find(|item| item["booking_id"] == *self.booking_id);
        let by_guest = one().token(&self.manage_token).send().await.expect(200);
        let by_provider = one().token(&self.ada.token).send().await.expect(200);
        for seen in [&by_guest, &by_provider, listed.unwrap()] {
            assert_eq!((&seen["title"], &seen["location"]), (&json!(title), &json!(place)));
        }
        let ics = self.ics().await;
        assert!(ics.contains(&format!("SUMMARY:{title}: ada\r\n")), "{ics}");
        assert!(ics.contains(&format!("LOCATION:{place}\r\n")), "{ics}");

        let page = format!("/bookings/{}?key={}", self.booking_id, self.manage_token);
        let page = Visitor::new(self.api).open(&page).await;
        // What is shown, not what the page carries for its scripts.
        let facts = scraper::Selector::parse(".facts").unwrap();
        let shown: String = page.html.select(&facts).flat_map(|facts| facts.text()).collect();
        assert!(shown.contains(&format!("{title}, 30 min")) && shown.contains(place), "{shown}");
        let own = self.api.rpc("booking_page", &[("id", &self.booking_id), ("key", &self.manage_token)]).await;
        let own = own.text().await.unwrap();
        assert!(own.contains(title) && own.contains(place), "{own}");
    }
}

async fn book(api: &Api, start: &str) -> (String, String) {
    let made = api.call("POST", "/bookings").json(&booking("ada", start)).send().await.expect(201);
    (Seen::text(&made["booking"]["booking_id"]), Seen::text(&made["manage_token"]))
}

#[sqlx::test(migrations = "../migrations")]
async fn title_and_place_stay_with_the_booking_whatever_becomes_of_its_offering(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let list = api.call("GET", "/providers/{provider}/offerings").path("provider", "ada").send().await.expect(200);
    let offering_id = Seen::text(&list["items"][0]["offering_id"]);
    let one = |method: &'static str| {
        api.call(method, "/offerings/{offering_id}").path("offering_id", &offering_id).token(&ada.token)
    };
    let put = async |title: &str, place: &str, active: bool| {
        let body = json!({"title": title, "location": place, "durations_minutes": [30, 60], "active": active});
        one("PUT").json(&body).send().await.expect(200);
    };
    put("First visit", "Rue Monge 1", true).await;
    let (booking_id, manage_token) = book(&api, "2026-11-23T10:00:00Z").await;
    let seen = Seen { api: &api, ada: &ada, booking_id, manage_token };
    seen.everywhere("First visit", "Rue Monge 1").await;
    put("Consultation", "Elsewhere", true).await;
    seen.everywhere("First visit", "Rue Monge 1").await;
    put("Consultation", "Elsewhere", false).await;
    seen.everywhere("First visit", "Rue Monge 1").await;
    one("DELETE").send().await.expect_nothing(204);
    seen.everywhere("First visit", "Rue Monge 1").await;
    assert_eq!(shelf(&api, "upcoming").await.1, ["First visit"]);
    let cancel = api.call("POST", "/bookings/{booking_id}/cancel").path("booking_id", &seen.booking_id);
    cancel.token(&seen.manage_token).send().await.expect(200);
    seen.everywhere("First visit", "Rue Monge 1").await;
    assert_eq!(shelf(&api, "cancelled").await.1, ["First visit"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_calendar_file_counts_changes(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let (booking_id, manage_token) = book(&api, "2026-11-23T10:00:00Z").await;
    let seen = Seen { api: &api, ada: &ada, booking_id, manage_token };
    let ics = seen.ics().await;
    assert!(ics.contains("SEQUENCE:0\r\n") && ics.contains("STATUS:CONFIRMED\r\n"), "{ics}");
    let uid = |ics: &str| ics.lines().find(|line| line.starts_with("UID:")).unwrap().to_owned();
    api.clock.set("2026-11-20T09:30:00Z".parse().unwrap());
    let cancel = api.call("POST", "/bookings/{booking_id}/cancel").path("booking_id", &seen.booking_id);
    assert_eq!(cancel.token(&seen.manage_token).send().await.expect(200)["sequence"], 1);
    let after = seen.ics().await;
    assert!(after.contains("SEQUENCE:1\r\n") && after.contains("STATUS:CANCELLED\r\n"), "{after}");
    assert!(after.contains("DTSTAMP:20261120T093000Z\r\n"), "{after}");
    assert_eq!(uid(&after), uid(&ics));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_guest_cannot_cancel_what_is_over_and_the_provider_can(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    let (booking_id, manage_token) = book(&api, "2026-11-23T10:00:00Z").await;
    let cancel =
        |token: &str| api.call("POST", "/bookings/{booking_id}/cancel").path("booking_id", &booking_id).token(token);
    api.clock.set("2026-11-23T10:30:00Z".parse().unwrap());
    let refused = cancel(&manage_token).send().await;
    assert_eq!((refused.status, refused.problem()), (409, "invalid-transition"));
    assert_eq!(refused.json["booking_status"], "confirmed");
    // By the page as well.
    let refused = api.rpc("cancel_booking", &[("id", &booking_id), ("key", &manage_token)]).await;
    assert_eq!(refused.status().as_u16(), 409);
    let page = Visitor::new(&api).open(&format!("/bookings/{booking_id}?key={manage_token}")).await;
    assert!(!page.text.contains("/rpc/cancel_booking"), "no form for what cannot be done");

    let cancelled = cancel(&ada.token).json(&json!({"reason": "Did not come."})).send().await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["cancelled_by"]), (&json!("cancelled"), &json!("provider")));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_booking_says_who_cancelled_it(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    for (hour, by) in [(9, "guest"), (10, "provider")] {
        let (booking_id, manage_token) = book(&api, &format!("2026-11-23T{hour:02}:00:00Z")).await;
        let one = |method: &'static str, path| api.call(method, path).path("booking_id", &booking_id);
        let before = one("GET", "/bookings/{booking_id}").token(&manage_token).send().await.expect(200);
        assert!(before.get("cancelled_by").is_none(), "{before}");
        let token = if by == "guest" { &manage_token } else { &ada.token };
        let cancelled = one("POST", "/bookings/{booking_id}/cancel").token(token).send().await.expect(200);
        assert_eq!(cancelled["cancelled_by"], by);
        assert_eq!(one("GET", "/bookings/{booking_id}").token(&ada.token).send().await.expect(200), cancelled);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_offering_that_somebody_has_changed_is_a_conflict_that_shows_it(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    let body = json!({"title": "First visit", "durations_minutes": [45]});
    let made = api.call("POST", "/offerings").token(&ada.token).json(&body).send().await.expect(201);
    assert_eq!(made["version"], 1);
    let id = Seen::text(&made["offering_id"]);
    let put = async |title: &str, version: Value| {
        let mut body = json!({"title": title, "durations_minutes": [45]});
        if !version.is_null() {
            body["version"] = version;
        }
        let put = api.call("PUT", "/offerings/{offering_id}").path("offering_id", &id);
        put.token(&ada.token).json(&body).send().await
    };
    let changed = put("Second visit", json!(1)).await.expect(200);
    assert_eq!(changed["version"], 2);
    let stale = put("Third visit", json!(1)).await;
    assert_eq!((stale.status, stale.problem()), (409, "version-conflict"));
    assert_eq!(stale.json["current"], changed);
    let replaced = put("Whatever", Value::Null).await.expect(200);
    assert_eq!((&replaced["version"], &replaced["title"]), (&json!(3), &json!("Whatever")));
}

/// Starts and titles of a shelf, page by page, as the provider's list shows it.
async fn shelf(api: &Api, name: &str) -> (Vec<String>, Vec<String>) {
    let signed_in = api.rpc("sign_in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (mut starts, mut titles, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let fields = [("shelf", name), ("search", ""), ("cursor", &cursor)];
        let request = api.http.post(format!("{}/rpc/list_bookings", api.base)).header("accept", "application/json");
        let request = request.header("x-eventide-page", "1").header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded").header("cookie", &cookie);
        let answer = request.body(serde_urlencoded::to_string(fields).unwrap()).send().await.unwrap();
        let page: Value = answer.json().await.unwrap();
        for item in page["items"].as_array().unwrap() {
            starts.push(Seen::text(&item["booking"]["start"]));
            titles.push(Seen::text(&item["booking"]["title"]));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return (starts, titles),
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn past_bookings_are_listed_from_the_latest_back_and_none_twice(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    let mut expected = Vec::new();
    // Dense first, then months apart; the guests of one more day never come.
    let days = ["2026-11-23", "2026-11-24", "2026-12-10", "2027-03-01", "2027-08-02"];
    for date in days {
        api.open(&ada, date).await;
        for half in 0..6 {
            api.clock.set(format!("{date}T00:00:00Z").parse().unwrap());
            let start = format!("{date}T{:02}:{:02}:00Z", 9 + half / 2, 30 * (half % 2));
            let (booking_id, manage_token) = book(&api, &start).await;
            match half {
                0 => {
                    let cancel = api.call("POST", "/bookings/{booking_id}/cancel").path("booking_id", &booking_id);
                    cancel.token(&manage_token).send().await.expect(200);
                }
                _ => expected.push(start),
            }
        }
    }
    expected.reverse();
    // The last has begun and is not over.
    api.clock.set("2027-08-02T11:45:00Z".parse().unwrap());
    assert_eq!(shelf(&api, "upcoming").await.0, expected[..1]);
    let past = shelf(&api, "past").await.0;
    assert_eq!(past, expected[1..], "the latest first, the cancelled ones elsewhere");
    assert_eq!(past.iter().collect::<BTreeSet<_>>().len(), past.len());
    assert_eq!(shelf(&api, "cancelled").await.0.len(), days.len());
    api.clock.set("2027-08-02T12:00:00Z".parse().unwrap());
    assert_eq!(shelf(&api, "past").await.0, expected);
    assert!(shelf(&api, "upcoming").await.0.is_empty());
}
