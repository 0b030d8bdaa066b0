//! What has the focus keeps it while a list changes around it.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;

/// To be called in the browser before the list is changed. Rows that make way for others are moved in the
/// page, which takes the focus from what is in them: it is given back once all is drawn.
pub fn keep_focus() {
    let Some(focused) = document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    request_animation_frame(move || {
        let is_lost = document().active_element().is_none_or(|element| element.tag_name() == "BODY");
        if is_lost && focused.is_connected() {
            let _ = focused.focus();
        }
    });
}
