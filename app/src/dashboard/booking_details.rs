//! All that is known of one booking, and the form that cancels it.

use domain::{Booking, BookingStatus};
use leptos::form::ActionForm;
use leptos::prelude::*;
use uuid::Uuid;

use super::ui::Failure;
use crate::address::encoded;
use crate::calendar::spoken_range;
use crate::components::{TextArea, isolated};
use crate::proof::Proof;
use crate::server_functions::own_bookings::CancelOwnBooking;
use domain::dashboard::ShownBooking;

/// The status for people, and the class of its badge.
pub fn status_label(status: BookingStatus) -> (&'static str, &'static str) {
    match status {
        BookingStatus::Pending => ("Awaits your answer", "badge waiting"),
        BookingStatus::Confirmed => ("Confirmed", "badge good"),
        BookingStatus::Cancelled => ("Cancelled", "badge bad"),
        BookingStatus::Declined => ("Declined", "badge bad"),
        BookingStatus::Completed => ("Completed", "badge"),
        BookingStatus::NoShow => ("No-show", "badge waiting"),
    }
}

#[component]
pub fn BookingDetails(booked: ShownBooking) -> AnyView {
    let when = spoken_range(booked.start, booked.end, &booked.clocks);
    let Booking { guest, status, reference, duration_minutes, reason, .. } = booked.booking;
    let (status, badge) = status_label(status);
    let row = |term: &'static str, what: AnyView| view! { <dt>{term}</dt><dd>{what}</dd> };
    // A question mark in an address would begin what else the mail should hold.
    let mailto = format!("mailto:{}", encoded(&guest.email).replace("%40", "@"));
    let contact = view! { <a href=mailto>{guest.email.to_string()}</a> }.into_any();
    let phone = guest.phone.map(|phone| {
        let link = format!("tel:{}", phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect::<String>());
        row("Phone", view! { <a href=link>{isolated(phone)}</a> }.into_any())
    });
    view! {
        <dl class="facts">
            {row("When", when.into_any())}
            {row("What", view! { {isolated(booked.offering)} {format!(", {duration_minutes} minutes")} }.into_any())}
            {row("Status", view! { <span class=badge>{status}</span> }.into_any())}
            {row("E-mail", contact)}
            {phone}
            {guest.notes.map(|notes| row("Notes", view! { <span class="as-typed">{notes}</span> }.into_any()))}
            {guest.time_zone.map(|zone| row("Their zone", zone.to_string().into_any()))}
            {reason.map(|reason| row("Reason", view! { <span class="as-typed">{reason}</span> }.into_any()))}
            {row("Reference", view! { <code>{reference}</code> }.into_any())}
        </dl>
    }
    .into_any()
}

/// Cancels after a second look; works without JavaScript too.
#[component]
pub fn CancelForm(id: Uuid, cancel: ServerAction<CancelOwnBooking>) -> AnyView {
    // Several of these forms share the action: only the one that was sent says what went wrong.
    let sent = RwSignal::new(false);
    let error = Signal::derive(move || cancel.value().get().and_then(Result::err).filter(|_| sent.get()));
    let field = format!("reason-{id}");
    view! {
        <details class="more danger">
            <summary>"Cancel this booking"</summary>
            <ActionForm action=cancel on:submit:capture=move |_| sent.set(true)>
                <Proof/>
                <input type="hidden" name="booking_id" value=id.to_string()/>
                <div class="entry">
                    <label for=field.clone()>"What to tell the guest, if you like"</label>
                    <TextArea id=field name="reason" rows=2 longest=500/>
                </div>
                <Failure error/>
                <button type="submit" class="button bad" disabled=cancel.pending()>"Cancel booking"</button>
            </ActionForm>
        </details>
    }
    .into_any()
}
