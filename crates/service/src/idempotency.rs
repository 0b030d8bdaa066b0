//! A retry is not a second booking.

use std::net::IpAddr;

use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit};
use chrono::{DateTime, TimeDelta, Utc};
use domain::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::db::Connection;
use crate::{Error, Services, store};

/// The contract promises 24; from here on a key is as good as new.
const FORGOTTEN_AFTER_HOURS: i64 = 48;

/// Bytes of a nonce of ChaCha20-Poly1305. Random ones do: a key seals one answer, or few.
const NONCE: usize = 12;

/// What a caller sends to be able to ask again; 1 to 255 visible ASCII characters.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        if visible && (1..=255).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Problem::Malformed { detail: "Idempotency-Key must have 1 to 255 visible characters.".into() })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a key looks as if drawn at random, so that nobody else can have it: a UUID does, `1` or
/// `order-2026-11-23-0001` do not. From 16 letters and digits on, which change between capitals, small letters and
/// digits at least at every fourth place. A random one that is taken for weak only loses being valid everywhere.
pub fn looks_random(key: &str) -> bool {
    let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let kind = |b: u8| (b.is_ascii_digit(), b.is_ascii_uppercase());
    let drawn: Vec<_> = key.bytes().filter(u8::is_ascii_alphanumeric).map(kind).collect();
    let changes = drawn.windows(2).filter(|pair| pair[0] != pair[1]).count();
    plain && drawn.len() >= 16 && changes * 4 >= drawn.len()
}

/// The key with a digest of the body it came with.
#[derive(Clone)]
pub struct Repeatable {
    pub key: IdempotencyKey,
    /// SHA-256 of the method, the path and the body as received.
    pub body_hash: [u8; 32],
    /// Where the key could be guessed ([`looks_random`]): the network it came from.
    pub network: Option<IpAddr>,
}

impl Repeatable {
    /// Of callers who say nothing of themselves. A secret key is theirs wherever they are, on a phone that left the
    /// house say; one that others may choose, too, is theirs within their network only. Else the answer, with the
    /// token in it, would be for anybody who sends the same.
    pub(crate) fn anonymous_scope(&self, noun: &str) -> String {
        self.network.map_or_else(|| noun.to_owned(), |network| format!("{noun} {network}"))
    }
}

/// A repeatable request within its transaction: whose it is, and under which names.
pub(crate) struct Claim<'a> {
    repeat: &'a Repeatable,
    provider_id: Uuid,
    key_hash: [u8; 32],
}

impl<'a> Claim<'a> {
    /// Under which keys are kept of who is no provider yet.
    pub const NOBODY: Uuid = Uuid::nil();

    /// Keys of one `scope` (such as `bookings`) of one provider are apart from all others.
    pub fn new(repeat: &'a Repeatable, provider_id: Uuid, scope: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [scope, repeat.key.as_str()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self { repeat, provider_id, key_hash: hash.finalize().into() }
    }

    /// The answer given before, if it was: looked up, without claiming anything or waiting for anybody.
    pub async fn given<T: DeserializeOwned>(
        &self,
        db: &mut Connection,
        now: DateTime<Utc>,
    ) -> Result<Option<T>, Error> {
        let since = now - TimeDelta::hours(FORGOTTEN_AFTER_HOURS);
        let Some((body_hash, answer)) = store::idempotency::answer(db, self.provider_id, &self.key_hash, since).await?
        else {
            return Ok(None);
        };
        if body_hash != self.repeat.body_hash {
            return Err(Problem::IdempotencyMismatch.into());
        }
        self.unseal(&answer.unwrap_or_default()).map(Some)
    }

    /// The answer given before, if the request came before. Waits for a transaction that is about to
    /// give it. When it is `None` the caller goes on and keeps its answer before the commit; if it
    /// refuses the request instead, its rollback forgets the claim.
    pub async fn begin<T: DeserializeOwned>(
        &self,
        db: &mut Connection,
        now: DateTime<Utc>,
    ) -> Result<Option<T>, Error> {
        let forgotten = now - TimeDelta::hours(FORGOTTEN_AFTER_HOURS);
        // A third time only when the row was pruned between two statements.
        for _ in 0..3 {
            let (key, body) = (&self.key_hash, &self.repeat.body_hash);
            if store::idempotency::claim(&mut *db, self.provider_id, key, body, now, forgotten).await? {
                return Ok(None);
            }
            if let Some(answer) = self.given(&mut *db, now).await? {
                return Ok(Some(answer));
            }
        }
        Err(Error::Internal("an idempotency key came and went".into()))
    }

    /// Keeps the answer for whoever asks again.
    pub async fn keep<T: Serialize>(&self, db: &mut Connection, answer: &T) -> Result<(), Error> {
        let sealed = self.seal(answer)?;
        Ok(store::idempotency::keep(db, self.provider_id, &self.key_hash, &sealed).await?)
    }

    pub fn key_hash(&self) -> &[u8] {
        &self.key_hash
    }

    pub fn body_hash(&self) -> &[u8] {
        &self.repeat.body_hash
    }

    /// Only who knows the caller's key can read the answer; the database does not.
    fn cipher(&self) -> ChaCha20Poly1305 {
        let mut hash = Sha256::new();
        hash.update(b"eventide: the seal of an idempotent answer, 1\0");
        hash.update(self.repeat.body_hash);
        hash.update(self.repeat.key.as_str());
        ChaCha20Poly1305::new(&hash.finalize())
    }

    /// A random nonce, then the sealed JSON.
    pub fn seal<T: Serialize>(&self, answer: &T) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::Internal("an answer could not be sealed".into());
        let plain = serde_json::to_vec(answer).map_err(|cause| Error::Internal(format!("an answer: {cause}")))?;
        let nonce: [u8; NONCE] = rand::random();
        let sealed = self.cipher().encrypt(&nonce.into(), plain.as_slice()).map_err(failed)?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn unseal<T: DeserializeOwned>(&self, sealed: &[u8]) -> Result<T, Error> {
        let failed = || Error::Internal("a kept answer could not be read".into());
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or_else(failed)?;
        let plain = self.cipher().decrypt(&(*nonce).into(), sealed).map_err(|_| failed())?;
        serde_json::from_slice(&plain).map_err(|_| failed())
    }
}

/// Deletes the answers that need no longer be kept; for a background job.
pub async fn prune(s: &Services) -> Result<u64, Error> {
    let before = s.clock.now() - TimeDelta::hours(FORGOTTEN_AFTER_HOURS);
    let mut tx = s.pool.begin_long().await?;
    let pruned = store::idempotency::prune(&mut *tx, before).await?;
    tx.commit().await?;
    Ok(pruned)
}

#[cfg(test)]
mod tests {
    use super::looks_random;

    #[test]
    fn a_key_that_others_may_choose_is_not_taken_for_a_secret() {
        for weak in [
            "1",
            "key-1",
            "retry",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "1234567890123456789012",
            "order-2026-11-23-0001",
            "booking20261123t100000",
            "grace@example.com-2026-11-23T10:00",
            "00000000-0000-0000-0000-000000000001",
            "correct-horse-battery-staple",
            "a1b2c3d4",
        ] {
            assert!(!looks_random(weak), "{weak}");
        }
        for secret in [
            "6f1c9d0e-4b7a-4c53-9a21-8e0d5f7b3c64",
            "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d",
            "V1StGXR8_Z5jdHi6B-myT",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "k3Jd92mQx7Lp0aZ4",
        ] {
            assert!(looks_random(secret), "{secret}");
        }
    }
}
