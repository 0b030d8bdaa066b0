//! Packing of what is made while it is sent.

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};

/// One gzip file (RFC 1952) packed piece by piece, with nothing but a checksum kept in between: no piece refers to
/// those before it, so that the packer's memory is the thread's and not the answer's.
#[derive(Default)]
pub struct Gzip {
    checksum: Crc,
    begun: bool,
}

/// Deflate, no name, no time, made on an unknown system.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// An empty last block (RFC 1951): a file has one, and all before it are none.
const LAST_BLOCK: [u8; 2] = [3, 0];

thread_local! {
    static PACKER: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

impl Gzip {
    pub fn pack(&mut self, piece: &[u8]) -> Bytes {
        self.checksum.update(piece);
        let mut packed = self.head(piece.len() / 4 + 64);
        PACKER.with_borrow_mut(|packer| {
            packer.reset();
            while (packer.total_in() as usize) < piece.len() || packed.len() == packed.capacity() {
                packed.reserve(packed.capacity());
                let rest = &piece[packer.total_in() as usize..];
                packer.compress_vec(rest, &mut packed, FlushCompress::Full).expect("deflate takes any bytes");
            }
        });
        packed.into()
    }

    /// What comes after the last piece.
    pub fn end(&mut self) -> Bytes {
        let mut packed = self.head(10);
        packed.extend(LAST_BLOCK);
        packed.extend(self.checksum.sum().to_le_bytes());
        packed.extend(self.checksum.amount().to_le_bytes());
        packed.into()
    }

    fn head(&mut self, room: usize) -> Vec<u8> {
        let mut packed = Vec::with_capacity(room + GZIP_HEAD.len());
        if !std::mem::replace(&mut self.begun, true) {
            packed.extend(GZIP_HEAD);
        }
        packed
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn pieces_packed_apart_are_one_file() {
        let mut state = 1u32;
        let mut noise = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for length in [0, 1, 7, 100, 4096, 100_000] {
            let pieces: [Vec<u8>; 3] = [
                (0..length).map(|_| noise()).collect(),
                br#"{"start":"2026-11-23T09:00:00Z"},"#.repeat(length / 33),
                vec![b'x'; length],
            ];
            let mut gzip = Gzip::default();
            let mut packed: Vec<u8> = pieces.iter().flat_map(|piece| gzip.pack(piece)).collect();
            packed.extend(gzip.end());
            let (mut unpacked, mut reader) = (Vec::new(), GzDecoder::new(packed.as_slice()));
            reader.read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, pieces.concat());
            assert!(reader.into_inner().is_empty(), "nothing comes after the file");
        }
    }
}
