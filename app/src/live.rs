//! Keeps a page's state fresh: the live socket, with catch-up by version and reconnection.

use domain::live::LiveState;
use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The first connection is on its way; what the server rendered is seconds old at most.
    Connecting,
    Live,
    /// The connection is lost; it is being tried again.
    Offline,
}

#[derive(Clone, Copy)]
pub struct Live {
    pub state: RwSignal<LiveState>,
    pub connection: RwSignal<Connection>,
}

/// Follows the provider that `initial` is of, for as long as the calling component lives. On the
/// server nothing moves.
pub fn use_live(initial: LiveState) -> Live {
    let live = Live { state: RwSignal::new(initial), connection: RwSignal::new(Connection::Connecting) };
    #[cfg(feature = "hydrate")]
    socket::follow(live);
    live
}

#[cfg(feature = "hydrate")]
mod socket {
    use std::cell::{Cell, RefCell};
    use std::rc::{Rc, Weak};
    use std::time::Duration;

    use domain::live::{Applied, LiveMessage};
    use leptos::leptos_dom::helpers::{IntervalHandle, TimeoutHandle, WindowListenerHandle};
    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::prelude::Closure;
    use web_sys::{Event, MessageEvent, WebSocket};

    use super::{Connection, Live};
    use crate::zone_tables;

    /// The server sends something at least every 25 s.
    const SILENCE_MS: f64 = 40_000.0;
    const FIRST_DELAY_MS: f64 = 500.0;
    const LONGEST_DELAY_MS: f64 = 20_000.0;
    /// Time moves the horizon on: who comes back after so long asks for everything.
    const WHOLE_FOR_MS: f64 = 24.0 * 3_600_000.0;

    /// Starts after hydration, ends with the component.
    pub fn follow(live: Live) {
        let feed = Feed::new(live);
        let kept = StoredValue::new_local(Some(feed.clone()));
        on_cleanup(move || {
            if let Some(feed) = kept.try_update_value(Option::take).flatten() {
                feed.stop();
            }
        });
        Effect::new(move |_| feed.start());
    }

    struct Feed {
        live: Live,
        this: Weak<Self>,
        socket: RefCell<Option<Socket>>,
        /// Failures in a row.
        failures: Cell<u32>,
        last_heard: Cell<f64>,
        /// When all there is was last read.
        whole_at: Cell<f64>,
        retry: Cell<Option<TimeoutHandle>>,
        watch: RefCell<Option<Watch>>,
    }

    /// What calls back from outside of the socket.
    struct Watch {
        listeners: [WindowListenerHandle; 2],
        visible: (web_sys::Document, Closure<dyn FnMut()>),
        silence: Option<IntervalHandle>,
    }

    struct Socket {
        socket: WebSocket,
        _on_message: Closure<dyn FnMut(MessageEvent)>,
        _on_open: Closure<dyn FnMut(Event)>,
        _on_close: Closure<dyn FnMut(Event)>,
    }

    impl Drop for Socket {
        fn drop(&mut self) {
            // First, so that a late event finds no dropped closure.
            self.socket.set_onmessage(None);
            self.socket.set_onopen(None);
            self.socket.set_onclose(None);
            let _ = self.socket.close();
        }
    }

    impl Feed {
        fn new(live: Live) -> Rc<Self> {
            Rc::new_cyclic(|this| Self {
                live,
                this: this.clone(),
                socket: RefCell::new(None),
                failures: Cell::new(0),
                last_heard: Cell::new(0.0),
                whole_at: Cell::new(js_sys::Date::now()),
                retry: Cell::new(None),
                watch: RefCell::new(None),
            })
        }

