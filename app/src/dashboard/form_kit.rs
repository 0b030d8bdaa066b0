//! What a provider typed into a form, by field, and the inputs that show and keep it.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlInputElement, HtmlOptionElement, HtmlSelectElement, HtmlTextAreaElement};
use serde::{Deserialize, Serialize};

use crate::components::TextArea;
use crate::error::ApiError;

/// Values as typed, by the names that the parsers of `domain` use. Whatever is missing is empty.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entered(pub BTreeMap<String, String>);

/// Passwords and contacts pass through here: names only.
impl std::fmt::Debug for Entered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Entered {
    pub fn of<const N: usize>(values: [(&str, &str); N]) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Whether a box was ticked.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == "on"
    }
}

/// A form on the page: the argument's name in the server function, what is typed, and what was wrong with it.
#[derive(Clone, Copy)]
pub struct Sheet {
    pub argument: &'static str,
    pub values: RwSignal<Entered>,
    pub error: Signal<Option<ApiError>>,
    /// The fields that were touched since the error was told: of those nothing is said any more.
    mended: RwSignal<Vec<&'static str>>,
}

impl Sheet {
    pub fn new(argument: &'static str, values: RwSignal<Entered>, error: Signal<Option<ApiError>>) -> Self {
        let mended = RwSignal::new(Vec::new());
        Effect::new(move |_| {
            error.track();
            mended.set(Vec::new());
        });
        Self { argument, values, error, mended }
    }

    pub fn is_mended(self, name: &str) -> bool {
        self.mended.with(|mended| mended.contains(&name))
    }

    pub fn value(self, name: &str) -> String {
        self.values.with(|values| values.get(name).to_owned())
    }

    fn set(self, name: &'static str, value: String) {
        self.values.update(|values| values.set(name, value));
        self.mended.update(|mended| mended.push(name));
    }

    /// What is kept of a control is shown by it, whenever it changes. But what was typed before scripts took the page
    /// over is no change to be undone: it is kept.
    fn tie(self, name: &'static str, id: String) {
        Effect::new(move |before: Option<()>| {
            let kept = self.value(name);
            let Some(control) = document().get_element_by_id(&id) else { return };
            match typed_before(&control).filter(|_| before.is_none()) {
                Some(typed) => self.set(name, typed),
                None => show(&control, &kept),
            }
        });
    }

    fn id(self, name: &str) -> String {
        format!("{}-{}", self.argument, name)
    }

    /// `hours[start_time]`, as the server function reads it.
    pub fn input_name(self, name: &str) -> String {
        format!("{}[{}]", self.argument, name)
    }

    /// The sentence about the first of `fields` that is at fault.
    pub fn fault(self, fields: &'static [&'static str]) -> Option<String> {
        self.error.with(|error| {
            let error = error.as_ref()?;
            fields.iter().find_map(|field| error.field(field)).map(str::to_owned)
        })
    }
}

/// The value of a control that somebody has touched: it is another than the page came with.
fn typed_before(control: &Element) -> Option<String> {
    if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
        let is_touched = input.checked() != input.default_checked();
        match input.type_().as_str() {
            "checkbox" => is_touched.then(|| if input.checked() { "on".to_owned() } else { String::new() }),
            "radio" => (is_touched && input.checked()).then(|| input.value()),
            _ => Some(input.value()).filter(|value| *value != input.default_value()),
        }
    } else if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
        Some(area.value()).filter(|value| Ok(value) != area.default_value().as_ref())
    } else {
        let chosen = control.query_selector("option:checked").ok().flatten()?.dyn_into::<HtmlOptionElement>().ok()?;
        (!chosen.default_selected()).then(|| chosen.value())
    }
}

fn show(control: &Element, kept: &str) {
    if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
        match input.type_().as_str() {
            "checkbox" => input.set_checked(kept == "on"),
            "radio" => input.set_checked(input.value() == kept),
            // Setting what is there already would move the caret.
            _ if input.value() != kept => input.set_value(kept),
            _ => {}
        }
    } else if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>().filter(|area| area.value() != kept) {
        area.set_value(kept);
    } else if let Some(select) = control.dyn_ref::<HtmlSelectElement>() {
        select.set_value(kept);
    }
}

