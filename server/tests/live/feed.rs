//! What reaches listeners, through one node or several.

use std::collections::HashSet;

use domain::live::LiveMessage;
use service::{Actor, bookings};
use sqlx::PgPool;

use super::client::{Client, assert_same_as_fresh};
use super::node::{Feed, Node, Setup, Shop};

/// A booking on one node is seen on the other, and takes its time away there.
async fn a_booking_reaches_the_other_node(pool: PgPool, feed: Feed) {
    let (a, b) = (Node::start(&pool).await, Node::start_with(&pool, Setup { feed, ..Setup::default() }).await);
    let shop = Shop::open(&a.services).await;
    let mut client = Client::join(&b, &shop.handle, None).await;
    let mut state = client.state().await;
    assert_eq!(state.openings.windows.first().map(|window| window.start), Some(shop.opens));

    let booked = shop.book(&a.services).await;

    let before = state.version;
    client.follow(&mut state, before + 1).await;
    assert_eq!(state.openings.windows.first().map(|window| window.start), Some(booked.booking.end));
    assert_same_as_fresh(&b, &shop.handle, &state).await;
    drop(client);
    a.stop().await;
    b.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hint_brings_a_booking_to_the_other_node(pool: PgPool) {
    a_booking_reaches_the_other_node(pool, Feed::OnlyHints).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lost_hint_loses_no_booking(pool: PgPool) {
    a_booking_reaches_the_other_node(pool, Feed::OnlyPoll).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_hears_hints_again_has_missed_nothing(pool: PgPool) {
    let a = Node::start(&pool).await;
    let b = Node::start_with(&pool, Setup { feed: Feed::OnlyHints, ..Setup::default() }).await;
    let shop = Shop::open(&a.services).await;
    let mut client = Client::join(&b, &shop.handle, None).await;
    let mut state = client.state().await;
    // Cuts every connection that listens, as a failing network would.
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query like 'LISTEN%'";
    let mut many = 0;
    while many == 0 {
        many = sqlx::query(cut).execute(&pool).await.unwrap().rows_affected();
    }
    shop.book(&a.services).await;
    let before = state.version;
    client.follow(&mut state, before + 1).await;
    drop(client);
    a.stop().await;
    b.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn five_hundred_changes_are_caught_up_with(pool: PgPool) {
    let (a, b) = (Node::start(&pool).await, Node::start(&pool).await);
    let shop = Shop::open(&a.services).await;
    let mut client = Client::join(&a, &shop.handle, None).await;
    let mut state = client.state().await;
    let left_at = state.version;
    drop(client);
    for n in 0..499 {
        shop.book(if n % 2 == 0 { &a.services } else { &b.services }).await;
    }
    shop.offer(&a.services, "Consultation").await;

    let mut client = Client::join(&b, &shop.handle, Some(left_at)).await;
    client.follow(&mut state, left_at + 500).await;

    assert_eq!(state.profile.offerings.len(), 2);
    assert_same_as_fresh(&b, &shop.handle, &state).await;
    drop(client);
    a.stop().await;
    b.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_short_absence_is_told_change_by_change(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    let mut state = Client::join(&node, &shop.handle, None).await.state().await;
    let left_at = state.version;
    for _ in 0..20 {
        shop.book(&node.services).await;
    }
    // Nobody was listening, so no frame is ready: the first to come back has them made for all.
    for _ in 0..2 {
        let mut back = state.clone();
        let mut client = Client::join(&node, &shop.handle, Some(left_at)).await;
        let told = client.follow(&mut back, left_at + 20).await;
        assert_eq!(told.len(), 20);
        assert!(told.iter().all(|message| matches!(message, LiveMessage::Change(_))));
        assert_same_as_fresh(&node, &shop.handle, &back).await;
    }
    let mut client = Client::join(&node, &shop.handle, Some(left_at + 13)).await;
    state.version = left_at + 13;
    assert_eq!(client.follow(&mut state, left_at + 20).await.len(), 7);
    drop(client);
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_longer_kept_comes_as_one_snapshot(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    let mut state = Client::join(&node, &shop.handle, None).await.state().await;
    let left_at = state.version;
    for _ in 0..3 {
        shop.book(&node.services).await;
    }
    sqlx::query("delete from calendar_change where version <= $1").bind(left_at + 1).execute(&pool).await.unwrap();
    let mut client = Client::join(&node, &shop.handle, Some(left_at)).await;
    let told = client.follow(&mut state, left_at + 3).await;
    assert!(matches!(told.as_slice(), [LiveMessage::Snapshot(_)]), "{told:?}");
    assert_same_as_fresh(&node, &shop.handle, &state).await;
    drop(client);
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_version_that_never_was_is_answered_with_a_snapshot(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    let mut client = Client::join(&node, &shop.handle, Some(1_000_000)).await;
    let state = client.state().await;
    assert_same_as_fresh(&node, &shop.handle, &state).await;
    drop(client);
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_version_this_node_has_not_heard_of_is_believed_if_true(pool: PgPool) {
    let a = Node::start(&pool).await;
    // Hears nothing from others by itself: no hints, and a poll that was before the booking.
    let b = Node::start_with(&pool, Setup { feed: Feed::Nothing, ..Setup::default() }).await;
    let shop = Shop::open(&a.services).await;
    let mut listening = Client::join(&b, &shop.handle, None).await;
    let mut state = listening.state().await;
    shop.book(&a.services).await;
    let seen = state.version + 1;
    let mut client = Client::join(&b, &shop.handle, Some(seen)).await;
    shop.book(&b.services).await;
    let mut ahead = state.clone();
    listening.follow(&mut state, seen + 1).await;
    ahead.version = seen;
    assert_eq!(client.follow(&mut ahead, seen + 1).await.len(), 1);
    drop((client, listening));
    a.stop().await;
    b.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn versions_are_gapless_under_eight_writers(pool: PgPool) {
    const EACH: usize = 20;
    let (a, b) = (Node::start(&pool).await, Node::start(&pool).await);
    let shop = Shop::open(&a.services).await;
    let (mut on_a, mut on_b) = (Client::join(&a, &shop.handle, None).await, Client::join(&b, &shop.handle, None).await);
    let (mut state_a, mut state_b) = (on_a.state().await, on_b.state().await);
    let last = state_a.version + 8 * EACH as i64;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let services = if writer % 2 == 0 { a.services.clone() } else { b.services.clone() };
        let shop = shop.clone();
        writers.spawn(async move {
            for _ in 0..EACH {
                shop.book(&services).await;
            }
        });
    }
    // `follow` asserts of every change that it is the next one.
    let (told_a, told_b) = tokio::join!(on_a.follow(&mut state_a, last), on_b.follow(&mut state_b, last));
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    assert_eq!((told_a.len(), told_b.len()), (8 * EACH, 8 * EACH));
    assert_same_as_fresh(&a, &shop.handle, &state_a).await;
    assert_same_as_fresh(&b, &shop.handle, &state_b).await;
    drop((on_a, on_b));
    a.stop().await;
    b.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn no_frame_names_a_guest(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    let mut client = Client::join(&node, &shop.handle, None).await;
    let mut state = client.state().await;
    let opened_at = state.version;
    let booked = shop.book(&node.services).await;
    let cancelled = shop.book(&node.services).await;
    let reason = Some("fell ill on Tuesday".to_owned());
    let guest = Actor::Guest { manage_token: cancelled.manage_token.clone() };
    bookings::cancel(&node.services, &guest, cancelled.booking.booking_id, reason).await.unwrap();
    client.follow(&mut state, opened_at + 3).await;
    // The changes, the snapshot after them, and the changes as one who was away is told them.
    let mut fresh = Client::join(&node, &shop.handle, None).await;
    fresh.message().await.unwrap();
    let mut back = Client::join(&node, &shop.handle, Some(opened_at)).await;
    for _ in 0..3 {
        back.message().await.unwrap();
    }
    let texts = [client.texts.clone(), fresh.texts.clone(), back.texts.clone()].concat();
    assert_eq!(texts.len(), 1 + 3 + 1 + 3);
    let guest = &booked.booking.guest;
    let mut secrets: HashSet<String> =
        ["Ada", "Lovelace", "7946", "fell ill", "Tuesday", "London"].map(String::from).into();
    secrets.extend([
        guest.name.clone(),
        guest.email.to_string(),
        guest.phone.clone().unwrap(),
        guest.notes.clone().unwrap(),
    ]);
    for one in [&booked, &cancelled] {
        let id = one.booking.booking_id;
        secrets.extend([
            one.booking.reference.clone(),
            one.manage_token.clone(),
            id.to_string(),
            id.simple().to_string(),
        ]);
    }
    for (text, secret) in texts.iter().flat_map(|text| secrets.iter().map(move |secret| (text, secret))) {
        assert!(!text.contains(secret), "“{secret}” in {text}");
    }
    drop((client, fresh, back));
    node.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_profile_change_travels_with_its_version(pool: PgPool) {
    let node = Node::start(&pool).await;
    let shop = Shop::open(&node.services).await;
    let mut client = Client::join(&node, &shop.handle, None).await;
    let mut state = client.state().await;
    let before = state.version;
    shop.offer(&node.services, "Consultation").await;
    client.follow(&mut state, before + 1).await;
    assert!(state.profile.offerings.iter().any(|offering| offering.title == "Consultation"));
    drop(client);
    node.stop().await;
}
