//! Passwords, composed (NFC) and hashed by argon2id off the async threads.

pub mod rules;

use std::sync::{LazyLock, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::provider::Password;
use tokio::sync::Semaphore;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::Error;

/// Each hash takes 19 MiB and a core: no more at once than there are cores.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 2, 1, None).unwrap_or_default())
}

/// A PHC string. Of the composed text, because keyboards differ in how they send an accented letter.
pub async fn hash(password: Password) -> Result<String, Error> {
    off_thread(move || hash_now(&password.0.nfc().collect::<String>())).await?
}

/// Whether the password is the one `hash` was made of. Without a hash (an unknown e-mail) the same
/// work is done in vain, so that the time taken tells nothing.
pub async fn verify(password: Password, hash: Option<String>) -> Result<bool, Error> {
    off_thread(move || {
        let known = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => nobody()?.to_owned(),
        };
        let parsed = PasswordHash::new(&hash).map_err(|cause| Error::Internal(format!("a password hash: {cause}")))?;
        let fits = |text: &str| hasher().verify_password(text.as_bytes(), &parsed).is_ok();
        let composed: String = password.0.nfc().collect();
        // As it was typed, too: before 0002 passwords were hashed so.
        Ok((fits(&composed) || (!is_nfc(&password.0) && fits(&password.0))) && known)
    })
    .await?
}

fn hash_now(password: &str) -> Result<String, Error> {
    let hash = hasher().hash_password(password.as_bytes());
    hash.map(|hash: PasswordHash| hash.to_string()).map_err(|cause| Error::Internal(format!("hashing: {cause}")))
}

/// The hash of a password that nobody has.
fn nobody() -> Result<&'static str, Error> {
    static NOBODY: OnceLock<String> = OnceLock::new();
    if NOBODY.get().is_none() {
        let _ = NOBODY.set(hash_now(&hex::encode(rand::random::<[u8; 16]>()))?);
    }
    Ok(NOBODY.get().map_or("", String::as_str))
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let turn = TURNS.acquire().await.map_err(|_| Error::Internal("the hashing semaphore is closed".into()))?;
    let done = tokio::task::spawn_blocking(move || {
        // Held by the work itself: whoever asked may be gone before it ends.
        let _turn = turn;
        work()
    });
    done.await.map_err(|cause| Error::Internal(format!("hashing a password: {cause}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_that_was_hashed_as_it_was_typed_still_fits() {
        let decomposed = "cafe\u{301} au lait, deux";
        let before = hash_now(decomposed).unwrap();
        assert!(verify(Password(decomposed.into()), Some(before.clone())).await.unwrap());
        assert!(!verify(Password("caf\u{e9} au lait, trois".into()), Some(before)).await.unwrap());
    }
}
