//! Keeps the week on the page fresh: the old stays until the new is there.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::calls::week;
use super::placement::WeekData;
use crate::error::ApiError;

#[derive(Clone, Copy)]
pub struct Loader {
    pub data: RwSignal<WeekData>,
    pub error: RwSignal<Option<ApiError>>,
    pub busy: RwSignal<bool>,
    date: Memo<String>,
    /// Asked again while busy: what is on its way may already be old.
    again: StoredValue<bool>,
}

impl Loader {
    /// `date`: the week wanted, as the address has it.
    pub fn new(first: WeekData, date: Memo<String>) -> Self {
        let error = RwSignal::new(None);
        let busy = RwSignal::new(false);
        Self { data: RwSignal::new(first), error, busy, date, again: StoredValue::new(false) }
    }

    pub fn date(self) -> Memo<String> {
        self.date
    }

    /// Reads the week again. Any number of calls while one is on its way make one more.
    pub fn reload(self) {
        if self.busy.get_untracked() {
            self.again.set_value(true);
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            // The page may be gone when the answer comes: then its signals are too.
            while let Some(date) = self.date.try_get_untracked() {
                self.again.try_set_value(false);
                let answer = week(date).await;
                if self.again.try_get_value() == Some(true) {
                    continue;
                }
                match answer {
                    Ok(fresh) => {
                        self.error.try_set(None);
                        self.data.try_set(fresh);
                    }
                    Err(error) => {
                        self.error.try_set(Some(error));
                    }
                }
                break;
            }
            self.busy.try_set(false);
        });
    }
}
