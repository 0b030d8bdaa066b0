//! Tries again what failed, later and later.

use std::time::Duration;

use leptos::prelude::*;

const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(20);

#[derive(Clone, Copy)]
pub struct Retry {
    timer: StoredValue<Option<TimeoutHandle>>,
    /// In a row.
    failures: StoredValue<u32>,
}

impl Retry {
    /// For as long as the calling component lives.
    pub fn new() -> Self {
        let retry = Self { timer: StoredValue::new(None), failures: StoredValue::new(0) };
        on_cleanup(move || retry.cancel());
        retry
    }

    /// Once, unless it is tried for another reason before.
    pub fn later(self, again: impl FnOnce() + 'static) {
        self.cancel();
        let Some(failures) = self.failures.try_get_value() else { return };
        self.failures.set_value(failures.saturating_add(1));
        self.timer.set_value(set_timeout_with_handle(again, delay(failures)).ok());
    }

    pub fn cancel(self) {
        if let Some(timer) = self.timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    }

    pub fn worked(self) {
        self.cancel();
        self.failures.try_set_value(0);
    }
}

fn delay(failures: u32) -> Duration {
    (FIRST_DELAY * (1 << failures.min(10))).min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_stay_bearable() {
        let delays = [0, 1, 2, 4, 5, 1000].map(|failures| delay(failures).as_secs());
        assert_eq!(delays, [1, 2, 4, 16, 20, 20]);
    }
}
