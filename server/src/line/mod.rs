//! The line in which guests wait when more of them come at once than pages can be made for.
//!
//! A page that is kept is sent to anybody. Only who needs one made can have to wait, and only on arrival: whoever has
//! chosen a time, sends a form or is signed in does not pass here. A node has a line of its own, in memory.

mod door;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub use door::{position, script, ticket, waiting};

/// More would only wait for nothing.
const MOST_WAITING: usize = 50_000;
/// Of one network (an IPv6 /64 is one): an office, and no more than that in anybody's way.
const MOST_OF_A_NETWORK: u32 = 50;
/// Who has not been heard of for so long has left.
const GONE_AFTER: Duration = Duration::from_secs(40);
/// How long a place at the front is kept for who was called: they look every second or two by then.
const CALLED_FOR: Duration = Duration::from_secs(6);

#[derive(Default)]
pub struct Line {
    people: Mutex<People>,
    /// Makes tickets that nobody else can make.
    seal: RandomState,
}

/// By number, which is the order in which they came.
#[derive(Default)]
struct People {
    last: u64,
    /// Have a ticket and have not come back with it. A browser does at once; who only asks and asks is in nobody's way.
    new: BTreeMap<u64, Person>,
    waiting: BTreeMap<u64, Person>,
    /// How many of each network wait.
    networks: HashMap<IpAddr, u32>,
    /// Until when who was called may come.
    called: HashMap<u64, Instant>,
}

#[derive(Clone, Copy)]
struct Person {
    network: IpAddr,
    heard: Instant,
}

/// What becomes of who arrives.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    Enters,
    Waits(Place),
    /// The line is full, or too many of one network are in it.
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub ticket: String,
    /// 1: the next. At most so many are ahead, because some may have left.
    pub position: u64,
}

impl Line {
    /// A guest of a network, with the ticket they may have; `free`: for how many there is room now.
    pub fn arrive(&self, ticket: Option<&str>, network: IpAddr, free: usize, now: Instant) -> Arrival {
        let mut people = self.people();
        let number = ticket.and_then(|ticket| self.number(ticket));
        let waits = number.filter(|number| people.hear(*number, now));
        people.call(free, now);
        if let Some(number) = number
            && people.called.remove(&number).is_some()
        {
            return Arrival::Enters;
        }
        if let Some(number) = waits {
            return Arrival::Waits(self.place(&people, number));
        }
        // Where nobody waits there is no line: who finds no room within a moment steps back, and begins one.
        if people.waiting.is_empty() && (people.called.is_empty() || people.called.len() < free) {
            return Arrival::Enters;
        }
        let full = people.waiting.len() >= MOST_WAITING;
        if full || people.networks.get(&network).is_some_and(|many| *many >= MOST_OF_A_NETWORK) {
            return Arrival::Refused;
        }
        let number = people.welcome(network, now);
        Arrival::Waits(self.place(&people, number))
    }

    /// Who was let in and could not be served: with their old number, so that they are called first.
    pub fn step_back(&self, ticket: Option<&str>, network: IpAddr, now: Instant) -> Place {
        let mut people = self.people();
        let number = ticket.and_then(|ticket| self.number(ticket)).filter(|number| *number <= people.last);
        let number = match number {
            Some(number) => {
                people.wait(number, Person { network, heard: now });
                number
            }
            None => people.welcome(network, now),
        };
        self.place(&people, number)
    }

