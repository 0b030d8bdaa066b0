//! How often one address, token or account may ask. In memory, a node's own.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::Problem;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::client_address::network;

/// From check to check, how many until a bucket forgets the keys that are full again.
const SWEEP_EVERY: u64 = 8192;

/// An answer of so many starts costs as much as one more request. A year of starts every five minutes costs 210: some
/// 70 ms of processor time in two seconds, for one address, in the long run.
const STARTS_A_UNIT: usize = 500;

/// Buckets for everything that is limited, or none at all.
pub struct Limits(Option<Buckets>);

struct Buckets {
    /// Anything, by address. Generous: one address may be a whole office.
    address: Bucket,
    /// Anything, by token, from whatever addresses it is used.
    token: Bucket,
    /// New bookings, by address.
    booking: Bucket,
    /// Passwords: sign-in, sign-up and new tokens, by address and by account.
    sign_in_address: Bucket,
    sign_in_account: Bucket,
}

/// Where somebody stands after a request that was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Requests that may come at once.
    pub limit: u32,
    pub remaining: u32,
    /// Until `limit` is there again.
    pub reset_seconds: u64,
}

impl Limits {
    /// `false`: nothing is limited.
    pub fn new(on: bool) -> Self {
        Self(on.then(|| Buckets {
            address: Bucket::new(400, Duration::from_millis(10)),
            token: Bucket::new(400, Duration::from_millis(10)),
            booking: Bucket::new(30, Duration::from_millis(200)),
            sign_in_address: Bucket::new(20, Duration::from_secs(3)),
            sign_in_account: Bucket::new(10, Duration::from_secs(6)),
        }))
    }

    /// For every request; the tightest standing of those that apply.
    pub fn check(&self, address: IpAddr, token: Option<&str>, books: bool) -> Result<Option<Standing>, Problem> {
        let Some(buckets) = &self.0 else { return Ok(None) };
        let mut standing = buckets.address.check(network(address))?;
        if let Some(token) = token {
            standing = standing.tighter(buckets.token.check(token)?);
        }
        if books {
            standing = standing.tighter(buckets.booking.check(network(address))?);
        }
        Ok(Some(standing))
    }

    /// What an answer of so many starts costs beside the request itself, by the same limit. Nothing where it is small.
    pub fn charge(&self, address: IpAddr, starts: usize) -> Result<Option<Standing>, Problem> {
        let (Some(buckets), Some(units)) = (&self.0, NonZeroU32::new((starts / STARTS_A_UNIT) as u32)) else {
            return Ok(None);
        };
        buckets.address.check_n(network(address), units).map(Some)
    }

    /// Before a booking by another door than REST's, which counts it with [`Limits::check`].
    pub fn check_booking(&self, address: IpAddr) -> Result<(), Problem> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        buckets.booking.check(network(address)).map(|_| ())
    }

    /// Before a password is looked at, by whatever door: `email` as it was entered.
    pub fn check_sign_in(&self, address: IpAddr, email: &str) -> Result<(), Problem> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        buckets.sign_in_address.check(network(address))?;
        buckets.sign_in_account.check(email.trim().to_lowercase())?;
        Ok(())
    }
}

impl Standing {
    pub fn tighter(self, other: Self) -> Self {
        if other.remaining < self.remaining { other } else { self }
    }
}

/// One quota for many keys (GCRA). Keys are kept as hashes under a random key: small, and neither
/// tokens nor e-mails stay in memory for it.
struct Bucket {
    limiter: RateLimiter<u64, DashMapStateStore<u64>, DefaultClock, StateInformationMiddleware>,
    hasher: RandomState,
    checks: AtomicU64,
    burst: u32,
    every: Duration,
}

impl Bucket {
    fn new(burst: u32, every: Duration) -> Self {
        let burst_size = NonZeroU32::new(burst).expect("a burst of at least one");
        let quota = Quota::with_period(every).expect("a period longer than nothing").allow_burst(burst_size);
        let limiter = RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>();
        Self { limiter, hasher: RandomState::new(), checks: AtomicU64::new(0), burst, every }
    }

