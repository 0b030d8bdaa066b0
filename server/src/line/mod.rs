//! The line in which guests wait when more of them come at once than pages can be made for.
//!
//! A page that is kept is sent to anybody. Only who needs one made can have to wait, and only on arrival: whoever has
//! chosen a time, sends a form or is signed in does not pass here. A node has a line of its own, in memory.

mod door;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub use door::{routes, ticket, waiting};

/// More would only wait for nothing.
const MOST_WAITING: usize = 50_000;
/// Who has not been heard of for so long has left.
const GONE_AFTER: Duration = Duration::from_secs(40);
/// How long a place at the front is kept for who was called.
const CALLED_FOR: Duration = Duration::from_secs(15);

#[derive(Default)]
pub struct Line {
    people: Mutex<People>,
    /// Makes tickets that nobody else can make.
    seal: RandomState,
}

#[derive(Default)]
struct People {
    last: u64,
    /// By number, which is the order in which they came; and when each was last heard of.
    waiting: BTreeMap<u64, Instant>,
    /// Until when who was called may come.
    called: HashMap<u64, Instant>,
}

/// What becomes of who arrives.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    Enters,
    Waits(Place),
    /// The line is full.
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub ticket: String,
    /// 1: the next. At most so many are ahead, because some may have left.
    pub position: u64,
}

impl Line {
    /// A guest with the ticket they may have; `free`: for how many there is room now.
    pub fn arrive(&self, ticket: Option<&str>, free: usize, now: Instant) -> Arrival {
        let mut people = self.people();
        people.call(free, now);
        let number = ticket.and_then(|ticket| self.number(ticket));
        if let Some(number) = number {
            if people.called.remove(&number).is_some() {
                return Arrival::Enters;
            }
            if let Some(heard) = people.waiting.get_mut(&number) {
                *heard = now;
                return Arrival::Waits(self.place(&people, number));
            }
        }
        if people.waiting.is_empty() && people.called.len() < free {
            return Arrival::Enters;
        }
        if people.waiting.len() >= MOST_WAITING {
            return Arrival::Refused;
        }
        people.last += 1;
        let number = people.last;
        people.waiting.insert(number, now);
        Arrival::Waits(self.place(&people, number))
    }

    /// Who could not be served although there was room: with their old number, so that they are called first.
    pub fn step_back(&self, ticket: Option<&str>, now: Instant) -> Place {
        let mut people = self.people();
        let number = ticket.and_then(|ticket| self.number(ticket)).filter(|number| *number <= people.last);
        let number = number.unwrap_or_else(|| {
            people.last += 1;
            people.last
        });
        people.waiting.insert(number, now);
        self.place(&people, number)
    }

    /// Whether who waits may come now (0), or how many places on they are; `None`: there is no such ticket any more.
    pub fn position(&self, ticket: &str, free: usize, now: Instant) -> Option<u64> {
        let number = self.number(ticket)?;
        let mut people = self.people();
        if let Some(heard) = people.waiting.get_mut(&number) {
            *heard = now;
        }
        people.call(free, now);
        match people.called.contains_key(&number) {
            true => Some(0),
            false => people.waiting.contains_key(&number).then(|| people.position(number)),
        }
    }

    fn place(&self, people: &People, number: u64) -> Place {
        Place { ticket: format!("{number}-{:016x}", self.seal.hash_one(number)), position: people.position(number) }
    }

    fn number(&self, ticket: &str) -> Option<u64> {
        let (number, seal) = ticket.split_once('-')?;
        let number = number.parse().ok()?;
        (u64::from_str_radix(seal, 16) == Ok(self.seal.hash_one(number))).then_some(number)
    }

    fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl People {
    /// Calls as many as there is room for, first come, first served.
    fn call(&mut self, free: usize, now: Instant) {
        self.called.retain(|_, until| now < *until);
        while self.called.len() < free
            && let Some((number, heard)) = self.waiting.pop_first()
        {
            if now.duration_since(heard) < GONE_AFTER {
                self.called.insert(number, now + CALLED_FOR);
            }
        }
    }

    fn position(&self, number: u64) -> u64 {
        self.waiting.first_key_value().map_or(1, |(first, _)| number.saturating_sub(*first) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(arrival: Arrival) -> Place {
        match arrival {
            Arrival::Waits(place) => place,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn who_came_first_is_called_first_and_newcomers_overtake_nobody() {
        let (line, now) = (Line::default(), Instant::now());
        assert_eq!(line.arrive(None, 1, now), Arrival::Enters);
        let first = waits(line.arrive(None, 0, now));
        let second = waits(line.arrive(None, 0, now));
        assert_eq!((first.position, second.position), (1, 2));
        // There is room for one: it is the first one's, also when another asks before.
        let third = waits(line.arrive(None, 1, now));
        assert_eq!(line.position(&second.ticket, 1, now), Some(1));
        assert_eq!(line.position(&third.ticket, 1, now), Some(2));
        assert_eq!(line.position(&first.ticket, 1, now), Some(0));
        assert_eq!(line.arrive(Some(&first.ticket), 1, now), Arrival::Enters);
        assert_eq!(line.arrive(Some(&second.ticket), 1, now), Arrival::Enters);
        // A ticket is good once.
        assert!(matches!(line.arrive(Some(&first.ticket), 0, now), Arrival::Waits(Place { position: 2, .. })));
    }

    #[tokio::test]
    async fn who_is_heard_of_keeps_the_place_and_who_is_not_loses_it() {
        let (line, start) = (Line::default(), Instant::now());
        let left = waits(line.arrive(None, 0, start));
        let stays = waits(line.arrive(None, 0, start));
        let later = start + GONE_AFTER / 2;
        assert_eq!(line.position(&stays.ticket, 0, later), Some(2));
        let late = start + GONE_AFTER;
        assert_eq!(line.position(&stays.ticket, 1, late), Some(0));
        assert_eq!(line.position(&left.ticket, 1, late), None);
        // Nobody came when called: the room is the next one's.
        let next = waits(line.arrive(None, 1, late));
        assert_eq!(line.position(&next.ticket, 1, late + CALLED_FOR), Some(0));
    }

    #[tokio::test]
    async fn who_could_not_be_served_is_first_again() {
        let (line, now) = (Line::default(), Instant::now());
        let first = waits(line.arrive(None, 0, now));
        let second = waits(line.arrive(None, 0, now));
        assert_eq!(line.arrive(Some(&first.ticket), 1, now), Arrival::Enters);
        let again = line.step_back(Some(&first.ticket), now);
        assert_eq!((again.ticket.as_str(), again.position), (first.ticket.as_str(), 1));
        assert_eq!(line.position(&second.ticket, 1, now), Some(1));
        assert_eq!(line.position(&first.ticket, 1, now), Some(0));
    }

    #[tokio::test]
    async fn a_forged_ticket_is_none() {
        let (line, now) = (Line::default(), Instant::now());
        let real = waits(line.arrive(None, 0, now));
        for forged in ["", "1", "1-0", "1-ffffffffffffffff", "-", &format!("2{}", &real.ticket[1..])] {
            assert_eq!(line.position(forged, 1, now), None, "{forged}");
        }
    }

    #[tokio::test]
    async fn a_full_line_takes_nobody_more() {
        let (line, now) = (Line::default(), Instant::now());
        for _ in 0..MOST_WAITING {
            waits(line.arrive(None, 0, now));
        }
        assert_eq!(line.arrive(None, 0, now), Arrival::Refused);
    }
}
