//! The choices of a guest as signals, each computed from the address and the live state; and the
//! fields for what comes before the day: type and length.

use domain::{Instant, Offering, Slot};
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Event, HtmlButtonElement, HtmlInputElement, HtmlSelectElement, SubmitEvent};
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

use super::calls::GuestData;
use super::choice::{self, Asked, Days};
use crate::live::{Live, use_live};
#[cfg(feature = "hydrate")]
use crate::reactive::effect;
use crate::reactive::{flag, memo, part};
use crate::zoned::{self, duration_label};

use chrono::NaiveDate;

#[derive(Clone, Copy)]
pub struct Picker {
    pub live: Live,
    pub now: RwSignal<Instant>,
    pub asked: Memo<Asked>,
    pub zone: Memo<String>,
    pub offering: Memo<Option<Offering>>,
    pub duration: Memo<u32>,
    pub days: Memo<Days>,
    pub month: Memo<NaiveDate>,
    pub date: Memo<Option<NaiveDate>>,
    /// The time chosen, free or not.
    pub start: Memo<Option<Instant>>,
    go: Callback<(String, String)>,
}

impl Picker {
    pub fn new(data: &GuestData) -> Self {
        let live = use_live(data.state.clone());
        let now = RwSignal::new(data.now);
        let home = RwSignal::new(data.zone.clone());
        let refused = data.refused_zone.clone();
        let query = use_query_map();
        let asked = memo(move || {
            let mut asked = query.with(Asked::read);
            // What the browser cannot judge, the server has.
            if asked.zone == refused {
                asked.zone = None;
            }
            asked
        });
        let zone = memo(move || asked.with(|asked| asked.zone.clone()).unwrap_or_else(|| home.get()));
        let offering = memo(move || {
            live.state.with(|state| asked.with(|asked| choice::offering(&state.profile.offerings, asked).cloned()))
        });
        let duration = memo(move || {
            offering.with(|offering| {
                offering.as_ref().map_or(30, |offering| asked.with(|asked| choice::duration(offering, asked)))
            })
        });
        let days = memo(move || {
            let (duration, now) = (duration.get(), now.get());
            offering.with(|offering| {
                let Some(offering) = offering else { return Days::new() };
                zone.with(|zone| live.state.with(|state| choice::days(&state.openings, offering, duration, zone, now)))
            })
        });
        let month = memo(move || {
            asked.with(|asked| days.with(|days| zone.with(|zone| choice::month(asked, days, zone, now.get()))))
        });
        let date = memo(move || {
            asked.with(|asked| days.with(|days| zone.with(|zone| choice::shown_date(asked, days, month.get(), zone))))
        });
        let start = memo(move || asked.with(|asked| asked.start));
        let (navigate, location) = (use_navigate(), use_location());
        let go = Callback::new(move |(name, value): (String, String)| {
            let mut chosen = asked.get_untracked().with(&name, &value);
            if name == "start" && value.is_empty() {
                // Back to the times, of the same day.
                chosen.date = date.get_untracked();
            }
            let address = format!("{}{}", location.pathname.get_untracked(), chosen.to_query());
            // Only a chosen time is a step to go back from.
            let replace = name != "start" || value.is_empty();
            let options = NavigateOptions { replace, scroll: false, resolve: false, ..Default::default() };
            navigate(&address, options);
            if name == "date" {
                // On a phone the times are below the month.
                request_animation_frame(|| super::show("#times-day"));
            }
        });
        #[cfg(feature = "hydrate")]
        Self::wake(data.now, now, asked, home);
        Self { live, now, asked, zone, offering, duration, days, month, date, start, go }
    }

    /// What the first render must not know: the browser's clock and zone.
    #[cfg(feature = "hydrate")]
    fn wake(then: Instant, now: RwSignal<Instant>, asked: Memo<Asked>, home: RwSignal<String>) {
        effect(move || {
            // By the server's clock: the browser's own may be wrong.
            let ahead = then - zoned::now();
            let tick = move || {
                now.try_set(zoned::now() + ahead);
            };
            if let Ok(ticking) = set_interval_with_handle(tick, std::time::Duration::from_secs(30)) {
                on_cleanup(move || ticking.clear());
            }
            if let Some(own) = crate::intl::own_zone() {
                remember_zone(&own);
                home.set(own);
            }
        });
        effect(move || {
            if let Some(zone) = asked.with(|asked| asked.zone.clone()) {
                remember_zone(&zone);
            }
        });
    }

    /// Chooses anew, by the name that the choice has in the address.
    pub fn go(self, name: &str, value: impl Into<String>) {
        self.go.run((name.to_owned(), value.into()));
    }

