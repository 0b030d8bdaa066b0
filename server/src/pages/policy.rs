//! A page's Content-Security-Policy: scripts run only when the hash of their text is in it.
//!
//! Hashes and no nonce, so that one page can be sent to many. While it is made its own scripts are marked with a nonce
//! that nobody can know beforehand; what else might look like a script in it gets no hash. Then the marks go.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use sha2::{Digest, Sha256};

/// A page without the marks, with the policy it is to be sent with.
pub struct Sealed {
    pub page: String,
    pub policy: HeaderValue,
}

pub fn seal(marked: &str, nonce: &str) -> Sealed {
    let mut page = String::with_capacity(marked.len());
    let mut hashes = String::new();
    let mark = format!("nonce=\"{nonce}\"");
    let mut rest = marked;
    while !nonce.is_empty()
        && let Some(at) = rest.find(nonce)
    {
        let is_mark = rest[..at].ends_with("nonce=\"") && rest[at..].starts_with(&mark["nonce=\"".len()..]);
        let is_script = is_mark && rest[..at].rfind('<').is_some_and(|tag| rest[tag..].starts_with("<script"));
        page.push_str(if is_mark { rest[..at - "nonce=\"".len()].trim_end() } else { &rest[..at] });
        rest = &rest[at + nonce.len() + usize::from(is_mark)..];
        if is_script && let Some(text) = inline_text(rest) {
            let _ = write!(hashes, " 'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        }
    }
    page.push_str(rest);
    Sealed { page, policy: policy(&hashes) }
}

/// What is between a script's tags; `rest` begins within the first of them.
fn inline_text(rest: &str) -> Option<&str> {
    let (attributes, text) = rest.split_once('>')?;
    let (text, _) = text.split_once("</script>")?;
    (!attributes.contains("src=")).then_some(text)
}

/// All comes from here and goes nowhere else.
fn policy(hashes: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self'{hashes} 'wasm-unsafe-eval'; style-src 'self'; \
         style-src-attr 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("hashes are visible characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "dGhlIG5vbmNl";

    fn hash(text: &str) -> String {
        format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
    }

    #[test]
    fn only_marked_scripts_may_run_and_the_marks_go() {
        let marked = format!(
            "<head><link rel=\"preload\" crossorigin=\"{NONCE}\" href=\"/a.wasm\">\
             <script type=\"module\" nonce=\"{NONCE}\">one()</script></head><p>nonce=\"x\"</p>\
             <script>injected()</script><script nonce=\"guess\">guessed()</script>\
             <script nonce=\"{NONCE}\">two(\"<b>\")</script>"
        );
        let sealed = seal(&marked, NONCE);
        assert_eq!(
            sealed.page,
            "<head><link rel=\"preload\" crossorigin=\"\" href=\"/a.wasm\">\
             <script type=\"module\">one()</script></head><p>nonce=\"x\"</p>\
             <script>injected()</script><script nonce=\"guess\">guessed()</script>\
             <script>two(\"<b>\")</script>"
        );
        let policy = sealed.policy.to_str().unwrap();
        assert!(policy.contains(&hash("one()")) && policy.contains(&hash("two(\"<b>\")")), "{policy}");
        assert!(!policy.contains(&hash("injected()")) && !policy.contains(&hash("guessed()")), "{policy}");
        assert_eq!(policy.matches("sha256-").count(), 2);
    }

    #[test]
    fn a_page_without_marks_may_run_no_inline_script() {
        for nonce in ["", NONCE] {
            let sealed = seal("<script>injected()</script>", nonce);
            assert_eq!(sealed.page, "<script>injected()</script>");
            assert!(!sealed.policy.to_str().unwrap().contains("sha256"));
        }
    }
}
