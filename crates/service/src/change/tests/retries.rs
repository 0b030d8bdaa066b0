//! What Postgres asks to be done again is done again: shown here once, for every verb there is.

use super::*;

const REPEATABLE_READ: &[(&str, &str)] = &[("default_transaction_isolation", "repeatable read")];

fn code(error: &Error) -> Option<String> {
    match error {
        Error::Database(sqlx::Error::Database(error)) => error.code().map(|code| code.into_owned()),
        _ => None,
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_change_that_waited_for_another_and_could_not_be_serialized_is_made_after_it(pool: PgPool) {
    let shop = Shop::new(pool.clone()).await;
    let strict = shop.node(REPEATABLE_READ).await;
    let (gate, runs) = (Gate::new(), Runs::default());
    let (first, second) = (&repeatable("first", 1), &repeatable("second", 2));
    let claim = |repeat| Claim::new(repeat, shop.provider_id, "tests");

    let holder = async {
        let claim = claim(first);
        let done = change(&shop.s, shop.provider_id, Some(&claim), async |mut tx: CalendarTx| {
            stop_offering(&mut tx, &shop).await?;
            gate.pass().await;
            Ok(tx.done("first".to_owned()))
        });
        done.await.unwrap()
    };
    let waiter = async {
        gate.reached().await;
        let claim = claim(second);
        let waiting = change(&strict, shop.provider_id, Some(&claim), async |mut tx: CalendarTx| {
            runs.next();
            assert!(tx.is_retry, "the first attempt failed at the lock");
            tx.tell(event(&shop, "SECOND"));
            let snapshot = tx.snapshot().await?;
            assert_eq!(snapshot.version, 1, "judged by what the other has left");
            assert!(!snapshot.calendar.offerings[0].active);
            Ok(tx.done("second".to_owned()))
        });
        waiting.await.unwrap()
    };
    let seen = async {
        until_waiting(&pool, 1).await;
        gate.open();
    };
    let (first, second, ()) = tokio::join!(holder, waiter, seen);
    assert_eq!((first.as_str(), second.as_str()), ("first", "second"));
    assert_eq!(runs.count(), 1);
    let state = shop.state().await;
    assert_eq!((state.version, state.outbox, state.keys), (2, 1, 2));
    shop.assert_gapless().await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_verb_that_could_not_be_serialized_runs_again_and_is_written_once(pool: PgPool) {
    let shop = Shop::new(pool.clone()).await;
    let strict = shop.node(REPEATABLE_READ).await;
    let runs = Runs::default();
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("update offering set title = 'Meanwhile'").execute(&mut *holder).await.unwrap();
    let verb = async {
        let done = change(&strict, shop.provider_id, None, async |mut tx: CalendarTx| {
            runs.next();
            tx.tell(event(&shop, "ONCE"));
            stop_offering(&mut tx, &shop).await?;
            Ok(tx.done(()))
        });
        done.await.unwrap();
    };
    let other = async {
        until_waiting(&pool, 1).await;
        holder.commit().await.unwrap();
    };
    tokio::join!(verb, other);
    assert_eq!(runs.count(), 2);
    let state = shop.state().await;
    assert_eq!((state.version, state.outbox, state.inactive), (1, 1, 1));
    shop.assert_gapless().await;
    let offering = store::offerings::list(&shop.s.pool, shop.provider_id).await.unwrap().remove(0);
    assert_eq!(offering.details.title, "Meanwhile", "what was committed first stays");
}

/// The other waits for the calendar before the verb asks for what the other holds: so it is the verb's session that
/// closes the ring, finds it and is ended, and no other.
#[sqlx::test(migrations = "../../migrations")]
async fn a_change_that_postgres_ends_for_a_deadlock_is_made_after_it(pool: PgPool) {
    let shop = Shop::new(pool.clone()).await;
    let node = shop.node(&[("deadlock_timeout", "10ms")]).await;
    let (gate, runs) = (Gate::new(), Runs::default());
    let mut other = pool.begin().await.unwrap();
    sqlx::query("set local deadlock_timeout = '1min'").execute(&mut *other).await.unwrap();
    sqlx::query("select 1 from offering for update").execute(&mut *other).await.unwrap();
    let verb = async {
        let done = change(&node, shop.provider_id, None, async |mut tx: CalendarTx| {
            runs.next();
            gate.pass().await;
            tx.tell(event(&shop, "ONCE"));
            stop_offering(&mut tx, &shop).await?;
            Ok(tx.done(()))
        });
        done.await.unwrap();
    };
    let ring = async {
        gate.reached().await;
        let calendar = async {
            store::calendar::lock(&mut *other, shop.provider_id).await.unwrap();
            other.commit().await.unwrap();
        };
        let seen = async {
            until_waiting(&pool, 1).await;
            gate.open();
        };
        tokio::join!(calendar, seen);
    };
    tokio::join!(verb, ring);
    assert_eq!(runs.count(), 2);
    let state = shop.state().await;
    assert_eq!((state.version, state.outbox, state.inactive), (1, 1, 1));
    shop.assert_gapless().await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_change_that_goes_on_failing_is_given_up_with_its_cause(pool: PgPool) {
    let shop = Shop::new(pool.clone()).await;
    for asked in ["40001", "40P01"] {
        let (before, runs) = (shop.state().await, Runs::default());
        let repeat = repeatable("key", 1);
        let claim = Claim::new(&repeat, shop.provider_id, "tests");
        let given_up = change(&shop.s, shop.provider_id, Some(&claim), async |mut tx: CalendarTx| {
            runs.next();
            tx.tell(event(&shop, "NEVER"));
            stop_offering(&mut tx, &shop).await?;
            let refuse = format!("do $$ begin raise exception 'again' using errcode = '{asked}'; end $$");
            sqlx::query(sqlx::AssertSqlSafe(refuse)).execute(tx.db()).await?;
            Ok(tx.done(()))
        });
        let error = given_up.await.expect_err("it never succeeds");
        assert_eq!(code(&error).as_deref(), Some(asked));
        assert_eq!(runs.count(), 4, "once, and three times more");
        assert_eq!(shop.state().await, before);
    }
}

/// Postgres may say so at the very end.
#[sqlx::test(migrations = "../../migrations")]
async fn a_commit_that_could_not_be_serialized_is_made_again(pool: PgPool) {
    let shop = Shop::new(pool.clone()).await;
    // A sequence does not go back with its transaction: the second attempt finds it moved.
    sqlx::raw_sql(
        "create sequence attempt;
         create function fail_once() returns trigger language plpgsql as $$ begin
             if nextval('attempt') = 1 then raise exception 'again' using errcode = '40001'; end if;
             return null;
         end $$;
         create constraint trigger fail_once after insert on calendar_change deferrable initially deferred
             for each row execute function fail_once();",
    )
    .execute(&pool)
    .await
    .unwrap();
    let runs = Runs::default();
    let done = change(&shop.s, shop.provider_id, None, async |mut tx: CalendarTx| {
        stop_offering(&mut tx, &shop).await?;
        Ok(tx.done(runs.next()))
    });
    assert_eq!(done.await.unwrap(), 2, "the answer is of the attempt that was committed");
    shop.assert_gapless().await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_is_no_fault_of_timing_is_not_tried_again(pool: PgPool) {
    let shop = Shop::new(pool.clone()).await;
    let runs = Runs::default();
    let failed = change(&shop.s, shop.provider_id, None, async |mut tx: CalendarTx| {
        runs.next();
        sqlx::query("select * from nowhere").execute(tx.db()).await?;
        Ok(tx.done(()))
    });
    assert_eq!(code(&failed.await.unwrap_err()).as_deref(), Some("42P01"));
    assert_eq!(runs.count(), 1);
}
