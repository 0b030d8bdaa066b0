//! Every route of the OpenAPI document, right and wrong. A route that is added to the document and
//! not asked rightly here fails the test; what goes wrong is made of the document itself.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::api::{Api, PASSWORD, Someone, booking};
use super::schema::resolve;

/// Ids of real things of one provider, for the paths.
struct Things {
    availability_id: String,
    offering_id: String,
    booking_id: String,
    token_id: String,
    manage_token: String,
}

#[sqlx::test(migrations = "../migrations")]
async fn every_route_is_driven_right_and_wrong(pool: PgPool) {
    let api = Api::start(pool).await;
    let (ada, ben) = (api.sign_up("ada").await, api.sign_up("ben").await);
    let things = rightly(&api, &ada).await;
    every_operation_succeeded(&api);
    for (path, item) in api.document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let route =
                Route { api: &api, method: method.to_uppercase(), path, operation, things: &things, owner: &ada };
            route.paths_wrongly().await;
            route.queries_wrongly().await;
            route.tokens_wrongly(&ben).await;
            route.bodies_wrongly().await;
        }
    }
    // After all of that everything still stands as it was made.
    let entry =
        api.call("GET", "/availability/entries/{availability_id}").path("availability_id", &things.availability_id);
    assert_eq!(entry.token(&ada.token).send().await.expect(200)["version"], 2);
}

