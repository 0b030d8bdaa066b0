//! Text stays text: whatever anybody typed, each page has the elements that it has with harmless words, and shows
//! the very text.

use std::collections::BTreeMap;

use scraper::{Html, Node, Selector};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::api::{Api, PASSWORD};
use super::visitor::{Page, Visitor};

/// Of one line, short enough for every field.
const ATTACKS: [&str; 9] = [
    "</title><meta http-equiv=refresh content='0;url=//e.example'>",
    "</textarea></script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>' onmouseover='alert(1)",
    "&lt;b&gt; &amp;amp; &#60;i&#62; &notit; &",
    "<!-- --!> ]]> <![CDATA[ x ]]> <!--HEAD--> </head></html>",
    "\u{2028}x\u{2029}\u{202e}live\u{202c}\u{feff}\u{2066}\u{200f}x",
    "javascript:alert(1)//{{7*7}}${x} \\u003c/script\\u003e \\",
    "<plaintext><noscript><svg/onload=alert(1)>",
    "=1+1;BEGIN:VALARM,X\\nEND:VEVENT\\",
];

/// What somebody types: each field's text begins with the field's own name, so that it can be found again.
struct Words<'a>(&'a str);

const HARMLESS: Words<'static> = Words("plain");

impl Words<'_> {
    fn line(&self, field: &str) -> String {
        format!("Q{field} {}", self.0)
    }

    fn lines(&self, field: &str) -> String {
        format!("Q{field} {}\n\n{}\r\n\t{}.", self.0, self.0, self.0)
    }

    /// With what is not looked at yet: a form that is shown again has it as it was typed.
    fn draft(&self, field: &str) -> String {
        format!("\nQ{field} {}\r\n{}\n", self.0, self.0)
    }

    fn email(&self) -> String {
        let local: String = self.0.to_lowercase().chars().filter(|c| c.is_ascii_graphic()).collect();
        let local: String = local.chars().filter(|c| !"<>(),;:\"\\@".contains(*c)).take(50).collect();
        format!("qemail{local}@example.com")
    }

    /// All of them, by field.
    fn all(&self) -> BTreeMap<&'static str, String> {
        let lines = ["name", "title", "location", "token", "guest", "search", "note", "query"];
        let paragraphs = ["bio", "description", "notes", "reason"];
        let flashes = ["d_name", "d_email", "d_notes", "d_reason", "d_phone"];
        let mut all = BTreeMap::from_iter(lines.map(|field| (field, self.line(field))));
        all.extend(paragraphs.map(|field| (field, self.lines(field))));
        all.extend(flashes.map(|field| (field, self.draft(field))));
        all.insert("email", self.email());
        all
    }
}

