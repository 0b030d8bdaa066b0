//! What is around the API: pages of problems, the docs, health, and paths that do not exist.

use serde_json::{Value, json};
use sqlx::PgPool;

use axum::Router;
use axum::body::to_bytes;
use axum::middleware::from_fn_with_state;
use axum::routing::get as on_get;
use server::{AppState, Config, middleware};
use service::{Clock, Services};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::api::Api;
use super::headers::assert_usual;

async fn get(api: &Api, path: &str) -> (u16, String, String) {
    let response = api.http.get(format!("{}{path}", api.base)).send().await.unwrap();
    let kind = response.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
    (response.status().as_u16(), kind, response.text().await.unwrap())
}

#[sqlx::test(migrations = "../migrations")]
async fn every_type_of_problem_has_a_page_that_explains_it(pool: PgPool) {
    let api = Api::start(pool).await;
    let (status, _, index) = get(&api, "/problems").await;
    assert_eq!(status, 200);
    for kind in &domain::problem::PROBLEM_TYPES {
        let path = format!("/problems/{}", kind.slug);
        assert!(index.contains(&path));
        let (status, content_type, page) = get(&api, &path).await;
        assert_eq!((status, content_type.as_str()), (200, "text/html; charset=utf-8"));
        assert!(page.contains(kind.title) && page.contains(kind.explanation), "{path}");
    }
    assert_eq!(get(&api, "/problems/bogus").await.0, 404);
    assert_eq!(get(&api, "/problems/style.css").await.1, "text/css; charset=utf-8");
}

#[sqlx::test(migrations = "../migrations")]
async fn unknown_paths_and_methods_of_the_api_are_problems_too(pool: PgPool) {
    let api = Api::start(pool).await;
    for path in ["/api", "/api/v1", "/api/v2/me", "/api/v1/nothing", "/api/v1/bookings/"] {
        let (status, kind, text) = get(&api, path).await;
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, kind.as_str()), (404, "application/problem+json"), "{path}");
        assert_eq!(document["type"], "/problems/not-found", "{path}");
    }
    let response = api.http.put(format!("{}/api/v1/availability/ada/live", api.base)).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (405, &"application/problem+json".parse().unwrap())
    );
    let response = api.http.put(format!("{}/api/v1/bookings", api.base)).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (405, &"application/problem+json".parse().unwrap())
    );
    let allowed = response.headers()["allow"].to_str().unwrap().to_owned();
    assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
    let document: Value = response.json().await.unwrap();
    assert_eq!((&document["type"], &document["status"]), (&json!("about:blank"), &json!(405)));
}

