//! Reasons: there is one exactly where there is no slot.

use chrono::TimeDelta;
use domain::explain::explain;
use domain::slots::slots;
use proptest::prelude::*;

use crate::arbitrary::scene;
use crate::cases;

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn a_start_is_a_slot_exactly_when_nothing_speaks_against_it(scene in scene(), odd_seconds in 0i64..2) {
        let openings = scene.calendar.openings(scene.within.widened(0, 1440));
        let (offering, duration) = (scene.offering(), scene.duration());
        let slots = slots(&openings, offering, duration, scene.within, scene.now);
        let mut start = scene.within.start() + TimeDelta::seconds(odd_seconds * 30);
        while start < scene.within.end() {
            let listed = slots.binary_search_by_key(&start, |slot| slot.start).is_ok();
            let reasons = explain(&scene.calendar, offering, duration, start, scene.now);
            prop_assert_eq!(reasons.is_empty(), listed, "{}: {:?}", start, reasons);
            start += TimeDelta::minutes(1);
        }
    }
}
