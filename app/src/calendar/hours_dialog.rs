//! The dialog in which hours are said, changed and deleted; what stands against them is told here too.

use chrono::NaiveDate;
use domain::problem::Conflict;
use domain::problem::Current;
use domain::{Pattern, Problem, TimeRange};
use leptos::form::ActionForm;
use leptos::html;
use leptos::prelude::*;

use super::hours::{clock_zone, editing, moved, take_suggestion, weekdays};
use super::week_layout::{WeekData, spoken_in, spoken_range};
use crate::components::isolated;
use crate::dashboard::form_kit::{Entered, Entry, Kind, Segments, Sheet, Tick, Unseen};
use crate::dashboard::ui::{Failure, Modal, SignInAgain};
use crate::error::ApiError;
use crate::local_time;
use crate::proof::Proof;
use crate::server_functions::availability::{DeleteHours, DeletedHours, SaveHours, deletion_of_hours};
use domain::dashboard::{Orphan, ShownHours};

/// The dialog's state, to be opened from anywhere on the page.
#[derive(Clone, Copy)]
pub struct HoursDialogue {
    pub open: RwSignal<bool>,
    values: RwSignal<Entered>,
    /// The occurrence that was chosen, when there is one.
    chosen: RwSignal<Option<ShownHours>>,
    pub save: ServerAction<SaveHours>,
    pub delete: ServerAction<DeleteHours>,
}

impl HoursDialogue {
    pub fn new(values: Entered) -> Self {
        Self {
            open: RwSignal::new(false),
            values: RwSignal::new(values),
            chosen: RwSignal::new(None),
            save: ServerAction::new(),
            delete: ServerAction::new(),
        }
    }

    pub fn add(self, hours: Entered) {
        self.chosen.set(None);
        self.show(hours);
    }

    pub fn edit(self, data: &WeekData, shown: &ShownHours) {
        let Some(entry) = data.entry(shown.availability_id) else { return };
        self.chosen.set(Some(shown.clone()));
        self.show(editing(entry, shown));
    }

    /// As [`Self::edit`], with other times.
    pub fn edit_moved(self, data: &WeekData, shown: &ShownHours, start: i32, end: i32) {
        self.edit(data, shown);
        self.values.update(|values| moved(values, start, end));
    }

    fn show(self, hours: Entered) {
        self.save.clear();
        self.delete.clear();
        self.values.set(hours);
        self.open.set(true);
    }
}

#[component]
pub fn HoursDialog(dialogue: HoursDialogue, data: RwSignal<WeekData>) -> AnyView {
    let HoursDialogue { open, values, chosen, save, delete } = dialogue;
    let error = Signal::derive(move || save.value().get().and_then(Result::err));
    let sheet = Sheet::new("hours", values, error);
    let is_new = Memo::new(move |_| values.with(|values| values.get("availability_id").is_empty()));
    let title = Signal::derive(move || if is_new.get() { "Add hours".to_owned() } else { "Change hours".to_owned() });
    let foreign_zone = move || {
        let home = data.with(|data| data.provider.public.time_zone.name().to_owned());
        let zone = values.with(|values| clock_zone(values, &home).to_owned());
        (zone != home).then(|| view! { <p class="entry-hint">"These hours are kept in the time zone "{zone}"."</p> })
    };
    view! {
        <Modal open id="hours-dialog" title>
            <ActionForm action=save attr:class="hours-form" attr:novalidate=true>
                <Proof/>
                <Unseen sheet name="availability_id"/>
                <Unseen sheet name="version"/>
                <Unseen sheet name="week_start"/>
                <Unseen sheet name="time_zone"/>
                <Unseen sheet name="exceptions"/>
                <div class="pair">
                    <Segments sheet name="effect" legend="These hours are" choices=&[("open", "Open"), ("closed", "Closed")]/>
                    <Segments sheet name="kind" legend="They come" choices=&[("one_off", "Once"), ("weekly", "Weekly")]/>
                </div>
                <Once sheet/>
                <Weekdays sheet/>
                <div class="pair from-to">
                    <Entry sheet name="start_time" label="From" kind=Kind::Input("time")
                        faults=&["start_time", "pattern.start_time", "pattern.start"]/>
                    <Entry sheet name="end_time" label="To" kind=Kind::Input("time")
                        faults=&["end_time", "pattern.end_time", "pattern.end"]/>
                </div>
                <Tick sheet name="all_day" label="All day"/>
                {foreign_zone}
                <Repeats sheet/>
                <Entry sheet name="note" label="Note, for you only" />
                <Trouble sheet data chosen/>
                <div class="actions">
                    <button type="submit" class="button primary" disabled=save.pending()>
                        {move || if is_new.get() { "Add hours" } else { "Save" }}
                    </button>
                    <SkipButton sheet chosen/>
                </div>
            </ActionForm>
            <Show when=move || !is_new.get()>
                <Deletion sheet delete/>
            </Show>
        </Modal>
    }
    .into_any()
}

