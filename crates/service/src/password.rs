//! Passwords, composed (NFC) and hashed by argon2id off the async threads.

pub mod rules;

use std::sync::{LazyLock, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::provider::Password;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::Error;

/// Each hash takes 19 MiB and a core: no more at once than there are cores.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 2, 1, None).unwrap_or_default())
}

/// A PHC string of the text as [`prepared`].
pub async fn hash(password: Password) -> Result<String, Error> {
    off_thread(move || hash_now(&prepared(&password.0))).await?
}

/// In the one form of RFC 8265 (OpaqueString, 4.2.2): keyboards differ in how they send an accented letter, and in
/// which blank they send.
fn prepared(password: &str) -> String {
    password.chars().map(|c| if is_blank(c) { ' ' } else { c }).nfc().collect()
}

/// Unicode's space separators (Zs).
fn is_blank(c: char) -> bool {
    c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether they are one password, typed on two keyboards.
pub fn is_same(one: &str, other: &str) -> bool {
    prepared(one) == prepared(other)
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
        Ok(forms(&password.0).iter().any(|form| fits(form)) && known)
    })
    .await?
}

/// In which a password may have been hashed: the one form first, then those from before there was one, as it was
/// composed, and as one keyboard or another sent it. A password of ASCII is all of them.
fn forms(password: &str) -> Vec<String> {
    let mut forms: Vec<String> = Vec::with_capacity(1);
    for form in [prepared(password), password.nfc().collect(), password.to_owned(), password.nfd().collect()] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
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
        assert!(verify(Password("caf\u{e9} au lait, deux".into()), Some(before.clone())).await.unwrap());
        assert!(!verify(Password("caf\u{e9} au lait, trois".into()), Some(before)).await.unwrap());
    }

    #[tokio::test]
    async fn keyboards_may_differ_in_accents_and_blanks_and_in_nothing_else() {
        let hash = hash(Password("caf\u{e9} au lait".into())).await.unwrap();
        let fits = async |typed: &str| verify(Password(typed.into()), Some(hash.clone())).await.unwrap();
        for typed in ["cafe\u{301} au lait", "caf\u{e9}\u{a0}au\u{3000}lait"] {
            assert!(fits(typed).await, "{typed:?}");
        }
        // Neither capitals nor the width of letters nor blanks around are folded (RFC 8265, 4.2.2).
        for typed in [
            "Caf\u{e9} au lait",
            "ｃaf\u{e9} au lait",
            "caf\u{e9} au lait ",
            "caf\u{e9}\u{200b} au lait",
            "cafe au lait",
        ] {
            assert!(!fits(typed).await, "{typed:?}");
        }
    }

    #[tokio::test]
    async fn a_hash_of_composed_text_with_other_blanks_still_fits() {
        let typed = "caf\u{e9}\u{a0}au lait";
        assert!(verify(Password(typed.into()), Some(hash_now(typed).unwrap())).await.unwrap());
        assert_eq!(forms("correct horse").len(), 1, "what is ASCII is looked at once");
    }
}
