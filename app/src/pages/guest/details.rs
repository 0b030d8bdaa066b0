//! The last step: who comes. Says at once when the time goes meanwhile, and keeps what was typed.

use domain::{Form, Instant, NewBooking, Problem, TimeRange};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use server_fn::ServerFn;

use super::choice::Chosen;
use super::picker::Picker;
use super::{focus, show};
use crate::components::{Field, Kind, Typed};
use crate::error::ApiError;
use crate::form_key;
use crate::local_time::{
    date_label, duration_label, full_date_label, instant_text, offset_label, range_label, time_label, zone_label,
};
use crate::reactive::{effect, flag, mark, memo, part, text};
use crate::server_functions::bookings::{Book, GuestData, book};

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

    async fn send(self) -> Result<(), ApiError> {
        let Self { provider, offering_id, offering, start, duration_minutes, time_zone, form_key, .. } = self;
        let Self { name, email, phone, notes, .. } = self;
        book(provider, offering_id, offering, start, duration_minutes, time_zone, form_key, name, email, phone, notes)
            .await
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

/// The chosen start as the address has it; empty without one.
fn start_text(chosen: &Chosen) -> String {
    chosen.asked.start.map(instant_text).unwrap_or_default()
}

/// The state of the form.
#[derive(Clone, Copy)]
struct Sending {
    picker: Picker,
    is_under_way: RwSignal<bool>,
    /// One's own booking takes the time too: that is no loss.
    is_done: RwSignal<bool>,
    /// The start that was sent and never answered: it may be booked, and sent again it is the same booking.
    unanswered: RwSignal<String>,
    error: RwSignal<Option<ApiError>>,
    /// Empty until it is needed, where the page brought none.
    form_key: RwSignal<String>,
}

impl Sending {
    fn submit(self, ev: &SubmitEvent, loss: Loss) {
        ev.prevent_default();
        if self.is_under_way.get_untracked() || loss.is_lost.get_untracked() {
            return;
        }
        if self.form_key.with_untracked(String::is_empty) {
            self.form_key.set(form_key::new());
        }
        let book = Book { form_key: self.form_key.get_untracked(), ..Book::typed(&Typed::of(ev)) };
        if let Err(faults) = book.parse() {
            return self.refuse(faults);
        }
        self.error.set(None);
        self.is_under_way.set(true);
        let start = book.start.clone();
        spawn_local(async move {
            let answer = book.send().await;
            let is_answered = !matches!(&answer, Err(ApiError(Problem::Unavailable | Problem::Internal { .. })));
            self.unanswered.try_set(if is_answered { String::new() } else { start });
            // The answer leads to the booking's page, and this one may be gone.
            match answer {
                Ok(()) => {
                    self.is_done.try_set(true);
                }
                Err(error) => self.refuse(error),
            }
            self.is_under_way.try_set(false);
        });
    }

    fn refuse(self, error: ApiError) {
        self.error.try_set(Some(error));
        request_animation_frame(|| {
            focus("#details [aria-invalid=true], #details .lost, #details .notice:not([hidden])");
        });
    }

    fn is_refused(self) -> bool {
        self.error.with(|error| matches!(error, Some(ApiError(Problem::SlotTaken { .. }))))
    }

    /// Another time: what was wrong with the last is over, faults of fields are not.
    fn forget_other_times(self) {
        let start = memo(move || self.picker.read(start_text));
        let before = StoredValue::new(start.get_untracked());
        effect(move || {
            let start = start.get();
            if before.get_value() == start {
                return;
            }
            before.set_value(start.clone());
            if self.error.with_untracked(|error| !matches!(error, Some(ApiError(Problem::Invalid { .. })))) {
                self.error.set(None);
            }
            if !start.is_empty() {
                request_animation_frame(|| {
                    focus("#details-title");
                    show("#details");
                });
            }
        });
    }

    /// What is wrong and has no place beside a field.
    fn others(self) -> String {
        self.error.with(|error| match error.as_ref().map(|error| &error.0) {
            None => String::new(),
            Some(Problem::Invalid { errors }) => {
                let others = errors.iter().filter(|error| !SHOWN.contains(&&*error.field));
                others.map(|error| error.message.as_str()).collect::<Vec<_>>().join(" ")
            }
            Some(problem) => problem.detail(),
        })
    }
}

#[component]
pub fn Details(picker: Picker, data: GuestData) -> AnyView {
    let flash = data.flash;
    // Of another time it tells nothing now; what was typed stays.
    let about_this = picker.read_untracked(start_text) == flash.get("start");
    let sending = Sending {
        picker,
        is_under_way: RwSignal::new(false),
        is_done: RwSignal::new(false),
        unanswered: RwSignal::new(String::new()),
        error: RwSignal::new(flash.error().filter(|_| about_this)),
        form_key: RwSignal::new(data.form_key.clone()),
    };
    sending.forget_other_times();
    let loss = Loss::new(sending);
    let others = text(move || if loss.is_lost.get() { String::new() } else { sending.others() });
    let no_others = flag(move || others.get().is_empty());
    let hidden = |name: &'static str, value: fn(&Chosen) -> Option<String>| {
        view! { <input type="hidden" name=name value=picker.maybe(value)/> }
    };
    // Not `disabled`, which would take the focus from who has just pressed it.
    let blocked = mark(move || sending.is_under_way.get() || loss.is_lost.get());
    let busy = mark(move || sending.is_under_way.get());
    let words = text(move || match sending.is_under_way.get() {
        true => "Booking…".to_owned(),
        false => picker.read(button_words),
    });
    let error = sending.error;
    view! {
        <section class="details" id="details" aria-labelledby="details-title"
            hidden=picker.flag(|chosen| chosen.asked.start.is_none())>
            <button class="button quiet back" form="picker" name="start" value="">"‹ Other times"</button>
            <Summary picker/>
            <Lost loss picker/>
            <div role="alert"><p class="notice bad" tabindex="-1" hidden=no_others>{others}</p></div>
            <form method="post" action=Book::url() novalidate on:submit=move |ev| sending.submit(&ev, loss)>
                {hidden("provider", |chosen| Some(chosen.provider.handle.to_string()))}
                {hidden("offering_id", |chosen| Some(chosen.offering()?.offering_id.to_string()))}
                {hidden("offering", |chosen| Some(chosen.offering()?.slug.to_string()))}
                {hidden("start", |chosen| Some(start_text(chosen)))}
                {hidden("duration_minutes", |chosen| Some(chosen.duration.to_string()))}
                {hidden("time_zone", |chosen| Some(chosen.zone.clone()))}
                <input type="hidden" name="form_key" value=data.form_key/>
                <Field id="name" name="name" label="Your name" fault="guest.name" error=error value=flash.get("name")
                    kind=Kind::input("text", "name", 120)/>
                <Field id="email" name="email" label="E-mail" fault="guest.email" error=error value=flash.get("email")
                    kind=Kind::input("email", "email", 254)/>
                <Field id="phone" name="phone" label="Phone" fault="guest.phone" error=error value=flash.get("phone")
                    kind=Kind::input("tel", "tel", 40) optional=true/>
                <Field id="notes" name="notes" label="Anything to know beforehand?" fault="guest.notes" error=error
                    value=flash.get("notes") kind=Kind::text(2000) optional=true/>
                <button class="button primary wide" aria-disabled=blocked aria-busy=busy>{words}</button>
                <p class="fine">"Only the provider sees what you enter here."</p>
            </form>
        </section>
    }
    .into_any()
}

