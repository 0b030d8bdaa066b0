//! A cluster that is looked after: whatever kills it, it comes back with its data; what cannot be kept is given up.
#![cfg(target_os = "linux")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use embedded_postgres::{Cluster, Error, Event, Keeper, Options};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// When a test gives up; never how long anything should take.
const PATIENCE: Duration = Duration::from_secs(60);

struct Kept {
    keeper: Keeper,
    events: Receiver<Event>,
    /// Where Postgres' processes are at work.
    folder: PathBuf,
    data: TempDir,
}

impl Kept {
    /// With one committed row.
    fn start() -> Self {
        let data = TempDir::with_prefix("eventide-test-").expect("a temporary folder");
        let cluster = start(data.path());
        cluster.query("create table kept (word text)").expect("a table");
        cluster.query("insert into kept values ('committed')").expect("a row");
        let folder = cluster.folder().to_owned();
        let (tell, events) = mpsc::channel();
        let keeper = Keeper::new(cluster, move |event| drop(tell.send(event)));
        Self { keeper, events, folder, data }
    }

    fn event(&self) -> Event {
        self.events.recv_timeout(PATIENCE).expect("something happens")
    }

    fn dies(&self) {
        let event = self.event();
        assert!(matches!(event, Event::Died), "{event:?}");
    }

    fn comes_back(&self) {
        let event = self.event();
        assert!(matches!(event, Event::Back(_)), "{event:?}");
    }

    fn processes(&self) -> Vec<u32> {
        let at_work = |pid: &u32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == self.folder);
        let is_postgres =
            |pid: &u32| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("postgres"));
        let all = fs::read_dir("/proc").expect("processes").flatten();
        let all = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        all.filter(at_work).filter(is_postgres).collect()
    }

    /// The postmaster, as soon as there is one beside `before`.
    fn postmaster_after(&self, before: u32) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = fs::read_to_string(self.folder.join("postmaster.pid")).unwrap_or_default();
            let found = text.lines().next().and_then(|line| line.trim().parse().ok());
            if let Some(found) = found.filter(|found| *found != before && self.processes().contains(found)) {
                return found;
            }
            assert!(Instant::now() < deadline, "no postmaster");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn postmaster(&self) -> u32 {
        self.postmaster_after(0)
    }

    /// Stops it in good order, and looks at what is there at the next start.
    fn assert_all_is_there(self) {
        self.keeper.stop().expect("stopped");
        let cluster = start(self.data.path());
        let rows = cluster.query("select word from kept").expect("the rows");
        assert_eq!(rows, [[Some("committed".to_owned())]]);
    }
}

fn start(data_dir: &Path) -> Cluster {
    Cluster::start(&Options { data_dir: data_dir.into(), durable: true, max_connections: 20 })
        .unwrap_or_else(|error| panic!("{error}"))
}

fn send(process: u32, signal: Signal) {
    // It may just have ended.
    let _ = kill_process(Pid::from_raw(process.cast_signed()).expect("a process"), signal);
}

#[test]
fn a_killed_postmaster_is_started_again_with_its_data() {
    let kept = Kept::start();
    let url = kept.keeper.url().to_owned();
    for _ in 0..2 {
        let before = kept.postmaster();
        send(before, Signal::KILL);
        kept.dies();
        kept.comes_back();
        assert_ne!(kept.postmaster(), before);
        assert_eq!(kept.keeper.url(), url);
    }
    kept.assert_all_is_there();
}

/// The kernel kills the postmaster for want of memory, say, and a session that is frozen, or busy, does not notice.
#[test]
fn processes_that_outlive_their_postmaster_do_not_keep_a_new_one_out() {
    let kept = Kept::start();
    let postmaster = kept.postmaster();
    let others: Vec<u32> = kept.processes().into_iter().filter(|process| *process != postmaster).collect();
    assert!(!others.is_empty());
    others.iter().for_each(|process| send(*process, Signal::STOP));
    send(postmaster, Signal::KILL);
    kept.dies();
    kept.comes_back();
    let now = kept.processes();
    assert!(others.iter().all(|process| !now.contains(process)), "{others:?} are gone, not {now:?}");
    kept.assert_all_is_there();
}

#[test]
fn one_that_is_killed_while_it_recovers_is_started_once_more() {
    let kept = Kept::start();
    let first = kept.postmaster();
    send(first, Signal::KILL);
    let second = kept.postmaster_after(first);
    send(second, Signal::KILL);
    kept.postmaster_after(second);
    kept.dies();
    // Whether the second was killed before it was ready or just after: then it was back in between.
    let events: Vec<Event> = std::iter::from_fn(|| kept.events.recv_timeout(Duration::from_secs(3)).ok()).collect();
    assert!(matches!(events.last(), Some(Event::Back(_))), "{events:?}");
    kept.assert_all_is_there();
}

#[test]
fn one_that_keeps_dying_is_given_up() {
    let kept = Kept::start();
    for death in 1..=5 {
        send(kept.postmaster(), Signal::KILL);
        kept.dies();
        if death < 5 {
            kept.comes_back();
        }
    }
    let Event::GivenUp(error) = kept.event() else { panic!("it is given up") };
    let said = error.to_string();
    assert!(matches!(error, Error::KeepsDying { times: 5, .. }), "{said}");
    assert_eq!(said.lines().count(), 1);
    assert!(kept.processes().is_empty());
    kept.assert_all_is_there();
}

#[test]
fn one_that_cannot_start_is_given_up_with_its_reason() {
    let kept = Kept::start();
    fs::rename(kept.folder.join("PG_VERSION"), kept.folder.join("PG_VERSION.away")).expect("renamed");
    send(kept.postmaster(), Signal::KILL);
    kept.dies();
    let Event::GivenUp(error) = kept.event() else { panic!("it is given up") };
    let said = error.to_string();
    assert!(
        said.starts_with("Postgres died and does not start again: ") && said.contains("cluster directory"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1);
}

#[test]
fn a_second_server_is_refused_while_the_first_ones_postgres_is_dead() {
    let kept = Kept::start();
    send(kept.postmaster(), Signal::KILL);
    let second = Cluster::start(&Options::new(kept.data.path())).expect_err("refused");
    assert!(matches!(second, Error::InUse { .. }), "{second}");
    kept.dies();
    kept.comes_back();
    kept.assert_all_is_there();
}

#[test]
fn a_stop_breaks_off_a_start() {
    let kept = Kept::start();
    let first = kept.postmaster();
    send(first, Signal::KILL);
    kept.postmaster_after(first);
    kept.assert_all_is_there();
}

#[test]
fn after_retiring_a_death_is_final() {
    let kept = Kept::start();
    kept.keeper.retire();
    send(kept.postmaster(), Signal::KILL);
    let Kept { keeper, events, .. } = kept;
    keeper.stop().expect("nothing to stop");
    assert!(events.recv().is_err(), "nothing was told");
}