/// How a value is typed in.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// The `type` of an `<input>`.
    Input(&'static str),
    /// Whole numbers from, to.
    Number(u32, u32),
    /// So many lines.
    Area(u32),
    Choice(&'static [(&'static str, &'static str)]),
}

/// A label with its input, a hint and what was wrong.
#[component]
pub fn Entry(
    sheet: Sheet,
    name: &'static str,
    label: &'static str,
    #[prop(default = Kind::Input("text"))] kind: Kind,
    #[prop(optional)] hint: &'static str,
    /// The fields whose faults belong here, when not `name` alone.
    #[prop(optional)]
    faults: &'static [&'static str],
    #[prop(default = "off")] autocomplete: &'static str,
) -> AnyView {
    let id = sheet.id(name);
    let hint_id = format!("{id}-hint");
    let fault_id = format!("{id}-fault");
    let fault = Memo::new(move |_| match faults {
        _ if sheet.is_mended(name) => None,
        [] => sheet.error.with(|error| error.as_ref().and_then(|error| error.field(name)).map(str::to_owned)),
        faults => sheet.fault(faults),
    });
    let invalid = move || fault.with(Option::is_some).then_some("true");
    let value = move || sheet.value(name);
    let described = format!("{fault_id} {hint_id}");
    sheet.tie(name, id.clone());
    let control = match kind {
        Kind::Input(kind) => view! {
            <input id=id.clone() name=sheet.input_name(name) type=kind value=value autocomplete=autocomplete
                step=(kind == "time").then_some("300") aria-invalid=invalid aria-describedby=described
                on:input=move |ev| sheet.set(name, event_target_value(&ev))/>
        }
        .into_any(),
        Kind::Number(least, most) => view! {
            <input id=id.clone() name=sheet.input_name(name) type="number" inputmode="numeric" min=least max=most
                value=value autocomplete="off" aria-invalid=invalid aria-describedby=described
                on:input=move |ev| sheet.set(name, event_target_value(&ev))/>
        }
        .into_any(),
        Kind::Area(rows) => view! {
            <TextArea id=id.clone() name=sheet.input_name(name) rows text=crate::reactive::text(value) described
                invalid=crate::reactive::maybe(move || invalid().map(str::to_owned))
                on:input=move |ev| sheet.set(name, event_target_value(&ev))/>
        }
        .into_any(),
        Kind::Choice(choices) => view! {
            <select id=id.clone() name=sheet.input_name(name) aria-invalid=invalid aria-describedby=described
                on:change=move |ev| sheet.set(name, event_target_value(&ev))>
                {choices.iter().map(|(choice, label)| view! {
                    <option value=*choice selected=move || value() == *choice>{*label}</option>
                }).collect_view()}
            </select>
        }
        .into_any(),
    };
    view! {
        <div class="entry">
            <label for=id>{label}</label>
            {control}
            {(!hint.is_empty()).then(|| view! { <p class="entry-hint" id=hint_id>{hint}</p> })}
            <p class="entry-fault" id=fault_id role="alert">{fault}</p>
        </div>
    }
    .into_any()
}

/// A box to tick; sends `on`.
#[component]
pub fn Tick(sheet: Sheet, name: &'static str, label: &'static str, #[prop(optional)] long: &'static str) -> AnyView {
    let on = move || sheet.values.with(|values| values.is_on(name));
    let id = sheet.id(name);
    sheet.tie(name, id.clone());
    view! {
        <label class="tick">
            <input id=id type="checkbox" name=sheet.input_name(name) value="on" checked=on
                aria-label=(!long.is_empty()).then_some(long)
                on:change=move |ev| sheet.set(name, if event_target_checked(&ev) { "on".into() } else { String::new() })/>
            <span>{label}</span>
        </label>
    }
    .into_any()
}

/// One of a few, side by side.
#[component]
pub fn Segments(
    sheet: Sheet,
    name: &'static str,
    legend: &'static str,
    choices: &'static [(&'static str, &'static str)],
) -> AnyView {
    let segments = choices.iter().map(|&(choice, label)| {
        let on = move || sheet.values.with(|values| values.get(name) == choice);
        let id = sheet.id(&format!("{name}-{choice}"));
        sheet.tie(name, id.clone());
        view! {
            <label class="segment">
                <input id=id type="radio" name=sheet.input_name(name) value=choice checked=on
                    on:change=move |_| sheet.set(name, choice.to_owned())/>
                <span>{label}</span>
            </label>
        }
    });
    view! {
        <fieldset class="segments">
            <legend>{legend}</legend>
            <div class="segments-row">{segments.collect_view()}</div>
        </fieldset>
    }
    .into_any()
}

/// A value that travels with the form unseen.
#[component]
pub fn Unseen(sheet: Sheet, name: &'static str) -> AnyView {
    let value = move || sheet.value(name);
    view! { <input type="hidden" name=sheet.input_name(name) value=value prop:value=value/> }.into_any()
}
