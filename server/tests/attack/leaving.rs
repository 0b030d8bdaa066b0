//! Who leaves while a page is made takes nothing along and leaves nothing behind.

use serde_json::json;
use sqlx::PgPool;

use super::leaver::{ask_and_leave, call, page, rest};
use super::process::Server;

const LEAVERS: usize = 2_000;

#[sqlx::test(migrations = "../migrations")]
async fn guests_who_leave_while_a_page_is_made_block_nothing_and_cause_no_panic(pool: PgPool) {
    let server = Server::start(&pool, &[("EVENTIDE_RATE_LIMIT", "off")]).await;
    let http = reqwest::Client::new();
    let base = format!("http://{}", server.addr);
    let account = json!({"handle": "ada", "display_name": "Ada", "email": "ada@example.com",
        "password": "a long enough password", "time_zone": "Europe/Paris"});
    let made = http.post(format!("{base}/api/v1/providers")).json(&account).send().await.unwrap();
    assert_eq!(made.status().as_u16(), 201);

    let requests = [
        // Of REST, what asks the database: such a statement is not broken off, which would cost its connection.
        rest("/api/v1/providers?search=a"),
        rest("/api/v1/availability/nobody-at-all"),
        page("/ada"),
        page("/ada?duration=60"),
        page("/"),
        page("/sign-in"),
        page("/bookings/x?key=y"),
        page("/no/such/page"),
        call("guest_page", "handle=ada&zone="),
        call("current_viewer", ""),
    ];
    ask_and_leave(server.addr, &requests, LEAVERS / 10, 32).await.unwrap();
    let before = server.resident_kib();
    let sessions = sessions(&pool).await;
    ask_and_leave(server.addr, &requests, LEAVERS, 32).await.unwrap();

    // Were a thread lost, some of these would wait for ever.
    let asked = (0..64).map(|_| http.get(format!("{base}/sign-in")).timeout(super::process::PATIENCE).send());
    for answer in futures::future::join_all(asked).await {
        assert_eq!(answer.unwrap().status().as_u16(), 200);
    }
    let opened = self::sessions(&pool).await - sessions;
    assert!(opened < 64, "{opened} connections to Postgres were made anew");
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB more");
    let panics: Vec<_> = server.log().into_iter().filter(|line| line["fields"]["message"] == "a panic").collect();
    assert!(panics.is_empty(), "{panics:#?}");
    assert!(server.stop().await, "it stops within its grace");
}

/// How many connections there have been to this database.
async fn sessions(pool: &PgPool) -> i64 {
    let sessions = "select sessions from pg_stat_database where datname = current_database()";
    sqlx::query_scalar(sessions).fetch_one(pool).await.unwrap()
}
