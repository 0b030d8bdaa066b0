//! Says whether the page follows changes by itself.

use leptos::prelude::*;

use crate::live::Connection;
use crate::reactive::{maybe, text};

#[component]
pub fn LiveBadge(#[prop(into)] connection: Signal<Connection>) -> AnyView {
    let name = move || match connection.get() {
        // Nothing to say yet: what the server rendered is new, and where scripts do not run it stays so.
        Connection::Connecting => ("connecting", ""),
        Connection::Live => ("live", "Live"),
        Connection::Offline => ("offline", "Reconnecting…"),
    };
    let state = maybe(move || Some(name().0.to_owned()));
    let words = text(move || name().1.to_owned());
    view! {
        <span class="live-badge" data-state=state role="status" title="Changes appear by themselves while this says Live.">
            <span class="live-dot" aria-hidden="true"></span>
            {words}
        </span>
    }
    .into_any()
}
