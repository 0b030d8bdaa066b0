//! What a change says of itself: where guests see a difference, and what has to leave the house.

use super::*;

/// Kind and stretch of the last row of the log.
async fn logged(shop: &Shop) -> (String, TimeRange) {
    let (kind, start, end): (String, DateTime<Utc>, DateTime<Utc>) = sqlx::query_as(
        "select kind, lower(changed), upper(changed) from calendar_change order by version desc limit 1",
    )
    .fetch_one(&shop.pool)
    .await
    .unwrap();
    (kind, TimeRange::new(start, end).unwrap())
}

async fn changed(shop: &Shop, stretches: &[TimeRange]) -> (String, TimeRange) {
    let done = change(&shop.s, shop.provider_id, None, async |mut tx: CalendarTx| {
        stretches.iter().for_each(|stretch| tx.changed(*stretch));
        Ok(tx.done(()))
    });
    done.await.unwrap();
    logged(shop).await
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_change_that_says_nothing_reaches_all_that_guests_see(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let (kind, stretch) = changed(&shop, &[]).await;
    assert_eq!(kind, "profile");
    let farthest = TimeRange::new(now(), now() + TimeDelta::days(366)).unwrap();
    assert!(stretch.encloses(&farthest), "{stretch:?}");
}

#[sqlx::test(migrations = "../../migrations")]
async fn stretches_said_one_after_the_other_are_one_hull(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let early = range("2027-03-02T09:00:00Z", "2027-03-02T10:00:00Z");
    let late = range("2027-03-05T09:00:00Z", "2027-03-05T10:00:00Z");
    let hull = ("times".to_owned(), range("2027-03-02T09:00:00Z", "2027-03-05T10:00:00Z"));
    assert_eq!(changed(&shop, &[early]).await, ("times".to_owned(), early));
    assert_eq!(changed(&shop, &[early, late]).await, hull);
    assert_eq!(changed(&shop, &[late, early]).await, hull, "in whatever order");
    assert_eq!(changed(&shop, &[early, late, early]).await, hull);
    shop.assert_gapless().await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn events_are_in_the_outbox_in_the_order_they_were_told(pool: PgPool) {
    let shop = Shop::new(pool.clone()).await;
    let mut expected = Vec::new();
    for round in 0..2 {
        let references: Vec<String> = (0..40).map(|n| format!("{round}-{n}")).collect();
        let done = change(&shop.s, shop.provider_id, None, async |mut tx: CalendarTx| {
            references.iter().for_each(|reference| tx.tell(event(&shop, reference)));
            let Event::BookingConfirmed { booking } = event(&shop, "LAST") else { unreachable!() };
            tx.tell(Event::BookingCancelled { booking });
            Ok(tx.done(()))
        });
        done.await.unwrap();
        expected.extend(references.into_iter().map(|reference| ("booking.confirmed".to_owned(), reference)));
        expected.push(("booking.cancelled".to_owned(), "LAST".to_owned()));
    }
    let told: Vec<(String, String)> =
        sqlx::query_as("select topic, payload->'booking'->>'reference' from outbox order by outbox_id")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(told, expected);
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_is_in_memory_moves_on_with_the_commit_and_not_before(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let done = change(&shop.s, shop.provider_id, None, async |mut tx: CalendarTx| {
        stop_offering(&mut tx, &shop).await?;
        assert_eq!(tx.services.snapshots.known(), [(shop.provider_id, 0)]);
        Ok(tx.done(()))
    });
    done.await.unwrap();
    assert_eq!(shop.s.snapshots.known(), [(shop.provider_id, 1)]);
    let read = crate::snapshot::current(&shop.s, shop.provider_id).await.unwrap();
    assert!(read.version == 1 && !read.calendar.offerings[0].active);
}
