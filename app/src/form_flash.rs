//! What was typed into a form that could not be accepted, kept for the page that shows it again.
//!
//! Only for browsers without our scripts: the server function sends them back to the page, and the
//! values travel in cookies that live for minutes, for that page alone. No password is ever kept.
//! Never in the address: whoever makes a link would choose the words that we seem to say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::ApiError;

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Flash {
    pub values: BTreeMap<String, String>,
    pub problem: Option<ApiError>,
}

/// Contacts pass through here: names only.
impl std::fmt::Debug for Flash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Flash {
    /// Empty when it is not known.
    pub fn get(&self, name: &str) -> String {
        self.values.get(name).cloned().unwrap_or_default()
    }

    pub fn error(&self) -> Option<ApiError> {
        self.problem.clone()
    }
}

#[cfg(feature = "ssr")]
mod cookies {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use domain::Problem;

    use super::{ApiError, Flash};
    use crate::context::{cookie, cookie_text, set_cookie_for, site};

    /// A browser keeps at most 4096 bytes in a cookie; longer notes take several.
    const LONGEST: usize = 3800;
    const PIECES: usize = 4;
    const SECONDS: i64 = 300;
    /// More than any form has, and longer than any field may be.
    const MOST_VALUES: usize = 16;
    const LONGEST_VALUE: usize = 3000;

    /// The prefix makes the browser refuse them without `Secure`, from a neighbour without TLS say.
    fn names(secure: bool) -> impl Iterator<Item = String> {
        let prefix = if secure { "__Secure-" } else { "" };
        (0..PIECES).map(move |piece| format!("{prefix}eventide_flash_{piece}"))
    }

    impl Flash {
        pub fn new<const N: usize>(values: [(&str, &str); N], problem: Problem) -> Self {
            let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            Self { values, problem: Some(ApiError(problem)) }
        }

        /// Keeps the flash for the page at `path`. One that is too long (far beyond what fields
        /// accept) is kept without its longest value.
        pub fn keep(mut self, path: &str) {
            self.values.retain(|_, value| value.chars().count() <= LONGEST_VALUE);
            while !self.fits() {
                let Some(longest) =
                    self.values.iter().max_by_key(|(_, value)| value.len()).map(|(name, _)| name.clone())
                else {
                    return;
                };
                self.values.remove(&longest);
            }
            for (name, value, seconds) in self.pieces(site().secure_cookies) {
                set_cookie_for(path, &name, &value, seconds);
            }
        }

        /// The headers that keep the flash, where the answer is made by hand; none for one that is too long.
        pub fn headers(&self, path: &str, secure: bool) -> Option<Vec<String>> {
            let text =
                |(name, value, seconds): (String, String, i64)| cookie_text(path, &name, &value, seconds, secure);
            self.fits().then(|| self.pieces(secure).map(text).collect())
        }

        fn fits(&self) -> bool {
            self.text().len() <= LONGEST * PIECES
        }

        /// Each cookie with its value and how long it lives.
        fn pieces(&self, secure: bool) -> impl Iterator<Item = (String, String, i64)> {
            let text = self.text();
            names(secure).enumerate().map(move |(index, name)| {
                let rest = text.get(index * LONGEST..).unwrap_or_default();
                let piece = rest.get(..LONGEST).unwrap_or(rest);
                (name, piece.to_owned(), if piece.is_empty() { 0 } else { SECONDS })
            })
        }

        fn text(&self) -> String {
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
        }

        /// Of the page that is being rendered; empty when there is none, or none of ours.
        pub fn kept() -> Self {
            let text: String = names(site().secure_cookies).map_while(|name| cookie(&name)).collect();
            if text.len() > LONGEST * PIECES {
                return Self::default();
            }
            let flash = URL_SAFE_NO_PAD.decode(text).ok().and_then(|json| serde_json::from_slice::<Self>(&json).ok());
            flash.filter(Self::is_bounded).unwrap_or_default()
        }

        fn is_bounded(&self) -> bool {
            let is_short = |text: &String| text.chars().count() <= LONGEST_VALUE;
            self.values.len() <= MOST_VALUES
                && self.values.iter().all(|(name, value)| is_short(name) && is_short(value))
        }

        pub fn forget(path: &str) {
            for name in names(site().secure_cookies) {
                set_cookie_for(path, &name, "", 0);
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn read(headers: &[String]) -> String {
            let value = |header: &String| header.split_once('=').unwrap().1.split(';').next().unwrap().to_owned();
            headers.iter().map(value).collect()
        }

        #[test]
        fn a_flash_fits_into_its_cookies_or_is_not_kept() {
            let flash = Flash::new([("notes", &"\u{1f3b9}".repeat(2500))], Problem::Unauthenticated);
            let headers = flash.headers("/ada", true).unwrap();
            assert_eq!(headers.len(), PIECES);
            assert!(headers.iter().all(|header| header.len() < 4096 && header.contains("; Secure")));
            assert_eq!(URL_SAFE_NO_PAD.decode(read(&headers)).unwrap(), serde_json::to_vec(&flash).unwrap());
            let long = Flash::new([("notes", &"x".repeat(LONGEST * PIECES))], Problem::Unauthenticated);
            assert_eq!(long.headers("/ada", true), None);
        }

        #[test]
        fn what_no_form_of_ours_has_is_no_flash() {
            let many: Vec<String> = (0..=MOST_VALUES).map(|number| number.to_string()).collect();
            let of = |names: &[String], value: &str| Flash {
                values: names.iter().map(|name| (name.clone(), value.to_owned())).collect(),
                problem: None,
            };
            assert!(of(&many[1..], "x").is_bounded());
            assert!(!of(&many, "x").is_bounded());
            assert!(!of(&many[..1], &"x".repeat(LONGEST_VALUE + 1)).is_bounded());
        }
    }
}
