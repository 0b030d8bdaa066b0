//! Which new passwords are refused: NIST SP 800-63B, 3.1.1.2 (too short, too common, made of what everybody knows
//! of their owner), and no rules about kinds of characters.

use std::collections::HashSet;
use std::sync::LazyLock;

use domain::FieldError;
use domain::provider::{Password, SHORTEST_PASSWORD};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// See `common.md` beside it.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("common.txt").lines().collect());

/// What of a password may remain, without what is known of its owner, for it to be theirs alone.
const LEAST_REMAINDER: usize = 6;

/// Shorter parts of names are in half of all words.
const SHORTEST_PART: usize = 3;

/// What everybody knows of the owner, or can guess.
pub struct Owner<'a> {
    pub email: &'a str,
    pub handle: &'a str,
    pub display_name: &'a str,
}

/// The fault of a new password, told of `field`.
pub fn check(field: &str, password: &Password, owner: &Owner<'_>) -> Result<(), FieldError> {
    let refuse = |code, message: String| Err(FieldError::new(field, code, message));
    let text: String = password.0.nfc().collect();
    // Once more: composed, it may be shorter than it was typed.
    if text.chars().count() < SHORTEST_PASSWORD {
        return refuse("too_short", format!("At least {SHORTEST_PASSWORD} characters."));
    }
    if is_common(&text) {
        return refuse("common", "Many people use this one, so it is guessed first. Choose another.".into());
    }
    if is_personal(&text, owner) {
        let message = "This is made of your name, handle or e-mail, which others know. Choose another.";
        return refuse("personal", message.into());
    }
    Ok(())
}

/// Known from leaks, with or without signs around it, or a short piece again and again.
fn is_common(text: &str) -> bool {
    let lower = text.to_lowercase();
    let bare = lower.trim_matches(|c: char| !c.is_alphanumeric());
    COMMON.contains(lower.as_str()) || COMMON.contains(bare) || is_repeated(&lower)
}

/// `aaaaaaaaaa`, `123123123123`.
fn is_repeated(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    (1..=4).any(|period| letters.iter().zip(&letters[period.min(letters.len())..]).all(|(one, other)| one == other))
}

fn is_personal(text: &str, owner: &Owner<'_>) -> bool {
    let mut rest = plain(text);
    let before = rest.len();
    for part in parts(owner) {
        rest = rest.replace(&part, "");
    }
    rest.len() < before && (rest.chars().count() < LEAST_REMAINDER || is_common(&rest))
}

/// Letters and digits in lower case, without accents.
fn plain(text: &str) -> String {
    let letters = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    letters.filter(|c| c.is_alphanumeric()).collect()
}

/// Names, whole and in pieces, the longest first.
fn parts(owner: &Owner<'_>) -> Vec<String> {
    let (local, host) = owner.email.split_once('@').unwrap_or((owner.email, ""));
    let host = host.rsplit_once('.').map_or(host, |(host, _)| host);
    let whole = [owner.email, local, host, owner.handle, owner.display_name];
    let pieces = whole.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let mut parts: Vec<String> = pieces.chain(whole).map(plain).collect();
    parts.retain(|part| part.chars().count() >= SHORTEST_PART);
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Owner<'_> =
        Owner { email: "eva.noel@studio-lune.example", handle: "eva-lune", display_name: "Dr. Éva Noël" };

    fn code(password: &str) -> Option<String> {
        check("password", &Password(password.into()), &OWNER).err().map(|fault| fault.code)
    }

    #[test]
    fn common_passwords_are_refused_in_any_case_and_with_signs_around_them() {
        for password in ["1234567890", "Password123", "qwertyuiop", "!!password1234!", "iloveyou123", "ADMINISTRATOR"] {
            assert_eq!(code(password).as_deref(), Some("common"), "{password}");
        }
        for password in ["aaaaaaaaaaaa", "1231231231231", "abababababab"] {
            assert_eq!(code(password).as_deref(), Some("common"), "{password}");
        }
    }

    #[test]
    fn passwords_made_of_the_own_email_handle_or_name_are_refused() {
        for password in [
            "eva.noel@studio-lune.example",
            "EVA.NOEL@STUDIO-LUNE.EXAMPLE",
            "Éva Noël 2027",
            "E\u{301}va Noe\u{308}l!!!",
            "noel-eva-noel",
            "evalune12345",
            "studiolune99",
            "eva1234567890",
        ] {
            assert_eq!(code(password).as_deref(), Some("personal"), "{password}");
        }
    }

    #[test]
    fn a_long_phrase_is_accepted_whatever_it_is_made_of() {
        for password in [
            "correct horse battery",
            "evaporating lunar dust",
            "Noel asks 17 owls",
            "ひらがなで書いた鍵です",
            "zz9-plural-z",
        ] {
            assert_eq!(code(password), None, "{password}");
        }
    }

    #[test]
    fn the_shortest_length_is_that_of_the_composed_text() {
        assert_eq!(code(&"e\u{301}x".repeat(5)[..]).as_deref(), Some("common"), "ten letters, but two again and again");
        assert_eq!(code("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}").as_deref(), Some("too_short"));
    }

    #[test]
    fn the_list_is_what_its_description_says() {
        assert!(COMMON.len() > 2_500);
        assert!(COMMON.iter().all(|one| one.chars().count() >= SHORTEST_PASSWORD && *one == one.to_lowercase()));
    }
}