#[component]
fn Once(sheet: Sheet) -> AnyView {
    view! {
        <div class="pair only-once">
            <Entry sheet name="date" label="Day" kind=Kind::Input("date")/>
            <Entry sheet name="end_date" label="Last day, if another" kind=Kind::Input("date")/>
        </div>
    }
    .into_any()
}

#[component]
fn Weekdays(sheet: Sheet) -> AnyView {
    let days = weekdays().map(|(name, label, long)| view! { <Tick sheet name label long/> });
    let fault = move || {
        let is_mended = weekdays().iter().any(|(name, ..)| sheet.is_mended(name));
        let fields = &["weekdays", "pattern.recurrence"];
        sheet.fault(fields).filter(|_| !is_mended)
    };
    view! {
        <fieldset class="weekdays only-weekly">
            <legend>"On"</legend>
            <div class="weekdays-row">{days}</div>
            <p class="entry-fault" role="alert">{fault}</p>
        </fieldset>
    }
    .into_any()
}

/// How a series repeats: closed at first, since most hours are every week for ever.
#[component]
fn Repeats(sheet: Sheet) -> AnyView {
    let summary = move || {
        sheet.values.with(|values| {
            let weeks = match values.get("interval") {
                "" | "1" => "Every week".to_owned(),
                weeks => format!("Every {weeks} weeks"),
            };
            let end = match values.get("ends") {
                "until" if !values.get("until").is_empty() => format!(", until {}", values.get("until")),
                "count" if !values.get("count").is_empty() => format!(", {} times", values.get("count")),
                _ => String::new(),
            };
            format!("{weeks} from {}{end}", values.get("starts_on"))
        })
    };
    let faulty = move || {
        sheet.error.with(|error| {
            let fields = ["interval", "until", "count", "pattern.starts_on"];
            error.as_ref().is_some_and(|error| fields.iter().any(|field| error.field(field).is_some()))
        })
    };
    view! {
        <details class="only-weekly more" prop:open=faulty>
            <summary>{summary}</summary>
            <div class="pair">
                <Entry sheet name="starts_on" label="First day" kind=Kind::Input("date") faults=&["pattern.starts_on"]/>
                <Entry sheet name="interval" label="Every … weeks" kind=Kind::Number(1, 52)/>
            </div>
            <div class="pair">
                <Entry sheet name="ends" label="Ends" kind=Kind::Choice(&[
                    ("never", "Never"), ("until", "On a day"), ("count", "After so many"),
                ])/>
                <div class="only-until"><Entry sheet name="until" label="Last day" kind=Kind::Input("date")/></div>
                <div class="only-count"><Entry sheet name="count" label="How many" kind=Kind::Number(1, 5000)/></div>
            </div>
        </details>
    }
    .into_any()
}

/// Leaves out the one date of a series that was chosen; the rest of the form is saved with it.
#[component]
fn SkipButton(sheet: Sheet, chosen: RwSignal<Option<ShownHours>>) -> AnyView {
    let date = move || chosen.with(|chosen| chosen.as_ref()?.date);
    view! {
        {move || date().map(|date: NaiveDate| view! {
            <button type="submit" class="button" name=sheet.input_name("skip") value=date.to_string()>
                "Leave out "{local_time::date_label(date)}
            </button>
        })}
    }
    .into_any()
}

/// The fields whose faults are said beside them.
const SHOWN: [&str; 15] = [
    "date",
    "end_date",
    "start_time",
    "end_time",
    "weekdays",
    "interval",
    "until",
    "count",
    "note",
    "pattern.start",
    "pattern.end",
    "pattern.start_time",
    "pattern.end_time",
    "pattern.starts_on",
    "pattern.recurrence",
];

