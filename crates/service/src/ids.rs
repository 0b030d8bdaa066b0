//! New ids, tokens and references: everything that has to be unguessable or in order.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::{ContextV7, Timestamp, Uuid};

/// Keeps ids of the same millisecond in order of creation.
static CONTEXT: Mutex<ContextV7> = Mutex::new(ContextV7::new());

/// Marks API tokens, so that a leaked one is recognised for what it is.
pub const API_TOKEN_PREFIX: &str = "evt_";

/// Without the look-alikes 0 and O, 1 and I, and L.
const REFERENCE_ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// A UUIDv7 of this moment: keys in order of creation keep their index compact.
pub fn new_id(now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(&CONTEXT, seconds, now.timestamp_subsec_nanos()))
}

/// No id made from then on comes before it.
pub fn first_of(moment: DateTime<Utc>) -> Uuid {
    let milliseconds = u128::try_from(moment.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}

/// 256 random bits in hexadecimal.
fn secret() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

pub fn session_token() -> String {
    secret()
}

pub fn api_token() -> String {
    format!("{API_TOKEN_PREFIX}{}", secret())
}

/// The provider's id and a secret: a look-up by it stays within one provider.
pub fn manage_token(provider_id: Uuid) -> String {
    format!("{}{}", provider_id.simple(), secret())
}

/// The provider that a manage token belongs to; `None` when the text has not a manage token's form.
pub fn provider_of_manage_token(token: &str) -> Option<Uuid> {
    let well_formed = token.len() == 96 && token.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    well_formed.then(|| Uuid::try_parse(&token[..32]).ok()).flatten()
}

/// What is kept of a token.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Such as `K7QM-2XWD`: 31^8 of them, unique within a provider by its constraint.
pub fn reference() -> String {
    let mut text = String::with_capacity(9);
    for place in 0..8 {
        if place == 4 {
            text.push('-');
        }
        let letter = rand::random_range(0..REFERENCE_ALPHABET.len());
        text.push(char::from(REFERENCE_ALPHABET[letter]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_moment_are_in_order() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let ids: Vec<Uuid> = (0..1000).map(|_| new_id(now)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_manage_token_names_its_provider() {
        let provider_id = Uuid::from_u128(7);
        let token = manage_token(provider_id);
        assert_eq!(provider_of_manage_token(&token), Some(provider_id));
        assert_eq!(provider_of_manage_token(&api_token()), None);
        assert_eq!(provider_of_manage_token(&token.to_uppercase()), None);
        assert_eq!(provider_of_manage_token("é".repeat(48).as_str()), None);
    }
}
