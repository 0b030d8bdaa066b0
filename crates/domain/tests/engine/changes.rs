//! Changes pushed to a page: a replaced stretch leaves it as if everything had been read afresh.

use domain::TimeRange;
use domain::openings::MAX_BUFFER_MINUTES;
use proptest::prelude::*;

use crate::arbitrary::{Scene, scene};
use crate::cases;

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn replacing_the_stretch_of_a_cancelled_or_new_appointment_equals_a_fresh_read(scene in scene(), which in any::<prop::sample::Index>(), added in any::<bool>()) {
        prop_assume!(!scene.calendar.appointments.is_empty());
        let index = which.index(scene.calendar.appointments.len());
        let mut other = scene.calendar.clone();
        let changed = other.appointments.remove(index).blocked.widened(MAX_BUFFER_MINUTES, MAX_BUFFER_MINUTES);
        let (old, new) = if added { (&other, &scene.calendar) } else { (&scene.calendar, &other) };

        let mut known = old.openings(scene.within);
        let stretch = changed.intersect(&scene.within);
        if let Some(stretch) = stretch {
            known.replace(stretch, new.openings(stretch));
            let once = known.clone();
            known.replace(stretch, new.openings(stretch));
            prop_assert_eq!(&once, &known, "twice is once");
        }
        prop_assert_eq!(known, new.openings(scene.within));
    }

    #[test]
    fn replacing_the_stretch_of_changed_hours_equals_a_fresh_read(scene in scene(), which in any::<prop::sample::Index>()) {
        let mut other = scene.calendar.clone();
        let gone = other.entries.remove(which.index(scene.calendar.entries.len()));
        let occurrences = gone.pattern.occurrences(scene.within);
        let hull = occurrences.iter().map(|occurrence| occurrence.range).reduce(|a, b| a.hull(&b));
        check(&scene, &other, hull)?;
    }
}

fn check(scene: &Scene, other: &domain::calendar::Calendar, hull: Option<TimeRange>) -> Result<(), TestCaseError> {
    for (old, new) in [(&scene.calendar, other), (other, &scene.calendar)] {
        let mut known = old.openings(scene.within);
        if let Some(stretch) = hull.and_then(|hull| hull.intersect(&scene.within)) {
            known.replace(stretch, new.openings(stretch));
        }
        prop_assert_eq!(known, new.openings(scene.within));
    }
    Ok(())
}
