//! A booking as its guest sees it: confirmation, details, and the way to cancel.

use domain::{Booking, BookingStatus, Side};
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use server_fn::ServerFn;

use super::ProblemPage;
use super::guest::focus;
use crate::address::manage_path;
use crate::components::{Copyable, LiveBadge, TextArea, Typed, isolated};
use crate::error::ApiError;
use crate::json_codec::Packed;
use crate::live::{Live, use_live};
use crate::local_time::{self, duration_label, full_date_label, offset_label, range_label, zone_label};
use crate::reactive::{effect, flag, memo, text};
use crate::server_functions::bookings::{BookedData, CancelBooking, booking_page, cancel_booking};
use crate::zone_tables;

#[component]
pub fn Booked() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let path = memo(move || {
        let id = params.with(|params| params.get("id").unwrap_or_default());
        manage_path(&id, &query.with(|query| query.get("key").unwrap_or_default()))
    });
    let asked = move || {
        let id = params.with_untracked(|params| params.get("id").unwrap_or_default());
        (id, query.with_untracked(|query| query.get("key").unwrap_or_default()))
    };
    let data = Resource::new(
        move || path.get(),
        move |_| {
            let (id, key) = asked();
            booking_page(id, key)
        },
    );
    view! {
        <Transition fallback=|| view! { <section class="sheet skeleton"></section> }>
            {move || Suspend::new(async move {
                match data.await.and_then(|data| data.read()) {
                    Ok(booked) => view! { <Page booked key=asked().1 data/> }.into_any(),
                    Err(error) => view! {
                        <ProblemPage error what="We cannot find this booking."/>
                    }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Says what is; when that changes, the whole page is read and rendered again.
#[component]
fn Page(booked: BookedData, key: String, data: Resource<Result<Packed, ApiError>>) -> AnyView {
    zone_tables::learn(&booked.zones);
    let live = use_live(booked.live.clone());
    let is_under_way = RwSignal::new(false);
    follow(live, booked.clone(), key.clone(), data, is_under_way);
    let BookedData { booking, provider, slug, now, manage_url, flash, .. } = booked;
    // Booked or cancelled just now, on a page that stayed: what had the focus is gone with the form, and
    // without this nobody would hear what has come in its place.
    let is_loaded = Owner::current_shared_context().is_none_or(|context| context.during_hydration());
    effect(move || {
        if !is_loaded {
            request_animation_frame(|| focus(".booked-head"));
        }
    });
    let is_over = booking.end <= now;
    let is_standing = booking.status.is_active() && !is_over;
    let (title, words) = heading(&booking, is_over);
    let tone = match booking.status {
        BookingStatus::Pending => "waiting",
        status if status.is_active() => "good",
        _ => "over",
    };
    let own = booking.guest.time_zone.as_ref().unwrap_or(&provider.time_zone).name().to_owned();
    let theirs = provider.time_zone.name().to_owned();
    let both = (own != theirs).then(|| when(&booking, &theirs));
    let what = isolated(&booking.title);
    let what = view! { {what} {format!(", {}", duration_label(booking.duration_minutes))} };
    let location = booking.location.clone();
    let page = format!("/{}", provider.handle);
    let again = match &slug {
        Some(slug) => format!("{page}?offering={slug}"),
        None => page.clone(),
    };
    let id = booking.booking_id.to_string();
    let file = format!("/api/v1{}", manage_path(&id, &key).replacen("?", "/ics?", 1));
    let reason = booking.reason.clone().filter(|_| !booking.status.is_active()).unwrap_or_default();
    let fact = |name: &'static str, value: AnyView| view! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    let if_any = |name: &'static str, value: String| (!value.is_empty()).then(|| fact(name, value.into_any()));
    let next = if is_standing {
        view! {
            <div class="booked-keep">
                <p class="notice">
                    <strong>"Keep this page."</strong>
                    " Its address is the key to your booking: with it you can see and cancel it, and so can anyone you give it to."
                </p>
                <Copyable text=manage_url label="Address of this page"/>
                <p class="actions"><a class="button primary" href=file rel="external" download>"Add to calendar"</a></p>
            </div>
            <Cancel id key flash data is_under_way/>
        }
        .into_any()
    } else {
        view! { <p class="actions"><a class="button primary" href=again>"Book another time"</a></p> }.into_any()
    };
    view! {
        <Title text=title/>
        <section class="sheet booked" data-tone=tone>
            <header class="booked-head" tabindex="-1">
                <h1>{title}</h1>
                <p class="lead">{words}</p>
                <LiveBadge connection=live.connection/>
            </header>
            <dl class="facts">
                {fact("When", view! { {when(&booking, &own)} {both} }.into_any())}
                {fact("What", what.into_any())}
                {fact("With", view! { <a href=page>{isolated(provider.display_name)}</a> }.into_any())}
                {if_any("Where", location)}
                {fact("For", view! { {isolated(booking.guest.name)} <br/> {booking.guest.email.to_string()} }.into_any())}
                {fact("Reference", view! { <strong class="reference">{booking.reference}</strong> }.into_any())}
                {if_any("Reason", reason)}
            </dl>
            {next}
        </section>
    }
    .into_any()
}

/// Reads the booking again when the provider's calendar has changed, and the page only if it says something else now.
fn follow(
    live: Live,
    shown: BookedData,
    key: String,
    data: Resource<Result<Packed, ApiError>>,
    is_under_way: RwSignal<bool>,
) {
    let newest = memo(move || live.state.with(|state| format!("{} {}", state.version, state.zones)));
    let seen = StoredValue::new(newest.get_untracked());
    effect(move || {
        let newest = newest.get();
        if seen.get_value() == newest {
            return;
        }
        seen.set_value(newest);
        let (shown, key) = (shown.clone(), key.clone());
        spawn_local(async move {
            let fresh = booking_page(shown.booking.booking_id.to_string(), key).await;
            let Ok(fresh) = fresh.and_then(|fresh| fresh.read::<BookedData>()) else { return };
            let differs = (fresh.booking, fresh.provider, fresh.slug, fresh.zones)
                != (shown.booking, shown.provider, shown.slug, shown.zones);
            // One's own cancelling reads the page anew by itself. None: the page is gone.
            if differs && is_under_way.try_get_untracked() == Some(false) {
                data.refetch();
            }
        });
    });
}

fn heading(booking: &Booking, is_over: bool) -> (&'static str, &'static str) {
    match booking.status {
        BookingStatus::Pending if is_over => ("This request is over", "It was not confirmed in time."),
        BookingStatus::Confirmed if is_over => ("This appointment is over", "Thank you for coming."),
        BookingStatus::Pending => ("Your request is in", "The time is kept for you until it is confirmed or declined."),
        BookingStatus::Confirmed => ("You are booked", "See you then."),
        BookingStatus::Cancelled if booking.cancelled_by == Some(Side::Provider) => {
            ("Cancelled", "The provider had to cancel this one.")
        }
        BookingStatus::Cancelled => ("Cancelled", "The time is free for others again."),
        BookingStatus::Declined => ("Declined", "The provider could not take this one."),
        BookingStatus::Completed => ("This appointment is over", "Thank you for coming."),
        BookingStatus::NoShow => ("Missed", "The appointment passed without you."),
    }
}

/// Date and hours by one clock.
fn when(booking: &Booking, zone: &str) -> AnyView {
    let day = full_date_label(local_time::local(booking.start, zone).date());
    let hours = range_label(booking.start, booking.end, zone);
    let clock = format!("{} ({})", zone_label(zone), offset_label(booking.start, zone));
    view! { <p class="when"><strong>{day}", "<span class="whole">{hours}</span></strong> <span>{clock}</span></p> }
        .into_any()
}

/// Asks once more in a dialog; without scripts, below a summary that unfolds.
#[component]
fn Cancel(
    id: String,
    key: String,
    flash: crate::form_flash::Flash,
    data: Resource<Result<Packed, ApiError>>,
    is_under_way: RwSignal<bool>,
) -> AnyView {
    let dialog = NodeRef::<html::Dialog>::new();
    let awake = RwSignal::new(false);
    effect(move || awake.set(true));
    let error = RwSignal::new(flash.error());
    let address = StoredValue::new((id, key));
    let submit = move |ev: SubmitEvent| {
        ev.prevent_default();
        let (id, key) = address.get_value();
        let reason = Typed::of(&ev).get("reason");
        is_under_way.set(true);
        spawn_local(async move {
            match cancel_booking(id, key, reason).await {
                // The page that comes takes the place of all this: until then it stays as it is.
                Ok(()) => data.refetch(),
                Err(refused) => {
                    is_under_way.try_set(false);
                    if let Some(Some(dialog)) = dialog.try_get_untracked() {
                        dialog.close();
                    }
                    error.try_set(Some(refused));
                }
            }
        });
    };
    let reason = flash.get("reason");
    let form = move |field: &'static str| {
        let (id, key) = address.get_value();
        view! {
            <form method="post" action=CancelBooking::url() on:submit=submit>
                <input type="hidden" name="id" value=id/>
                <input type="hidden" name="key" value=key/>
                <div class="entry">
                    <label for=field>"Reason" <span class="optional">" optional"</span></label>
                    <TextArea id=field name="reason" rows=2 longest=500 text=reason.clone()/>
                </div>
                <button class="button bad" disabled=is_under_way>"Cancel the booking"</button>
            </form>
        }
        .into_any()
    };
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            let _ = dialog.show_modal();
        }
    };
    let words = text(move || error.with(|error| error.as_ref().map(ApiError::summary).unwrap_or_default()));
    let no_words = flag(move || words.get().is_empty());
    let ask = "The time goes back to others at once, and this cannot be undone.";
    view! {
        <div class="booked-cancel">
            <div role="alert"><p class="notice bad" hidden=no_words>{words}</p></div>
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
