//! A few lines of a kind, and not one for each of thousands of requests.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const LINES: u32 = 10;
const WITHIN: Duration = Duration::from_secs(10);

pub(crate) struct Throttle(Mutex<Told>);

struct Told {
    /// When the present stretch began, and how often it has happened in it.
    since: Option<Instant>,
    times: u32,
}

impl Throttle {
    pub const fn new() -> Self {
        Self(Mutex::new(Told { since: None, times: 0 }))
    }

    /// Whether to tell of it, with how many were not told of before.
    pub fn tells(&self) -> Option<u32> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let untold = match told.since {
            Some(since) if since.elapsed() < WITHIN => 0,
            _ => {
                let untold = told.times.saturating_sub(LINES);
                *told = Told { since: Some(Instant::now()), times: 0 };
                untold
            }
        };
        told.times += 1;
        (told.times <= LINES).then_some(untold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_thousands_a_few_are_told() {
        let throttle = Throttle::new();
        assert_eq!((0..5000).filter_map(|_| throttle.tells()).count(), LINES as usize);
    }
}
