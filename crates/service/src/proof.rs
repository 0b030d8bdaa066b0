//! What a form of our own pages carries, so that no other form can act for whoever is signed in.
//!
//! A digest of the session's token under a salt: it needs no place in the database, dies with the session, and is
//! another in every page, so that it cannot be guessed letter by letter from the length of compressed pages.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Bytes of the salt and of the digest.
const HALF: usize = 16;

/// For the forms of one page.
pub fn of(session_token: &str) -> String {
    let salt: [u8; HALF] = rand::random();
    hex::encode([salt, digest(&salt, session_token)].concat())
}

/// Whether a page that was made for this session carried it.
pub fn fits(proof: &str, session_token: &str) -> bool {
    let Ok(bytes) = hex::decode(proof) else { return false };
    let Some((salt, sent)) = bytes.split_first_chunk::<HALF>() else { return false };
    digest(salt, session_token)[..].ct_eq(sent).into()
}

fn digest(salt: &[u8; HALF], session_token: &str) -> [u8; HALF] {
    let hash = Sha256::new()
        .chain_update(b"eventide: a form of our own, 1\0")
        .chain_update(salt)
        .chain_update(session_token)
        .finalize();
    let mut half = [0; HALF];
    half.copy_from_slice(&hash[..HALF]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_of_one_session_and_another_each_time() {
        let (first, second) = (of("one"), of("one"));
        assert_ne!(first, second);
        assert!(fits(&first, "one") && fits(&second, "one"));
        assert!(!fits(&first, "two"));
        let mut forged = first.clone();
        forged.replace_range(62..64, if first.ends_with("00") { "01" } else { "00" });
        for forged in [&forged, "", "00", &first[..62], &format!("{first}00"), &"0".repeat(64), "é"] {
            assert!(!fits(forged, "one"), "{forged}");
        }
    }
}