    fn check(&self, key: impl Hash) -> Result<Standing, Problem> {
        self.check_n(key, NonZeroU32::MIN)
    }

    /// As `n` at once; more than the burst count as the burst, so that they are possible at all.
    fn check_n(&self, key: impl Hash, n: NonZeroU32) -> Result<Standing, Problem> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            // Whose bucket is full again need not be remembered.
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let n = NonZeroU32::new(self.burst).map_or(n, |burst| n.min(burst));
        let checked = match n {
            NonZeroU32::MIN => self.limiter.check_key(&self.hasher.hash_one(key)),
            n => self.limiter.check_key_n(&self.hasher.hash_one(key), n).expect("no more than the burst"),
        };
        match checked {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity().min(self.burst);
                let reset = self.every * (self.burst - remaining);
                Ok(Standing { limit: self.burst, remaining, reset_seconds: whole_seconds(reset) })
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.limiter.clock().now());
                Err(Problem::RateLimited { retry_after_seconds: whole_seconds(wait).max(1) })
            }
        }
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_millis().div_ceil(1000) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "203.0.113.7";

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn passwords_are_slowed_per_account_from_whatever_address() {
        let limits = Limits::new(true);
        let mut attempts = (0..12).map(|n| limits.check_sign_in(address(&format!("198.51.100.{n}")), "A@example.com "));
        assert!(attempts.by_ref().take(10).all(|attempt| attempt.is_ok()));
        let Err(Problem::RateLimited { retry_after_seconds }) = attempts.next().unwrap() else { panic!("let through") };
        assert!((1..=6).contains(&retry_after_seconds));
        assert!(limits.check_sign_in(address(HERE), "b@example.com").is_ok());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        assert_eq!(network(address("2001:db8:1:2::1")), network(address("2001:db8:1:2:ffff::9")));
        assert_ne!(network(address("2001:db8:1:2::1")), network(address("2001:db8:1:3::1")));
        assert_eq!(network(address("::ffff:203.0.113.7")), address(HERE));
    }

    #[test]
    fn bookings_have_a_stricter_limit_and_the_standing_tells_the_tightest() {
        let limits = Limits::new(true);
        let standing = limits.check(address(HERE), None, true).unwrap().unwrap();
        assert_eq!((standing.limit, standing.remaining), (30, 29));
        let refused = (0..100).find_map(|_| limits.check(address(HERE), None, true).err());
        assert!(matches!(refused, Some(Problem::RateLimited { .. })));
        assert!(limits.check(address(HERE), Some("token"), false).is_ok());
    }

    #[test]
    fn an_answer_costs_what_is_in_it() {
        let limits = Limits::new(true);
        let charge = |starts| limits.charge(address(HERE), starts);
        assert_eq!(charge(499), Ok(None));
        assert_eq!(charge(50_000).unwrap().unwrap().remaining, 300);
        charge(105_120).unwrap();
        let Err(Problem::RateLimited { retry_after_seconds }) = charge(105_120) else { panic!("let through") };
        // 210 of which some 90 are left, one every 10 ms.
        assert!((1..=2).contains(&retry_after_seconds));
        assert!(limits.check(address(HERE), None, false).is_ok(), "what is small goes on");
        assert!(limits.charge(address("198.51.100.1"), 10_000_000).is_ok(), "what costs more than all is possible");
    }

    #[test]
    fn keys_that_are_full_again_are_forgotten() {
        let bucket = Bucket::new(1, Duration::from_nanos(1));
        for key in 0..3 * SWEEP_EVERY {
            assert!(bucket.check(key).is_ok());
        }
        assert!(bucket.limiter.len() <= SWEEP_EVERY as usize);
    }

    #[test]
    fn switched_off_nothing_is_limited() {
        let limits = Limits::new(false);
        assert!((0..1000).all(|_| limits.check(address(HERE), None, true) == Ok(None)));
        assert!((0..1000).all(|_| limits.check_sign_in(address(HERE), "a@example.com").is_ok()));
    }
}
