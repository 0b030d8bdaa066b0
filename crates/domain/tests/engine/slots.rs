//! Slots: the starts that can be booked.

use chrono::{DateTime, TimeDelta, Utc};
use domain::slots::{Parts, is_bookable, nearest, slots, unchanged_until};
use domain::{Slot, TimeRange};
use proptest::prelude::*;

use crate::arbitrary::{Scene, scene};
use crate::cases;
use crate::oracle::{Oracle, each_minute};

/// Openings that reach beyond `within` as far as the longest appointment.
fn cut(scene: &Scene, now: DateTime<Utc>) -> Vec<Slot> {
    let openings = scene.calendar.openings(scene.within.widened(0, 1440));
    slots(&openings, scene.offering(), scene.duration(), scene.within, now)
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn slots_are_what_every_minute_says(scene in scene()) {
        let oracle = Oracle::new(&scene.calendar, scene.within);
        let expected = oracle.slots(scene.offering(), scene.duration(), scene.now);
        prop_assert_eq!(cut(&scene, scene.now), expected);
    }

    #[test]
    fn parts_of_any_size_together_are_all_slots(scene in scene(), most in 1usize..40) {
        let openings = scene.calendar.openings(scene.within.widened(0, 1440));
        let (offering, duration) = (scene.offering(), scene.duration());
        let mut parts = Parts::new(&openings, offering, duration, scene.within, scene.now);
        let all = cut(&scene, scene.now);
        prop_assert!(parts.at_most(&openings, offering, duration) >= all.len());
        let mut together = Vec::new();
        loop {
            let part = parts.take(&openings, offering, duration, most);
            // A group before a free start comes with it.
            prop_assert!(part.len() <= most + openings.groups.len());
            if part.is_empty() {
                break;
            }
            together.extend(part);
        }
        prop_assert_eq!(together, all);
    }

    #[test]
    fn the_digest_of_slots_changes_with_them(scene in scene(), later in 0i64..3000) {
        let openings = scene.calendar.openings(scene.within.widened(0, 1440));
        let digest = |now| {
            let mut noted = Vec::new();
            let parts = Parts::new(&openings, scene.offering(), scene.duration(), scene.within, now);
            parts.digest(&openings, scene.offering(), scene.duration(), |a, b| noted.push((a, b)));
            noted
        };
        let then = scene.now + TimeDelta::minutes(later);
        prop_assert_eq!(digest(scene.now) == digest(then), cut(&scene, scene.now) == cut(&scene, then));
    }

    #[test]
    fn a_minute_is_bookable_exactly_when_it_is_a_slot(scene in scene()) {
        let slots = cut(&scene, scene.now);
        let openings = scene.calendar.openings(scene.within.widened(0, 1440));
        for minute in each_minute(scene.within) {
            let listed = slots.binary_search_by_key(&minute, |slot| slot.start).is_ok();
            let asked = is_bookable(&openings, scene.offering(), scene.duration(), minute, scene.now);
            prop_assert_eq!(asked, listed, "{}", minute);
        }
    }

    #[test]
    fn slots_stay_as_they_are_until_the_instant_named_and_change_then(scene in scene()) {
        let openings = scene.calendar.openings(scene.within.widened(0, 1440));
        let (offering, duration) = (scene.offering(), scene.duration());
        let changes = unchanged_until(&openings, offering, duration, scene.within, scene.now);
        let at = |now| slots(&openings, offering, duration, scene.within, now);
        match changes {
            Some(changes) => {
                prop_assert!(changes > scene.now);
                prop_assert_eq!(at(changes - TimeDelta::nanoseconds(1)), at(scene.now));
                prop_assert_ne!(at(changes), at(scene.now));
            }
            None => {
                for days in [1, 2, 5, 12] {
                    prop_assert_eq!(at(scene.now + TimeDelta::days(days)), at(scene.now));
                }
            }
        }
    }

    #[test]
    fn the_nearest_are_those_a_sort_by_distance_puts_first(scene in scene(), wanted in 0i64..5000, count in 0usize..6) {
        let slots = cut(&scene, scene.now);
        let wanted = scene.within.start() + TimeDelta::minutes(wanted);
        let mut sorted: Vec<_> = slots.iter().map(|slot| TimeRange::new(slot.start, slot.end).unwrap()).collect();
        sorted.sort_by_key(|range| ((range.start() - wanted).abs(), range.start() < wanted));
        sorted.truncate(count);
        prop_assert_eq!(nearest(&slots, wanted, count), sorted);
    }
}
