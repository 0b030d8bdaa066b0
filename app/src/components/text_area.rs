//! A text of several lines to type in.

use leptos::prelude::*;

/// The only `<textarea>` of the pages (`app/tests/markup.rs` sees to it). More attributes can be given to it as to an
/// element.
///
/// The server writes what is inside one unescaped, and a browser takes a line break at its very beginning for
/// layout, not for text.
#[component]
pub fn TextArea(
    #[prop(into)] id: String,
    #[prop(into)] name: String,
    rows: u32,
    /// How many characters; 0: the server alone says.
    #[prop(optional)]
    longest: u32,
    #[prop(optional)] required: bool,
    #[prop(optional)] invalid: Signal<Option<String>>,
    /// Which elements say more about it.
    #[prop(optional)]
    described: String,
    /// What is in it at first. A signal, because the server may learn it after the form is made and before it is
    /// written.
    #[prop(optional, into)]
    text: Signal<String>,
) -> AnyView {
    let longest = (longest > 0).then_some(longest);
    #[cfg(feature = "ssr")]
    let text = crate::reactive::text(move || format!("\n{}", html_escape::encode_text(&text.get())));
    let described = (!described.is_empty()).then_some(described);
    view! {
        <textarea id=id name=name rows=rows maxlength=longest required=required aria-invalid=invalid
            aria-describedby=described>{text}</textarea>
    }
    .into_any()
}
