//! Sets of instants as sorted, disjoint ranges; every operation is one sweep.

use crate::TimeRange;

/// Sorted ranges that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeSet(Vec<TimeRange>);

impl RangeSet {
    pub fn ranges(&self) -> &[TimeRange] {
        &self.0
    }

    /// Whether all of `range` is in it.
    pub fn encloses(&self, range: &TimeRange) -> bool {
        let nearest = self.0.partition_point(|own| own.end() <= range.start());
        self.0.get(nearest).is_some_and(|own| own.encloses(range))
    }

    /// The instants that are in either.
    pub fn union(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).copied().collect()
    }

    /// The instants that are in both.
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            both.extend(a.intersect(b));
            if a.end() < b.end() {
                left.next()
            } else {
                right.next()
            };
        }
        Self(both)
    }

    /// The instants that are here and not in `other`.
    pub fn subtract(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        let mut from = 0;
        for range in &self.0 {
            from += other.0[from..].iter().take_while(|gone| gone.end() <= range.start()).count();
            let mut start = range.start();
            for gone in other.0[from..].iter().take_while(|gone| gone.start() < range.end()) {
                rest.extend(TimeRange::new(start, gone.start()));
                start = gone.end();
            }
            rest.extend(TimeRange::new(start, range.end()));
        }
        Self(rest)
    }
}

impl FromIterator<TimeRange> for RangeSet {
    /// Ranges may come in any order and overlap.
    fn from_iter<I: IntoIterator<Item = TimeRange>>(ranges: I) -> Self {
        let mut sorted: Vec<TimeRange> = ranges.into_iter().collect();
        // Stable, because what comes is mostly a few sorted runs, which it merges in linear time.
        sorted.sort_by_key(TimeRange::start);
        sorted.dedup_by(|next, kept| {
            let joined = next.start() <= kept.end();
            if joined {
                *kept = kept.hull(next);
            }
            joined
        });
        Self(sorted)
    }
}
