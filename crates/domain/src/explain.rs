//! Why a start cannot be booked, in words a guest or a developer can act on.

use chrono::{TimeDelta, Utc};

use crate::availability::Effect;
use crate::calendar::{Appointment, Calendar};
use crate::offering::MAX_DURATION_MINUTES;
use crate::problem::{Reason, ReasonCode};
use crate::{Instant, Offering, RangeSet, TimeRange, moment};

/// Every reason why `start` cannot be booked for `duration_minutes`; empty when it can.
///
/// Agrees with [`crate::slots::slots`]: a start is a slot exactly when there is no reason.
pub fn explain(
    calendar: &Calendar,
    offering: &Offering,
    duration_minutes: u32,
    start: Instant,
    now: Instant,
) -> Vec<Reason> {
    let mut reasons = rules(offering, duration_minutes, start, now);
    // No appointment is longer than a day: that has been said to be an unknown length, and nothing is to be looked up.
    if duration_minutes > MAX_DURATION_MINUTES {
        return reasons;
    }
    let Ok(during) = TimeRange::from_start(start, i64::from(duration_minutes)) else { return reasons };
    // Entries lie in those years; beyond, arithmetic on instants need not hold.
    if !moment::is_near(&start) {
        reasons.push(outside());
        return reasons;
    }
    let blocked = during.widened(i64::from(offering.buffer_before_minutes), i64::from(offering.buffer_after_minutes));
    let near = calendar.appointments_near(blocked);

    let same = near.iter().find(|taken| {
        let group = taken.capacity > 1 || taken.seats_taken < taken.capacity;
        group && !taken.held && taken.offering_id == offering.offering_id && taken.during == during
    });
    match same {
        Some(group) if group.seats_taken >= group.capacity => {
            reasons.push(reason(ReasonCode::Full, "Every seat of this appointment is taken. Choose another time."))
        }
        // Its start was on the grid when it was made.
        Some(_) => open_and_closed(calendar, during, &mut reasons),
        None => {
            open_and_closed(calendar, during, &mut reasons);
            grid(calendar, offering, during, &mut reasons);
            others(near, during, blocked, &mut reasons);
            daily_limit(calendar, offering, start, &mut reasons);
        }
    }
    reasons
}

/// What the other appointments of the day say. A seat in one of them is no new appointment.
fn daily_limit(calendar: &Calendar, offering: &Offering, start: Instant, reasons: &mut Vec<Reason>) {
    if let Ok(this) = TimeRange::new(start, start + TimeDelta::seconds(1))
        && calendar.full_days(this).iter().any(|day| day.offering_id == offering.offering_id)
    {
        reasons.push(reason(
            ReasonCode::DailyLimit,
            "No more of these appointments are taken on this day. Choose another day.",
        ));
    }
}

/// What the offering alone says.
fn rules(offering: &Offering, duration_minutes: u32, start: Instant, now: Instant) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if !offering.active {
        reasons.push(reason(
            ReasonCode::Inactive,
            "This kind of appointment cannot be booked at present. Choose another kind.",
        ));
    }
    if duration_minutes == 0 || !offering.durations_minutes.contains(&duration_minutes) {
        let known: Vec<String> = offering.durations_minutes.iter().map(u32::to_string).collect();
        let detail = format!(
            "There is no appointment of {duration_minutes} minutes of this kind. Choose a length of {} minutes.",
            known.join(" or ")
        );
        reasons.push(reason(ReasonCode::UnknownDuration, detail));
    }
    let ahead = start - now;
    if ahead < TimeDelta::minutes(offering.min_notice_minutes.into()) {
        reasons.push(reason(
            ReasonCode::TooSoon,
            if ahead < TimeDelta::zero() {
                "This time has already begun. Choose a later one.".to_owned()
            } else {
                let notice = spoken(offering.min_notice_minutes);
                format!("This must be booked at least {notice} before. Choose a later time.")
            },
        ));
    }
    if ahead > TimeDelta::days(offering.horizon_days.into()) {
        let days = offering.horizon_days;
        let plural = if days == 1 { "" } else { "s" };
        reasons.push(reason(
            ReasonCode::TooFar,
            format!("This can be booked at most {days} day{plural} ahead. Choose an earlier time, or come back later."),
        ));
    }
    reasons
}

/// What the provider's open and closed hours say.
fn open_and_closed(calendar: &Calendar, during: TimeRange, reasons: &mut Vec<Reason>) {
    let all: RangeSet = calendar.stretches(Effect::Open, during).map(|(range, _)| range).collect();
    let wanted = RangeSet::from_iter([during]);
    if !wanted.subtract(&all).ranges().is_empty() {
        reasons.push(outside());
    }
    let closed: RangeSet = calendar.stretches(Effect::Closed, during).map(|(range, _)| range).collect();
    if !wanted.intersect(&all).intersect(&closed).ranges().is_empty() {
        reasons.push(reason(ReasonCode::Closed, "The provider is away during part of this time. Choose another time."));
    }
}

/// What the steps from the start of the hours say.
fn grid(calendar: &Calendar, offering: &Offering, during: TimeRange, reasons: &mut Vec<Reason>) {
    let (open, start) = (calendar.open(during), during.start());
    if let Some((_, origin)) = open.iter().find(|(range, _)| range.contains(start)) {
        let step = i64::from(offering.step_minutes.max(1)) * 60;
        let past = (start - *origin).num_seconds().rem_euclid(step);
        if past != 0 || start.timestamp_subsec_nanos() != 0 {
            let before =
                start - TimeDelta::seconds(past) - TimeDelta::nanoseconds(start.timestamp_subsec_nanos().into());
            let time = |instant: Instant| instant.with_timezone(&Utc).format("%Y-%m-%dT%H:%M:%SZ").to_string();
            reasons.push(reason(
                ReasonCode::OffGrid,
                format!(
                    "Appointments begin every {} minutes: the starts next to this one are {} and {}.",
                    step / 60,
                    time(before),
                    time(before + TimeDelta::seconds(step))
                ),
            ));
        }
    }
}

/// What other appointments say. Nothing that tells by whom the time is taken.
fn others(near: &[Appointment], during: TimeRange, blocked: TimeRange, reasons: &mut Vec<Reason>) {
    let collides = |held: bool| near.iter().any(|other| other.held == held && other.blocked.overlaps(&during));
    let (taken, held) = (collides(false), collides(true));
    if taken {
        reasons.push(reason(ReasonCode::Taken, "This time is taken. Choose another."));
    }
    if held {
        reasons.push(reason(
            ReasonCode::Held,
            "Somebody is just booking this time. Try again in a few minutes, or choose another.",
        ));
    }
    if !taken && !held && near.iter().any(|other| other.blocked.overlaps(&blocked)) {
        reasons.push(reason(
            ReasonCode::Buffer,
            "This is too close to another appointment: time is kept free before and after. Choose a time further from it.",
        ));
    }
}

fn outside() -> Reason {
    reason(
        ReasonCode::OutsideAvailability,
        "The provider does not take appointments for all of this time. Choose one within open hours.",
    )
}

fn reason(code: ReasonCode, detail: impl Into<String>) -> Reason {
    Reason { code, detail: detail.into() }
}

/// `90 minutes`, `2 hours`, `3 days`: in the largest unit that is whole.
fn spoken(minutes: u32) -> String {
    let (count, unit) = match minutes {
        0 => (0, "minute"),
        _ if minutes.is_multiple_of(1440) => (minutes / 1440, "day"),
        _ if minutes.is_multiple_of(60) => (minutes / 60, "hour"),
        _ => (minutes, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
