//! A text to take elsewhere.

use leptos::html;
use leptos::prelude::*;

/// A text to take elsewhere, with a button that copies it.
#[component]
pub fn Copyable(#[prop(into)] text: String, label: &'static str) -> AnyView {
    let copied = RwSignal::new(false);
    let field = NodeRef::<html::Input>::new();
    let copy = move |_| {
        let Some(field) = field.get_untracked() else { return };
        field.select();
        #[cfg(feature = "hydrate")]
        {
            use wasm_bindgen::JsCast;
            // Not the newer clipboard: that one is missing where a page does not come by https.
            if let Ok(page) = document().dyn_into::<web_sys::HtmlDocument>() {
                let _ = page.exec_command("copy");
            }
        }
        copied.set(true);
        set_timeout(move || copied.set(false), std::time::Duration::from_secs(2));
    };
    view! {
        <div class="copyable">
            <input type="text" readonly value=text aria-label=label node_ref=field/>
            <button type="button" class="button" on:click=copy>
                {move || if copied.get() { "Copied" } else { "Copy" }}
            </button>
            <span role="status" class="visually-hidden">{move || copied.get().then_some("Copied to the clipboard")}</span>
        </div>
    }
    .into_any()
}
