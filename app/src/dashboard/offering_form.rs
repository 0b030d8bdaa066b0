//! The form of one appointment type.

use domain::{Approval, NewOffering, Offering};
use leptos::form::ActionForm;
use leptos::prelude::*;

use super::form_kit::{Entered, Entry, Kind, Sheet, Tick, Unseen};
use crate::error::ApiError;
use crate::proof::Proof;
use crate::server_functions::offerings::SaveOffering;

/// An offering as the form shows it.
pub fn entered(offering_id: &str, offering: &NewOffering) -> Entered {
    let lengths: Vec<String> = offering.durations_minutes.iter().map(u32::to_string).collect();
    let mut entered = Entered::of([
        ("offering_id", offering_id),
        ("slug", &offering.slug),
        ("title", &offering.title),
        ("description", &offering.description),
        ("location", &offering.location),
        ("durations_minutes", &lengths.join(", ")),
        ("approval", if offering.approval == Approval::Manual { "manual" } else { "automatic" }),
        ("active", if offering.active { "on" } else { "" }),
    ]);
    for (name, number) in [
        ("step_minutes", offering.step_minutes),
        ("buffer_before_minutes", offering.buffer_before_minutes),
        ("buffer_after_minutes", offering.buffer_after_minutes),
        ("min_notice_minutes", offering.min_notice_minutes),
        ("horizon_days", offering.horizon_days),
        ("capacity", offering.capacity),
        ("seats_per_guest", offering.seats_per_guest),
    ] {
        entered.set(name, number.to_string());
    }
    entered.set("daily_limit", offering.daily_limit.map(|limit| limit.to_string()).unwrap_or_default());
    entered
}

/// A new one: the defaults, with the name and its slug left to be said.
pub fn blank() -> Entered {
    let mut blank = entered("", &NewOffering::first());
    blank.set("title", "");
    blank.set("slug", "");
    blank
}

pub fn existing(offering: &Offering) -> Entered {
    entered(&offering.offering_id.to_string(), &offering.details)
}

const ADVANCED: [&str; 9] = [
    "slug",
    "step_minutes",
    "buffer_before_minutes",
    "buffer_after_minutes",
    "min_notice_minutes",
    "horizon_days",
    "daily_limit",
    "capacity",
    "seats_per_guest",
];

#[component]
pub fn OfferingForm(values: RwSignal<Entered>, save: ServerAction<SaveOffering>) -> AnyView {
    let error = Signal::derive(move || save.value().get().and_then(Result::err));
    let sheet = Sheet::new("offering", values, error);
    let hidden_fault = move || {
        error.with(|error| error.as_ref().is_some_and(|error| ADVANCED.iter().any(|name| error.field(name).is_some())))
    };
    // Faults of fields stand beside them.
    let rest = Signal::derive(move || {
        error.get().filter(|ApiError(problem)| !matches!(problem, domain::Problem::Invalid { .. }))
    });
    view! {
        <ActionForm action=save attr:class="offering-form" attr:novalidate=true>
            <Proof/>
            <Unseen sheet name="offering_id"/>
            // Kept as it is, not offered: there is no way yet to confirm a booking that waits, or to
            // decline it, so that choosing "manual" here would lead guests nowhere.
            <Unseen sheet name="approval"/>
            <Entry sheet name="title" label="Name" hint="What guests choose: “First visit”, “Piano lesson”."/>
            <Entry sheet name="description" label="Description" kind=Kind::Area(3)/>
            <div class="pair">
                <Entry sheet name="durations_minutes" label="Lengths, in minutes" hint="The ones a guest may choose, as 30, 60."/>
                <Entry sheet name="location" label="Where" hint="An address, a room, a link."/>
            </div>
            <Tick sheet name="active" label="Guests can book this"/>
            <details class="more" prop:open=hidden_fault>
                <summary>"Rules: steps, buffers, notice, limits"</summary>
                <fieldset>
                    <legend>"Times"</legend>
                    <div class="pair">
                        <Entry sheet name="step_minutes" label="A start every … minutes" kind=Kind::Number(5, 1440)/>
                        <Entry sheet name="capacity" label="Seats at one time" kind=Kind::Number(1, 1000) hint="More than one for a group."/>
                    </div>
                    <div class="pair">
                        <Entry sheet name="buffer_before_minutes" label="Minutes kept free before" kind=Kind::Number(0, 1440)/>
                        <Entry sheet name="buffer_after_minutes" label="Minutes kept free after" kind=Kind::Number(0, 1440)/>
                    </div>
                </fieldset>
                <fieldset>
                    <legend>"Limits"</legend>
                    <div class="pair">
                        <Entry sheet name="min_notice_minutes" label="Notice, in minutes" kind=Kind::Number(0, 525_600) hint="How long before the start a time can last be booked; 1440 is a day."/>
                        <Entry sheet name="horizon_days" label="Days ahead" kind=Kind::Number(1, 366) hint="How far ahead guests can book."/>
                    </div>
                    <div class="pair">
                        <Entry sheet name="daily_limit" label="At most a day" kind=Kind::Number(1, 1000) hint="Empty for no limit."/>
                        <Entry sheet name="seats_per_guest" label="Seats for one guest" kind=Kind::Number(1, 1000) hint="Of a group, under one e-mail."/>
                    </div>
                </fieldset>
                <Entry sheet name="slug" label="Name in links" hint="Small letters, digits and hyphens; made of the name when empty."/>
            </details>
            <super::ui::Failure error=rest/>
            <div class="actions">
                <button type="submit" class="button primary" disabled=save.pending()>"Save"</button>
            </div>
        </ActionForm>
    }
    .into_any()
}
