//! What every answer carries, whoever gave it.

use http::HeaderMap;
use sqlx::PgPool;

use super::api::Api;

/// Of every kind there is: REST (found, refused, unknown), pages, files, docs, health, the live socket's refusal.
const PATHS: [(&str, u16); 13] = [
    ("/api/v1/providers", 200),
    ("/api/v1/availability/ada", 200),
    ("/api/v1/providers/nobody", 404),
    ("/api/v1/me", 401),
    ("/api/v1/providers?bogus=1", 422),
    ("/api/v1/nothing", 404),
    ("/api/v1/availability/nobody/live", 404),
    ("/api/docs/", 200),
    ("/problems/not-found", 200),
    ("/healthz", 200),
    ("/robots.txt", 200),
    ("/sign-in", 200),
    ("/no/such/page", 404),
];

pub fn assert_usual(headers: &HeaderMap, place: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
        ("x-permitted-cross-domain-policies", "none"),
    ] {
        assert_eq!(headers.get_all(name).iter().collect::<Vec<_>>(), [value], "{name} {place}");
    }
    assert_eq!(headers.get_all("content-security-policy").iter().count(), 1, "{place}");
    assert_eq!(headers.get_all("x-request-id").iter().count(), 1, "{place}");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_usual_headers_are_on_every_kind_of_answer(pool: PgPool) {
    let api = Api::start(pool).await;
    api.sign_up("ada").await;
    for (path, status) in PATHS {
        let response = api.http.get(format!("{}{path}", api.base)).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_usual(response.headers(), path);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn answers_are_packed_for_those_who_ask_and_say_so_to_caches(pool: PgPool) {
    let api = Api::start(pool).await;
    let ada = api.sign_up("ada").await;
    api.open(&ada, "2026-11-23").await;
    for path in ["/api/v1/availability/ada", "/sign-in", "/no/such/page", "/problems/not-found"] {
        for (accepted, coding) in
            [(None, None), (Some("gzip"), Some("gzip")), (Some("br"), Some("br")), (Some("x"), None)]
        {
            let mut request = api.http.get(format!("{}{path}", api.base));
            if let Some(accepted) = accepted {
                request = request.header("accept-encoding", accepted);
            }
            let response = request.send().await.unwrap();
            let headers = response.headers();
            let told = headers.get("content-encoding").map(|value| value.to_str().unwrap());
            assert_eq!(told, coding, "{path} {accepted:?}");
            assert_eq!(headers.get_all("vary").iter().collect::<Vec<_>>(), ["accept-encoding"], "{path} {accepted:?}");
        }
    }
}
