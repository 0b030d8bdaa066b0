//! Zones are of today: which rules are used, and that newer ones are taken while everything runs.

mod folder;
mod site;

use std::fs;
use std::io::Read;
use std::sync::{Arc, Mutex};

use domain::zones::Zones;
use serde_json::{Value, json};
use service::zones::Sources;
use site::{PATIENCE, Site};
use sqlx::PgPool;

const DAY: &str = "/api/v1/availability/ada?from=2026-12-15&to=2026-12-16";

/// A quarter past three in Kathmandu's time of today is nine.
const TODAY: &str = "2026-12-15T03:15:00Z";
const NINE_AHEAD: &str = "2026-12-15T00:00:00Z";

fn first_start(answer: &Value) -> &str {
    answer["windows"][0]["start"].as_str().unwrap()
}

/// What is logged meanwhile.
fn logged<T>(work: impl FnOnce() -> T) -> (T, String) {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let done = tracing::subscriber::with_default(log, work);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    (done, text)
}

fn in_use() -> String {
    service::zones::version()
}

#[sqlx::test(migrations = "../migrations")]
async fn british_columbia_keeps_its_summer_time(pool: PgPool) {
    let site = Site::start(pool).await;
    site.provider().await;
    let answer = site.json(&format!("{DAY}&time_zone=America/Vancouver")).await;
    assert_eq!(answer["from"], "2026-12-15T07:00:00Z");
    assert_eq!(answer["to"], "2026-12-16T07:00:00Z");
}

#[sqlx::test(migrations = "../migrations")]
async fn newer_rules_are_taken_without_losing_a_request_and_pages_are_told(pool: PgPool) {
    let site = Arc::new(Site::start(pool).await);
    site.provider().await;
    let (_, headers, body) = site.get(DAY, &[]).await;
    let before: Value = serde_json::from_slice(&body).unwrap();
    let tag = headers["etag"].to_str().unwrap().to_owned();
    let (_, headers, _) = site.get("/ada", &[]).await;
    let page_tag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(first_start(&before), TODAY);
    let version = before["version"].as_i64().unwrap();
    let mut follower = site.listen(&format!("?since={version}")).await;

    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let busy = tokio::spawn({
        let (site, stop) = (site.clone(), stop.clone());
        async move {
            let mut starts = Vec::new();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                starts.push(first_start(&site.json(DAY).await).to_owned());
            }
            starts
        }
    });
    let folder = tempfile::tempdir().unwrap();
    folder::write(folder.path(), "2099a", &[("Asia/Kathmandu", "<+09>-9")]);
    let watching = site.watch(folder.path());

    let told = follower.message().await;
    assert_eq!(
        (&told["type"], told["version"].as_i64()),
        (&"snapshot".into(), Some(version)),
        "no change of the calendar"
    );
    assert!(told["zones"].as_str().unwrap().starts_with("2099a."), "{}", told["zones"]);
    assert!(
        told["windows"]
            .as_array()
            .unwrap()
            .iter()
            .all(|window| window["start"].as_str().unwrap().ends_with("T00:00:00Z"))
    );
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let starts = busy.await.unwrap();
    assert!(starts.iter().all(|start| start == TODAY || start == NINE_AHEAD));
    assert!(starts.is_sorted_by(|a, b| a == b || (a == TODAY && b == NINE_AHEAD)), "never back to the old ones");

    assert_eq!(site.json("/api/v1/meta").await["tzdb_version"], "2099a");
    let (status, _, body) = site.get(DAY, &[("if-none-match", &tag)]).await;
    assert_eq!((status, first_start(&serde_json::from_slice(&body).unwrap())), (200, NINE_AHEAD));
    let (status, ..) = site.get("/ada", &[("if-none-match", &page_tag)]).await;
    assert_eq!(status, 200, "a page that was kept is made anew");
    watching.abort();
}

