//! Told to stop, it stops.

use std::time::{Duration, Instant};

use sqlx::PgPool;

use super::process::{Server, awaited};

#[sqlx::test(migrations = "../migrations")]
async fn told_twice_it_stops_at_once_whatever_it_waits_for(pool: PgPool) {
    let server = Server::start(&pool, &[]).await;
    // A request that cannot be answered.
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("lock table provider in access exclusive mode").execute(&mut *lock).await.unwrap();
    let url = format!("http://{}/api/v1/providers", server.addr);
    let waiting = tokio::spawn(async move { reqwest::get(url).await.map(|_| ()) });
    let is_held = "select count(*) > 0 from pg_locks where not granted and relation = 'provider'::regclass";
    while !sqlx::query_scalar::<_, bool>(is_held).fetch_one(&mut *lock).await.unwrap() {}

    server.tell_to_stop();
    awaited("it says so", || server.log().iter().any(|line| line["fields"]["message"] == "stopping").then_some(()))
        .await;
    let told = Instant::now();
    server.tell_to_stop();
    assert!(!server.ended().await.success(), "it did not end in good order");
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
    assert!(waiting.await.unwrap().is_err());
}