/// Each operation at least once as it should be; leaves things to be asked for.
async fn rightly(api: &Api, ada: &Someone) -> Things {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let send = async |call: super::api::Call<'_>, status| call.send().await.expect(status);
    let mine = |method: &'static str, path: &'static str| api.call(method, path).token(&ada.token);

    send(api.call("GET", "/openapi.json"), 200).await;
    assert_eq!(send(api.call("GET", "/meta"), 200).await["tzdb_version"], service::zones::version());
    assert_eq!(send(api.call("GET", "/providers").query("search=ad"), 200).await["items"][0]["handle"], "ada");
    let profile = send(api.call("GET", "/providers/{provider}").path("provider", "ada"), 200).await;
    assert_eq!(profile["offerings"][0]["durations_minutes"], json!([30, 60]));
    assert_eq!(send(mine("GET", "/me"), 200).await["email"], "ada@example.com");
    assert_eq!(send(mine("PATCH", "/me").json(&json!({"bio": "Tutor"})), 200).await["bio"], "Tutor");

    let credentials = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Website"});
    let token = send(api.call("POST", "/tokens").json(&credentials), 201).await;
    let kept = send(api.call("POST", "/tokens").json(&credentials), 201).await;
    send(mine("DELETE", "/tokens/{token_id}").path("token_id", token["token_id"].as_str().unwrap()), 204).await;
    assert_eq!(api.call("GET", "/me").token(token["token"].as_str().unwrap()).send().await.status, 401);
    assert_eq!(send(mine("GET", "/tokens"), 200).await["items"].as_array().unwrap().len(), 2);

    let offering =
        send(mine("POST", "/offerings").json(&json!({"title": "First visit", "durations_minutes": [45]})), 201).await;
    let offering_id = text(&offering["offering_id"]);
    let gone = send(mine("POST", "/offerings").json(&json!({"title": "Gone", "durations_minutes": [45]})), 201).await;
    send(mine("GET", "/offerings/{offering_id}").path("offering_id", &offering_id), 200).await;
    let change = json!({"title": "First visit", "durations_minutes": [45, 90], "active": false});
    send(mine("PUT", "/offerings/{offering_id}").path("offering_id", &offering_id).json(&change), 200).await;
    send(mine("DELETE", "/offerings/{offering_id}").path("offering_id", gone["offering_id"].as_str().unwrap()), 204)
        .await;
    let offerings = || api.call("GET", "/providers/{provider}/offerings").path("provider", &ada.id);
    assert_eq!(send(offerings(), 200).await["items"].as_array().unwrap().len(), 1);
    assert_eq!(send(offerings().token(&ada.token), 200).await["items"].as_array().unwrap().len(), 2);

    let entry = api.open(ada, "2026-11-23").await;
    let availability_id = text(&entry["availability_id"]);
    let spare = api.open(ada, "2026-11-24").await;
    let longer = json!({"effect": "open", "version": 1, "note": "longer",
        "pattern": {"kind": "one_off", "start": "2026-11-23T08:00:00Z", "end": "2026-11-23T18:00:00Z"}});
    let replaced = send(mine("PUT", "/availability/{id}").path("id", &availability_id).json(&longer), 200).await;
    assert_eq!(replaced["version"], 2);
    send(mine("GET", "/availability/entries/{availability_id}").path("availability_id", &availability_id), 200).await;
    let listed = send(mine("GET", "/availability").query("from=2026-11-23&to=2026-11-24"), 200).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let openings =
        api.call("GET", "/availability/{id}").path("id", "ada").query("from=2026-11-23&to=2026-11-24&time_zone=UTC");
    assert_eq!(send(openings, 200).await["slots"][0]["start"], "2026-11-23T08:00:00Z");
    let explain = |start: &str| {
        api.call("GET", "/availability/{provider}/explain").path("provider", "ada").query(&format!("start={start}"))
    };
    assert_eq!(send(explain("2026-11-23T08:15:00Z"), 200).await["bookable"], true);
    assert_eq!(send(explain("2026-11-23T03:00:00Z"), 200).await["reasons"][0]["code"], "outside_availability");

    let made = api.call("POST", "/bookings").json(&booking("ada", "2026-11-24T10:00:00Z")).send().await;
    assert!(made.header("location").starts_with("/api/v1/bookings/"));
    let made = made.expect(201);
    let (booking_id, manage_token) = (text(&made["booking"]["booking_id"]), text(&made["manage_token"]));
    assert_eq!(made["manage_url"], format!("{}/bookings/{booking_id}?key={manage_token}", api.base));
    let one = |path: &'static str| {
        api.call(if path.ends_with("cancel") { "POST" } else { "GET" }, path).path("booking_id", &booking_id)
    };
    assert_eq!(send(one("/bookings/{booking_id}").token(&manage_token), 200).await["guest"]["name"], "Grace Hopper");
    assert_eq!(
        send(mine("GET", "/bookings").query("status=confirmed&search=grace"), 200).await["items"][0]["booking_id"],
        booking_id
    );
    let ics = one("/bookings/{booking_id}/ics").query(&format!("key={manage_token}")).send().await;
    assert!(ics.text.contains("DTSTART:20261124T100000Z\r\n") && ics.text.contains(&booking_id), "{}", ics.text);
    let gone = mine("DELETE", "/availability/{id}").path("id", spare["availability_id"].as_str().unwrap());
    assert_eq!(send(gone, 200).await["orphaned_bookings"], json!([booking_id]));
    let cancelled =
        send(one("/bookings/{booking_id}/cancel").token(&manage_token).json(&json!({"reason": "A cold."})), 200).await;
    assert_eq!((&cancelled["status"], &cancelled["reason"]), (&json!("cancelled"), &json!("A cold.")));
    let again = one("/bookings/{booking_id}/cancel").token(&manage_token).send().await;
    assert_eq!((again.status, again.problem()), (409, "invalid-transition"));
    assert_eq!(again.json["booking_status"], "cancelled");

    let made = send(api.call("POST", "/bookings").json(&booking("ada", "2026-11-23T10:00:00Z")), 201).await;
    Things {
        availability_id,
        offering_id,
        booking_id: text(&made["booking"]["booking_id"]),
        token_id: text(&kept["token_id"]),
        manage_token: text(&made["manage_token"]),
    }
}

fn every_operation_succeeded(api: &Api) {
    let answered = api.answered.lock().unwrap();
    for (path, item) in api.document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let good = answered.iter().any(|(m, p, status)| (m, p) == (&method, path) && *status < 300);
            assert!(good, "{method} {path} is in the document and was never answered well");
        }
    }
}

/// One operation of the document, to be asked wrongly.
struct Route<'a> {
    api: &'a Api,
    method: String,
    path: &'a str,
    operation: &'a Value,
    things: &'a Things,
    owner: &'a Someone,
}

