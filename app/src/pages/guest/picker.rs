//! What a guest has chosen, as one signal; and the fields for what comes before the day: type and length.

#[cfg(feature = "hydrate")]
use chrono::TimeDelta;
#[cfg(feature = "hydrate")]
use domain::Instant;
use domain::Offering;
use leptos::prelude::*;
#[cfg(feature = "hydrate")]
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Event, HtmlButtonElement, HtmlInputElement, HtmlSelectElement, SubmitEvent};
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

use super::choice::{Asked, Chosen, LastDays};
use crate::components::line;
use crate::live::{Live, use_live};
#[cfg(feature = "hydrate")]
use crate::local_time;
use crate::local_time::duration_label;
#[cfg(feature = "hydrate")]
use crate::reactive::effect;
use crate::reactive::{flag, maybe, memo, part, text};
use crate::server_functions::bookings::GuestData;
#[cfg(feature = "hydrate")]
use crate::zone_cookie::{CHOSEN, ZONE_COOKIE};
#[cfg(feature = "hydrate")]
use crate::zone_tables;

/// Seconds.
#[cfg(feature = "hydrate")]
const CLOCKS_AGREE: i64 = 90;

#[derive(Clone, Copy)]
pub struct Picker {
    pub live: Live,
    chosen: Memo<Chosen>,
    go: Callback<(String, String)>,
}

impl Picker {
    pub fn new(data: &GuestData) -> Self {
        let live = use_live(data.state.clone());
        let now = RwSignal::new(data.now);
        let home = RwSignal::new(data.zone.clone());
        let refused = data.refused_zone.clone();
        let query = use_query_map();
        let asked = move || {
            let mut asked = query.with(Asked::read);
            // What the browser cannot judge, the server has.
            if asked.zone == refused {
                asked.zone = None;
            }
            asked
        };
        #[cfg(feature = "hydrate")]
        Self::wake(data, now, home);
        let last = LastDays::default();
        let chosen = Memo::new(move |before: Option<&Chosen>| {
            let asked = asked();
            let zone = asked.zone.clone().unwrap_or_else(|| home.get());
            live.state.with(|state| Chosen::of(asked, zone, state, now.get(), &last, before))
        });
        let (navigate, location) = (use_navigate(), use_location());
        let go = Callback::new(move |(name, value): (String, String)| {
            let (mut asked, date) = chosen.with_untracked(|chosen| (chosen.asked.clone(), chosen.date));
            let shown = chosen.with_untracked(|chosen| {
                (chosen.offering().map(|offering| offering.slug.to_string()), Some(chosen.duration))
            });
            asked = asked.with(&name, &value);
            if name == "start" && value.is_empty() {
                // Back to the times, of the same day.
                asked.date = date;
            } else if name == "start" {
                // A time is chosen for what is shown: when that changes meanwhile, nothing else may take its place.
                (asked.offering, asked.duration) = shown;
            }
            let address = format!("{}{}", location.pathname.get_untracked(), asked.to_query());
            // Only a chosen time is a step to go back from.
            let replace = name != "start" || value.is_empty();
            let options = NavigateOptions { replace, scroll: false, resolve: false, ..Default::default() };
            navigate(&address, options);
            if name == "date" {
                // On a phone the times are below the month.
                request_animation_frame(|| super::show("#times-day"));
            }
        });
        Self { live, chosen, go }
    }

    /// What the first render must not know: the browser's clock and zone.
    #[cfg(feature = "hydrate")]
    fn wake(data: &GuestData, now: RwSignal<Instant>, home: RwSignal<String>) {
        let (then, is_chosen) = (data.now, data.zone_is_chosen);
        effect(move || {
            // By the server's clock where the browser's own is wrong. A page that many get can be a minute old: by so
            // little the two may differ.
            let ahead = then - local_time::now();
            let ahead = if ahead.num_seconds().abs() < CLOCKS_AGREE { TimeDelta::zero() } else { ahead };
            let tick = move || {
                now.try_set(local_time::now() + ahead);
            };
            tick();
            if let Ok(ticking) = set_interval_with_handle(tick, std::time::Duration::from_secs(30)) {
                on_cleanup(move || ticking.clear());
            }
            if let Some(own) = zone_tables::own_zone().filter(|_| !is_chosen) {
                spawn_local(async move {
                    if let Some(own) = zone_tables::todays_name(own).await {
                        remember_zone("", &own);
                        home.try_set(own);
                    }
                });
            }
        });
    }

    /// Something of what is chosen; whoever reads it follows its changes.
    pub fn read<T>(self, read: impl FnOnce(&Chosen) -> T) -> T {
        self.chosen.with(read)
    }

    pub fn read_untracked<T>(self, read: impl FnOnce(&Chosen) -> T) -> T {
        self.chosen.with_untracked(read)
    }

    pub fn text(self, read: impl Fn(&Chosen) -> String + Send + Sync + 'static) -> Signal<String> {
        text(move || self.read(&read))
    }

    pub fn maybe(self, read: impl Fn(&Chosen) -> Option<String> + Send + Sync + 'static) -> Signal<Option<String>> {
        maybe(move || self.read(&read))
    }

    pub fn flag(self, read: impl Fn(&Chosen) -> bool + Send + Sync + 'static) -> Signal<bool> {
        flag(move || self.read(&read))
    }

    /// Chooses anew, by the name that the choice has in the address.
    pub fn go(self, name: &str, value: impl Into<String>) {
        self.go.run((name.to_owned(), value.into()));
    }