    /// A day, a month or a time: each is a button of the form.
    pub fn submit(self, ev: &SubmitEvent) {
        ev.prevent_default();
        let pressed = ev.submitter().and_then(|submitter| submitter.dyn_into::<HtmlButtonElement>().ok());
        if let Some(pressed) = pressed.filter(|pressed| !pressed.name().is_empty()) {
            self.go(&pressed.name(), pressed.value());
        }
    }

    /// A type, a length or a zone: at once, without a button.
    pub fn change(self, ev: &Event) {
        let Some(target) = ev.target() else { return };
        if let Some(input) = target.dyn_ref::<HtmlInputElement>() {
            self.go(&input.name(), input.value());
        } else if let Some(select) = target.dyn_ref::<HtmlSelectElement>() {
            self.go(&select.name(), select.value());
        }
    }

    /// The chosen time, while it is free.
    pub fn slot(self) -> Option<Slot> {
        let start = self.start.get()?;
        let date = self.zone.with(|zone| zoned::local(start, zone).date());
        self.days.with(|days| days.get(&date)?.iter().find(|slot| slot.start == start).copied())
    }
}

/// So that the next page is right from its first render.
#[cfg(feature = "hydrate")]
fn remember_zone(zone: &str) {
    let page = document().unchecked_into::<web_sys::HtmlDocument>();
    let zone = choice::encoded(zone);
    let _ = page.set_cookie(&format!("{}={zone}; Path=/; Max-Age=31536000; SameSite=Lax", super::calls::ZONE_COOKIE));
}

/// Not a literal in the view, which would be written as an attribute; and not an element: with scripts
/// a browser reads what is in `<noscript>` as text, and hydration would not find it.
const SHOW_TIMES: &str = r#"<button class="button">Show times</button>"#;

/// Type and length.
#[component]
pub fn Settings(picker: Picker) -> AnyView {
    let offerings = memo(move || picker.live.state.with(|state| state.profile.offerings.clone()));
    let chosen = memo(move || picker.offering.with(|offering| offering.as_ref().map(|offering| offering.slug.clone())));
    let types = part(move || {
        let offerings = offerings.get();
        if let [only] = offerings.as_slice() {
            return view! { <div class="offering only"><h2>{only.title.clone()}</h2>{about(only)}</div> }.into_any();
        }
        let cards = offerings.into_iter().map(|offering| {
            let slug = offering.slug.clone();
            let is_chosen = flag(move || chosen.with(|chosen| chosen.as_ref() == Some(&slug)));
            view! {
                <label class="offering">
                    <input type="radio" name="offering" value=offering.slug.clone() checked=is_chosen prop:checked=is_chosen/>
                    <span class="offering-title">{offering.title.clone()}</span>
                    {about(&offering)}
                </label>
            }
        });
        view! {
            <fieldset class="offerings"><legend>"What is it about?"</legend>{cards.collect_view()}</fieldset>
        }
        .into_any()
    });
    let lengths = memo(move || {
        picker
            .offering
            .with(|offering| offering.as_ref().map(|offering| offering.durations_minutes.clone()).unwrap_or_default())
    });
    let lengths = part(move || {
        let lengths = lengths.get();
        let several = (lengths.len() > 1).then(|| {
            let segments = lengths.into_iter().map(|minutes| {
                let is_chosen = flag(move || picker.duration.get() == minutes);
                view! {
                    <label class="segment">
                        <input type="radio" name="duration" value=minutes.to_string() checked=is_chosen prop:checked=is_chosen/>
                        <span>{duration_label(minutes)}</span>
                    </label>
                }
            });
            view! {
                <fieldset class="segments"><legend>"How long?"</legend><div class="segments-row">{segments.collect_view()}</div></fieldset>
            }
        });
        several.into_any()
    });
    view! {
        <div class="guest-settings">
            {types}
            {lengths}
            <Apply/>
        </div>
    }
    .into_any()
}

/// A button for browsers without scripts; with them, every change shows at once.
#[component]
pub fn Apply() -> AnyView {
    view! { <noscript inner_html=SHOW_TIMES></noscript> }.into_any()
}

fn about(offering: &Offering) -> AnyView {
    let lengths: Vec<_> = offering.durations_minutes.iter().copied().map(duration_label).collect();
    let facts = [
        lengths.join(" or "),
        offering.location.clone(),
        if offering.capacity > 1 { format!("up to {} guests", offering.capacity) } else { String::new() },
        if offering.approval == domain::Approval::Manual { "to be confirmed".to_owned() } else { String::new() },
    ];
    let facts: Vec<_> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    let description = offering.description.clone();
    view! {
        {(!description.is_empty()).then(|| view! { <span class="offering-words">{description}</span> })}
        <span class="offering-facts">{facts.join(" · ")}</span>
    }
    .into_any()
}