#[sqlx::test(migrations = "../migrations")]
async fn head_answers_like_get_without_a_body(pool: PgPool) {
    let api = Api::start(pool).await;
    for (path, status) in [("/api/v1/openapi.json", 200), ("/api/v1/providers/nobody", 404)] {
        let response = api.http.head(format!("{}{path}", api.base)).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert!(response.bytes().await.unwrap().is_empty());
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_docs_load_nothing_from_elsewhere(pool: PgPool) {
    let api = Api::start(pool).await;
    let response = api.http.get(format!("{}/api/docs/", api.base)).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    let page = response.text().await.unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    assert!(!page.contains("<script>"), "an inline script: {page}");
    let (status, kind, script) = get(&api, "/api/docs/swagger-initializer.js").await;
    assert_eq!(status, 200, "{kind}");
    assert!(script.contains("/api/v1/openapi.json"), "{script}");
    assert_eq!(get(&api, "/api/docs/swagger-ui-bundle.js").await.0, 200);
    assert_eq!(get(&api, "/api/docs").await.0, 303);
}

#[sqlx::test(migrations = "../migrations")]
async fn names_that_nobody_can_have_are_not_found_at_every_door(pool: PgPool) {
    let api = Api::start(pool).await;
    for name in ["%00", "%ff", "a%00b", "%F0%9F%98%80", &"x".repeat(5000)] {
        for path in
            [format!("/{name}"), format!("/api/v1/availability/{name}/live"), format!("/api/v1/providers/{name}")]
        {
            let status = get(&api, &path).await.0;
            assert!([400, 404].contains(&status), "{status} {path}");
        }
    }
    let answer = api.rpc("guest_page", &[("handle", "\0"), ("zone", "")]).await;
    assert_eq!(answer.status().as_u16(), 404);
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_are_not_kept_by_caches(pool: PgPool) {
    let api = Api::start(pool).await;
    api.sign_up("ada").await;
    for path in [
        "/",
        "/ada?start=2026-11-23T09:00:00Z",
        "/nobody",
        "/sign-in",
        "/dashboard",
        "/bookings/x?key=y",
        "/no/such/page",
    ] {
        let response = api.http.get(format!("{}{path}", api.base)).send().await.unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
    }
    let answer = api.rpc("guest_page", &[("handle", "ada"), ("zone", "")]).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
}

/// Leptos lists an app's routes with one flag for the whole process, see `PAGES` in `server/src/pages.rs`.
#[sqlx::test(migrations = "../migrations")]
async fn servers_of_one_process_start_side_by_side_and_all_show_pages(pool: PgPool) {
    let (_, config) = Config::read(["eventide".into()]).ok().unwrap();
    let start = || {
        let services = Services::new(pool.clone(), Clock::system());
        AppState::new(services, config.clone(), CancellationToken::new())
    };
    let servers: Vec<_> =
        (0..64).map(|_| start()).map(|state| tokio::task::spawn_blocking(|| server::router(state))).collect();
    for server in servers {
        let request = http::Request::get("/sign-in").body(axum::body::Body::empty()).unwrap();
        let answer = server.await.expect("a router is made").oneshot(request);
        let answer = tokio::time::timeout(std::time::Duration::from_secs(60), answer).await.expect("a page is shown");
        assert_eq!(answer.unwrap().status().as_u16(), 200);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn ready_means_that_the_database_answers_and_is_migrated(pool: PgPool) {
    let api = Api::start(pool.clone()).await;
    assert_eq!(get(&api, "/healthz").await.0, 200);
    assert_eq!(get(&api, "/readyz").await.0, 200);
    pool.close().await;
    let response = api.http.get(format!("{}/readyz", api.base)).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(get(&api, "/healthz").await.0, 200);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_database_that_is_gone_is_unavailable_and_not_an_internal_error(pool: PgPool) {
    let api = Api::start(pool.clone()).await;
    pool.close().await;
    let answer = api.call("GET", "/providers").send().await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_panic_is_answered_with_500_and_the_request_id(pool: PgPool) {
    let (_, config) = Config::read(["eventide".into()]).ok().unwrap();
    let state = AppState::new(Services::new(pool, Clock::system()), config, CancellationToken::new());
    let panicking = on_get(|| async {
        if true {
            panic!("a secret cause")
        }
    });
    let router: Router = Router::new()
        .route("/", panicking)
        .layer(from_fn_with_state(state.clone(), middleware::layer))
        .with_state(state);
    let request =
        http::Request::get("/").header("x-request-id", "from-outside-1").body(axum::body::Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-request-id"]),
        (500, &"from-outside-1".parse().unwrap())
    );
    assert_usual(response.headers(), "after a panic");
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    let document: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&document["type"], &document["request_id"]), (&json!("/problems/internal"), &json!("from-outside-1")));
    assert!(!String::from_utf8_lossy(&body).contains("secret"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_handle_that_was_given_up_leads_on_to_the_new_one(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    let rename =
        |handle: &str| api.call("PATCH", "/me").token(&ada.token).json(&serde_json::json!({"handle": handle})).send();
    rename("lovelace").await.expect(200);
    for (method, asked, leads_to) in [
        ("GET", "/ada", "/lovelace"),
        ("HEAD", "/ada", "/lovelace"),
        (
            "GET",
            "/ada?offering=class&tz=Europe%2FParis&x=%0d%0aSet-Cookie:a",
            "/lovelace?offering=class&tz=Europe%2FParis&x=%0d%0aSet-Cookie:a",
        ),
    ] {
        let request = api.http.request(method.parse().unwrap(), format!("{}{asked}", api.base));
        let answer = request.header("accept", "text/html").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 302, "{method} {asked}");
        assert_eq!(answer.headers()["location"], leads_to);
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    let profile = api.call("GET", "/providers/{provider}").path("provider", "ada").send().await.expect(200);
    assert_eq!(profile["handle"], "lovelace");
    // Programs that name it in a path or a body are not led: they go on as they are.
    let openings = api.call("GET", "/availability/{id}").path("id", "ada").send().await.expect(200);
    assert_eq!(openings["provider_id"], ada.id.as_str());

    let status = async |path: &str| {
        let answer = api.http.get(format!("{}{path}", api.base)).header("accept", "text/html").send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!((status("/lovelace").await, status("/nobody").await, status("/sign-in").await), (200, 404, 200));
    rename("ada").await.expect(200);
    assert_eq!((status("/ada").await, status("/lovelace").await), (200, 302));
}
