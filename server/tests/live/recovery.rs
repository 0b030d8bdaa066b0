//! The feed after Postgres was killed or stood still: no socket is lost, and hints flow again between the nodes.

use std::fs;
use std::sync::mpsc;

use domain::live::LiveState;
use embedded_postgres::{Cluster, Event, Keeper, Options};
use rustix::process::{Pid, Signal, kill_process};
use service::Db;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::client::{Client, PATIENCE, assert_same_as_fresh};
use super::node::{Feed, Node, Setup, Shop};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_outlives_a_postgres_that_is_killed_and_one_that_stands_still() {
    let data = tempfile::TempDir::with_prefix("eventide-test-").unwrap();
    let cluster = Cluster::start(&Options { data_dir: data.path().into(), durable: true, max_connections: 50 });
    let cluster = cluster.unwrap();
    let folder = cluster.folder().to_owned();
    let options: PgConnectOptions = cluster.url().parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    service::MIGRATIONS.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let (a, b) = (Db::connect(options.clone(), 8).await.unwrap(), Db::connect(options, 8).await.unwrap());
    let (told, events) = mpsc::channel();
    let dbs = [a.clone(), b.clone()];
    let keeper = Keeper::new(cluster, move |event| {
        dbs.iter().for_each(Db::revived);
        drop(told.send(event));
    });
    let a = Node::start_on(a, Setup::default()).await;
    // It learns of the other's commits by hints alone: they too come back.
    let b = Node::start_on(b, Setup { feed: Feed::OnlyHints, ..Setup::default() }).await;
    let shop = Shop::open(&a.services).await;
    let mut client = Client::join(&b, &shop.handle, None).await;
    let mut state = client.state().await;
    shop.book(&a.services).await;
    follow_one(&mut client, &mut state).await;

    signal(&postmaster(&folder), Signal::KILL);
    while !matches!(events.recv_timeout(PATIENCE).unwrap(), Event::Back(_)) {}
    shop.book(&a.services).await;
    follow_one(&mut client, &mut state).await;

    let frozen = processes(&folder);
    signal(&frozen, Signal::STOP);
    let refused = service::bookings::list(&a.services, &shop.actor, Default::default(), Default::default()).await;
    assert!(refused.is_err());
    signal(&frozen, Signal::CONT);
    // Whoever is told to come back in a moment does so.
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while service::bookings::list(&a.services, &shop.actor, Default::default(), Default::default()).await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "it does not serve again");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    shop.book(&a.services).await;
    follow_one(&mut client, &mut state).await;
    assert_same_as_fresh(&b, &shop.handle, &state).await;

    drop(client);
    tokio::join!(a.stop(), b.stop());
    keeper.stop().unwrap();
}

async fn follow_one(client: &mut Client, state: &mut LiveState) {
    let next = state.version + 1;
    client.follow(state, next).await;
}

fn postmaster(folder: &std::path::Path) -> Vec<u32> {
    let text = fs::read_to_string(folder.join("postmaster.pid")).unwrap();
    vec![text.lines().next().unwrap().trim().parse().unwrap()]
}

fn processes(folder: &std::path::Path) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder)).collect()
}

fn signal(processes: &[u32], signal: Signal) {
    for process in processes {
        let _ = kill_process(Pid::from_raw(process.cast_signed()).unwrap(), signal);
    }
}
