//! Keeps the week on the page fresh: the old stays until the new is there.

use domain::Problem;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::week_layout::WeekData;
use crate::dashboard::focus::keep_focus;
use crate::dashboard::retry::Retry;
use crate::error::ApiError;
use crate::live::{Connection, Live};
use crate::server_functions::availability::week;
use crate::zone_tables;

#[derive(Clone, Copy)]
pub struct Loader {
    pub data: RwSignal<WeekData>,
    /// Why the week shown is not the one wanted, or not as it is now; said until it is.
    pub error: RwSignal<Option<ApiError>>,
    pub busy: RwSignal<bool>,
    date: Memo<String>,
    /// The version that the live feed knows of.
    newest: Memo<i64>,
    /// Asked again while busy: what is on its way may already be old.
    again: StoredValue<bool>,
    retry: Retry,
}

impl Loader {
    /// `date`: the week wanted, as the address has it. Reads again when the address names another week,
    /// when the live feed is ahead of what is shown, and, after a failure, when the connection is back.
    pub fn new(first: WeekData, date: Memo<String>, live: Live) -> Self {
        zone_tables::learn(&first.zones);
        let loader = Self {
            data: RwSignal::new(first),
            error: RwSignal::new(None),
            busy: RwSignal::new(false),
            date,
            newest: Memo::new(move |_| live.state.with(|state| state.version)),
            again: StoredValue::new(false),
            retry: Retry::new(),
        };
        Effect::watch(move || date.get(), move |_, _, _| loader.reload(), false);
        let ahead = move |newest: &i64| loader.data.with_untracked(|data| data.live.version < *newest);
        let run = move |newest: &i64, _: Option<&i64>, _| {
            if ahead(newest) {
                loader.reload()
            }
        };
        Effect::watch(move || loader.newest.get(), run, false);
        // The same week by other clocks.
        let zones = Memo::new(move |_| live.state.with(|state| state.zones.clone()));
        Effect::watch(move || zones.get(), move |_, _, _| loader.reload(), false);
        let failed = move || loader.error.with_untracked(Option::is_some);
        let back = move |now: &Connection, _: Option<&Connection>, _| {
            if *now == Connection::Live && failed() {
                loader.reload();
            }
        };
        Effect::watch(move || live.connection.get(), back, false);
        loader
    }

    /// Reads the week again. Any number of calls while one is on its way make one more.
    pub fn reload(self) {
        // The page may be gone when a retry comes, or an answer: then its signals are too.
        let Some(busy) = self.busy.try_get_untracked() else { return };
        if busy {
            self.again.set_value(true);
            return;
        }
        self.retry.cancel();
        self.busy.set(true);
        spawn_local(async move {
            while let Some(date) = self.date.try_get_untracked() {
                self.again.try_set_value(false);
                let answer = week(date).await;
                if self.again.try_get_value() == Some(true) {
                    continue;
                }
                self.take(answer);
                break;
            }
            self.busy.try_set(false);
        });
    }

    /// What failed, or is older than what the feed has told of, is asked for again after a while:
    /// nothing else would ask, since the address and the feed are there already.
    fn take(self, answer: Result<WeekData, ApiError>) {
        let is_settled = match answer {
            Ok(fresh) => {
                let version = fresh.live.version;
                self.error.try_set(None);
                keep_focus();
                zone_tables::learn(&fresh.zones);
                self.data.try_set(fresh);
                self.newest.try_get_untracked().is_none_or(|newest| version >= newest)
            }
            Err(error) => {
                let is_signed_out = error.0 == Problem::Unauthenticated;
                self.error.try_set(Some(error));
                is_signed_out
            }
        };
        if is_settled {
            self.retry.worked();
        } else {
            self.retry.later(move || self.reload());
        }
    }
}