fn button_words(chosen: &Chosen) -> String {
    let asks = chosen.offering().is_some_and(|offering| offering.approval == domain::Approval::Manual);
    let time = chosen.asked.start.map(|start| time_label(chosen.local(start)));
    format!("{} {}", if asks { "Ask for" } else { "Book" }, time.unwrap_or_default())
}

/// What is about to be booked.
#[component]
fn Summary(picker: Picker) -> AnyView {
    let day = picker.text(|chosen| {
        let start = chosen.asked.start.map(|start| chosen.local(start));
        start.map(|start| full_date_label(start.date())).unwrap_or_default()
    });
    let hours = picker.text(|chosen| {
        let Some(start) = chosen.asked.start else { return String::new() };
        let end = start + chrono::TimeDelta::minutes(i64::from(chosen.duration));
        range_label(start, end, &chosen.zone)
    });
    let title = picker.text(|chosen| chosen.offering().map(|offering| offering.title.clone()).unwrap_or_default());
    let about = picker.text(|chosen| {
        let offset = chosen.asked.start.map(|start| offset_label(start, &chosen.zone)).unwrap_or_default();
        format!(" · {} · {} ({offset})", duration_label(chosen.duration), zone_label(&chosen.zone))
    });
    view! {
        <div class="summary">
            <h2 id="details-title" tabindex="-1">{day}", "<span class="summary-time">{hours}</span></h2>
            <p><bdi>{title}</bdi>{about}</p>
        </div>
    }
    .into_any()
}

