//! The offsets of a zone in a stretch of time, as they travel to browsers: those have no zone database of ours, and must not
//! ask their own, which is older or newer.

use std::fmt;

/// Written `3600 1743296400 7200 1761440400 3600`: an offset, then when each next one begins, all in seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    first: i64,
    /// When, in Unix seconds and in order, and the offset from then on.
    changes: Vec<(i64, i64)>,
}

impl Offsets {
    pub fn new(first: i64, changes: Vec<(i64, i64)>) -> Self {
        Self { first, changes }
    }

    /// `None`: it is no such text.
    pub fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ').map(|number| number.parse().ok());
        let first = numbers.next()??;
        let mut changes = Vec::new();
        while let Some(at) = numbers.next() {
            changes.push((at?, numbers.next()??));
        }
        Some(Self { first, changes })
    }

    /// How many seconds clocks are ahead of UTC at `timestamp`. Before and after the stretch as at its ends.
    pub fn at(&self, timestamp: i64) -> i64 {
        let place = self.changes.partition_point(|(at, _)| *at <= timestamp);
        place.checked_sub(1).map_or(self.first, |place| self.changes[place].1)
    }
}

impl fmt::Display for Offsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        self.changes.iter().try_for_each(|(at, offset)| write!(f, " {at} {offset}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_survive_their_travel() {
        let text = "3600 1743296400 7200 1761440400 3600";
        let offsets = Offsets::read(text).unwrap();
        assert_eq!(offsets.to_string(), text);
        let asked = [i64::MIN, 1743296399, 1743296400, 1761440399, 1761440400, i64::MAX];
        assert_eq!(asked.map(|at| offsets.at(at)), [3600, 3600, 7200, 7200, 3600, 3600]);
        assert_eq!(Offsets::read("-12600"), Some(Offsets::new(-12600, Vec::new())));
        for bad in ["", "x", "3600 1743296400", "3600 x 7200"] {
            assert_eq!(Offsets::read(bad), None, "{bad}");
        }
    }
}