impl<'a> Route<'a> {
    fn parameters(&self, place: &str) -> Vec<&'a str> {
        let all = self.operation["parameters"].as_array().into_iter().flatten();
        all.filter(|parameter| parameter["in"] == place).map(|parameter| parameter["name"].as_str().unwrap()).collect()
    }

    /// Filled in with what exists.
    fn value_of(&self, name: &str) -> &'a str {
        match (name, self.method.as_str()) {
            ("id", "GET") | ("provider", _) => &self.owner.handle,
            ("id" | "availability_id", _) => &self.things.availability_id,
            ("offering_id", _) => &self.things.offering_id,
            ("booking_id", _) => &self.things.booking_id,
            ("token_id", _) => &self.things.token_id,
            _ => panic!("what is {name} of {}?", self.path),
        }
    }

    fn bare(&self) -> super::api::Call<'a> {
        let call = self.api.call(&self.method, self.path.strip_prefix("/api/v1").unwrap());
        self.parameters("path").into_iter().fold(call, |call, name| call.path(name, self.value_of(name)))
    }

    fn call(&self) -> super::api::Call<'a> {
        if self.needs_provider() { self.bare().token(&self.owner.token) } else { self.bare() }
    }

    fn needs_provider(&self) -> bool {
        self.operation["security"]
            .as_array()
            .is_some_and(|needs| needs.iter().all(|need| !need["provider_token"].is_null()))
    }

    fn body(&self) -> Option<(Value, Value)> {
        let schema = &self.operation["requestBody"]["content"]["application/json"]["schema"];
        let choice =
            schema["oneOf"].as_array().and_then(|choices| choices.iter().find(|choice| choice["$ref"].is_string()));
        let schema = resolve(&self.api.document, choice.unwrap_or(schema));
        schema.is_object().then(|| (schema.clone(), schema["example"].clone()))
    }

    async fn paths_wrongly(&self) {
        for name in self.parameters("path") {
            // Any text may be a provider's name; an id has its form. What is no text at all is neither.
            let is_name = self.value_of(name) == self.owner.handle;
            let unknown = if is_name { (404, "not-found") } else { (400, "malformed") };
            for (value, refused) in [
                ("0193570e-0000-7000-8000-000000000000", (404, "not-found")),
                ("nobody-of-this-name", unknown),
                ("%00", unknown),
                ("%ff%fe", (400, "malformed")),
                ("'%20or%201=1--", unknown),
                (&"x".repeat(5000), unknown),
            ] {
                let call = self.api.call(&self.method, self.path.strip_prefix("/api/v1").unwrap()).path(name, value);
                let call = if self.operation["security"].is_array() { call.token(&self.owner.token) } else { call };
                let call = match self.body() {
                    Some((_, example)) => call.json(&example),
                    None if self.path.ends_with("explain") => call.query("start=2026-11-23T09:00:00Z"),
                    None => call,
                };
                let answer = call.send().await;
                let place = format!("{} {} {value}: {}", self.method, self.path, answer.text);
                assert_eq!((answer.status, answer.problem()), refused, "{place}");
            }
        }
    }

    async fn queries_wrongly(&self) {
        if self.path.ends_with("openapi.json") {
            return; // a file
        }
        let call = || match self.body() {
            Some((_, example)) => self.call().json(&example),
            None => self.call(),
        };
        let answer = call().query("bogus=1").send().await;
        assert_eq!((answer.status, answer.problem()), (422, "invalid"), "{} {}", self.method, self.path);
        assert_eq!(answer.json["errors"][0]["field"], "bogus");
        for name in self.parameters("query") {
            let twice = call().query(&format!("{name}=1&{name}=2")).send().await;
            assert_eq!((twice.status, twice.problem()), (400, "malformed"), "{} {} {name}", self.method, self.path);
            for value in ABSURD {
                call().query(&format!("{name}={value}")).send().await; // the harness refuses 500
            }
        }
    }

    async fn tokens_wrongly(&self, other: &Someone) {
        let credentials = json!({"email": format!("{}@example.com", self.owner.handle), "password": PASSWORD});
        if self.operation["security"].is_array() {
            for header in ["Bearer bogus", "Bearer ", "Bearer", "Basic YTpi", "bogus"] {
                let answer = self.bare().header("authorization", header).send().await;
                assert_eq!(
                    (answer.status, answer.problem()),
                    (401, "unauthenticated"),
                    "{} {}",
                    self.method,
                    self.path
                );
                assert_eq!(answer.header("www-authenticate"), "Bearer");
            }
            let made = self.api.call("POST", "/tokens").json(&credentials).send().await.expect(201);
            let revoke =
                self.api.call("DELETE", "/tokens/{token_id}").path("token_id", made["token_id"].as_str().unwrap());
            revoke.token(&self.owner.token).send().await.expect_nothing(204);
            let answer = self.bare().token(made["token"].as_str().unwrap()).send().await;
            assert_eq!(answer.status, 401, "a revoked token: {} {}", self.method, self.path);
        }
        if self.needs_provider() {
            assert_eq!(self.bare().send().await.status, 401, "no token: {} {}", self.method, self.path);
            let guest = self.bare().token(&self.things.manage_token).send().await;
            assert_eq!(guest.status, 403, "a guest's token: {} {} {}", self.method, self.path, guest.text);
        }
        let owned =
            self.parameters("path").iter().any(|name| *name != "provider" && self.value_of(name) != self.owner.handle);
        if owned {
            let call = self.bare().token(&other.token);
            let answer = match self.body() {
                Some((_, example)) => call.json(&example).send().await,
                None => call.send().await,
            };
            assert_eq!(answer.status, 404, "another's: {} {} {}", self.method, self.path, answer.text);
        }
    }

    async fn bodies_wrongly(&self) {
        let Some((schema, example)) = self.body() else { return };
        assert!(example.is_object(), "{} {} has no example", self.method, self.path);
        let place = format!("{} {}", self.method, self.path);
        let actor = |call: super::api::Call<'a>| {
            if self.path.contains("/bookings/") { call.token(&self.owner.token) } else { call }
        };
        let call = || actor(self.call());
        let raw = |body: &[u8]| call().header("content-type", "application/json").body(body);
        let deep = format!("{}{}", "{\"a\":".repeat(5000), "}".repeat(5000));
        let garbage: [&[u8]; 7] =
            [b"{", b"not json", b"\xff\xfe", b"{\"a\": 1e999}", b"{\"a\":\"\\ud800\"}", b"{}{}", deep.as_bytes()];
        for body in garbage {
            let answer = raw(body).send().await;
            assert_eq!((answer.status, answer.problem()), (400, "malformed"), "{place}");
        }
        let answer = call().header("content-type", "text/plain").body(example.to_string()).send().await;
        assert_eq!(answer.status, 400, "{place}: text/plain");
        for length in [64 * 1024 + 1, 1024 * 1024] {
            let long = format!("{{\"note\":\"{}\"}}", "x".repeat(length));
            let answer = raw(long.as_bytes()).send().await;
            assert_eq!((answer.status, answer.problem()), (413, "too-large"), "{place}");
        }
        for body in [json!([]), json!("text"), json!(null), json!(1)] {
            let answer = call().json(&body).send().await;
            assert_eq!((answer.status, answer.problem()), (422, "invalid"), "{place}: {body}");
        }
        let mut body = example.clone();
        body["bogus"] = json!(1);
        let answer = call().json(&body).send().await;
        assert_eq!(answer.status, 422, "{place}: {body}");
        let errors = answer.json["errors"].as_array().unwrap();
        assert!(errors.iter().any(|error| error["field"] == "bogus" && error["code"] == "unknown_field"), "{place}");
        for name in schema["properties"].as_object().unwrap().keys() {
            for wrong in
                [json!({"a": 1}), json!([["x"]]), json!(-1.5), json!(true), json!("\u{0}"), json!("x".repeat(30_000))]
            {
                let fits = schema["properties"][name]["type"].to_string().contains("boolean") && wrong.is_boolean();
                if fits {
                    continue;
                }
                let mut body = example.clone();
                body[name] = wrong;
                let answer = call().json(&body).send().await;
                assert_eq!((answer.status, answer.problem()), (422, "invalid"), "{place}: {name} {}", answer.text);
                let errors = answer.json["errors"].as_array().unwrap();
                assert!(
                    errors.iter().any(|error| error["field"].as_str().unwrap().starts_with(name.as_str())),
                    "{place} {name}"
                );
            }
        }
    }
}