    /// A day, a month or a time: each is a button of the form.
    pub fn submit(self, ev: &SubmitEvent) {
        ev.prevent_default();
        let pressed = ev.submitter().and_then(|submitter| submitter.dyn_into::<HtmlButtonElement>().ok());
        // What is not free, or was taken under the finger, does nothing.
        let can = |button: &HtmlButtonElement| !button.name().is_empty() && !button.has_attribute("aria-disabled");
        if let Some(pressed) = pressed.filter(can) {
            self.go(&pressed.name(), pressed.value());
        }
    }

    /// The one choice that can need what is not on the page.
    fn choose_zone(self, name: String, zone: String) {
        // A person's choice, and no link's: it holds for the pages to come.
        #[cfg(feature = "hydrate")]
        remember_zone(&CHOSEN.to_string(), &zone);
        #[cfg(feature = "hydrate")]
        spawn_local(async move {
            match zone_tables::todays_name(zone.clone()).await {
                Some(_) => self.go(&name, zone),
                // The server can tell times by it all the same.
                None => {
                    let asked = self.read_untracked(|chosen| chosen.asked.clone()).with(&name, &zone);
                    let _ = window().location().set_search(&asked.to_query());
                }
            }
        });
        #[cfg(not(feature = "hydrate"))]
        self.go(&name, zone);
    }

    /// A type, a length or a zone: at once, without a button.
    pub fn change(self, ev: &Event) {
        let Some(target) = ev.target() else { return };
        if let Some(input) = target.dyn_ref::<HtmlInputElement>() {
            self.go(&input.name(), input.value());
        } else if let Some(select) = target.dyn_ref::<HtmlSelectElement>() {
            self.choose_zone(select.name(), select.value());
        }
    }
}

/// So that the next page is right from its first render.
#[cfg(feature = "hydrate")]
fn remember_zone(how: &str, zone: &str) {
    let page = document().unchecked_into::<web_sys::HtmlDocument>();
    let zone = crate::address::encoded(zone);
    let _ = page.set_cookie(&format!("{ZONE_COOKIE}={how}{zone}; Path=/; Max-Age=31536000; SameSite=Lax"));
}

/// Not a literal in the view, which would be written as an attribute; and not an element: with scripts
/// a browser reads what is in `<noscript>` as text, and hydration would not find it.
const SHOW_TIMES: &str = r#"<button class="button">Show times</button>"#;

/// Type and length. Rendered anew only when what is offered changes, so that a choice keeps the focus.
#[component]
pub fn Settings(picker: Picker) -> AnyView {
    let offered = memo(move || picker.read(|chosen| chosen.offerings.iter().map(words).collect::<String>()));
    let types = part(move || {
        // Read, not only tracked: a memo that nobody reads follows nothing.
        offered.with(|_| ());
        let offerings = picker.read_untracked(|chosen| chosen.offerings.clone());
        if let [only] = offerings.as_slice() {
            return view! { <div class="offering only"><h2>{only.title.clone()}</h2>{about(only)}</div> }.into_any();
        }
        let cards = offerings.into_iter().map(|offering| {
            let (slug, about) = (offering.slug.clone(), about(&offering));
            let is_chosen = picker.flag(move |chosen| chosen.offering().is_some_and(|chosen| chosen.slug == slug));
            view! {
                <label class="offering">
                    <input type="radio" name="offering" value=offering.slug.to_string() checked=is_chosen prop:checked=is_chosen/>
                    <span class="offering-title">{offering.title.clone()}</span>
                    {about}
                </label>
            }
        });
        view! {
            <fieldset class="offerings"><legend>"What is it about?"</legend>{cards.collect_view()}</fieldset>
        }
        .into_any()
    });
    let durations =
        move |chosen: &Chosen| chosen.offering().map(|offering| offering.durations_minutes.clone()).unwrap_or_default();
    let listed = memo(move || {
        let minutes = picker.read(durations).into_iter().map(|minutes| minutes.to_string());
        minutes.collect::<Vec<_>>().join(" ")
    });
    let lengths = part(move || {
        listed.with(|_| ());
        let lengths = picker.read_untracked(durations);
        if lengths.len() < 2 {
            return ().into_any();
        }
        let segments = lengths.into_iter().map(|minutes| {
            let is_chosen = picker.flag(move |chosen| chosen.duration == minutes);
            view! {
                <label class="segment">
                    <input type="radio" name="duration" value=minutes.to_string() checked=is_chosen prop:checked=is_chosen/>
                    <span>{duration_label(minutes)}</span>
                </label>
            }
        });
        view! {
            <fieldset class="segments">
                <legend>"How long?"</legend>
                <div class="segments-row">{segments.collect_view()}</div>
            </fieldset>
        }
        .into_any()
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
    let description = offering.description.clone();
    view! {
        {(!description.is_empty()).then(|| view! { <span class="offering-words">{description}</span> })}
        <span class="offering-facts">{line(facts(offering))}</span>
    }
    .into_any()
}

fn facts(offering: &Offering) -> Vec<String> {
    let lengths: Vec<_> = offering.durations_minutes.iter().copied().map(duration_label).collect();
    let facts = [
        lengths.join(" or "),
        offering.location.clone(),
        if offering.capacity > 1 { format!("up to {} guests", offering.capacity) } else { String::new() },
        if offering.approval == domain::Approval::Manual { "to be confirmed".to_owned() } else { String::new() },
    ];
    facts.into_iter().filter(|fact| !fact.is_empty()).collect()
}

/// All of an offering that is shown.
fn words(offering: &Offering) -> String {
    [&*offering.slug, &offering.title, &offering.description, &facts(offering).concat(), "\n"].join("\n")
}