        /// A callback that does nothing once the feed is gone.
        fn calling<T>(&self, call: impl Fn(&Self, T) + 'static) -> impl Fn(T) + 'static {
            let this = self.this.clone();
            move |event| {
                if let Some(feed) = this.upgrade() {
                    call(&feed, event);
                }
            }
        }

        fn start(&self) {
            let online = window_event_listener(leptos::ev::online, self.calling(|feed, _| feed.connect_now()));
            // A page that comes back from the back/forward cache has lost its socket.
            let shown = window_event_listener(leptos::ev::pageshow, self.calling(|feed, _| feed.wake()));
            let wake = self.calling(|feed, ()| feed.wake());
            let visible = Closure::new(move || wake(()));
            let page = document();
            let _ = page.add_event_listener_with_callback("visibilitychange", visible.as_ref().unchecked_ref());
            let listen = self.calling(|feed, ()| feed.check_silence());
            let silence = set_interval_with_handle(move || listen(()), Duration::from_secs(5)).ok();
            *self.watch.borrow_mut() = Some(Watch { listeners: [online, shown], visible: (page, visible), silence });
            self.connect();
        }

        fn stop(&self) {
            self.cancel_retry();
            self.socket.take();
            let Some(Watch { listeners, visible: (page, visible), silence }) = self.watch.take() else { return };
            listeners.into_iter().for_each(WindowListenerHandle::remove);
            let _ = page.remove_event_listener_with_callback("visibilitychange", visible.as_ref().unchecked_ref());
            if let Some(silence) = silence {
                silence.clear();
            }
        }

        fn connect(&self) {
            self.cancel_retry();
            let Some(address) = self.address() else { return };
            let Ok(socket) = WebSocket::new(&address) else { return self.retry_later() };
            let on_message = Closure::new(self.calling(|feed, event: MessageEvent| feed.hear(&event)));
            let on_open = Closure::new(self.calling(|feed, _: Event| {
                feed.last_heard.set(js_sys::Date::now());
                feed.show(Connection::Live);
            }));
            let on_close = Closure::new(self.calling(|feed, _: Event| feed.retry_later()));
            socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
            socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
            socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
            self.last_heard.set(js_sys::Date::now());
            let socket = Socket { socket, _on_message: on_message, _on_open: on_open, _on_close: on_close };
            *self.socket.borrow_mut() = Some(socket);
        }

        /// `None` when the page is gone.
        fn address(&self) -> Option<String> {
            let (provider_id, version, zones) = self
                .live
                .state
                .try_with_untracked(|state| (state.profile.provider.provider_id, state.version, state.zones.clone()))?;
            let location = window().location();
            let scheme = if location.protocol().is_ok_and(|protocol| protocol == "https:") { "wss" } else { "ws" };
            let host = location.host().ok()?;
            let is_whole = js_sys::Date::now() - self.whole_at.get() < WHOLE_FOR_MS;
            let since = if is_whole { format!("?since={version}&zones={zones}") } else { String::new() };
            Some(format!("{scheme}://{host}/api/v1/availability/{provider_id}/live{since}"))
        }

        fn hear(&self, event: &MessageEvent) {
            self.last_heard.set(js_sys::Date::now());
            let Some(text) = event.data().as_string() else { return };
            let Ok(message) = serde_json::from_str::<LiveMessage>(&text) else { return };
            if let LiveMessage::Snapshot(all) = &message {
                self.whole_at.set(js_sys::Date::now());
                let state = self.live.state;
                zone_tables::renew(all.zones.clone().unwrap_or_default(), move || {
                    state.try_update(|_| ());
                });
            }
            let mut applied = Applied::Unchanged;
            self.live.state.try_maybe_update(|state| {
                applied = state.apply(message);
                (applied == Applied::Changed, ())
            });
            match applied {
                Applied::Changed | Applied::Unchanged => self.failures.set(0),
                // Asks again from the version known; waits longer if that does not help.
                Applied::Gap => self.retry_later(),
            }
        }

        fn retry_later(&self) {
            self.drop_socket_soon();
            self.show(Connection::Offline);
            let failures = self.failures.get();
            self.failures.set(failures.saturating_add(1));
            let longest = (FIRST_DELAY_MS * f64::from(1 << failures.min(6))).min(LONGEST_DELAY_MS);
            // Jitter, so that the pages of a server that restarts do not all come back at once.
            let delay = longest * (0.5 + js_sys::Math::random() / 2.0);
            let connect = self.calling(|feed, ()| feed.connect());
            self.cancel_retry();
            let retry = set_timeout_with_handle(move || connect(()), Duration::from_millis(delay as u64));
            self.retry.set(retry.ok());
        }

        /// Not at once: this may run inside one of the socket's own closures.
        fn drop_socket_soon(&self) {
            if let Some(socket) = self.socket.take() {
                socket.socket.set_onmessage(None);
                socket.socket.set_onclose(None);
                let _ = socket.socket.close();
                set_timeout(move || drop(socket), Duration::ZERO);
            }
        }

        fn connect_now(&self) {
            self.drop_socket_soon();
            self.failures.set(0);
            self.connect();
        }

        /// The tab was asleep: its timers too.
        fn wake(&self) {
            let is_open =
                self.socket.borrow().as_ref().is_some_and(|socket| {
                    matches!(socket.socket.ready_state(), WebSocket::OPEN | WebSocket::CONNECTING)
                });
            if !document().hidden() && (!is_open || self.is_silent()) {
                self.connect_now();
            }
        }

        fn check_silence(&self) {
            if self.socket.borrow().is_some() && self.is_silent() {
                self.retry_later();
            }
        }

        fn is_silent(&self) -> bool {
            js_sys::Date::now() - self.last_heard.get() > SILENCE_MS
        }

        fn cancel_retry(&self) {
            if let Some(retry) = self.retry.take() {
                retry.clear();
            }
        }

        fn show(&self, connection: Connection) {
            if self.live.connection.try_get_untracked().is_some_and(|shown| shown != connection) {
                self.live.connection.try_set(connection);
            }
        }
    }
}
