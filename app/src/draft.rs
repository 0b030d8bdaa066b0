//! What was typed into a form that could not be accepted, kept for the page that shows it again.
//!
//! Only for browsers without our scripts: the server function sends them back to the page, and the
//! values travel in cookies that live for minutes, for that page alone. No password is ever kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::ApiError;

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub values: BTreeMap<String, String>,
    pub problem: Option<ApiError>,
}

/// Contacts pass through here: names only.
impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Draft {
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

    use super::{ApiError, Draft};
    use crate::context::{cookie, set_cookie_for};

    /// A browser keeps at most 4096 bytes in a cookie; longer notes take several.
    const LONGEST: usize = 3800;
    const NAMES: [&str; 4] = ["eventide_draft_0", "eventide_draft_1", "eventide_draft_2", "eventide_draft_3"];
    const SECONDS: i64 = 300;

    impl Draft {
        pub fn new<const N: usize>(values: [(&str, &str); N], problem: Problem) -> Self {
            let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            Self { values, problem: Some(ApiError(problem)) }
        }

        /// Keeps the draft for the page at `path`. One that is too long (far beyond what fields
        /// accept) is kept without its longest value.
        pub fn keep(mut self, path: &str) {
            let mut text = self.text();
            while text.len() > LONGEST * NAMES.len() {
                let Some(longest) =
                    self.values.iter().max_by_key(|(_, value)| value.len()).map(|(name, _)| name.clone())
                else {
                    return;
                };
                self.values.remove(&longest);
                text = self.text();
            }
            let mut pieces = text.as_bytes().chunks(LONGEST).map(|piece| String::from_utf8_lossy(piece));
            for name in NAMES {
                match pieces.next() {
                    Some(piece) => set_cookie_for(path, name, &piece, SECONDS),
                    None => set_cookie_for(path, name, "", 0),
                }
            }
        }

        fn text(&self) -> String {
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
        }

        /// Of the page that is being rendered; empty when there is none.
        pub fn kept() -> Self {
            let text: String = NAMES.iter().map_while(|name| cookie(name)).collect();
            let draft = URL_SAFE_NO_PAD.decode(text).ok().and_then(|json| serde_json::from_slice(&json).ok());
            draft.unwrap_or_default()
        }

        pub fn forget(path: &str) {
            for name in NAMES {
                set_cookie_for(path, name, "", 0);
            }
        }
    }
}
