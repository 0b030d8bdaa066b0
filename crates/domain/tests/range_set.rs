//! Sets of ranges obey the algebra of sets, minute by minute.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{RangeSet, TimeRange};
use proptest::prelude::*;

const SPAN: i64 = 120;

fn minute(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn ranges() -> impl Strategy<Value = Vec<TimeRange>> {
    prop::collection::vec((0..SPAN - 20, 1i64..20), 0..12).prop_map(|all| {
        all.into_iter().map(|(from, length)| TimeRange::from_start(minute(from), length).unwrap()).collect()
    })
}

fn has(set: &RangeSet, at: i64) -> bool {
    set.ranges().iter().any(|range| range.contains(minute(at)))
}

/// Sorted, and neither overlapping nor touching.
fn is_canonical(set: &RangeSet) -> bool {
    set.ranges().windows(2).all(|pair| pair[0].end() < pair[1].start())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_set_has_the_minutes_of_its_ranges(all in ranges()) {
        let set: RangeSet = all.iter().copied().collect();
        prop_assert!(is_canonical(&set));
        for at in 0..SPAN {
            prop_assert_eq!(has(&set, at), all.iter().any(|range| range.contains(minute(at))));
        }
    }

    #[test]
    fn union_intersection_and_difference_are_those_of_sets(a in ranges(), b in ranges()) {
        let (a, b): (RangeSet, RangeSet) = (a.into_iter().collect(), b.into_iter().collect());
        let (union, both, rest) = (a.union(&b), a.intersect(&b), a.subtract(&b));
        for set in [&union, &both, &rest] {
            prop_assert!(is_canonical(set));
        }
        for at in 0..SPAN {
            prop_assert_eq!(has(&union, at), has(&a, at) || has(&b, at));
            prop_assert_eq!(has(&both, at), has(&a, at) && has(&b, at));
            prop_assert_eq!(has(&rest, at), has(&a, at) && !has(&b, at));
        }
    }

    #[test]
    fn a_set_is_its_common_part_and_its_rest(a in ranges(), b in ranges()) {
        let (a, b): (RangeSet, RangeSet) = (a.into_iter().collect(), b.into_iter().collect());
        prop_assert_eq!(a.intersect(&b).union(&a.subtract(&b)), a.clone());
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersect(&b), b.intersect(&a));
    }
}

#[test]
fn ranges_that_touch_become_one() {
    let touching = [(10, 20), (0, 10)].map(|(from, to)| TimeRange::new(minute(from), minute(to)).unwrap());
    let set: RangeSet = touching.into_iter().collect();
    assert_eq!(set.ranges(), [TimeRange::new(minute(0), minute(20)).unwrap()]);
}
