//! A request that comes again is answered what it was answered before.

use super::*;

/// Asks with the one key; the verb passes the gate and answers which run it was, or refuses as `end` says.
async fn ask(
    s: &Services,
    shop: &Shop,
    body: u8,
    (runs, gate): (&Runs, &Gate),
    end: impl Fn(u32) -> Result<u32, Problem>,
) -> Result<Answered<u32>, Error> {
    let repeat = repeatable("key", body);
    let claim = Claim::new(&repeat, shop.provider_id, "tests");
    change_or_repeat(s, Calendar::Known(shop.provider_id), Some(&claim), async |mut tx: CalendarTx| {
        let run = runs.next();
        stop_offering(&mut tx, shop).await?;
        gate.pass().await;
        Ok(tx.done(end(run)?))
    })
    .await
}

/// The second asks while the first is within its verb, and waits until that has come to its end.
async fn ask_twice_at_once(
    shop: &Shop,
    end: impl Fn(u32) -> Result<u32, Problem>,
) -> [Result<Answered<u32>, Error>; 2] {
    let other = shop.node(&[]).await;
    let (runs, gate) = (&Runs::default(), &Gate::new());
    let second = async {
        gate.reached().await;
        ask(&other, shop, 1, (runs, gate), &end).await
    };
    let seen = async {
        until_waiting(&shop.pool, 1).await;
        gate.open();
    };
    let (first, second, ()) = tokio::join!(ask(&shop.s, shop, 1, (runs, gate), &end), second, seen);
    [first, second]
}

fn opened() -> Gate {
    let gate = Gate::new();
    gate.open();
    gate
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_kept_answer_comes_back_and_nothing_is_done(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let (runs, gate) = (&Runs::default(), &opened());
    let first = ask(&shop.s, &shop, 1, (runs, gate), Ok).await.unwrap();
    assert_eq!((first.answer, first.is_repeated), (1, false));
    let after = shop.state().await;
    for node in [shop.s.clone(), shop.node(&[]).await] {
        let again = ask(&node, &shop, 1, (runs, gate), Ok).await.unwrap();
        assert_eq!((again.answer, again.is_repeated), (1, true));
        let mismatch = ask(&node, &shop, 2, (runs, gate), Ok).await;
        assert!(matches!(mismatch, Err(Error::Problem(Problem::IdempotencyMismatch))));
    }
    assert_eq!(runs.count(), 1);
    assert_eq!(shop.state().await, after);
}

#[sqlx::test(migrations = "../../migrations")]
async fn of_two_at_once_with_one_key_one_runs_and_both_are_answered_alike(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let [first, second] = ask_twice_at_once(&shop, Ok).await.map(Result::unwrap);
    assert_eq!((first.answer, first.is_repeated), (1, false));
    assert_eq!((second.answer, second.is_repeated), (1, true));
    assert_eq!(shop.state().await.version, 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn of_two_at_once_with_one_key_the_second_runs_when_the_first_is_refused(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let [first, second] = ask_twice_at_once(&shop, |run| if run == 1 { Err(Problem::NotFound) } else { Ok(run) }).await;
    assert!(matches!(first, Err(Error::Problem(Problem::NotFound))));
    let second = second.unwrap();
    assert_eq!((second.answer, second.is_repeated), (2, false));
    assert_eq!(shop.state().await.version, 1);
}

/// Whoever asks again waits for the first with the key, and not for everybody who is before them at the calendar.
#[sqlx::test(migrations = "../../migrations")]
async fn a_kept_answer_needs_no_lock_of_the_calendar(pool: PgPool) {
    let shop = Shop::new(pool.clone()).await;
    let (runs, gate) = (&Runs::default(), &opened());
    ask(&shop.s, &shop, 1, (runs, gate), Ok).await.unwrap();
    let mut holder = pool.begin().await.unwrap();
    store::calendar::lock(&mut *holder, shop.provider_id).await.unwrap();
    let again = ask(&shop.node(&[("lock_timeout", "1ms")]).await, &shop, 1, (runs, gate), Ok).await.unwrap();
    assert!(again.is_repeated);
    holder.rollback().await.unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_calendar_that_is_made_begins_with_version_0_and_its_answer_is_kept(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let (id, repeat, runs) = (Uuid::from_u128(7), repeatable("key", 1), Runs::default());
    let claim = Claim::new(&repeat, Claim::NOBODY, "tests");
    for _ in 0..2 {
        let made = create(&shop.s, id, Some(&claim), async |mut tx: CalendarTx| {
            sqlx::query("insert into calendar (provider_id) values ($1)").bind(id).execute(tx.db()).await?;
            Ok(tx.done(runs.next()))
        });
        assert_eq!(made.await.unwrap(), 1);
    }
    assert_eq!(store::calendar::versions(&shop.s.pool, &[id]).await.unwrap(), [(id, 0)]);
    assert_eq!(shop.state().await.log, 0, "nobody has seen it yet");
}

#[sqlx::test(migrations = "../../migrations")]
async fn who_waits_for_the_calendar_holds_no_key_that_another_could_wait_for(pool: PgPool) {
    let shop = Shop::new(pool.clone()).await;
    let repeat = repeatable("one", 1);
    let claim = Claim::new(&repeat, shop.provider_id, "tests");
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("update calendar set version = version").execute(&mut *holder).await.unwrap();
    let waiter = async {
        let waiting = change(&shop.s, shop.provider_id, Some(&claim), async |tx: CalendarTx| Ok(tx.done(1)));
        waiting.await.unwrap()
    };
    let holds = async {
        until_waiting(&pool, 1).await;
        // The calendar first and then the key, as `change_at_once` does it.
        sqlx::query(
            "insert into idempotency_key (provider_id, key_hash, body_hash, created_at) values ($1, $2, $3, now())",
        )
        .bind(shop.provider_id)
        .bind(claim.key_hash())
        .bind(claim.body_hash())
        .execute(&mut *holder)
        .await
        .expect("nobody else has it");
        holder.rollback().await.unwrap();
    };
    let (answer, ()) = tokio::join!(waiter, holds);
    assert_eq!(answer, 1);
}