/// Whether the chosen time is gone.
#[derive(Clone, Copy)]
struct Loss {
    is_lost: Memo<bool>,
    /// It was free a moment ago: somebody else took it.
    is_sudden: Memo<bool>,
    sending: Sending,
}

impl Loss {
    fn new(sending: Sending) -> Self {
        let picker = sending.picker;
        let is_free = move || picker.read(|chosen| chosen.is_free);
        let is_unanswered =
            move || sending.unanswered.with(|start| !start.is_empty() && *start == picker.read(start_text));
        let is_own = move || sending.is_under_way.get() || sending.is_done.get() || is_unanswered();
        let is_lost = memo(move || {
            let is_chosen = picker.read(|chosen| chosen.asked.start.is_some());
            is_chosen && !is_own() && (sending.is_refused() || !is_free())
        });
        let seen = RwSignal::new(String::new());
        effect(move || {
            if is_free() {
                seen.set(picker.read(start_text));
            }
        });
        let is_sudden = memo(move || is_lost.get() && (sending.is_refused() || seen.get() == picker.read(start_text)));
        Self { is_lost, is_sudden, sending }
    }

    /// The nearest free starts.
    fn nearest(self, chosen: &Chosen) -> Vec<Instant> {
        // A page that still takes the time for free has not heard yet: the refusal knows better.
        if !chosen.is_free {
            return chosen.nearest.clone();
        }
        self.sending.error.with(|error| match error {
            Some(ApiError(Problem::SlotTaken { alternatives })) => {
                alternatives.iter().take(3).map(TimeRange::start).collect()
            }
            _ => Vec::new(),
        })
    }
}

#[component]
fn Lost(loss: Loss, picker: Picker) -> AnyView {
    // Said anew only when it is something else: the starts, or what a clock in the guest's zone shows then.
    let nearest = memo(move || {
        if !loss.is_lost.get() {
            return Vec::new();
        }
        picker.read(|chosen| {
            let label = |start: Instant| {
                let local = chosen.local(start);
                let same_day = chosen.asked.start.is_some_and(|lost| chosen.local(lost).date() == local.date());
                let time = time_label(local);
                if same_day { time } else { format!("{}, {time}", date_label(local.date())) }
            };
            loss.nearest(chosen).into_iter().map(|start| (instant_text(start), label(start))).collect::<Vec<_>>()
        })
    });
    let option = |(start, label): (String, String)| {
        view! { <li><button class="time" form="picker" name="start" value=start>{label}</button></li> }
    };
    let told = part(move || {
        if !loss.is_lost.get() {
            return ().into_any();
        }
        let nearest = nearest.get();
        let words = match (loss.is_sudden.get(), nearest.is_empty()) {
            _ if !picker.read(|chosen| chosen.is_as_asked) => {
                "This kind of appointment, or its length, is not offered any more. Choose another with “Other times”."
            }
            (true, false) => "That time was just taken. The nearest free ones:",
            (true, true) => "That time was just taken, and there is no other free one.",
            (false, false) => "That time is not free any more. The nearest free ones:",
            (false, true) => "That time is not free any more, and there is no other one.",
        };
        let options = nearest.into_iter().map(option);
        view! {
            <div class="notice bad lost" tabindex="-1">
                <p>{words}</p>
                <ul class="alternatives">{options.collect_view()}</ul>
                <p class="fine">"What you have typed stays."</p>
            </div>
        }
        .into_any()
    });
    view! { <div role="alert">{told}</div> }.into_any()
}
