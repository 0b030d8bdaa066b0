//! Signing in by browser, what keeps an account's owner from being locked out, and forms that are not ours.

use futures::StreamExt;
use http::HeaderMap;
use serde_json::json;
use sqlx::PgPool;

use super::api::{Api, PASSWORD};

/// A browser's cookies, by name.
#[derive(Clone, Default)]
struct Jar(std::collections::BTreeMap<String, String>);

impl Jar {
    fn take(&mut self, headers: &HeaderMap) {
        for cookie in set_cookies(headers) {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.0.insert(name.into(), value.into());
        }
    }

    fn header(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn session(&self) -> &str {
        &self.0["eventide_session"]
    }
}

fn set_cookies(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect()
}

/// Who sends a form: a browser without scripts, unless told otherwise.
struct Sender<'a> {
    api: &'a Api,
    jar: Jar,
    headers: Vec<(&'static str, String)>,
}

impl<'a> Sender<'a> {
    fn new(api: &'a Api) -> Self {
        let headers = vec![("accept", "text/html".into()), ("sec-fetch-site", "same-origin".into())];
        Self { api, jar: Jar::default(), headers }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    async fn send(&self, function: &str, fields: &[(&str, &str)]) -> reqwest::Response {
        let mut request = self.api.http.post(format!("{}/rpc/{function}", self.api.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.header("cookie", self.jar.header());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(serde_urlencoded::to_string(fields).unwrap()).send().await.unwrap()
    }

    async fn page(&self, path: &str) -> reqwest::Response {
        let request = self.api.http.get(format!("{}{path}", self.api.base));
        request.header("cookie", self.jar.header()).send().await.unwrap()
    }

    /// The status, and the jar as it is afterwards.
    async fn sign_in(&mut self, handle: &str, password: &str) -> u16 {
        let email = format!("{handle}@example.com");
        let answer = self.send("sign_in", &[("email", &email), ("password", password)]).await;
        self.jar.take(answer.headers());
        match answer.headers().get("location").map(|to| to.to_str().unwrap()) {
            Some("/dashboard") => 200,
            _ => answer.status().as_u16(),
        }
    }

    /// The proof in the form of a page that goes to a server function.
    async fn proof(&self, path: &str, function: &str) -> String {
        let page = self.page(path).await.text().await.unwrap();
        let form = forms(&page).into_iter().find(|form| form.contains(&format!("\"/rpc/{function}\"")));
        proof_in(&form.unwrap_or_else(|| panic!("{path} has no form for {function}"))).expect("a proof")
    }

    async fn is_signed_in(&self) -> bool {
        let page = Sender { jar: self.jar.clone(), ..Sender::new(self.api) }.with("x-eventide-page", "1");
        page.with("accept", "application/json").send("whoami", &[]).await.status().as_u16() == 200
    }
}

/// Those that are sent to server functions.
fn forms(page: &str) -> Vec<String> {
    let forms = page.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap().to_owned());
    forms.filter(|form| form.split('>').next().unwrap().contains("\"/rpc/")).collect()
}

fn proof_in(form: &str) -> Option<String> {
    let input = form.split("<input").find(|input| input.contains("name=\"_proof\""))?;
    Some(input.split("value=\"").nth(1)?.split('"').next()?.to_owned())
}

async fn bio(api: &Api) -> String {
    let provider = api.call("GET", "/providers/{provider}").path("provider", "ada").send().await.expect(200);
    provider["bio"].as_str().unwrap().to_owned()
}

async fn ada_with_bio(api: &Api) {
    let ada = api.sign_up("ada").await;
    api.call("PATCH", "/me").token(&ada.token).json(&json!({"bio": "Analyst"})).send().await.expect(200);
}

/// `<form method=post action=/rpc/update_me><button name=profile[bio]>` in a page of our own, clicked.
#[sqlx::test(migrations = "../migrations")]
async fn a_form_smuggled_into_a_page_of_ours_changes_nothing(pool: PgPool) {
    let api = Api::start(pool).await;
    ada_with_bio(&api).await;
    let mut ada = Sender::new(&api).with("origin", &api.base);
    assert_eq!(ada.sign_in("ada", PASSWORD).await, 200);
    let injected: [&[(&str, &str)]; 4] = [
        &[("profile[bio]", "")],
        &[("profile[bio]", ""), ("_proof", "")],
        &[("profile[bio]", ""), ("_proof", &"0".repeat(64))],
        &[("profile[bio]", ""), ("_proof", "é")],
    ];
    for fields in injected {
        let answer = ada.send("update_me", fields).await;
        assert_eq!(answer.status().as_u16(), 403);
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        assert!(answer.text().await.unwrap().contains("<h1>Not allowed</h1>"));
    }
    let signed_out = ada.send("sign_out", &[]).await;
    assert_eq!(signed_out.status().as_u16(), 403);
    assert!(ada.is_signed_in().await);
    assert_eq!(bio(&api).await, "Analyst");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_form_of_ours_works_without_scripts_and_only_for_its_session(pool: PgPool) {
    let api = Api::start(pool).await;
    ada_with_bio(&api).await;
    let (mut ada, mut elsewhere) = (Sender::new(&api), Sender::new(&api));
    assert_eq!((ada.sign_in("ada", PASSWORD).await, elsewhere.sign_in("ada", PASSWORD).await), (200, 200));
    let proof = ada.proof("/dashboard/settings", "update_me").await;
    let stolen = elsewhere.send("update_me", &[("profile[bio]", "Stolen"), ("_proof", &proof)]).await;
    assert_eq!(stolen.status().as_u16(), 403);
    assert_eq!(bio(&api).await, "Analyst");
    let own = ada.send("update_me", &[("profile[bio]", "Countess"), ("_proof", &proof)]).await;
    assert_eq!((own.status().as_u16(), &own.headers()["location"]), (302, &"/dashboard/settings".parse().unwrap()));
    assert_eq!(bio(&api).await, "Countess");
    let proof = ada.proof("/ada", "sign_out").await;
    // A page of another session leads to the start page, and ends nothing.
    let old_page = elsewhere.send("sign_out", &[("_proof", &proof)]).await;
    assert_eq!((old_page.status().as_u16(), &old_page.headers()["location"]), (302, &"/".parse().unwrap()));
    assert!(elsewhere.is_signed_in().await);
    assert_eq!(ada.send("sign_out", &[("_proof", &proof)]).await.status().as_u16(), 302);
    assert!(!ada.is_signed_in().await);
}

/// Scripts say with a header that no form can send that they are a page's.
#[sqlx::test(migrations = "../migrations")]
async fn what_scripts_ask_for_needs_no_proof_but_their_header(pool: PgPool) {
    let api = Api::start(pool).await;
    ada_with_bio(&api).await;
    let mut ada = Sender::new(&api).with("accept", "application/json");
    assert_eq!(ada.sign_in("ada", PASSWORD).await, 200);
    let without = ada.send("update_me", &[("profile[bio]", "No")]).await;
    assert_eq!(without.status().as_u16(), 403);
    assert_eq!(without.json::<serde_json::Value>().await.unwrap(), json!({"type": "/problems/forbidden"}));
    let ada = ada.with("x-eventide-page", "1");
    assert_eq!(ada.send("update_me", &[("profile[bio]", "Yes")]).await.status().as_u16(), 200);
    // Another site's scripts could ask to send it, but not be let through.
    let foreign = Sender { jar: ada.jar.clone(), ..Sender::new(&api) }.with("x-eventide-page", "1");
    let foreign = foreign.with("sec-fetch-site", "cross-site");
    assert_eq!(foreign.send("update_me", &[("profile[bio]", "No")]).await.status().as_u16(), 403);
    assert_eq!(bio(&api).await, "Yes");
}

#[sqlx::test(migrations = "../migrations")]
async fn every_server_function_but_those_that_are_named_asks_for_a_proof(pool: PgPool) {
    let api = Api::start(pool).await;
    api.sign_up("ada").await;
    let mut ada = Sender::new(&api).with("accept", "application/json");
    assert_eq!(ada.sign_in("ada", PASSWORD).await, 200);
    let mut asking = 0;
    for (path, _) in leptos::server_fn::axum::server_fn_paths() {
        let function = path.strip_prefix("/rpc/").expect("server functions are under /rpc");
        if server::proof::OPEN.contains(&function) {
            continue;
        }
        asking += 1;
        assert_eq!(ada.send(function, &[]).await.status().as_u16(), 403, "{function}");
        assert_eq!(ada.page(path).await.status().as_u16(), 405, "GET {function}");
    }
    assert!(asking > 15, "{asking}");
    for other in ["nothing", "/update_me", "update_me/", "update%5Fme"] {
        assert_ne!(ada.send(other, &[("profile[bio]", "")]).await.status().as_u16(), 200, "{other}");
    }
    assert!(ada.is_signed_in().await);
}

#[sqlx::test(migrations = "../migrations")]
async fn every_form_of_a_signed_in_provider_carries_a_proof_of_its_session(pool: PgPool) {
    let api = Api::start(pool).await;
    let someone = api.sign_up("ada").await;
    api.open(&someone, "2026-11-23").await;
    let booked = api.call("POST", "/bookings").json(&super::api::booking("ada", "2026-11-23T10:00:00Z"));
    booked.send().await.expect(201);
    let mut ada = Sender::new(&api);
    assert_eq!(ada.sign_in("ada", PASSWORD).await, 200);
    assert_eq!(Sender::new(&api).sign_in("ada", PASSWORD).await, 200);
    let mut functions = std::collections::BTreeSet::new();
    for path in [
        "/dashboard",
        "/dashboard?week=2026-11-23",
        "/dashboard/bookings",
        "/dashboard/offerings",
        "/dashboard/settings",
        "/ada",
    ] {
        let page = ada.page(path).await.text().await.unwrap();
        for form in forms(&page) {
            let function = form.split("\"/rpc/").nth(1).unwrap().split('"').next().unwrap().to_owned();
            if server::proof::OPEN.contains(&function.as_str()) {
                continue;
            }
            let proof = proof_in(&form).unwrap_or_else(|| panic!("{path}: {function} has no proof"));
            assert!(service::proof::fits(&proof, ada.jar.session()), "{path}: {function}");
            functions.insert(function);
        }
    }
    for function in
        ["save_hours", "cancel_own_booking", "delete_offering", "change_password", "end_session", "sign_out"]
    {
        assert!(functions.contains(function), "{functions:?}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_sign_in_ends_the_session_that_came_with_it(pool: PgPool) {
    let api = Api::start(pool).await;
    api.sign_up("ada").await;
    let mut ada = Sender::new(&api);
    assert_eq!(ada.sign_in("ada", PASSWORD).await, 200);
    let before = Sender { jar: ada.jar.clone(), ..Sender::new(&api) };
    assert!(before.is_signed_in().await);
    assert_eq!(ada.sign_in("ada", PASSWORD).await, 200);
    assert!(ada.is_signed_in().await && !before.is_signed_in().await);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_password_is_changed_and_other_browsers_are_signed_out(pool: PgPool) {
    let api = Api::start(pool).await;
    api.sign_up("ada").await;
    let (mut ada, mut other) = (Sender::new(&api), Sender::new(&api));
    assert_eq!((ada.sign_in("ada", PASSWORD).await, other.sign_in("ada", PASSWORD).await), (200, 200));
    let ada = ada.with("accept", "application/json").with("x-eventide-page", "1");
    let change = async |old: &str, new: &str| {
        let answer = ada.send("change_password", &[("change[password]", old), ("change[new_password]", new)]).await;
        let status = answer.status().as_u16();
        (status, answer.json::<serde_json::Value>().await.unwrap()["errors"][0]["code"].as_str().map(str::to_owned))
    };
    for (old, new, code) in [
        ("not the password", "seventeen quiet owls", "wrong_credentials"),
        (PASSWORD, "password1234", "common"),
        (PASSWORD, "ada@example.com", "personal"),
        (PASSWORD, "short", "too_short"),
    ] {
        assert_eq!(change(old, new).await, (422, Some(code.into())));
    }
    assert!(other.is_signed_in().await);
    assert_eq!(change(PASSWORD, "seventeen quiet owls").await, (200, None));
    assert!(ada.is_signed_in().await && !other.is_signed_in().await);
    assert_eq!(Sender::new(&api).sign_in("ada", "seventeen quiet owls").await, 200);
    let old = api.call("POST", "/tokens").json(&json!({"email": "ada@example.com", "password": PASSWORD}));
    assert_eq!(old.send().await.status, 422);
}

#[sqlx::test(migrations = "../migrations")]
async fn sign_up_by_rest_has_the_rules_of_passwords(pool: PgPool) {
    let api = Api::start(pool).await;
    for (password, code) in [("1234567890", "common"), ("grace@example.com", "personal"), ("short", "too_short")] {
        let body = json!({"handle": "grace", "display_name": "Grace Hopper", "email": "grace@example.com",
            "password": password, "time_zone": "UTC"});
        let answer = api.call("POST", "/providers").json(&body).send().await.expect(422);
        assert_eq!((&answer["errors"][0]["field"], &answer["errors"][0]["code"]), (&json!("password"), &json!(code)));
    }
}

const LIMITED: [&str; 4] = ["--rate-limit", "on", "--trust-proxy", "on"];

/// The status of making a token from an address.
async fn token(api: &Api, address: &str, password: &str) -> u16 {
    let body = json!({"email": "ada@example.com", "password": password});
    api.call("POST", "/tokens").header("x-forwarded-for", address).json(&body).send().await.status
}

/// Passwords are looked at one after another in the whole process: those of other tests must not wait behind all.
async fn few_at_once(guesses: impl Iterator<Item = impl Future<Output = u16>>) -> Vec<u16> {
    futures::stream::iter(guesses).buffered(3).collect().await
}

#[sqlx::test(migrations = "../migrations")]
async fn who_guesses_a_password_does_not_keep_its_owner_out(pool: PgPool) {
    let api = Api::start_with(pool, &LIMITED).await;
    api.sign_up("ada").await;
    let guesses = (0..60).map(|n| token(&api, "198.51.100.66", if n % 2 == 0 { "a wrong password" } else { PASSWORD }));
    let guessed = few_at_once(guesses).await;
    assert!(guessed.iter().filter(|status| **status == 429).count() > 30, "{guessed:?}");
    for _ in 0..12 {
        assert_eq!(token(&api, "203.0.113.9", PASSWORD).await, 201);
    }
    let mut owner = Sender::new(&api).with("x-forwarded-for", "203.0.113.10");
    for _ in 0..12 {
        assert_eq!(owner.sign_in("ada", PASSWORD).await, 200);
    }
    // From the guesser's own network too, in a browser that is known.
    let mut here = Sender { jar: owner.jar.clone(), ..Sender::new(&api).with("x-forwarded-for", "198.51.100.66") };
    assert_eq!(here.sign_in("ada", PASSWORD).await, 200);
}

#[sqlx::test(migrations = "../migrations")]
async fn many_guessers_are_bounded_and_keep_no_known_browser_out(pool: PgPool) {
    let api = Api::start_with(pool, &LIMITED).await;
    api.sign_up("ada").await;
    let mut owner = Sender::new(&api).with("x-forwarded-for", "203.0.113.10");
    assert_eq!(owner.sign_in("ada", PASSWORD).await, 200);
    let addresses: Vec<String> = (0..40).map(|n| format!("198.51.100.{n}")).collect();
    let guesses = addresses.iter().flat_map(|address| (0..10).map(|_| token(&api, address, "a wrong password")));
    let guessed = few_at_once(guesses).await;
    let looked_at = guessed.iter().filter(|status| **status == 422).count();
    assert!(looked_at >= 299 && guessed.contains(&429), "{looked_at}");
    // On a slow machine a guess or two more may have become free meanwhile.
    let mut strangers = (0..50).map(|n| format!("192.0.2.{n}"));
    while token(&api, &strangers.next().expect("strangers are let through"), "a wrong password").await != 429 {}
    assert_eq!(token(&api, "203.0.113.10", PASSWORD).await, 201, "the owner's network");
    let mut travelling = Sender { jar: owner.jar.clone(), ..Sender::new(&api).with("x-forwarded-for", "192.0.2.78") };
    assert_eq!(travelling.sign_in("ada", PASSWORD).await, 200, "the owner's browser, elsewhere");
}

#[sqlx::test(migrations = "../migrations")]
async fn cookies_have_their_prefix_where_people_come_by_https(pool: PgPool) {
    let api = Api::start_with(pool, &["--rate-limit", "off", "--base-url", "https://book.example.com"]).await;
    api.sign_up("ada").await;
    let browser = Sender::new(&api);
    let wrong = browser.send("sign_in", &[("email", "ada@example.com"), ("password", "a wrong password")]).await;
    let draft = set_cookies(wrong.headers());
    assert!(draft[0].starts_with("__Secure-eventide_flash_0=") && draft[0].ends_with("; Secure"), "{draft:?}");
    assert!(
        draft.iter().all(|cookie| cookie.starts_with("__Secure-") && cookie.contains("; Path=/sign-in; HttpOnly; "))
    );
    // It is read under that name again.
    let mut reader = Sender::new(&api);
    reader.jar.take(wrong.headers());
    assert!(reader.page("/sign-in").await.text().await.unwrap().contains("There is no account with this e-mail"));

    let right = browser.send("sign_in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    let cookies = set_cookies(right.headers());
    let find = |name: &str| *cookies.iter().find(|cookie| cookie.starts_with(name)).expect(name);
    let session = find("__Host-eventide_session=");
    assert!(session.contains("; Path=/; HttpOnly; SameSite=Lax; ") && session.ends_with("; Secure"), "{session}");
    let device = find("__Secure-eventide_device=");
    assert!(device.contains("; Path=/rpc; HttpOnly; SameSite=Lax; ") && device.ends_with("; Secure"), "{device}");
}

/// What the log says while `what` is done; on the thread of the test, where the server of the test runs too.
async fn logged(what: impl Future<Output = ()>) -> Vec<serde_json::Value> {
    // While there is but one in the process, tracing asks the thread that first comes by an event, another test's
    // perhaps, whether anybody wants such events at all.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let lines = Lines::default();
    let writer = lines.clone();
    let log =
        tracing_subscriber::fmt().json().with_max_level(tracing::Level::DEBUG).with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(log.finish());
    what.await;
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[derive(Clone, Default)]
struct Lines(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn sign_ins_failures_and_refusals_are_logged_without_secrets(pool: PgPool) {
    let api = Api::start_with(pool, &LIMITED).await;
    let someone = api.sign_up("ada").await;
    let mut ada = Sender::new(&api).with("x-forwarded-for", "203.0.113.9");
    let mut secrets = vec![PASSWORD.to_owned(), "incorrect donkey".into(), "example.com".into(), someone.token.clone()];
    let lines = logged(async {
        assert_eq!(ada.sign_in("ada", PASSWORD).await, 200);
        for _ in 0..12 {
            token(&api, "198.51.100.66", "incorrect donkey").await;
        }
        Sender::new(&api).with("x-forwarded-for", "198.51.100.67").sign_in("nobody", "incorrect donkey").await;
        ada.send("update_me", &[("profile[bio]", "")]).await;
        let page = Sender { jar: ada.jar.clone(), ..Sender::new(&api) };
        let page = page.with("accept", "application/json").with("x-eventide-page", "1");
        page.send("change_password", &[("change[password]", PASSWORD), ("change[new_password]", "quiet owls 17")])
            .await;
        page.send("end_other_sessions", &[]).await;
    })
    .await;
    secrets.extend(ada.jar.0.values().filter(|value| !value.is_empty()).cloned());
    let audit: Vec<_> = lines.iter().filter(|line| line["target"] == "audit").map(|line| &line["fields"]).collect();
    let find = |event: &str, key: &str, value: &str| {
        audit.iter().find(|fields| fields["event"] == event && fields[key] == value).copied()
    };
    let by_ada = find("signed_in", "address", "203.0.113.9").expect("the sign-in");
    assert_eq!(by_ada["provider_id"], json!(someone.id));
    let failed = find("sign_in_failed", "address", "198.51.100.66").expect("the failure");
    assert_eq!(failed["provider_id"], json!(someone.id));
    let for_nobody = find("sign_in_failed", "address", "198.51.100.67").expect("the failure for nobody");
    assert!(for_nobody.get("provider_id").is_none() && for_nobody["account"].as_str().unwrap().len() == 16);
    assert_eq!(find("refused", "why", "too_many_passwords").expect("the refusal")["address"], "198.51.100.66");
    assert_eq!(find("refused", "why", "without_proof").expect("the refusal")["function"], "/rpc/update_me");
    for event in ["password_changed", "sessions_ended"] {
        assert!(find(event, "provider_id", &someone.id).is_some(), "{event}: {audit:#?}");
    }
    let text = serde_json::to_string(&lines).unwrap();
    for secret in secrets.iter().chain([&"quiet owls 17".to_owned()]) {
        assert!(!text.contains(secret.as_str()), "{secret} in {text}");
    }
}
