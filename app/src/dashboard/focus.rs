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
        if is_lost() && focused.is_connected() {
            let _ = focused.focus();
        }
        recover_focus();
    });
}

/// What had the focus is gone, with its row or its block: the page's title takes it, from where all is near.
pub fn recover_focus() {
    let title = document().query_selector(".toolbar h1").ok().flatten();
    if let Some(title) = title.and_then(|title| title.dyn_into::<HtmlElement>().ok()).filter(|_| is_lost()) {
        let _ = title.focus();
    }
}

fn is_lost() -> bool {
    document().active_element().is_none_or(|element| element.tag_name() == "BODY")
}
