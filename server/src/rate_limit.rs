//! How often one address, token or account may ask. In memory, a node's own.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{Email, Problem};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use service::acquaintances::Acquaintance;
use service::audit;
use service::caller::network;

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
    /// Passwords: sign-in, sign-up and new tokens, by address.
    sign_in_address: Bucket,
    guesses: Guesses,
    /// How many refusals are logged, by what is refused: a flood must not fill the log.
    told: Bucket,
}

/// Passwords for one account. Who guesses must not keep its owner out: each stranger has a count of their own, what
/// all strangers have together is a multiple of it, and acquaintances are no part of that.
struct Guesses {
    /// By account and address: a few that come at once, and more only slowly.
    soon: Bucket,
    later: Bucket,
    /// By account, from strangers wherever they are.
    strangers: Bucket,
    /// By account and acquaintance.
    acquaintance: Bucket,
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
            guesses: Guesses {
                soon: Bucket::new(10, Duration::from_secs(6)),
                later: Bucket::new(30, Duration::from_secs(120)),
                strangers: Bucket::new(300, Duration::from_secs(10)),
                acquaintance: Bucket::new(30, Duration::from_secs(10)),
            },
            told: Bucket::new(3, Duration::from_secs(60)),
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

    /// Before a password of an account to come is hashed.
    pub fn check_sign_up(&self, address: IpAddr) -> Result<(), Problem> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        buckets.sign_in_address.check(network(address)).map(|_| ())
    }

    /// Before a password is looked at, by whatever door.
    pub fn check_sign_in(&self, address: IpAddr, email: &Email, caller: Acquaintance) -> Result<(), Problem> {
        let Some(Buckets { sign_in_address, guesses, told, .. }) = &self.0 else { return Ok(()) };
        let (network, account) = (network(address), email.to_lowercase());
        let own = (&account, network);
        let checked = match caller {
            // Counted by nothing that others count for, not even the address.
            Acquaintance::Device(_) => guesses.acquaintance.check((&account, caller)),
            Acquaintance::Network => {
                sign_in_address.check(network).and_then(|_| guesses.acquaintance.check((own, caller)))
            }
            // The account's own count last: who is refused by another takes nothing of it.
            Acquaintance::Stranger => sign_in_address
                .check(network)
                .and_then(|_| guesses.soon.check(own))
                .and_then(|_| guesses.later.check(own))
                .and_then(|_| guesses.strangers.check(&account)),
        };
        if checked.is_err() && told.check(own).is_ok() {
            audit::too_many_passwords(email, address);
        }
        checked.map(|_| ())
    }

    /// Whether one more refusal of a form from there goes to the log.
    pub fn is_told(&self, address: IpAddr) -> bool {
        self.0.as_ref().is_none_or(|buckets| buckets.told.check(("forms", network(address))).is_ok())
    }

    /// Before the password of somebody who is signed in is looked at once more: no stranger counts here.
    pub fn check_own_password(&self, email: &str) -> Result<(), Problem> {
        let Some(Buckets { guesses, .. }) = &self.0 else { return Ok(()) };
        guesses.acquaintance.check(("signed in", email)).map(|_| ())
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

    const ACCOUNT: &str = "a@example.com";

    fn account() -> Email {
        Email::known_by(ACCOUNT)
    }
    const DEVICE: Acquaintance = Acquaintance::Device([7; 32]);

    fn refusals(limits: &Limits, from: &str, times: usize) -> usize {
        let guess = |_: &usize| limits.check_sign_in(address(from), &account(), Acquaintance::Stranger).is_err();
        (0..times).filter(guess).count()
    }

    #[test]
    fn a_guesser_is_slowed_and_keeps_nobody_out() {
        let limits = Limits::new(true);
        assert_eq!(refusals(&limits, "198.51.100.1", 10), 0);
        let guess =
            limits.check_sign_in(address("198.51.100.1"), &Email::known_by(" A@Example.com"), Acquaintance::Stranger);
        let Err(Problem::RateLimited { retry_after_seconds }) = guess else { panic!("let through") };
        assert!((1..=6).contains(&retry_after_seconds));
        refusals(&limits, "198.51.100.1", 100_000);
        assert_eq!(refusals(&limits, HERE, 10), 0);
        assert!(limits.check_sign_in(address("198.51.100.1"), &Email::known_by("b@example.com"), DEVICE).is_ok());
    }

    #[test]
    fn many_guessers_together_are_bounded_and_keep_no_acquaintance_out() {
        let limits = Limits::new(true);
        let refused: usize = (0..200).map(|n| refusals(&limits, &format!("198.51.100.{n}"), 10)).sum();
        assert!((1_650..=1_700).contains(&refused), "{refused}");
        for acquaintance in [DEVICE, Acquaintance::Network] {
            let attempts = (0..12).map(|_| limits.check_sign_in(address(HERE), &account(), acquaintance));
            assert_eq!(attempts.filter(Result::is_ok).count(), 12, "{acquaintance:?}");
        }
        assert!(limits.check_own_password(ACCOUNT).is_ok());
    }

    #[test]
    fn an_acquaintance_is_slowed_too() {
        let limits = Limits::new(true);
        let attempts = (0..100).map(|_| limits.check_sign_in(address(HERE), &account(), DEVICE));
        assert!((30..=32).contains(&attempts.filter(Result::is_ok).count()));
        let other = Acquaintance::Device([8; 32]);
        assert!(limits.check_sign_in(address(HERE), &account(), other).is_ok());
        let attempts = (0..100).map(|_| limits.check_own_password(ACCOUNT));
        assert!((30..=32).contains(&attempts.filter(Result::is_ok).count()));
    }

    #[test]
    fn sign_ups_take_nothing_from_the_account_they_name() {
        let limits = Limits::new(true);
        let refused = (0..100).filter(|_| limits.check_sign_up(address("198.51.100.1")).is_err()).count();
        assert!(refused > 0);
        assert!(limits.check_sign_in(address(HERE), &account(), Acquaintance::Stranger).is_ok());
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
        assert!((0..1000).all(|_| limits.check_sign_in(address(HERE), &account(), Acquaintance::Stranger).is_ok()));
    }
}
