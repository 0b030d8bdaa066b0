//! How much one address may make: bookings and accounts, by the minute, the hour and the day. What was asked for and not
//! made, because the time was taken say, does not count. In memory, a node's own.
//!
//! Beside `rate_limit`, which is about how often somebody may ask at all.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use app::context::Permit;
use domain::Problem;

use crate::client_address::ClientAddress;

/// `30/minute 200/hour`, or `off` for as many as they like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates(Vec<Rate>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    most: u32,
    within: Duration,
}

impl FromStr for Rates {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.trim() == "off" {
            return Ok(Self::default());
        }
        let rate = |text: &str| {
            let (most, within) = text.split_once('/').ok_or(())?;
            let seconds = match within {
                "minute" => 60,
                "hour" => 60 * 60,
                "day" => 24 * 60 * 60,
                _ => return Err(()),
            };
            let most = most.parse().ok().filter(|most| (1..=1_000_000).contains(most)).ok_or(())?;
            Ok(Rate { most, within: Duration::from_secs(seconds) })
        };
        let rates = text.split([' ', ',']).filter(|text| !text.is_empty()).map(rate).collect::<Result<Vec<_>, ()>>()?;
        if rates.is_empty() { Err(()) } else { Ok(Self(rates)) }
    }
}

/// What addresses may make of one kind of thing.
pub struct Allowance {
    buckets: Vec<Bucket>,
    hasher: RandomState,
}

impl Allowance {
    pub fn new(rates: &Rates) -> Arc<Self> {
        let buckets = rates.0.iter().map(|rate| Bucket::new(*rate)).collect();
        Arc::new(Self { buckets, hasher: RandomState::new() })
    }

    /// Room for one more, which is given back unless it is made.
    pub fn take(self: &Arc<Self>, address: ClientAddress) -> Result<Permit, Problem> {
        self.take_at(address, Instant::now())
    }

    fn take_at(self: &Arc<Self>, address: ClientAddress, now: Instant) -> Result<Permit, Problem> {
        let key = self.hasher.hash_one(address.network());
        for (place, bucket) in self.buckets.iter().enumerate() {
            if let Err(wait) = bucket.take(key, now) {
                self.buckets[..place].iter().for_each(|bucket| bucket.give_back(key, now));
                let retry_after_seconds = wait.as_millis().div_ceil(1000) as u64;
                return Err(Problem::RateLimited { retry_after_seconds: retry_after_seconds.max(1) });
            }
        }
        let taken = self.clone();
        Ok(Permit::given_back_by(move || taken.buckets.iter().for_each(|bucket| bucket.give_back(key, now))))
    }
}

/// One rate for many addresses, as governor's buckets are (GCRA), but for the giving back: all at once that may be made
/// within the time, then one each time that a part of it has passed.
struct Bucket {
    most: u32,
    each: Duration,
    /// When each will have all its room again; who has it now is not kept.
    full_at: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    full_at: HashMap<u64, Instant>,
    swept_to: usize,
}

impl Bucket {
    fn new(rate: Rate) -> Self {
        Self { most: rate.most, each: rate.within / rate.most, full_at: Mutex::default() }
    }

    /// How long to wait when there is no room.
    fn take(&self, key: u64, now: Instant) -> Result<(), Duration> {
        let mut kept = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.full_at.len() > 2 * kept.swept_to + 1024 {
            kept.full_at.retain(|_, full_at| *full_at > now);
            kept.swept_to = kept.full_at.len();
        }
        let full_at = kept.full_at.entry(key).or_insert(now);
        let next = (*full_at).max(now) + self.each;
        let room_at = next.checked_sub(self.each * self.most).unwrap_or(now);
        if room_at > now {
            return Err(room_at - now);
        }
        *full_at = next;
        Ok(())
    }

    fn give_back(&self, key: u64, now: Instant) {
        let mut kept = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = kept.full_at.get_mut(&key) {
            match full_at.checked_sub(self.each).filter(|full_at| *full_at > now) {
                Some(earlier) => *full_at = earlier,
                None => drop(kept.full_at.remove(&key)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowance(rates: &str) -> Arc<Allowance> {
        Allowance::new(&rates.parse().unwrap())
    }

    fn from(address: &str) -> ClientAddress {
        ClientAddress(address.parse().unwrap())
    }

    /// Seconds to wait, or 0 when one was made.
    fn make(allowance: &Arc<Allowance>, address: &str, now: Instant) -> u64 {
        match allowance.take_at(from(address), now) {
            Ok(permit) => {
                permit.used();
                0
            }
            Err(Problem::RateLimited { retry_after_seconds }) => retry_after_seconds,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn one_address_makes_no_more_than_each_of_its_rates() {
        let allowance = allowance("3/minute 5/hour");
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let made: Vec<_> = (0..4).map(|_| make(&allowance, "2001:db8::1", start)).collect();
        assert_eq!(made, [0, 0, 0, 20]);
        // Another house, and another address of the same.
        assert_eq!(make(&allowance, "2001:db8:0:1::1", start), 0);
        assert_eq!(make(&allowance, "2001:db8::ffff", start), 20);
        assert_eq!((make(&allowance, "2001:db8::1", at(20)), make(&allowance, "2001:db8::1", at(40))), (0, 0));
        // By the minute there is room; by the hour the next is free after a fifth of it.
        assert_eq!(make(&allowance, "2001:db8::1", at(60)), 660);
        assert_eq!(make(&allowance, "2001:db8::1", at(720)), 0);
    }

    #[test]
    fn what_was_not_made_is_given_back() {
        let allowance = allowance("2/hour 3/day");
        let now = Instant::now();
        for _ in 0..100 {
            drop(allowance.take_at(from("203.0.113.7"), now).unwrap());
        }
        assert!(allowance.buckets.iter().all(|bucket| bucket.full_at.lock().unwrap().full_at.is_empty()));
        let under_way = allowance.take_at(from("203.0.113.7"), now).unwrap();
        assert_eq!(make(&allowance, "203.0.113.7", now), 0);
        assert_eq!(make(&allowance, "203.0.113.7", now), 1800);
        drop(under_way);
        assert_eq!(make(&allowance, "203.0.113.7", now), 0);
        assert_ne!(make(&allowance, "203.0.113.7", now), 0);
    }

    #[test]
    fn addresses_with_all_their_room_are_forgotten() {
        let allowance = allowance("1/minute");
        let start = Instant::now();
        for n in 0..5000_u32 {
            let address = ClientAddress(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n).into());
            allowance.take_at(address, start + Duration::from_secs(n.into())).unwrap().used();
        }
        assert!(allowance.buckets[0].full_at.lock().unwrap().full_at.len() < 2048);
    }

    #[test]
    fn a_rate_is_a_number_and_a_time() {
        assert_eq!("off".parse::<Rates>().unwrap().0, []);
        assert_eq!("30/minute, 200/hour".parse::<Rates>(), "30/minute 200/hour".parse());
        for wrong in ["", "30", "0/minute", "-1/day", "30/second", "30 / minute", "many/day", "on", ","] {
            assert_eq!(wrong.parse::<Rates>(), Err(()), "{wrong}");
        }
        let off = allowance("off");
        assert!((0..1000).all(|_| make(&off, "203.0.113.7", Instant::now()) == 0));
    }
}
