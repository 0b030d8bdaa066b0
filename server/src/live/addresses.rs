//! How many sockets each client address has open.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone)]
pub(super) struct Addresses {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: usize,
}

/// One socket's place, until it is dropped.
pub(super) struct Place {
    addresses: Addresses,
    address: IpAddr,
}

impl Addresses {
    pub fn new(most: usize) -> Self {
        Self { open: Arc::default(), most }
    }

    /// A place for one more, or `None` when the address has as many as it may.
    pub fn enter(&self, address: IpAddr) -> Option<Place> {
        let address = counted_as(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let sockets = open.entry(address).or_insert(0);
        if *sockets >= self.most {
            return None;
        }
        *sockets += 1;
        Some(Place { addresses: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.addresses.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sockets) = open.get_mut(&self.address) {
            *sockets -= 1;
            if *sockets == 0 {
                open.remove(&self.address);
            }
        }
    }
}

/// A household has a whole /64 of IPv6: its addresses count as one.
fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_place_back() {
        let addresses = Addresses::new(2);
        let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = addresses.enter(one);
        let second = addresses.enter(one);
        assert!(first.is_some() && second.is_some() && addresses.enter(one).is_none());
        assert!(addresses.enter(other).is_some());
        drop(first);
        assert!(addresses.enter(one).is_some());
        drop(second);
        assert!(addresses.open.lock().unwrap().is_empty(), "nothing is remembered of those who left");
    }

    #[test]
    fn a_household_counts_as_one() {
        let addresses = Addresses::new(1);
        let _place = addresses.enter("2001:db8:0:1::1".parse().unwrap());
        assert!(addresses.enter("2001:db8:0:1:ffff::2".parse().unwrap()).is_none());
        assert!(addresses.enter("2001:db8:0:2::1".parse().unwrap()).is_some());
        let _place = addresses.enter("192.0.2.1".parse().unwrap());
        assert!(addresses.enter("::ffff:192.0.2.1".parse().unwrap()).is_none());
    }
}
