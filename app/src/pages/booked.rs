//! A booking as its guest sees it: confirmation, details, and the way to cancel.

use domain::{Booking, BookingStatus};
use leptos::html;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use server_fn::ServerFn;

use super::ProblemPage;
use super::guest::{BookedData, CancelBooking, booking_page, manage_path};
use crate::components::{Copyable, Typed};
use crate::reactive::{effect, flag, maybe, memo, part, text};
use crate::zoned::{self, duration_label, full_date_label, offset_label, range_label, zone_label};

#[component]
pub fn Booked() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = memo(move || {
        let id = params.with(|params| params.get("id").unwrap_or_default());
        (id, query.with(|query| query.get("key").unwrap_or_default()))
    });
    let data = Resource::new(move || asked.get(), |(id, key)| booking_page(id, key));
    view! {
        <Suspense fallback=|| view! { <section class="sheet skeleton"></section> }>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(data) => view! { <Page data key=asked.get_untracked().1/> }.into_any(),
                    Err(error) => view! {
                        <ProblemPage error what="We cannot find this booking."/>
                    }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Page(data: BookedData, key: String) -> AnyView {
    let cancel = ServerAction::<CancelBooking>::new();
    let first = data.booking.clone();
    // As the server last told it.
    let booking = memo(move || match cancel.value().get() {
        Some(Ok(cancelled)) => cancelled,
        _ => first.clone(),
    });
    let status = memo(move || booking.with(|booking| booking.status));
    let is_over = data.booking.end <= data.now;
    let title = text(move || heading(status.get(), is_over).0.to_owned());
    let words = text(move || heading(status.get(), is_over).1.to_owned());
    let tone = maybe(move || {
        let tone = match status.get() {
            BookingStatus::Pending => "waiting",
            status if status.is_active() => "good",
            _ => "over",
        };
        Some(tone.to_owned())
    });
    let cancellable = flag(move || status.get().is_active() && !is_over);
    let settled = flag(move || !cancellable.get());
    let own = data.booking.guest.time_zone.as_ref().unwrap_or(&data.provider.time_zone).name().to_owned();
    let theirs = data.provider.time_zone.name().to_owned();
    let both = (own != theirs).then(|| view! { <When booking=data.booking.clone() zone=theirs/> });
    let offering = data.offering.as_ref().map_or("Appointment", |offering| &offering.title).to_owned();
    let location =
        data.offering.as_ref().map(|offering| offering.location.clone()).filter(|location| !location.is_empty());
    let page = format!("/{}", data.provider.handle);
    let again = match &data.offering {
        Some(offering) => format!("{page}?offering={}", offering.slug),
        None => page.clone(),
    };
    let id = data.booking.booking_id.to_string();
    let file = format!("/api/v1{}", manage_path(&id, &key).replacen("?", "/ics?", 1));
    let reason = memo(move || booking.with(|booking| booking.reason.clone()).filter(|_| !status.get().is_active()));
    let reason_text = text(move || reason.get().unwrap_or_default());
    view! {
        <Title text=title/>
        <section class="sheet booked" data-tone=tone>
            <header class="booked-head" tabindex="-1">
                <h1>{title}</h1>
                <p class="lead">{words}</p>
            </header>
            <dl class="facts">
                <div><dt>"When"</dt><dd><When booking=data.booking.clone() zone=own/>{both}</dd></div>
                <div><dt>"What"</dt><dd>{offering}", "{duration_label(data.booking.duration_minutes)}</dd></div>
                <div><dt>"With"</dt><dd><a href=page>{data.provider.display_name.clone()}</a></dd></div>
                {location.map(|location| view! { <div><dt>"Where"</dt><dd>{location}</dd></div> })}
                <div><dt>"For"</dt><dd>{data.booking.guest.name.clone()}<br/>{data.booking.guest.email.clone()}</dd></div>
                <div><dt>"Reference"</dt><dd><strong class="reference">{data.booking.reference.clone()}</strong></dd></div>
                <div hidden=flag(move || reason.get().is_none())><dt>"Reason"</dt><dd>{reason_text}</dd></div>
            </dl>
            <div class="booked-keep" hidden=settled>
                <p class="notice">
                    <strong>"Keep this page."</strong>
                    " Its address is the key to your booking: with it you can see and cancel it, and so can anyone you give it to."
                </p>
                <Copyable text=data.manage_url.clone() label="Address of this page"/>
                <p class="actions"><a class="button primary" href=file rel="external" download>"Add to calendar"</a></p>
            </div>
            <Cancel action=cancel id key draft=data.draft hidden=settled/>
            <p class="actions" hidden=cancellable><a class="button primary" href=again>"Book another time"</a></p>
        </section>
    }
    .into_any()
}

fn heading(status: BookingStatus, is_over: bool) -> (&'static str, &'static str) {
    match status {
        BookingStatus::Pending if is_over => ("This request is over", "It was not confirmed in time."),
        BookingStatus::Confirmed if is_over => ("This appointment is over", "Thank you for coming."),
        BookingStatus::Pending => ("Your request is in", "The time is kept for you until it is confirmed or declined."),
        BookingStatus::Confirmed => ("You are booked", "See you then."),
        BookingStatus::Cancelled => ("Cancelled", "The time is free for others again."),
        BookingStatus::Declined => ("Declined", "The provider could not take this one."),
        BookingStatus::Completed => ("This appointment is over", "Thank you for coming."),
        BookingStatus::NoShow => ("Missed", "The appointment passed without you."),
    }
}

/// Date and hours by one clock.
#[component]
fn When(booking: Booking, zone: String) -> AnyView {
    let (start, end) = (zoned::local(booking.start, &zone), zoned::local(booking.end, &zone));
    let clock = format!("{} ({})", zone_label(&zone), offset_label(booking.start, &zone));
    view! {
        <p class="when">
            <strong>{full_date_label(start.date())}", "{range_label(start, end)}</strong>
            <span>{clock}</span>
        </p>
    }
    .into_any()
}

/// Asks once more in a dialog; without scripts, below a summary that unfolds.
#[component]
fn Cancel(
    action: ServerAction<CancelBooking>,
    id: String,
    key: String,
    draft: crate::draft::Draft,
    hidden: Signal<bool>,
) -> AnyView {
    let dialog = NodeRef::<html::Dialog>::new();
    let awake = RwSignal::new(false);
    effect(move || awake.set(true));
    let error = {
        let kept = draft.error();
        part(move || {
            let error = match action.value().get() {
                Some(Err(error)) => Some(error),
                Some(Ok(_)) => None,
                None => kept.clone(),
            };
            error.map(|error| view! { <p class="notice bad">{error.summary()}</p> }).into_any()
        })
    };
    effect(move || {
        if let (Some(Ok(_)), Some(dialog)) = (action.value().get(), dialog.get()) {
            dialog.close();
            request_animation_frame(|| super::guest::focus(".booked-head"));
        }
    });
    let (id, key) = (StoredValue::new(id), StoredValue::new(key));
    let reason = StoredValue::new(draft.get("reason"));
    let is_sending = action.pending();
    let submit = move |ev: leptos::ev::SubmitEvent| {
        ev.prevent_default();
        let reason = Typed::of(&ev).get("reason");
        action.dispatch(CancelBooking { id: id.get_value(), key: key.get_value(), reason });
    };
    let form = move |field: &'static str| {
        view! {
            <form method="post" action=CancelBooking::url() on:submit=submit>
                <input type="hidden" name="id" value=id.get_value()/>
                <input type="hidden" name="key" value=key.get_value()/>
                <div class="entry">
                    <label for=field>"Reason" <span class="optional">" optional"</span></label>
                    <textarea id=field name="reason" rows="2" maxlength="500">{reason.get_value()}</textarea>
                </div>
                <button class="button bad" disabled=is_sending>"Cancel the booking"</button>
            </form>
        }
    };
    let open = move |_| {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    };
    let ask = "The time goes back to others at once, and this cannot be undone.";
    view! {
        <div class="booked-cancel" hidden=hidden>
            <div role="alert">{error}</div>
            <details hidden=awake>
                <summary class="button">"Cancel…"</summary>
                <p>{ask}</p>
                {form("reason-plain")}
            </details>
            <button type="button" class="button" hidden=flag(move || !awake.get()) on:click=open>"Cancel…"</button>
            <dialog node_ref=dialog class="modal" aria-labelledby="cancel-title">
                <h2 id="cancel-title">"Cancel this booking?"</h2>
                <p>{ask}</p>
                {form("reason")}
                <form method="dialog"><button class="button">"Keep it"</button></form>
            </dialog>
        </div>
    }
    .into_any()
}