/// What stands against the hours as a whole, with ways out that keep what was typed.
#[component]
fn Trouble(sheet: Sheet, data: RwSignal<WeekData>, chosen: RwSignal<Option<ShownHours>>) -> AnyView {
    let home = move || data.with_untracked(|data| data.provider.public.time_zone.name().to_owned());
    let clock = Memo::new(move |_| sheet.values.with(|values| clock_zone(values, &home()).to_owned()));
    let told = move || {
        let ApiError(problem) = sheet.error.get()?;
        let zone = home();
        Some(match problem {
            Problem::AvailabilityOverlap { conflicts, suggestions } => {
                clock.with(|clock| overlap(sheet, &zone, clock, &conflicts, &suggestions))
            }
            Problem::VersionConflict { current } => {
                let Current::Entry(current) = *current else { return None };
                let shown = chosen.get_untracked().map(|shown| match &current.pattern {
                    Pattern::OneOff(range) => ShownHours {
                        start: local_time::local(range.start(), &zone),
                        end: local_time::local(range.end(), &zone),
                        ..shown
                    },
                    Pattern::Recurring(_) => shown,
                });
                let version = current.version.to_string();
                let look = move |_| {
                    if let Some(shown) = &shown {
                        sheet.values.set(editing(&current, shown));
                    }
                };
                view! {
                    <p>"These hours were changed meanwhile, perhaps in another window. What you typed is still here."</p>
                    <div class="actions">
                        <button type="button" class="button" on:click=look>"Show them as they are now"</button>
                        <button type="button" class="button"
                            on:click=move |_| sheet.values.update(|values| values.set("version", version.clone()))>
                            "Keep mine, to save again"
                        </button>
                    </div>
                }
                .into_any()
            }
            Problem::Invalid { errors } if errors.iter().all(|error| SHOWN.contains(&error.field.as_str())) => {
                return None;
            }
            Problem::NotFound => view! { <p>"These hours were deleted meanwhile."</p> }.into_any(),
            Problem::Unauthenticated => view! { <SignInAgain/> }.into_any(),
            problem => view! { <p>{problem.detail()}</p> }.into_any(),
        })
    };
    let place = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(place) = place.get().filter(|_| sheet.error.with(Option::is_some)) {
            // It may be below what a small screen shows of the dialog.
            request_animation_frame(move || place.scroll_into_view_with_bool(false));
        }
    });
    view! {
        <div role="alert" node_ref=place>
            {move || told().map(|told| view! { <div class="notice bad">{told}</div> })}
        </div>
    }
    .into_any()
}

/// Told by `clock`, the zone that the form's own times are of.
fn overlap(sheet: Sheet, home: &str, clock: &str, conflicts: &[Conflict], suggestions: &[TimeRange]) -> AnyView {
    let spoken = |start, end| spoken_in(start, end, clock);
    let others = conflicts.iter().take(3).map(|conflict| view! { <li>{spoken(conflict.start, conflict.end)}</li> });
    let more = conflicts.len().saturating_sub(3);
    let buttons = suggestions.iter().map(|&range| {
        let home = home.to_owned();
        view! {
            <button type="button" class="button"
                on:click=move |_| sheet.values.update(|values| take_suggestion(values, range, &home))>
                {spoken(range.start(), range.end())}
            </button>
        }
    });
    view! {
        <p>"There are open hours already:"</p>
        <ul>{others.collect_view()}{(more > 0).then(|| view! { <li>"and more"</li> })}</ul>
        {(!suggestions.is_empty()).then(|| view! {
            <p>"Free of others, and nearest:"</p>
            <div class="suggestions">{buttons.collect_view()}</div>
        })}
    }
    .into_any()
}

/// Bookings outside open time: the first of them by name.
#[component]
pub fn OrphanList(orphans: Vec<Orphan>, orphan_count: usize) -> AnyView {
    let more = orphan_count - orphans.len();
    let orphan = |orphan: Orphan| {
        let when = spoken_range(orphan.start, orphan.end, &orphan.clocks);
        view! { <li><strong>{isolated(orphan.guest)}</strong>", "{when}</li> }
    };
    let orphans: Vec<_> = orphans.into_iter().map(orphan).collect();
    view! { <ul>{orphans}{(more > 0).then(|| view! { <li>"and "{more}" more"</li> })}</ul> }.into_any()
}

#[component]
fn Deletion(sheet: Sheet, delete: ServerAction<DeleteHours>) -> AnyView {
    let id = move || sheet.value("availability_id");
    let weekly = move || sheet.values.with(|values| values.get("kind") == "weekly");
    // Asked with each look: bookings come while the page is open.
    let would_leave = Resource::new(id, deletion_of_hours);
    let booked = move || {
        Suspend::new(async move {
            let DeletedHours { orphans, orphan_count } = would_leave.await.ok().filter(|left| left.orphan_count > 0)?;
            Some(view! {
                <p>"Booked in these hours. The bookings stay; cancel them one by one if they should not."</p>
                <OrphanList orphans orphan_count/>
            })
        })
    };
    let error = Signal::derive(move || delete.value().get().and_then(Result::err));
    view! {
        <details class="more danger">
            <summary>"Delete these hours"</summary>
            {move || weekly().then_some(view! { <p>"Every date of the series goes, past ones too."</p> })}
            <Suspense fallback=|| view! { <p>"Looking for bookings in these hours…"</p> }>{booked}</Suspense>
            <Failure error/>
            <ActionForm action=delete>
                <Proof/>
                <input type="hidden" name="availability_id" value=id prop:value=id/>
                <button type="submit" class="button bad" disabled=delete.pending()>"Delete"</button>
            </ActionForm>
        </details>
    }
    .into_any()
}