    /// Whether who waits may come now (0), or how many places on they are; `None`: there is no such ticket any more.
    pub fn position(&self, ticket: &str, free: usize, now: Instant) -> Option<u64> {
        let number = self.number(ticket)?;
        let mut people = self.people();
        people.hear(number, now);
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
    /// A number for a newcomer.
    fn welcome(&mut self, network: IpAddr, now: Instant) -> u64 {
        while self.new.len() >= MOST_WAITING
            || self.new.first_key_value().is_some_and(|(_, person)| now - person.heard >= GONE_AFTER)
        {
            self.new.pop_first();
        }
        self.last += 1;
        self.new.insert(self.last, Person { network, heard: now });
        self.last
    }

    /// Who comes back with a ticket waits from then on. Whether they do.
    fn hear(&mut self, number: u64, now: Instant) -> bool {
        if let Some(person) = self.waiting.get_mut(&number) {
            person.heard = now;
            return true;
        }
        match self.new.remove(&number) {
            Some(person) => self.wait(number, Person { heard: now, ..person }),
            None => false,
        }
    }

    fn wait(&mut self, number: u64, person: Person) -> bool {
        let of_network = self.networks.entry(person.network).or_default();
        if *of_network >= MOST_OF_A_NETWORK {
            return false;
        }
        if self.waiting.insert(number, person).is_none() {
            *of_network += 1;
        }
        true
    }

    /// Calls as many as there is room for, first come, first served.
    fn call(&mut self, free: usize, now: Instant) {
        self.called.retain(|_, until| now < *until);
        while self.called.len() < free
            && let Some((number, person)) = self.waiting.pop_first()
        {
            if let Some(many) = self.networks.get_mut(&person.network) {
                *many -= 1;
                if *many == 0 {
                    self.networks.remove(&person.network);
                }
            }
            if now - person.heard < GONE_AFTER {
                self.called.insert(number, now + CALLED_FOR);
            }
        }
    }

    fn position(&self, number: u64) -> u64 {
        let ahead = self.waiting.first_key_value().map_or(0, |(first, _)| number.saturating_sub(*first));
        let others = self.waiting.len() - usize::from(self.waiting.contains_key(&number));
        ahead.min(others as u64) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u8) -> IpAddr {
        [192, 0, 2, number].into()
    }

    fn waits(arrival: Arrival) -> Place {
        match arrival {
            Arrival::Waits(place) => place,
            other => panic!("{other:?}"),
        }
    }

    /// With the one who began it, who has come back once, as a browser does.
    fn line(now: Instant) -> (Line, Place) {
        let line = Line::default();
        assert_eq!(line.arrive(None, network(1), 0, now), Arrival::Enters);
        let first = line.step_back(None, network(1), now);
        assert_eq!(line.position(&first.ticket, 0, now), Some(1));
        (line, first)
    }

    fn joins(line: &Line, number: u8, now: Instant) -> Place {
        let place = waits(line.arrive(None, network(number), 0, now));
        assert_eq!(line.position(&place.ticket, 0, now), Some(place.position));
        place
    }

    #[tokio::test]
    async fn who_came_first_is_called_first_and_newcomers_overtake_nobody() {
        let now = Instant::now();
        let (line, first) = line(now);
        let (second, third) = (joins(&line, 2, now), joins(&line, 3, now));
        assert_eq!((second.position, third.position), (2, 3));
        // There is room for one: it is the first one's, also when another asks before.
        assert_eq!(line.position(&second.ticket, 1, now), Some(1));
        assert_eq!(line.position(&third.ticket, 1, now), Some(2));
        assert_eq!(line.position(&first.ticket, 1, now), Some(0));
        assert_eq!(line.arrive(Some(&first.ticket), network(1), 1, now), Arrival::Enters);
        assert_eq!(line.arrive(Some(&second.ticket), network(2), 1, now), Arrival::Enters);
        // A ticket is good once: who comes with it again is the last.
        assert_eq!(waits(line.arrive(Some(&first.ticket), network(1), 0, now)).position, 2);
    }

    #[tokio::test]
    async fn who_is_heard_of_keeps_the_place_and_who_is_not_loses_it() {
        let start = Instant::now();
        let (line, left) = line(start);
        let stays = joins(&line, 2, start);
        assert_eq!(line.position(&stays.ticket, 0, start + GONE_AFTER / 2), Some(2));
        let late = start + GONE_AFTER;
        assert_eq!(line.position(&stays.ticket, 1, late), Some(0));
        assert_eq!(line.position(&left.ticket, 1, late), None);
        // Nobody comes who was called: the room is the next one's.
        let next = waits(line.arrive(None, network(3), 1, late));
        assert_eq!(line.position(&next.ticket, 1, late), Some(1));
        assert_eq!(line.position(&next.ticket, 1, late + CALLED_FOR), Some(0));
    }

    #[tokio::test]
    async fn who_could_not_be_served_is_first_again() {
        let now = Instant::now();
        let (line, first) = line(now);
        let second = joins(&line, 2, now);
        assert_eq!(line.arrive(Some(&first.ticket), network(1), 1, now), Arrival::Enters);
        let again = line.step_back(Some(&first.ticket), network(1), now);
        assert_eq!((again.ticket.as_str(), again.position), (first.ticket.as_str(), 1));
        assert_eq!(line.position(&second.ticket, 1, now), Some(1));
        assert_eq!(line.position(&first.ticket, 1, now), Some(0));
    }

    #[tokio::test]
    async fn who_asks_and_asks_and_never_comes_back_is_in_nobodys_way() {
        let now = Instant::now();
        let (line, first) = line(now);
        for _ in 0..2 * MOST_WAITING {
            waits(line.arrive(None, network(9), 0, now));
        }
        let honest = joins(&line, 2, now);
        assert_eq!(honest.position, 2);
        assert_eq!(line.position(&first.ticket, 2, now), Some(0));
        assert_eq!(line.position(&honest.ticket, 2, now), Some(0));
        assert!(line.people().new.len() <= MOST_WAITING);
    }

    #[tokio::test]
    async fn one_network_has_a_part_of_the_line_and_no_more() {
        let now = Instant::now();
        let (line, _) = line(now);
        for _ in 0..MOST_OF_A_NETWORK {
            joins(&line, 9, now);
        }
        assert_eq!(line.arrive(None, network(9), 0, now), Arrival::Refused);
        joins(&line, 2, now);
        // Their places are free again as they are called.
        let all = MOST_OF_A_NETWORK as usize + 2;
        waits(line.arrive(None, network(3), all, now));
        assert!(line.people().networks.is_empty());
    }

    #[tokio::test]
    async fn a_forged_ticket_is_none() {
        let now = Instant::now();
        let (line, real) = line(now);
        for forged in ["", "1", "1-0", "1-ffffffffffffffff", "-", &format!("2{}", &real.ticket[1..])] {
            assert_eq!(line.position(forged, 1, now), None, "{forged}");
        }
    }
}