/// Values for query parameters of any meaning.
const ABSURD: [&str; 16] = [
    "x",
    "-1",
    "0",
    "99999999999999999999",
    "1.5",
    "0000-01-01",
    "9999-12-31",
    "-0001-01-01",
    "2026-02-30",
    "9999-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "2026-11-23T09:00:00",
    "2026-06-30T23:59:60Z",
    "Mars/Olympus",
    "%00",
    "%ff",
];

#[sqlx::test(migrations = "../migrations")]
async fn absurd_dates_and_zones_are_refused(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    for (query, refused) in [
        ("from=0000-01-01", (422, "invalid")),
        ("from=9999-12-31", (422, "invalid")),
        ("to=9999-12-31", (422, "invalid")),
        ("from=2026-11-24&to=2026-11-23", (422, "invalid")),
        ("from=2026-11-24&to=2026-11-24", (422, "invalid")),
        ("from=2026-01-01&to=2027-01-03", (422, "invalid")), // 367 days
        ("from=tomorrow", (400, "malformed")),
        ("time_zone=Mars/Olympus", (400, "malformed")),
        ("duration_minutes=soon", (400, "malformed")),
        ("duration_minutes=31", (422, "invalid")),
        ("offering=nothing-of-that-name", (404, "not-found")),
    ] {
        let answer = api.call("GET", "/availability/{id}").path("id", "ada").query(query).send().await;
        assert_eq!((answer.status, answer.problem()), refused, "{query}: {}", answer.text);
    }
    for query in ["from=2026-01-01&to=2027-01-03", "from=2026-02-02&to=2026-02-01", "from=0000-01-01", "to=9999-12-31"]
    {
        let answer = api.call("GET", "/availability").token(&ada.token).query(query).send().await;
        assert_eq!((answer.status, answer.problem()), (422, "invalid"), "{query}");
    }
    let one_off = |start: &str, end: &str| json!({"kind": "one_off", "start": start, "end": end});
    let weekly = |date: &str, rule: &str, zone: &str| json!({"kind": "recurring", "start_time": "09:00", "end_time": "17:00", "starts_on": date, "recurrence": rule, "time_zone": zone});
    for (pattern, field) in [
        (one_off("0000-01-01T00:00:00Z", "2026-11-23T10:00:00Z"), "pattern.start"),
        (one_off("2026-11-23T10:00:00Z", "9999-12-31T00:00:00Z"), "pattern.end"),
        (one_off("2026-11-23T10:00:00Z", "2026-11-23T09:00:00Z"), "pattern.end"),
        (one_off("2026-01-01T00:00:00Z", "2027-01-03T00:00:00Z"), "pattern.end"), // 367 days
        (weekly("0000-01-01", "FREQ=WEEKLY;BYDAY=MO", "UTC"), "pattern.starts_on"),
        (weekly("2026-02-30", "FREQ=WEEKLY;BYDAY=MO", "UTC"), "pattern.starts_on"),
        (weekly("2026-11-23", "FREQ=SECONDLY", "UTC"), "pattern.recurrence"),
        (weekly("2026-11-23", "FREQ=WEEKLY;BYDAY=MO", "Mars/Olympus"), "pattern.time_zone"),
    ] {
        let body = json!({"effect": "open", "pattern": pattern});
        let answer = api.call("POST", "/availability").token(&ada.token).json(&body).send().await;
        assert_eq!((answer.status, answer.problem()), (422, "invalid"), "{body}");
        assert_eq!(answer.json["errors"][0]["field"], field, "{}", answer.text);
    }
    for start in ["0000-01-01T00:00:00Z", "9999-12-31T23:00:00Z", "2026-11-23", "2026-11-23T09:00:30Z"] {
        let answer = api.call("POST", "/bookings").json(&booking("ada", start)).send().await;
        assert_eq!((answer.status, answer.problem()), (422, "invalid"), "{start}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn overlaps_conflicts_and_taken_times_tell_what_else_is_possible(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    let entry = api.open(&ada, "2026-11-23").await;
    let mut other = json!({"effect": "open", "pattern": {"kind": "one_off", "start": "2026-11-23T16:00:00Z", "end": "2026-11-23T18:00:00Z"}});
    let overlap = api.call("POST", "/availability").token(&ada.token).json(&other).send().await;
    assert_eq!((overlap.status, overlap.problem()), (409, "availability-overlap"));
    assert_eq!(overlap.json["conflicts"][0]["availability_id"], entry["availability_id"]);

    other["version"] = json!(7);
    let id = entry["availability_id"].as_str().unwrap();
    let stale = api.call("PUT", "/availability/{id}").path("id", id).token(&ada.token).json(&other).send().await;
    assert_eq!((stale.status, stale.problem()), (409, "version-conflict"));
    assert_eq!(stale.json["current"]["version"], 1);
    let part = api.call("PUT", "/availability/{id}").path("id", id).query("scope=this").token(&ada.token).json(&other);
    assert_eq!(part.send().await.json["errors"][0]["field"], "scope");

    api.call("POST", "/bookings").json(&booking("ada", "2026-11-23T09:00:00Z")).send().await.expect(201);
    let taken = api.call("POST", "/bookings").json(&booking("ada", "2026-11-23T09:00:00Z")).send().await;
    assert_eq!((taken.status, taken.problem()), (409, "slot-taken"));
    assert_eq!(taken.json["alternatives"][0]["start"], "2026-11-23T09:30:00Z");
    let closed = api.call("POST", "/bookings").json(&booking("ada", "2026-11-23T03:00:00Z")).send().await;
    assert_eq!((closed.status, closed.problem()), (422, "not-bookable"));
    assert_eq!(closed.json["reasons"][0]["code"], "outside_availability");
}
