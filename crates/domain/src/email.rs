//! E-mail addresses: one `@`, a host behind it, and one way to write each.

use serde::{Deserialize, Serialize};

use crate::text;

/// One way to write an address: the host in small letters of its own script, the rest in small letters as far as it is
/// ASCII. Beyond that only the receiving server knows which letters are the same (RFC 6531, 3.2).
///
/// Read from JSON or a row it is believed: it was right by the rules of when it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

text::text_type!(Email);

/// Not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct NotAnEmail;

impl Email {
    /// As the database has it.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// What somebody gave to be known by: in its one form where it is an address at all, else as it is.
    pub fn known_by(text: &str) -> Self {
        let text = text::bare(text);
        text.parse().unwrap_or_else(|NotAnEmail| Self(text.to_lowercase()))
    }

    /// All the ways in which rows may hold it: those from before there was one way have it as it was typed: accents apart from their
    /// letters, hosts in punycode.
    #[cfg(feature = "normal-forms")]
    pub fn spellings(&self) -> Vec<String> {
        let Some((local, host)) = self.0.rsplit_once('@') else { return vec![self.0.clone()] };
        let mut spellings = Vec::new();
        for host in [Some(host.to_owned()), host::ascii(host)].into_iter().flatten() {
            for local in [local.to_owned(), host::decomposed(local)] {
                let spelling = format!("{local}@{host}");
                if !spellings.contains(&spelling) {
                    spellings.push(spelling);
                }
            }
        }
        spellings
    }
}

impl std::str::FromStr for Email {
    type Err = NotAnEmail;

    /// In a browser, which has no tables of all scripts, hosts are judged loosely: the server does it once more.
    fn from_str(text: &str) -> Result<Self, NotAnEmail> {
        // An input method for Chinese or Japanese writes the sign in full width.
        let (local, host) = text.split_once(['@', '＠']).ok_or(NotAnEmail)?;
        let local = host::composed(local).to_ascii_lowercase();
        let is_good = (1..=64).contains(&local.len())
            && !local
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || text::is_invisible(c) || "@＠<>(),;:\"\\".contains(c));
        let host = host::read(host).filter(|host| host.contains('.'));
        host.filter(|_| is_good).map(|host| Self(format!("{local}@{host}"))).ok_or(NotAnEmail)
    }
}

/// By UTS 46, so that a host in its own script, in punycode and in capitals is one.
#[cfg(feature = "normal-forms")]
mod host {
    use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
    use unicode_normalization::UnicodeNormalization;

    // Two hyphens inside a label are odd, and there are such hosts.
    const HYPHENS: Hyphens = Hyphens::CheckFirstLast;

    pub fn composed(text: &str) -> String {
        text.nfc().collect()
    }

    pub fn decomposed(text: &str) -> String {
        text.nfd().collect()
    }

    pub fn ascii(host: &str) -> Option<String> {
        let ascii = Uts46::new().to_ascii(host.as_bytes(), AsciiDenyList::STD3, HYPHENS, DnsLength::Verify);
        ascii.ok().map(Into::into)
    }

    pub fn read(host: &str) -> Option<String> {
        let ascii = ascii(host)?;
        let (own, judged) = Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, HYPHENS);
        judged.ok().map(|()| own.into())
    }
}

#[cfg(not(feature = "normal-forms"))]
mod host {
    use crate::text;

    pub fn composed(text: &str) -> &str {
        text
    }

    pub fn read(host: &str) -> Option<String> {
        // The full stops of other scripts are dots, too.
        let host = host.replace(['。', '．', '｡'], ".").to_ascii_lowercase();
        let is_label = |label: &str| {
            !label.is_empty()
                && (label.len() <= 63 || !label.is_ascii())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| match c {
                    _ if c.is_ascii() => c.is_ascii_alphanumeric() || c == '-',
                    // They join letters in some scripts.
                    '\u{200c}' | '\u{200d}' => true,
                    _ => !c.is_whitespace() && !c.is_control() && !text::is_invisible(c),
                })
        };
        host.split('.').all(is_label).then_some(host)
    }
}
