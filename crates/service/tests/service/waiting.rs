//! What happens when Postgres lets us wait: the answer comes in time, and nothing is left in disorder.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use domain::{Effect, Problem};
use futures::future::join_all;
use service::idempotency::{IdempotencyKey, Repeatable};
use service::{Clock, Db, Error, Services, availability, bookings, offerings, providers};
use sqlx::PgPool;

use super::house::{NOW, at, guest, house, new_provider, one_off};

/// A request's promise.
const AT_MOST: Duration = Duration::from_secs(5);

async fn db(pool: &PgPool, most: u32) -> Db {
    Db::connect(PgPool::connect_options(pool).as_ref().clone(), most).await.unwrap()
}

async fn number(db: &Db, sql: &'static str) -> sqlx::Result<i32> {
    sqlx::query_scalar(sql).fetch_one(db).await
}

fn is_unavailable(error: Error) -> bool {
    error.into_problem("test") == Problem::Unavailable
}

/// Ends all sessions of this database but the one that asks, as a Postgres does that is restarted.
async fn end_sessions(pool: &PgPool) {
    sqlx::query(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .execute(pool)
    .await
    .unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn connections_have_limits_of_their_own(pool: PgPool) {
    let db = db(&pool, 2).await;
    for (name, limit) in
        [("lock_timeout", "3s"), ("statement_timeout", "4s"), ("idle_in_transaction_session_timeout", "10s")]
    {
        let found: String = sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(&db).await.unwrap();
        assert_eq!(found, limit, "{name}");
    }
    let mut long = db.begin_long().await.unwrap();
    let found: String = sqlx::query_scalar("show statement_timeout").fetch_one(&mut *long).await.unwrap();
    assert_eq!(found, "5min");
    long.commit().await.unwrap();
    let found: String = sqlx::query_scalar("show statement_timeout").fetch_one(&db).await.unwrap();
    assert_eq!(found, "4s", "for that transaction only");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_lock_that_is_held_makes_a_booking_unavailable_and_its_retry_is_one_booking(pool: PgPool) {
    let h = house(pool.clone()).await;
    let open = one_off(Effect::Open, "2027-03-02T09:00:00Z", "2027-03-02T17:00:00Z");
    availability::create(&h.s, &h.actor, open, None).await.unwrap();
    let s = Services::new(db(&pool, 8).await, Clock::fixed(at(NOW)));
    let key = |n: usize| IdempotencyKey::parse(&format!("key-{n}")).unwrap();
    let book = async |n: usize| {
        let wanted = domain::NewBooking {
            provider: "ada".into(),
            offering_id: None,
            start: at("2027-03-02T09:00:00Z") + chrono::TimeDelta::minutes(30 * n as i64),
            duration_minutes: 30,
            guest: guest("Grace"),
        };
        bookings::book(
            &s,
            &service::Actor::Anonymous,
            wanted,
            Some(Repeatable { key: key(n), body_hash: [n as u8; 32], network: None }),
        )
        .await
    };
    // In memory by now.
    providers::profile(&s, "ada").await.unwrap();

    let mut holder = pool.begin().await.unwrap();
    sqlx::query("select 1 from calendar for update").execute(&mut *holder).await.unwrap();
    let began = Instant::now();
    for refused in join_all((0..4).map(&book)).await {
        assert!(is_unavailable(refused.err().expect("refused")));
    }
    assert!(began.elapsed() < AT_MOST, "{:?}", began.elapsed());
    holder.rollback().await.unwrap();

    for n in 0..4 {
        let first = book(n).await.unwrap();
        assert_eq!(book(n).await.unwrap().booking.booking_id, first.booking.booking_id);
    }
    let count: i64 = sqlx::query_scalar("select count(*) from booking").fetch_one(&pool).await.unwrap();
    assert_eq!(count, 4);
}

/// One load a calendar at a time: those who wait for it must not each wait for one of their own.
#[sqlx::test(migrations = "../../migrations")]
async fn who_waited_for_a_load_that_failed_is_told_so_at_once(pool: PgPool) {
    house(pool.clone()).await;
    let s = Services::new(db(&pool, 8).await, Clock::fixed(at(NOW)));
    let provider_id = providers::resolve(&s, "ada").await.unwrap();
    let s = Services::new(s.pool.clone(), Clock::fixed(at(NOW)));
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("lock table availability in access exclusive mode").execute(&mut *holder).await.unwrap();
    let began = Instant::now();
    let asked = (0..50).map(|_| service::snapshot::current(&s, provider_id));
    for refused in join_all(asked).await {
        assert!(is_unavailable(refused.err().expect("refused")));
    }
    assert!(began.elapsed() < AT_MOST, "{:?}", began.elapsed());
    holder.rollback().await.unwrap();
    service::snapshot::current(&s, provider_id).await.unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn waiting_for_a_connection_has_an_end_and_is_no_reason_to_refuse_others(pool: PgPool) {
    let db = db(&pool, 1).await;
    let held = db.begin().await.unwrap();
    let began = Instant::now();
    let refused = number(&db, "select 1").await.expect_err("there is but one");
    assert!(is_unavailable(refused.into()) && began.elapsed() < AT_MOST, "{:?}", began.elapsed());
    // Its own time is over too, though others may have been refused before: where Postgres was slow to say that it is
    // there, nobody waits on.
    tokio::time::sleep_until((began + AT_MOST).into()).await;
    assert!(held.commit().await.is_err());
    assert_eq!(number(&db, "select 2").await.unwrap(), 2);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_statement_that_was_cancelled_does_not_answer_the_next_question(pool: PgPool) {
    let db = db(&pool, 1).await;
    let before = number(&db, "select pg_backend_pid()").await.unwrap();
    let slow = number(&db, "select 13 from pg_sleep(1)");
    assert!(tokio::time::timeout(Duration::from_millis(100), slow).await.is_err());
    assert_eq!(number(&db, "select 42").await.unwrap(), 42);
    assert_ne!(number(&db, "select pg_backend_pid()").await.unwrap(), before, "a connection of its own");
}

/// Dropped after each number of steps: wherever it was, no connection is given back within a transaction.
#[sqlx::test(migrations = "../../migrations")]
async fn a_transaction_that_is_cancelled_half_way_is_not_given_to_the_next(pool: PgPool) {
    let db = db(&pool, 1).await;
    for steps in 1..12 {
        let mut work = Box::pin(async {
            let mut tx = db.begin().await?;
            sqlx::query("create temporary table left_behind (n int)").execute(&mut *tx).await?;
            tx.commit().await
        });
        let mut left = steps;
        poll_fn(|context| {
            left -= 1;
            if work.as_mut().poll(context).is_ready() || left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        drop(work);
        sqlx::query("drop table if exists pg_temp.left_behind").execute(&db).await.unwrap();
        // A connection that was closed ends its transaction, as soon as Postgres notices.
        let open = "select count(*)::int from pg_stat_activity
                    where datname = current_database() and state like 'idle in transaction%'";
        let began = Instant::now();
        while number(&db, open).await.unwrap() != 0 {
            assert!(began.elapsed() < AT_MOST, "a transaction stays open after {steps} steps");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn connections_that_have_died_are_not_handed_out_once_it_is_known(pool: PgPool) {
    let db = Arc::new(db(&pool, 12).await);
    // All of them open, and lately used.
    let all = join_all((0..12).map(|_| number(&db, "select 1 from pg_sleep(0.2)"))).await;
    assert!(all.iter().all(Result::is_ok));
    end_sessions(&pool).await;
    // The canary: whoever listens for notifications is the first to notice.
    db.distrust();
    let all = join_all((0..12).map(|n| {
        let db = db.clone();
        async move { (n, number(&db, "select 1").await) }
    }));
    for (n, answer) in all.await {
        assert_eq!(answer.unwrap(), 1, "{n}");
    }
}

/// And where nobody listens: a transaction begins on another connection, as often as it takes to find one alive.
#[sqlx::test(migrations = "../../migrations")]
async fn a_dead_connection_does_not_fail_a_transaction_that_begins(pool: PgPool) {
    let db = db(&pool, 6).await;
    let all = join_all((0..6).map(|_| number(&db, "select 1 from pg_sleep(0.2)"))).await;
    assert!(all.iter().all(Result::is_ok));
    end_sessions(&pool).await;
    for _ in 0..6 {
        db.begin().await.unwrap().commit().await.unwrap();
    }
}

/// As after a failover: the server that was asked only reads by now.
#[sqlx::test(migrations = "../../migrations")]
async fn a_server_that_only_reads_is_unavailable_and_left(pool: PgPool) {
    let h = house(pool.clone()).await;
    let db = db(&pool, 1).await;
    let s = Services::new(db.clone(), Clock::fixed(at(NOW)));
    sqlx::query("set default_transaction_read_only = on").execute(&db).await.unwrap();
    let refused = providers::sign_up(&s, new_provider("ben"), None).await.err().expect("refused");
    assert!(is_unavailable(refused));
    providers::sign_up(&s, new_provider("ben"), None).await.expect("on a new connection");
    assert_eq!(offerings::list(&s, &h.actor, "ada").await.unwrap().len(), 1);
}
