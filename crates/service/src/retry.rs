//! Doing a transaction again that lost to another through no fault of its own.

use std::time::Duration;

use crate::Error;

const MOST_RETRIES: u32 = 3;

/// Counts the attempts at one transaction.
#[derive(Default)]
pub struct Attempts(u32);

impl Attempts {
    /// Whether to try again after this error; waits a little, and not all for the same time, before
    /// it says so.
    pub async fn again(&mut self, error: &Error) -> bool {
        if self.0 == MOST_RETRIES || !error.is_transient() {
            return false;
        }
        self.0 += 1;
        let longest = 10 << self.0;
        tokio::time::sleep(Duration::from_millis(rand::random_range(1..=longest))).await;
        true
    }

    /// How many attempts have failed.
    pub fn failed(&self) -> u32 {
        self.0
    }
}
