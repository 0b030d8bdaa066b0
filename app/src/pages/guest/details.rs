//! The last step: who comes. Says at once when the time goes meanwhile, and keeps what was typed.

use domain::{Form, Instant, NewBooking, Problem, Slot, TimeRange, slots};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use server_fn::ServerFn;

use super::calls::{Book, GuestData};
use super::picker::Picker;
use super::{focus, focus_first_fault};
use crate::components::{Field, Kind, Typed};
use crate::error::ApiError;
use crate::reactive::{effect, flag, mark, maybe, memo, part, text};
use crate::zoned::{
    self, date_label, duration_label, full_date_label, instant_text, offset_label, range_label, time_label, zone_label,
};

/// Faults of these are shown beside their fields; of others above them.
const SHOWN: [&str; 4] = ["guest.name", "guest.email", "guest.phone", "guest.notes"];

impl Book {
    fn typed(typed: &Typed) -> Self {
        Self {
            provider: typed.get("provider"),
            offering_id: typed.get("offering_id"),
            offering: typed.get("offering"),
            start: typed.get("start"),
            duration_minutes: typed.get("duration_minutes"),
            time_zone: typed.get("time_zone"),
            form_key: typed.get("form_key"),
            name: typed.get("name"),
            email: typed.get("email"),
            phone: typed.get("phone"),
            notes: typed.get("notes"),
        }
    }

    /// As the server reads it.
    fn parse(&self) -> Result<NewBooking, ApiError> {
        let form = Form::entered([
            ("provider", &self.provider),
            ("offering_id", &self.offering_id),
            ("start", &self.start),
            ("duration_minutes", &self.duration_minutes),
            ("guest.name", &self.name),
            ("guest.email", &self.email),
            ("guest.phone", &self.phone),
            ("guest.notes", &self.notes),
            ("guest.time_zone", &self.time_zone),
        ]);
        NewBooking::parse(form).map_err(|errors| ApiError(Problem::Invalid { errors }))
    }
}

#[component]
pub fn Details(picker: Picker, data: GuestData) -> AnyView {
    let draft = data.draft;
    // Of another time it tells nothing now; what was typed stays.
    let about_this = picker.start.get_untracked().map(instant_text).is_some_and(|start| start == draft.get("start"));
    let error = RwSignal::new(draft.error().filter(|_| about_this));
    let action = ServerAction::<Book>::new();
    let submit = move |ev: SubmitEvent| {
        ev.prevent_default();
        let book = Book::typed(&Typed::of(&ev));
        if action.pending().get_untracked() {
            return;
        }
        match book.parse() {
            Ok(_) => {
                error.set(None);
                action.dispatch(book);
            }
            Err(faults) => {
                error.set(Some(faults));
                focus_first_fault();
            }
        }
    };
    effect(move || {
        if let Some(Err(refused)) = action.value().get() {
            error.set(Some(refused));
            focus_first_fault();
        }
    });
    // Another time: what was wrong with the last is over, faults of fields are not.
    Effect::new(move |before: Option<Option<Instant>>| {
        let start = picker.start.get();
        if before.is_some_and(|before| before != start) {
            if error.with_untracked(|error| !matches!(error, Some(ApiError(Problem::Invalid { .. })))) {
                error.set(None);
            }
            if start.is_some() {
                request_animation_frame(|| focus("#details-title"));
            }
        }
        start
    });
    let loss = Loss::new(picker, error, action);
    let others = part(move || {
        let words = error.get().filter(|_| !loss.is_lost.get()).and_then(|error| match &error.0 {
            Problem::Invalid { errors } => {
                let others: Vec<_> = errors
                    .iter()
                    .filter(|error| !SHOWN.contains(&&*error.field))
                    .map(|error| error.message.clone())
                    .collect();
                (!others.is_empty()).then(|| others.join(" "))
            }
            problem => Some(problem.detail()),
        });
        words.map(|words| view! { <p class="notice bad">{words}</p> }).into_any()
    });
    let offering = move |name: fn(&domain::Offering) -> String| {
        maybe(move || picker.offering.with(|offering| offering.as_ref().map(name)))
    };
    let is_sending = action.pending();
    let blocked = flag(move || is_sending.get() || loss.is_lost.get());
    view! {
        <section class="details" id="details" aria-labelledby="details-title" hidden=flag(move || picker.start.get().is_none())>
            <button class="button quiet back" form="picker" name="start" value="">"‹ Other times"</button>
            <Summary picker/>
            <Lost loss picker/>
            <div role="alert">{others}</div>
            <form method="post" action=Book::url() novalidate on:submit=submit>
                <input type="hidden" name="provider" value=maybe(move || Some(picker.live.state.with(|state| state.profile.provider.handle.clone())))/>
                <input type="hidden" name="offering_id" value=offering(|offering| offering.offering_id.to_string())/>
                <input type="hidden" name="offering" value=offering(|offering| offering.slug.clone())/>
                <input type="hidden" name="start" value=maybe(move || picker.start.get().map(instant_text))/>
                <input type="hidden" name="duration_minutes" value=maybe(move || Some(picker.duration.get().to_string()))/>
                <input type="hidden" name="time_zone" value=maybe(move || Some(picker.zone.get()))/>
                <input type="hidden" name="form_key" value=Some(data.form_key)/>
                <Field id="name" name="name" label="Your name" fault="guest.name" error=error value=draft.get("name")
                    kind=Kind::input("text", "name", 120)/>
                <Field id="email" name="email" label="E-mail" fault="guest.email" error=error value=draft.get("email")
                    kind=Kind::input("email", "email", 254)/>
                <Field id="phone" name="phone" label="Phone" fault="guest.phone" error=error value=draft.get("phone")
                    kind=Kind::input("tel", "tel", 40) optional=true/>
                <Field id="notes" name="notes" label="Anything to know beforehand?" fault="guest.notes" error=error
                    value=draft.get("notes") kind=Kind::text(2000) optional=true/>
                <button class="button primary wide" disabled=blocked aria-busy=mark(move || is_sending.get())>
                    {text(move || if is_sending.get() { "Booking…".to_owned() } else { button_words(picker) })}
                </button>
                <p class="fine">"Only the provider sees what you enter here."</p>
            </form>
        </section>
    }
    .into_any()
}

