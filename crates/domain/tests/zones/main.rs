//! The bundled rules against an independent copy of the zone database, read by an independent reader: PyPI's `tzdata` and
//! Python's `zoneinfo`. `offsets.py` says how `offsets.txt` was made of them.
#![cfg(feature = "zones")]

use std::collections::BTreeMap;

use chrono::DateTime;
use domain::TimeRange;
use domain::offsets::Offsets;
use domain::zones::{Zones, is_listed, todays_name};

struct Copy {
    release: &'static str,
    years: TimeRange,
    /// The names of places of today (`zone.tab`).
    places: Vec<&'static str>,
    zones: BTreeMap<&'static str, Offsets>,
}

fn copy() -> Copy {
    let mut lines = include_str!("offsets.txt").lines();
    let [_, release, from, to] = lines.next().unwrap().split(' ').collect::<Vec<_>>()[..] else { panic!("a head") };
    let at = |seconds: &str| DateTime::from_timestamp(seconds.parse().unwrap(), 0).unwrap();
    let places = lines.next().unwrap().split(',').collect();
    let mut zones = BTreeMap::new();
    for line in lines {
        let (names, offsets) = line.split_once(' ').unwrap();
        zones.extend(names.split(',').map(|name| (name, Offsets::read(offsets).unwrap())));
    }
    Copy { release, years: TimeRange::new(at(from), at(to)).unwrap(), places, zones }
}

#[test]
fn the_copy_is_of_the_bundled_release() {
    let bundled = Zones::bundled().release().unwrap().to_string();
    assert_eq!(
        copy().release,
        bundled,
        "pin a tzdata of that release in crates/xtask/src/python.rs, and make offsets.txt anew"
    );
}

#[test]
fn the_same_names_are_accepted() {
    let (copy, bundled) = (copy(), Zones::bundled());
    assert_eq!(bundled.names(), copy.zones.keys().copied().collect::<Vec<_>>());
    assert!(copy.zones.len() > 590);
}

#[test]
fn every_change_of_offset_is_the_same_for_ten_years() {
    let (copy, bundled) = (copy(), Zones::bundled());
    assert!(copy.years.length().num_days() > 3653);
    for (name, offsets) in &copy.zones {
        assert_eq!(bundled.rules(name).unwrap().offsets(copy.years), *offsets, "{name}");
    }
}

#[test]
fn the_names_to_choose_from_are_those_of_today() {
    let copy = copy();
    let listed: Vec<&str> = copy.zones.keys().copied().filter(|name| is_listed(name) && *name != "UTC").collect();
    assert_eq!(listed, copy.places);
    for name in copy.zones.keys() {
        let today = todays_name(name);
        assert!(today == *name || copy.places.contains(&today), "{name} is called {today}");
    }
}

#[test]
fn a_place_that_was_renamed_shows_the_same_time_by_both_names() {
    let bundled = Zones::bundled();
    let offsets = |name| bundled.rules(name).unwrap().offsets(bundled.years());
    for name in bundled.names() {
        assert_eq!(offsets(name), offsets(todays_name(name)), "{name}");
    }
}
