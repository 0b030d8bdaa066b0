//! All of a change or nothing.

use super::*;

/// Everything that a verb can do, before it ends as `end` says.
async fn everything_but<F>(shop: &Shop, end: impl Fn(CalendarTx) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<Done<()>, Error>>,
{
    let repeat = repeatable("key", 1);
    let claim = Claim::new(&repeat, shop.provider_id, "tests");
    change(&shop.s, shop.provider_id, Some(&claim), async |mut tx: CalendarTx| {
        let snapshot = tx.snapshot().await?;
        stop_offering(&mut tx, shop).await?;
        let details = domain::NewOffering { slug: "other".parse().unwrap(), ..shop.offering.details.clone() };
        store::offerings::insert(&mut tx, &Offering { offering_id: ids::new_id(now()), version: 1, details }).await?;
        tx.tell(event(shop, "NEVER"));
        let stretch = range("2027-03-02T09:00:00Z", "2027-03-02T10:00:00Z");
        tx.changed(stretch);
        tx.moves_to(snapshot.after(Uuid::nil(), None, stretch));
        end(tx).await
    })
    .await
}

/// All of it, with the same key.
async fn goes_through(shop: &Shop) {
    let before = shop.state().await;
    everything_but(shop, async |tx| Ok(tx.done(()))).await.expect("neither lock nor key is taken");
    let version = before.version + 1;
    let after = State {
        version,
        in_memory: vec![(shop.provider_id, version)],
        log: before.log + 1,
        outbox: before.outbox + 1,
        keys: before.keys + 1,
        offerings: before.offerings + 1,
        inactive: 1,
    };
    assert_eq!(shop.state().await, after);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_change_that_is_refused_leaves_nothing(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let before = shop.state().await;
    let refused = everything_but(&shop, async |_| Err(Problem::IdempotencyMismatch.into())).await;
    assert!(matches!(refused, Err(Error::Problem(Problem::IdempotencyMismatch))));
    assert_eq!(shop.state().await, before);
    goes_through(&shop).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_change_that_a_constraint_refuses_leaves_nothing(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let before = shop.state().await;
    let refused = everything_but(&shop, async |mut tx: CalendarTx| {
        let twin = Offering { offering_id: ids::new_id(now()), ..shop.offering.clone() };
        store::offerings::insert(&mut tx, &twin).await?;
        Ok(tx.done(()))
    });
    assert_eq!(refused.await.unwrap_err().constraint(), Some("offering_slug_unique"));
    assert_eq!(shop.state().await, before);
    goes_through(&shop).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_change_whose_commit_is_refused_leaves_nothing_and_nobody_is_told(pool: PgPool) {
    let shop = Shop::new(pool.clone()).await;
    sqlx::raw_sql(
        "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
         create constraint trigger refuse after insert on outbox deferrable initially deferred
             for each row execute function refuse();",
    )
    .execute(&pool)
    .await
    .unwrap();
    let before = shop.state().await;
    let refused = everything_but(&shop, async |tx| Ok(tx.done(()))).await;
    assert!(matches!(refused, Err(Error::Database(_))), "{refused:?}");
    assert_eq!(shop.state().await, before, "and what was to be in memory is not there");
    sqlx::query("drop trigger refuse on outbox").execute(&pool).await.unwrap();
    goes_through(&shop).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_change_that_is_dropped_half_way_leaves_nothing(pool: PgPool) {
    let shop = Shop::new(pool.clone()).await;
    let (before, gate) = (shop.state().await, Gate::new());
    let half_way = everything_but(&shop, async |tx| {
        gate.pass().await;
        Ok(tx.done(()))
    });
    tokio::select! {
        _ = half_way => unreachable!("the gate is shut"),
        () = gate.reached() => {}
    }
    assert_eq!(shop.state().await, before);
    goes_through(&shop).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_calendar_that_is_not_there_is_not_found_and_takes_no_key(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let (before, nobody, repeat) = (shop.state().await, Uuid::from_u128(7), repeatable("key", 1));
    let claim = Claim::new(&repeat, nobody, "tests");
    let runs = Runs::default();
    let refused = change(&shop.s, nobody, Some(&claim), async |tx: CalendarTx| Ok(tx.done(runs.next()))).await;
    assert!(matches!(refused, Err(Error::Problem(Problem::NotFound))));
    assert_eq!(runs.count(), 0);
    assert_eq!(shop.state().await, before);
}
