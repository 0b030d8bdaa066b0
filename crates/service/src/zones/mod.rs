//! Where the rules of time zones come from: the newest of a folder that somebody names, the system's, and those compiled in.
//!
//! The law changes them several times a year. A newer set is taken while everything runs: what was computed by the old one
//! is made anew when it is next asked for, and open pages are told.

mod folder;

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::zones::{Release, Zones};
use tokio::time::{MissedTickBehavior, interval};

use crate::Services;
pub use folder::Fault;

/// Where systems keep theirs.
const SYSTEM: [&str; 3] = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo"];

/// The folders that are looked into, and what was found there last.
#[derive(Debug, Default)]
pub struct Sources {
    named: Option<PathBuf>,
    system: Vec<PathBuf>,
    /// The folder whose set is in use; `None`: the one compiled in.
    taken: Option<PathBuf>,
    /// Seen once, to be taken when it is seen again: a folder may be half written.
    seen: Option<u64>,
    /// Said already.
    told: Vec<String>,
}

/// A folder with a set that may be used.
struct Candidate {
    folder: PathBuf,
    /// `None`, for a folder that is named: used whatever it is.
    release: Option<Release>,
}

impl Sources {
    /// The folder that is named, if any, and the system's.
    pub fn new(named: Option<PathBuf>) -> Self {
        Self { named, system: SYSTEM.map(PathBuf::from).into(), ..Self::default() }
    }

    /// Only a folder that is named.
    pub fn only(named: PathBuf) -> Self {
        Self { named: Some(named), ..Self::default() }
    }

    /// Puts the newest set to use, at the start.
    pub fn load(&mut self) {
        self.look(|_, _| true);
    }

    /// Whether another set has been put to use. One that is new has to be there the same a second time.
    pub fn renew(&mut self) -> bool {
        self.look(|seen, id| seen.replace(id) == Some(id))
    }

    fn look(&mut self, is_settled: impl Fn(&mut Option<u64>, u64) -> bool) -> bool {
        let mut told = Vec::new();
        let mut is_new = false;
        for Candidate { folder, release } in self.candidates(&mut told) {
            match folder::read(&folder) {
                Ok(zones) if zones.id() == Zones::in_use().id() => self.taken = Some(folder),
                Ok(zones) => {
                    if !is_settled(&mut self.seen, zones.id()) {
                        break;
                    }
                    let release = release.map_or_else(|| "of no release".to_owned(), |release| release.to_string());
                    tracing::info!(%release, folder = %folder.display(), "other zone rules are in use from now on");
                    zones.put_to_use();
                    self.taken = Some(folder);
                    is_new = true;
                }
                Err(fault) => {
                    told.push(unused(&folder, &fault));
                    continue;
                }
            }
            break;
        }
        for line in told.iter().filter(|line| !self.told.contains(line)) {
            tracing::warn!("{line}");
        }
        self.told = told;
        is_new
    }

    /// The folders that may be used instead of what is in use, the best first.
    fn candidates(&self, told: &mut Vec<String>) -> Vec<Candidate> {
        let in_use = Zones::in_use().release().cloned();
        let mut found = Vec::new();
        if let Some(folder) = self.named.clone() {
            match folder::release(&folder) {
                Ok(None) => return vec![Candidate { folder, release: None }],
                Ok(release) if self.may_follow(&folder, &release, &in_use) => found.push(Candidate { folder, release }),
                Ok(Some(release)) => told.push(format!(
                    "the zone rules in {} are not used: they are of {release}, and newer ones are at hand",
                    folder.display()
                )),
                Err(fault) => told.push(unused(&folder, &fault)),
            }
        }
        for folder in &self.system {
            if let Ok(Some(release)) = folder::release(folder)
                && self.may_follow(folder, &Some(release.clone()), &in_use)
            {
                found.push(Candidate { folder: folder.clone(), release: Some(release) });
            }
        }
        // Stable: of two of one release the named one is first.
        found.sort_by(|a, b| b.release.cmp(&a.release));
        found
    }

    /// A newer release; or the same from the folder in use, which may have been read while it was being written.
    fn may_follow(&self, folder: &Path, release: &Option<Release>, in_use: &Option<Release>) -> bool {
        match self.taken.as_deref() == Some(folder) {
            true => release >= in_use,
            // Rules of no release were named by somebody: they stay until others are.
            false => in_use.is_some() && release > in_use,
        }
    }
}

fn unused(folder: &Path, fault: &Fault) -> String {
    use std::error::Error;
    let cause = fault.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("the zone rules in {} are not used: {fault}{cause}", folder.display())
}

/// The release of the rules in use, such as `2026f`.
pub fn version() -> String {
    Zones::in_use().release().map_or_else(|| "without a release".to_owned(), Release::to_string)
}

/// Looks for newer rules, for ever; a background job.
pub async fn watch(services: Services, sources: Sources, every: Duration) {
    let mut sources = sources;
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let looked = tokio::task::spawn_blocking(move || {
            let is_new = sources.renew();
            (sources, is_new)
        });
        match looked.await {
            Ok((looked, is_new)) => {
                sources = looked;
                if is_new {
                    services.live.renew();
                }
            }
            Err(error) => {
                tracing::error!(%error, "zone rules are not looked for any more");
                return;
            }
        }
    }
}
