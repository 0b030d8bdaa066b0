//! The last frames of a room, bounded by number and by bytes.

use std::collections::VecDeque;

use super::Frame;

/// At most so many frames a room.
pub(super) const MOST_FRAMES: usize = 256;
/// And so many bytes; the newest frame is kept whatever its size.
pub(super) const MOST_BYTES: usize = 512 * 1024;

/// Frames of consecutive versions, oldest first.
#[derive(Default)]
pub(super) struct Ring {
    frames: VecDeque<Frame>,
    bytes: usize,
}

impl Ring {
    /// The frame of `version`, while it is kept.
    pub fn get(&self, version: i64) -> Option<Frame> {
        let first = self.frames.front()?.version;
        let index = usize::try_from(version.checked_sub(first)?).ok()?;
        self.frames.get(index).cloned()
    }

    /// The oldest version kept.
    pub fn first(&self) -> Option<i64> {
        self.frames.front().map(|frame| frame.version)
    }

    /// Adds the next frame; one that does not follow the last starts the ring anew.
    pub fn push(&mut self, frame: Frame) {
        if self.frames.back().is_some_and(|last| last.version + 1 != frame.version) {
            self.clear();
        }
        self.bytes += frame.text.len();
        self.frames.push_back(frame);
        while self.frames.len() > 1 && (self.frames.len() > MOST_FRAMES || self.bytes > MOST_BYTES) {
            let dropped = self.frames.pop_front().map_or(0, |frame| frame.text.len());
            self.bytes -= dropped;
        }
    }

    /// Puts an older frame in front, where it fits and precedes the oldest.
    pub fn prepend(&mut self, frame: Frame) {
        let fits = self.frames.len() < MOST_FRAMES && self.bytes + frame.text.len() <= MOST_BYTES;
        let precedes = self.frames.front().is_none_or(|first| first.version == frame.version + 1);
        if fits && precedes {
            self.bytes += frame.text.len();
            self.frames.push_front(frame);
        }
    }

    pub fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(version: i64, bytes: usize) -> Frame {
        Frame { version, text: vec![b'x'; bytes].into() }
    }

    fn kept(ring: &Ring) -> Vec<i64> {
        ring.frames.iter().map(|frame| frame.version).collect()
    }

    #[test]
    fn frames_are_found_by_version() {
        let mut ring = Ring::default();
        assert_eq!(ring.get(1), None);
        (5..8).for_each(|version| ring.push(frame(version, 1)));
        assert_eq!(ring.get(4), None);
        assert_eq!(ring.get(6).map(|frame| frame.version), Some(6));
        assert_eq!(ring.get(8), None);
        assert_eq!(ring.get(i64::MIN), None);
        assert_eq!(ring.get(i64::MAX), None);
    }

    #[test]
    fn a_ring_is_bounded_by_number() {
        let mut ring = Ring::default();
        (1..=1000).for_each(|version| ring.push(frame(version, 1)));
        assert_eq!(kept(&ring), (745..=1000).collect::<Vec<_>>());
        assert_eq!(ring.bytes, MOST_FRAMES);
    }

    #[test]
    fn a_ring_is_bounded_by_bytes_but_keeps_the_newest() {
        let mut ring = Ring::default();
        (1..=10).for_each(|version| ring.push(frame(version, MOST_BYTES / 4)));
        assert_eq!(kept(&ring), [7, 8, 9, 10]);
        ring.push(frame(11, MOST_BYTES * 2));
        assert_eq!(kept(&ring), [11]);
        ring.push(frame(12, 1));
        assert_eq!(kept(&ring), [12]);
    }

    #[test]
    fn a_gap_starts_the_ring_anew() {
        let mut ring = Ring::default();
        [1, 2, 9].into_iter().for_each(|version| ring.push(frame(version, 1)));
        assert_eq!(kept(&ring), [9]);
    }

    #[test]
    fn older_frames_go_in_front_only_where_they_follow_and_fit() {
        let mut ring = Ring::default();
        ring.push(frame(9, 1));
        ring.prepend(frame(7, 1));
        assert_eq!(kept(&ring), [9]);
        ring.prepend(frame(8, 1));
        ring.prepend(frame(7, MOST_BYTES));
        assert_eq!(kept(&ring), [8, 9]);
    }
}
