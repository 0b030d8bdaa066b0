//! What is typed into a form, as the browser would send it.

use leptos::ev::SubmitEvent;
use leptos::prelude::event_target;
use leptos::web_sys::{FormData, HtmlFormElement};

pub struct Typed(Option<FormData>);

impl Typed {
    /// Of the form that is being sent.
    pub fn of(ev: &SubmitEvent) -> Self {
        Self(FormData::new_with_form(&event_target::<HtmlFormElement>(ev)).ok())
    }

    /// Empty when there is no such field.
    pub fn get(&self, name: &str) -> String {
        self.0.as_ref().and_then(|form| form.get(name).as_string()).unwrap_or_default()
    }
}
