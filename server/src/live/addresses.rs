//! How many sockets each client address has open, and all of them together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use service::caller::network;

#[derive(Clone, Debug)]
pub(super) struct Addresses {
    open: Arc<Mutex<Open>>,
    most: usize,
    most_per_address: usize,
}

#[derive(Debug, Default)]
struct Open {
    of: HashMap<IpAddr, usize>,
    all: usize,
}

/// Why there is no place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The address has as many as it may.
    Address,
    /// So many are open that other requests need what is left.
    Everything,
}

/// One socket's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    addresses: Addresses,
    address: IpAddr,
}

impl Addresses {
    pub fn new(most: usize, most_per_address: usize) -> Self {
        Self { open: Arc::default(), most, most_per_address }
    }

    /// A place for one more.
    pub fn enter(&self, address: IpAddr) -> Result<Place, Full> {
        let address = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let sockets = open.of.get(&address).copied().unwrap_or(0);
        if sockets >= self.most_per_address {
            return Err(Full::Address);
        }
        if open.all >= self.most {
            return Err(Full::Everything);
        }
        open.of.insert(address, sockets + 1);
        open.all += 1;
        Ok(Place { addresses: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.addresses.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        if let Some(sockets) = open.of.get_mut(&self.address) {
            *sockets -= 1;
            if *sockets == 0 {
                open.of.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_place_back() {
        let addresses = Addresses::new(100, 2);
        let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = addresses.enter(one);
        let second = addresses.enter(one);
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(addresses.enter(one).err(), Some(Full::Address));
        assert!(addresses.enter(other).is_ok());
        drop(first);
        assert!(addresses.enter(one).is_ok());
        drop(second);
        let open = addresses.open.lock().unwrap();
        assert!(open.of.is_empty() && open.all == 0, "nothing is remembered of those who left");
    }

    #[test]
    fn a_household_counts_as_one() {
        let addresses = Addresses::new(100, 1);
        let _place = addresses.enter("2001:db8:0:1::1".parse().unwrap());
        assert!(addresses.enter("2001:db8:0:1:ffff::2".parse().unwrap()).is_err());
        assert!(addresses.enter("2001:db8:0:2::1".parse().unwrap()).is_ok());
        let _place = addresses.enter("192.0.2.1".parse().unwrap());
        assert!(addresses.enter("::ffff:192.0.2.1".parse().unwrap()).is_err());
    }

    #[test]
    fn all_together_have_a_limit_too() {
        let addresses = Addresses::new(2, 100);
        let _places: Vec<_> = (1..=2).map(|n| addresses.enter(IpAddr::from([192, 0, 2, n])).unwrap()).collect();
        assert_eq!(addresses.enter(IpAddr::from([192, 0, 2, 3])).err(), Some(Full::Everything));
    }
}