#[sqlx::test(migrations = "../migrations")]
async fn who_comes_back_with_a_state_by_other_rules_is_told_everything(pool: PgPool) {
    let site = Site::start(pool).await;
    let token = site.provider().await;
    let first = site.listen("").await.message().await;
    let (version, zones) = (first["version"].as_i64().unwrap(), first["zones"].as_str().unwrap());
    assert_eq!(zones, Zones::in_use().edition());
    let again = site.listen(&format!("?since={version}&zones=2020a.0123456789abcdef")).await.message().await;
    assert_eq!(again["type"], "snapshot");
    let mut same = site.listen(&format!("?since={version}&zones={zones}")).await;
    let hours = json!({"kind": "one_off", "start": "2026-12-01T12:00:00Z", "end": "2026-12-01T13:00:00Z"});
    site.post("/availability", &token, &json!({"effect": "open", "pattern": hours})).await;
    assert_eq!(same.message().await["type"], "change", "by the same rules only what is new is told");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_table_of_all_zones_is_kept_for_ever_under_the_name_of_its_edition(pool: PgPool) {
    let site = Site::start(pool).await;
    let address = format!("/zones/{}.txt", Zones::in_use().edition());
    let (status, headers, body) = site.get(&address, &[]).await;
    assert_eq!((status, headers["cache-control"].to_str().unwrap()), (200, "public, max-age=31536000, immutable"));
    assert_eq!(String::from_utf8(body).unwrap(), Zones::in_use().table());
    let (_, headers, body) = site.get(&address, &[("accept-encoding", "br, gzip")]).await;
    assert_eq!(headers["content-encoding"], "br");
    let mut plain = String::new();
    brotli::Decompressor::new(&*body, 4096).read_to_string(&mut plain).unwrap();
    assert_eq!(plain, Zones::in_use().table());
    assert!(body.len() < 10_000, "{} bytes", body.len());
    let (status, headers, _) = site.get("/zones/2020a.0123456789abcdef.txt", &[]).await;
    assert_eq!((status, headers["cache-control"].to_str().unwrap()), (200, "no-cache"));
    let page = String::from_utf8(site.get("/sign-up", &[]).await.2).unwrap();
    assert!(page.contains(&format!("data-zones=\"{}\"", Zones::in_use().edition())));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_folder_is_taken_only_when_it_is_newer_and_whole(pool: PgPool) {
    let _site = Site::start(pool).await;
    let bundled = in_use();
    let folder = tempfile::tempdir().unwrap();
    let mut sources = Sources::only(folder.path().into());

    let (_, log) = logged(|| sources.load());
    assert!(log.contains("WARN") && log.contains("there are no zones in it"), "{log}");
    folder::write(folder.path(), "2020a", &[("Asia/Kathmandu", "<+09>-9")]);
    let (_, log) = logged(|| sources.load());
    assert!(log.contains("they are of 2020a, and newer ones are at hand"), "{log}");
    assert_eq!(in_use(), bundled);

    folder::write(folder.path(), "2099a", &[("Asia/Kathmandu", "<+09>-9"), ("Asia/Tokyo", "<+09>-9")]);
    fs::write(folder.path().join("Asia/Tokyo"), "").unwrap();
    let (_, log) = logged(|| sources.load());
    assert!(log.contains("its Asia/Tokyo is not a zone file"), "{log}");
    fs::write(folder.path().join("Asia/Tokyo"), "TZif2 and no more").unwrap();
    let (_, log) = logged(|| sources.load());
    assert!(log.contains("the rules of Asia/Tokyo cannot be read"), "{log}");
    let (_, log) = logged(|| sources.load());
    assert_eq!(log, "", "what was said once is not said each minute");
    assert_eq!(in_use(), bundled);

    fs::remove_file(folder.path().join("Asia/Tokyo")).unwrap();
    let (taken, _) = logged(|| sources.renew());
    assert!(!taken, "a folder may be half written: it is looked at once more");
    let (taken, log) = logged(|| sources.renew());
    assert!(taken && log.contains("2099a"), "{log}");
    assert_eq!(in_use(), "2099a");

    // The rest of what was being written.
    folder::write(folder.path(), "2099a", &[("Asia/Tokyo", "<+10>-10")]);
    assert!(!sources.renew() && sources.renew());
    folder::write(folder.path(), "2098z", &[]);
    assert!(!sources.renew() && !sources.renew());
    fs::remove_dir_all(folder.path()).unwrap();
    let (taken, log) = logged(|| sources.renew());
    assert!(!taken && log.contains("it cannot be read"), "{log}");
    assert_eq!(in_use(), "2099a", "the running set stays");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_folder_that_is_named_may_be_of_no_release(pool: PgPool) {
    let _site = Site::start(pool).await;
    let folder = tempfile::tempdir().unwrap();
    folder::write(folder.path(), "", &[("Asia/Kathmandu", "<+09>-9")]);
    let mut sources = Sources::only(folder.path().into());
    sources.load();
    assert_eq!(in_use(), "without a release");
    assert!(Zones::in_use().edition().starts_with("own."));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_program_tells_its_rules(pool: PgPool) {
    let _site = Site::start(pool).await;
    let folder = tempfile::tempdir().unwrap();
    folder::write(folder.path(), "2099b", &[("Asia/Kathmandu", "<+09>-9")]);
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_eventide"));
    let asked = program.arg("--version").env("EVENTIDE_TZDB_DIR", folder.path()).output();
    let told = tokio::time::timeout(PATIENCE, asked).await.unwrap().unwrap();
    let expected = format!("eventide {}\nzone rules 2099b\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(told.stdout).unwrap(), expected);
}
