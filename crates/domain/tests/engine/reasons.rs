//! Each reason by its code, and that it says nothing of who took the time.

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{Appointment, Calendar};
use domain::explain::explain;
use domain::problem::ReasonCode;
use domain::slots::slots;
use domain::{AvailabilityEntry, Effect, NewOffering, Offering, Pattern, TimeRange};
use uuid::Uuid;

use crate::arbitrary::zone;

fn utc(time: &str) -> DateTime<Utc> {
    format!("2026-11-23T{time}:00Z").parse().unwrap()
}

fn range(start: &str, end: &str) -> TimeRange {
    TimeRange::new(utc(start), utc(end)).unwrap()
}

fn entry(effect: Effect, start: &str, end: &str) -> AvailabilityEntry {
    AvailabilityEntry {
        availability_id: Uuid::nil(),
        provider_id: Uuid::nil(),
        effect,
        pattern: Pattern::OneOff(range(start, end)),
        note: None,
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

fn taken(start: &str, end: &str) -> Appointment {
    Appointment {
        appointment_id: Uuid::nil(),
        offering_id: Uuid::nil(),
        during: range(start, end),
        blocked: range(start, end),
        held: false,
        capacity: 1,
        seats_taken: 1,
    }
}

/// Open 09:00-17:00 but for 12:00-13:00, taken 10:00-11:00; a quarter of an hour kept free around.
fn calendar() -> Calendar {
    let details = NewOffering {
        buffer_before_minutes: 15,
        buffer_after_minutes: 15,
        min_notice_minutes: 60,
        horizon_days: 7,
        ..NewOffering::first()
    };
    Calendar {
        time_zone: zone("UTC"),
        entries: vec![entry(Effect::Open, "09:00", "17:00"), entry(Effect::Closed, "12:00", "13:00")],
        appointments: vec![taken("10:00", "11:00")],
        offerings: vec![Offering { offering_id: Uuid::nil(), version: 1, details }],
    }
}

fn codes_at(calendar: &Calendar, start: DateTime<Utc>, duration: u32) -> Vec<ReasonCode> {
    let reasons = explain(calendar, &calendar.offerings[0], duration, start, utc("06:00"));
    assert!(reasons.iter().all(|reason| reason.detail.ends_with('.')), "a sentence each: {reasons:?}");
    reasons.into_iter().map(|reason| reason.code).collect()
}

fn codes(start: &str) -> Vec<ReasonCode> {
    codes_at(&calendar(), utc(start), 30)
}

#[test]
fn a_free_start_has_no_reason() {
    assert_eq!(codes("09:15"), []);
    assert_eq!(codes("16:30"), [], "the buffer may reach outside open time");
}

#[test]
fn time_that_is_not_open_is_outside() {
    assert_eq!(codes("08:00"), [ReasonCode::OutsideAvailability]);
    assert_eq!(codes("16:45"), [ReasonCode::OutsideAvailability]);
}

#[test]
fn time_off_is_closed() {
    assert_eq!(codes("12:15"), [ReasonCode::Closed]);
    assert_eq!(codes("11:45"), [ReasonCode::Closed]);
}

#[test]
fn the_same_time_is_taken_and_a_near_one_in_its_buffer() {
    assert_eq!(codes("10:30"), [ReasonCode::Taken]);
    assert_eq!(codes("11:00"), [ReasonCode::Buffer]);
    assert_eq!(codes("11:15"), []);
}

#[test]
fn a_hold_is_told_from_a_booking() {
    let mut calendar = calendar();
    calendar.appointments[0].held = true;
    assert_eq!(codes_at(&calendar, utc("10:00"), 30), [ReasonCode::Held]);
}

#[test]
fn a_start_between_the_steps_is_off_the_grid_and_hears_the_next_ones() {
    let calendar = calendar();
    let reasons = explain(&calendar, &calendar.offerings[0], 30, utc("14:10"), utc("06:00"));
    assert_eq!(reasons.len(), 1);
    assert_eq!(reasons[0].code, ReasonCode::OffGrid);
    assert!(reasons[0].detail.contains("2026-11-23T14:00:00Z and 2026-11-23T14:15:00Z"), "{}", reasons[0].detail);
}

#[test]
fn notice_and_horizon_are_counted_from_now() {
    let calendar = calendar();
    let codes = |start: &str, now: DateTime<Utc>| -> Vec<ReasonCode> {
        let reasons = explain(&calendar, &calendar.offerings[0], 30, utc(start), now);
        reasons.into_iter().map(|reason| reason.code).collect()
    };
    assert_eq!(codes("14:00", utc("13:00")), [], "exactly the notice is enough");
    assert_eq!(codes("14:00", utc("13:00") + TimeDelta::nanoseconds(1)), [ReasonCode::TooSoon]);
    assert_eq!(codes("14:00", utc("15:00")), [ReasonCode::TooSoon]);
    let week_before = utc("14:00") - TimeDelta::days(7);
    assert_eq!(codes("14:00", week_before), []);
    assert_eq!(codes("14:00", week_before - TimeDelta::nanoseconds(1)), [ReasonCode::TooFar]);
}

#[test]
fn an_unknown_length_and_an_inactive_offering_are_said_beside_the_rest() {
    let mut calendar = calendar();
    assert_eq!(codes_at(&calendar, utc("14:00"), 45), [ReasonCode::UnknownDuration]);
    assert_eq!(codes_at(&calendar, utc("14:00"), 0), [ReasonCode::UnknownDuration]);
    calendar.offerings[0].details.active = false;
    assert_eq!(
        codes_at(&calendar, utc("08:10"), 45),
        [ReasonCode::Inactive, ReasonCode::UnknownDuration, ReasonCode::OutsideAvailability]
    );
}

#[test]
fn a_day_with_its_limit_reached_takes_no_more() {
    let mut calendar = calendar();
    calendar.offerings[0].details.daily_limit = Some(1);
    assert_eq!(codes_at(&calendar, utc("14:00"), 30), [ReasonCode::DailyLimit]);
    calendar.offerings[0].details.daily_limit = Some(2);
    assert_eq!(codes_at(&calendar, utc("14:00"), 30), []);
}

#[test]
fn a_daily_limit_counts_appointments_and_not_seats() {
    let mut calendar = calendar();
    let details = &mut calendar.offerings[0].details;
    (details.capacity, details.daily_limit, details.durations_minutes) = (5, Some(2), vec![60]);
    for (appointment, seats) in [(0, 4), (1, 5)] {
        if appointment == 1 {
            calendar.appointments.push(taken("14:00", "15:00"));
        }
        let class = &mut calendar.appointments[appointment];
        (class.capacity, class.seats_taken) = (5, seats);
        let is_full = calendar.openings(range("00:00", "23:00")).full_days.len() == 1;
        assert_eq!(is_full, appointment == 1, "the day of two classes of five seats is full with the second class");
        let expected: &[_] = if is_full { &[ReasonCode::DailyLimit] } else { &[] };
        assert_eq!(codes_at(&calendar, utc("15:30"), 60), expected);
    }
    assert_eq!(codes_at(&calendar, utc("10:00"), 60), [], "whoever joins the first class begins none");
    assert_eq!(codes_at(&calendar, utc("14:00"), 60), [ReasonCode::Full]);
    let openings = calendar.openings(range("00:00", "23:00"));
    let slots = slots(&openings, &calendar.offerings[0], 60, range("00:00", "23:00"), utc("06:00"));
    assert_eq!(slots.iter().map(|slot| (slot.start, slot.remaining)).collect::<Vec<_>>(), [(utc("10:00"), 1)]);
}

#[test]
fn a_group_is_open_to_all_until_its_last_seat() {
    let mut calendar = calendar();
    calendar.offerings[0].details.capacity = 3;
    calendar.appointments[0].capacity = 3;
    assert_eq!(codes_at(&calendar, utc("10:00"), 60), []);
    assert_eq!(codes_at(&calendar, utc("10:00"), 30), [ReasonCode::Taken], "another length is no seat in it");
    calendar.appointments[0].seats_taken = 3;
    assert_eq!(codes_at(&calendar, utc("10:00"), 60), [ReasonCode::Full]);
}

#[test]
fn a_group_takes_no_more_guests_in_time_that_is_closed_or_deleted() {
    let mut calendar = calendar();
    calendar.offerings[0].details.capacity = 3;
    calendar.appointments[0].capacity = 3;
    let seats = |calendar: &Calendar| calendar.openings(range("00:00", "23:00")).groups.len();
    assert_eq!(seats(&calendar), 1);
    calendar.entries.push(entry(Effect::Closed, "10:59", "11:00"));
    assert_eq!((codes_at(&calendar, utc("10:00"), 60), seats(&calendar)), (vec![ReasonCode::Closed], 0));
    calendar.entries.clear();
    assert_eq!((codes_at(&calendar, utc("10:00"), 60), seats(&calendar)), (vec![ReasonCode::OutsideAvailability], 0));
}

#[test]
fn instants_beyond_the_calendar_are_outside_and_no_panic() {
    for start in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        for duration in [1, 30, u32::MAX] {
            assert!(!codes_at(&calendar(), start, duration).is_empty());
        }
    }
}
