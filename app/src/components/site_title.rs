//! How every title is written: with the site's name, and never as markup.

use leptos::prelude::*;
use leptos_meta::Title;

/// Once, around all pages: whatever they give to leptos_meta's `<Title text=…/>` passes through here.
///
/// leptos_meta writes titles unescaped when it renders on the server; in the browser they are set as text. So no page
/// may have a `formatter` of its own, which would take the place of this one (`app/tests/markup.rs` sees to it).
#[component]
pub fn SiteTitle() -> impl IntoView {
    view! { <Title formatter=written/> }
}

fn written(title: String) -> String {
    let title = if title.is_empty() { "Eventide".to_owned() } else { format!("{title} · Eventide") };
    #[cfg(feature = "ssr")]
    let title = html_escape::encode_text(&title).into_owned();
    title
}
