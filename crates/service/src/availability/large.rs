//! Answers that are made while they are sent, so that one who reads slowly, or not at all, costs no memory.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use domain::{Offering, TimeRange, slots::Parts};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::OpeningsBody;
use crate::Error;
use crate::snapshot::Snapshot;

/// What is larger is not kept: bytes, by the usual length of what is in it.
const LARGE: usize = 256 * 1024;
const SLOT_BYTES: usize = 78;
const WINDOW_BYTES: usize = 150;
/// Together about 8 kB: little to hold for somebody who does not take it, and made in a moment.
const SLOTS_A_PIECE: usize = 100;
const WINDOWS_A_PIECE: usize = 50;

pub(super) fn is_large(starts: usize, windows: usize) -> bool {
    starts * SLOT_BYTES + windows * WINDOW_BYTES > LARGE
}

/// The JSON of an [`OpeningsBody`] in pieces, byte by byte what serde would make of it as a whole.
pub struct LargeAnswer {
    snapshot: Arc<Snapshot>,
    offering: Offering,
    duration_minutes: u32,
    within: TimeRange,
    /// All up to the first window.
    head: Bytes,
    parts: Parts,
    at: At,
}

/// What comes next.
#[derive(Clone, Copy)]
enum At {
    Head,
    /// After so many of them.
    Windows(usize),
    Slots {
        first: bool,
    },
    Nothing,
}

/// How a body without windows and slots ends.
const EMPTY: &[u8] = br#"],"slots":[]}"#;

impl LargeAnswer {
    /// `body` is without windows and slots.
    pub(super) fn new(
        snapshot: Arc<Snapshot>,
        offering: Offering,
        body: &OpeningsBody,
        within: TimeRange,
        parts: Parts,
    ) -> Result<Self, Error> {
        let mut head = serde_json::to_vec(body).map_err(|cause| Error::Internal(format!("openings: {cause}")))?;
        debug_assert!(head.ends_with(EMPTY));
        head.truncate(head.len() - EMPTY.len());
        let duration_minutes = body.duration_minutes;
        Ok(Self { snapshot, offering, duration_minutes, within, head: head.into(), parts, at: At::Head })
    }

    /// No more starts than this are in it.
    pub fn starts(&self) -> usize {
        self.parts.at_most(self.snapshot.openings(), &self.offering, self.duration_minutes)
    }

    /// Of all that it says, without saying it: the same on every node, and another for every other answer.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(&self.head);
        let openings = self.snapshot.openings();
        for window in openings.windows_within(self.within, 0) {
            let seconds = |time: Option<chrono::DateTime<chrono::Utc>>| time.map_or(i64::MIN, |t| t.timestamp_micros());
            let (start, end, origin) = (Some(window.start), Some(window.end), Some(window.origin));
            for time in [start, end, origin, window.taken_before, window.taken_after] {
                digest.update(seconds(time).to_be_bytes());
            }
        }
        self.parts.digest(openings, &self.offering, self.duration_minutes, |first, second| {
            digest.update(first.to_be_bytes());
            digest.update(second.to_be_bytes());
        });
        digest.finalize().into()
    }
}

impl Iterator for LargeAnswer {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let openings = self.snapshot.openings();
        let mut piece = BytesMut::new();
        match self.at {
            At::Head => {
                self.at = At::Windows(0);
                return Some(self.head.clone());
            }
            At::Windows(given) => {
                let windows: Vec<_> = openings.windows_within(self.within, given).take(WINDOWS_A_PIECE).collect();
                append(&mut piece, &windows, given == 0);
                self.at = At::Windows(given + windows.len());
                if windows.is_empty() {
                    piece.put_slice(br#"],"slots":["#);
                    self.at = At::Slots { first: true };
                }
            }
            At::Slots { first } => {
                let slots = self.parts.take(openings, &self.offering, self.duration_minutes, SLOTS_A_PIECE);
                append(&mut piece, &slots, first);
                self.at = At::Slots { first: false };
                if slots.is_empty() {
                    piece.put_slice(b"]}");
                    self.at = At::Nothing;
                }
            }
            At::Nothing => return None,
        }
        Some(piece.freeze())
    }
}

/// The items without their brackets, after a comma unless they are the first.
fn append<T: Serialize>(piece: &mut BytesMut, items: &[T], first: bool) {
    for (number, item) in items.iter().enumerate() {
        if !(first && number == 0) {
            piece.put_u8(b',');
        }
        serde_json::to_writer(piece.writer(), item).expect("times and numbers can be written");
    }
}