fn button_words(picker: Picker) -> String {
    let asks = picker
        .offering
        .with(|offering| offering.as_ref().is_some_and(|offering| offering.approval == domain::Approval::Manual));
    let time = picker.start.get().map(|start| picker.zone.with(|zone| time_label(zoned::local(start, zone))));
    format!("{} {}", if asks { "Ask for" } else { "Book" }, time.unwrap_or_default())
}

/// What is about to be booked.
#[component]
fn Summary(picker: Picker) -> AnyView {
    let title = text(move || {
        let title = picker.offering.with(|offering| offering.as_ref().map(|offering| offering.title.clone()));
        format!("{} · {}", title.unwrap_or_default(), duration_label(picker.duration.get()))
    });
    let range = memo(move || {
        let start = picker.start.get()?;
        let end = start + chrono::TimeDelta::minutes(i64::from(picker.duration.get()));
        picker.zone.with(|zone| Some((zoned::local(start, zone), zoned::local(end, zone), offset_label(start, zone))))
    });
    let day = text(move || range.get().map(|(start, ..)| full_date_label(start.date())).unwrap_or_default());
    let hours = text(move || range.get().map(|(start, end, _)| range_label(start, end)).unwrap_or_default());
    let clock = text(move || {
        range.get().map(|(.., offset)| format!("{} ({offset})", zone_label(&picker.zone.get()))).unwrap_or_default()
    });
    view! {
        <div class="summary">
            <h2 id="details-title" tabindex="-1">{day}", "<span class="summary-time">{hours}</span></h2>
            <p>{title}" · "{clock}</p>
        </div>
    }
    .into_any()
}

/// Whether the chosen time is gone, and what is near it.
#[derive(Clone, Copy)]
struct Loss {
    is_lost: Memo<bool>,
    /// It was free a moment ago: somebody else took it.
    is_sudden: Memo<bool>,
    nearest: Memo<Vec<Instant>>,
}

impl Loss {
    fn new(picker: Picker, error: RwSignal<Option<ApiError>>, action: ServerAction<Book>) -> Self {
        let refused = memo(move || error.with(|error| matches!(error, Some(ApiError(Problem::SlotTaken { .. })))));
        // One's own booking takes the time too: that is no loss.
        let is_own = memo(move || action.pending().get() || matches!(action.value().get(), Some(Ok(()))));
        let is_lost =
            memo(move || picker.start.get().is_some() && !is_own.get() && (refused.get() || picker.slot().is_none()));
        let seen = RwSignal::new(None::<Instant>);
        effect(move || {
            if let Some(slot) = picker.slot() {
                seen.set(Some(slot.start));
            }
        });
        let is_sudden = memo(move || is_lost.get() && (refused.get() || seen.get() == picker.start.get()));
        let nearest = memo(move || {
            let Some(start) = picker.start.get().filter(|_| is_lost.get()) else { return Vec::new() };
            // A page that still takes the time for free has not heard yet: the refusal knows better.
            if picker.slot().is_some() {
                return error.with(|error| match error {
                    Some(ApiError(Problem::SlotTaken { alternatives })) => {
                        alternatives.iter().take(3).map(TimeRange::start).collect()
                    }
                    _ => Vec::new(),
                });
            }
            let all: Vec<Slot> = picker.days.with(|days| days.values().flatten().copied().collect());
            let free = |range: &TimeRange| range.start() != start;
            slots::nearest(&all, start, 4).iter().filter(|range| free(range)).take(3).map(TimeRange::start).collect()
        });
        Self { is_lost, is_sudden, nearest }
    }
}

#[component]
fn Lost(loss: Loss, picker: Picker) -> AnyView {
    let option = move |start: Instant| {
        let local = |instant| picker.zone.with(|zone| zoned::local(instant, zone));
        let (day, time) = (local(start).date(), time_label(local(start)));
        let same_day = picker.start.get().is_some_and(|lost| local(lost).date() == day);
        let label = if same_day { time } else { format!("{}, {time}", date_label(day)) };
        view! { <li><button class="time" form="picker" name="start" value=instant_text(start)>{label}</button></li> }
    };
    let told = part(move || {
        let told = loss.is_lost.get().then(|| {
            let nearest = loss.nearest.get();
            let words = match (loss.is_sudden.get(), nearest.is_empty()) {
                (true, false) => "That time was just taken. The nearest free ones:",
                (true, true) => "That time was just taken, and there is no other free one.",
                (false, false) => "That time is not free any more. The nearest free ones:",
                (false, true) => "That time is not free any more, and there is no other one.",
            };
            view! {
                <div class="notice bad lost">
                    <p>{words}</p>
                    <ul class="alternatives">{nearest.into_iter().map(option).collect_view()}</ul>
                    <p class="fine">"What you have typed stays."</p>
                </div>
            }
        });
        told.into_any()
    });
    view! { <div role="alert">{told}</div> }.into_any()
}