/// The pages of one provider, in an order that is always the same.
async fn pages_with(api: &Api, handle: &str, words: &Words<'_>) -> (Vec<Page>, String) {
    let said = words.all();
    let (key, booked_path, ics) = fill(api, handle, words).await;
    let slot = "date=2026-11-23&start=2026-11-23T09:00:00Z";
    let query = encoded(&said["query"]);
    let mut pages = Vec::new();

    let mut guest = Visitor::new(api);
    for address in [
        "/sign-up".into(),
        "/sign-in".into(),
        format!("/{handle}"),
        format!("/{handle}?{slot}&duration=30"),
        format!("/{handle}?{slot}&offering={query}&tz={query}"),
        format!(
            "/{handle}?offering={query}&duration={query}&month={query}&date={query}&start={query}&tz={query}&{query}"
        ),
        format!("/bookings/{booked_path}?key={key}"),
        format!("/bookings/{booked_path}?key={query}"),
        format!("/bookings/{query}?key={query}"),
        format!("/{query}"),
        format!("/no/{query}?{query}"),
        format!("/problems/{query}"),
        format!("/dashboard?week={query}"),
    ] {
        pages.push(guest.open(&address).await);
    }
    // Forms that are shown again, with what was typed.
    let page = guest.open("/sign-up").await;
    let typed = [("display_name", &*said["d_name"]), ("handle", &said["d_name"]), ("email", &said["d_email"])];
    pages.push(
        guest
            .submit(&page, "/rpc/sign_up", &[&typed[..], &[("password", "short"), ("time_zone", "UTC")]].concat())
            .await,
    );
    let page = guest.open("/sign-in").await;
    pages.push(guest.submit(&page, "/rpc/sign_in", &[("email", &said["d_email"]), ("password", "")]).await);
    let page = guest.open(&format!("/{handle}?{slot}&duration=30")).await;
    let typed = [
        ("name", &*said["d_name"]),
        ("email", &said["d_email"]),
        ("phone", &said["d_phone"]),
        ("notes", &said["d_notes"]),
    ];
    pages.push(guest.submit(&page, "/rpc/book", &typed).await);
    let page = guest.open(&format!("/bookings/{booked_path}?key={key}")).await;
    let long = format!("{}{}", said["d_reason"], "x".repeat(500));
    pages.push(guest.submit(&page, "/rpc/cancel_booking", &[("reason", &long)]).await);

    let mut provider = Visitor::new(api);
    let page = provider.open("/sign-in").await;
    let email = format!("{handle}@example.com");
    pages.push(provider.submit(&page, "/rpc/sign_in", &[("email", &email), ("password", PASSWORD)]).await);
    for address in [
        "/".into(),
        format!("/{handle}"),
        format!("/no/{query}"),
        "/dashboard?week=2026-11-23".into(),
        "/dashboard?week=2026-11-23&add=1".into(),
        format!("/dashboard?week={query}&edit={query}"),
        format!("/dashboard?week=2026-11-23&booking={booked_path}"),
        "/dashboard/bookings".into(),
        "/dashboard/bookings?show=cancelled".into(),
        format!("/dashboard/bookings?show={query}&search={}", encoded(&said["search"])),
        format!("/dashboard/bookings?show=past&cursor={query}"),
        "/dashboard/offerings".into(),
        format!("/dashboard/offerings?edit={query}"),
        format!("/dashboard/offerings?edit={}", offering_of(api, handle).await),
        "/dashboard/settings".into(),
    ] {
        pages.push(provider.open(&address).await);
    }
    // What a form of the dashboard is refused for.
    let page = pages.pop().unwrap();
    let refused = [("profile[handle]", &*said["d_name"]), ("profile[bio]", &said["d_notes"])];
    pages.push(provider.submit(&page, "/rpc/update_me", &refused).await);
    pages.push(page);
    let text = api.http.get(format!("{}{ics}", api.base)).send().await.unwrap().text().await.unwrap();
    (pages, text)
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

async fn offering_of(api: &Api, handle: &str) -> String {
    let profile = api.call("GET", "/providers/{provider}").path("provider", handle).send().await.expect(200);
    profile["offerings"][0]["offering_id"].as_str().unwrap().to_owned()
}

/// Puts the words into everything that can be filled in. The manage key, the id of a booking, its calendar file.
async fn fill(api: &Api, handle: &str, words: &Words<'_>) -> (String, String, String) {
    let said = words.all();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let provider = json!({
        "handle": handle, "display_name": said["name"], "email": format!("{handle}@example.com"),
        "password": PASSWORD, "time_zone": "Europe/London",
    });
    let made = api.call("POST", "/providers").json(&provider).send().await.expect(201);
    let token = text(&made["token"]);
    let send = async |method: &str, path: &str, body: Value, status| {
        api.call(method, path).token(&token).json(&body).send().await.expect(status)
    };
    send("PATCH", "/me", json!({"bio": said["bio"]}), 200).await;
    let offering = json!({
        "title": said["title"], "description": said["description"], "location": said["location"],
        "durations_minutes": [30, 60], "slug": "first",
    });
    let offering_id = offering_of(api, handle).await;
    let call = api.call("PUT", "/offerings/{offering_id}").path("offering_id", &offering_id).token(&token);
    call.json(&offering).send().await.expect(200);
    let hours = json!({"effect": "open", "note": said["note"], "pattern": {
        "kind": "one_off", "start": "2026-11-23T09:00:00Z", "end": "2026-11-23T17:00:00Z"}});
    send("POST", "/availability", hours, 201).await;
    let credentials = json!({"email": format!("{handle}@example.com"), "password": PASSWORD, "name": said["token"]});
    send("POST", "/tokens", credentials, 201).await;
    let book = async |start: &str| {
        let guest =
            json!({"name": said["guest"], "email": said["email"], "phone": "+49 (30) 1.2/3-4", "notes": said["notes"]});
        let body = json!({"provider": handle, "start": start, "duration_minutes": 30, "guest": guest});
        api.call("POST", "/bookings").json(&body).send().await.expect(201)
    };
    let gone = book("2026-11-23T12:00:00Z").await;
    let cancel = api
        .call("POST", "/bookings/{booking_id}/cancel")
        .path("booking_id", gone["booking"]["booking_id"].as_str().unwrap());
    cancel.token(&token).json(&json!({"reason": said["reason"]})).send().await.expect(200);
    let booked = book("2026-11-23T10:00:00Z").await;
    let ics = text(&booked["ics_url"]).replace(&api.base, "");
    (text(&booked["manage_token"]), text(&booked["booking"]["booking_id"]), ics)
}

/// Each element with the names of its attributes, in order.
fn elements(page: &Page) -> Vec<String> {
    let elements = page.html.root_element().descendants().filter_map(|node| node.value().as_element());
    elements
        .map(|element| {
            let mut names: Vec<&str> = element.attrs().map(|(name, _)| name).collect();
            names.sort_unstable();
            format!("<{} {}>", element.name(), names.join(" "))
        })
        .collect()
}

/// All that is shown or said: texts and the values of attributes, addresses decoded.
fn texts(html: &Html) -> Vec<String> {
    let mut texts = Vec::new();
    for node in html.root_element().descendants() {
        match node.value() {
            Node::Text(text) => {
                let parent = node.parent().and_then(|parent| parent.value().as_element().map(|e| e.name().to_owned()));
                if !matches!(parent.as_deref(), Some("script" | "style" | "noscript")) {
                    texts.push(text.to_string());
                }
            }
            Node::Element(element) => texts.extend(element.attrs().map(|(name, value)| match name {
                "href" | "action" => percent_decoded(value),
                _ => value.to_owned(),
            })),
            _ => {}
        }
    }
    texts
}

fn percent_decoded(text: &str) -> String {
    let pair = format!("x={}", text.replace('&', "%26").replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes()).next().unwrap().1.into_owned()
}

/// As a browser reads it: it knows one kind of line break.
fn one_kind_of_break(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn how_often(page: &Page, text: &str) -> usize {
    let text = one_kind_of_break(text);
    texts(&page.html).iter().map(|found| found.matches(&text).count()).sum()
}

/// Nothing on the page is done, loaded or sent anywhere but here.
fn leads_nowhere_else(page: &Page, base: &str) {
    for element in page.html.root_element().descendants().filter_map(|node| node.value().as_element()) {
        for (name, value) in element.attrs() {
            assert!(!name.starts_with("on"), "{}: {name}", page.address);
            if matches!(name, "href" | "src" | "action" | "formaction" | "poster" | "data") {
                let own = value.is_empty()
                    || (value.starts_with('/') && !value.starts_with("//"))
                    || value.starts_with(base)
                    || ["#", "mailto:q", "tel:"].iter().any(|start| value.starts_with(start));
                assert!(own, "{}: {name}={value}", page.address);
            }
        }
    }
    // How many there are, and that only they may run, is said elsewhere.
    let scripts = Selector::parse("script").unwrap();
    for script in page.html.select(&scripts) {
        let code: String = script.text().collect();
        assert!(!code.contains("</") && !code.contains("<!--"), "{}: {code}", page.address);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn hostile_text_is_shown_as_text_on_every_page_and_in_every_form(pool: PgPool) {
    let api = Api::start(pool).await;
    let (harmless, _) = pages_with(&api, "world", &HARMLESS).await;
    let harmless_words = HARMLESS.all();
    for (field, text) in &harmless_words {
        // What no page asks for is not shown at all.
        assert!(*field == "query" || harmless.iter().any(|page| how_often(page, text) > 0), "{field} is shown nowhere");
    }
    for (index, attack) in ATTACKS.iter().enumerate() {
        let words = Words(attack);
        let (hostile, _) = pages_with(&api, &format!("worl{index}"), &words).await;
        assert_eq!(hostile.len(), harmless.len());
        let said = words.all();
        for (page, as_it_should) in hostile.iter().zip(&harmless) {
            let place = format!("{} with {attack}", page.address);
            assert_eq!(page.status, as_it_should.status, "{place}");
            let (found, wanted) = (elements(page), elements(as_it_should));
            let at = found.iter().zip(&wanted).position(|(one, other)| one != other);
            assert!(
                at.is_none() && found.len() == wanted.len(),
                "{place}: other elements from {at:?} on: {}",
                page.text
            );
            leads_nowhere_else(page, &api.base);
            for (field, text) in &said {
                let wanted = how_often(as_it_should, &harmless_words[field]);
                assert_eq!(how_often(page, text), wanted, "{place}: {field} is not as it was typed: {}", page.text);
            }
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn hostile_text_makes_no_line_of_a_calendar_file(pool: PgPool) {
    let api = Api::start(pool).await;
    for (index, attack) in ATTACKS.iter().enumerate() {
        let words = Words(attack);
        let handle = format!("worl{index}");
        let (_, _, ics) = fill(&api, &handle, &words).await;
        let text = api.http.get(format!("{}{ics}", api.base)).send().await.unwrap().text().await.unwrap();
        let said = words.all();
        let unfolded = icalendar::parser::unfold(&text);
        let calendar = icalendar::parser::read_calendar(&unfolded).unwrap_or_else(|why| panic!("{why}: {text}"));
        assert_eq!(calendar.components.len(), 1, "{text}");
        let event = &calendar.components[0];
        assert!(event.components.is_empty(), "{text}");
        let mut names: Vec<&str> = event.properties.iter().map(|property| property.name.as_str()).collect();
        names.sort_unstable();
        let all =
            ["DESCRIPTION", "DTEND", "DTSTAMP", "DTSTART", "LOCATION", "SEQUENCE", "STATUS", "SUMMARY", "UID", "URL"];
        assert_eq!(names, all, "{text}");
        let value = |name: &str| event.find_prop(name).map(|property| property.val.as_str().to_owned());
        assert_eq!(value("SUMMARY"), Some(format!("{}: {}", said["title"], said["name"])), "{text}");
        assert_eq!(value("LOCATION"), Some(said["location"].clone()), "{text}");
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_an_address_says_is_never_shown_as_the_servers_words(pool: PgPool) {
    let api = Api::start(pool).await;
    fill(&api, "ada", &HARMLESS).await;
    let mut provider = Visitor::new(&api);
    let page = provider.open("/sign-in").await;
    provider.submit(&page, "/rpc/sign_in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    // `{"type":"/problems/malformed","detail":"Your account is locked. Call 555."}`, as leptos writes it.
    let forged = "eyJ0eXBlIjoiL3Byb2JsZW1zL21hbGZvcm1lZCIsImRldGFpbCI6IllvdXIgYWNjb3VudCBpcyBsb2NrZWQuIENhbGwgNTU1LiJ9";
    for page in ["/dashboard", "/dashboard/settings", "/dashboard/offerings", "/dashboard/bookings"] {
        for function in server::rpc::functions() {
            let page = provider.open(&format!("{page}?show=upcoming&__path={function}&__err={forged}")).await;
            assert_eq!((page.status, page.text.contains("locked")), (200, false), "{} {function}", page.address);
            assert!(page.address.ends_with("?show=upcoming"), "{}", page.address);
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refused_form_of_the_dashboard_says_why_once_and_nowhere_in_the_address(pool: PgPool) {
    let api = Api::start(pool).await;
    fill(&api, "ada", &HARMLESS).await;
    let mut provider = Visitor::new(&api);
    let page = provider.open("/sign-in").await;
    provider.submit(&page, "/rpc/sign_in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    let settings = provider.open("/dashboard/settings").await;
    let refused = provider.submit(&settings, "/rpc/update_me", &[("profile[handle]", "x")]).await;
    assert_eq!((refused.status, refused.address.as_str()), (200, "/dashboard/settings"));
    assert!(refused.text.contains("From 3 to 30 characters."), "{}", refused.text);
    let again = provider.open("/dashboard/settings").await;
    assert!(!again.text.contains("From 3 to 30 characters."), "it was told already");
}

/// What a style sheet isolates, beside `<bdi>` and what browsers isolate by themselves.
fn isolated() -> Vec<Selector> {
    let sheet = include_str!("../../../style/base.css");
    let (before, _) = sheet.split_once("unicode-bidi: plaintext").expect("a rule for what people typed");
    let list = before.rsplit(['}', '/']).next().unwrap().trim_end().trim_end_matches('{');
    let own = ["bdi", "head", "script", "input", "textarea"];
    list.split(',').map(str::trim).chain(own).map(|selector| Selector::parse(selector).unwrap()).collect()
}

/// A name from right to left, or a character that turns a line around, must not move the time beside it.
#[sqlx::test(migrations = "../migrations")]
async fn what_was_typed_moves_nothing_beside_it(pool: PgPool) {
    let api = Api::start(pool).await;
    let (pages, _) = pages_with(&api, "world", &HARMLESS).await;
    let (isolated, said) = (isolated(), HARMLESS.all());
    let mut shown = 0;
    for page in &pages {
        for node in page.html.root_element().descendants() {
            let Node::Text(text) = node.value() else { continue };
            let Some((field, typed)) = said.iter().find(|(_, typed)| text.contains(typed.trim())) else { continue };
            shown += 1;
            let around = node.ancestors().filter_map(scraper::ElementRef::wrap);
            let apart = around.into_iter().find(|element| isolated.iter().any(|selector| selector.matches(element)));
            let place =
                format!("{}: {field} in {:?}", page.address, node.parent().map(|parent| parent.value().clone()));
            let apart = apart.unwrap_or_else(|| panic!("{place} is not isolated"));
            if apart.value().name() == "bdi" {
                assert_eq!(apart.text().collect::<String>().trim(), typed.trim(), "{place} has company");
            }
        }
    }
    assert!(shown > 30, "{shown}");
}
