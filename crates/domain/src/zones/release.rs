//! Releases of the zone database.

use std::fmt;

/// A release of the zone database, such as `2026f`: a year and letters that count on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    year: u16,
    /// After `z` comes `za`.
    length: usize,
    letters: String,
    /// What somebody who made a release of their own has added.
    rest: String,
}

/// Not of the form `2026f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a release of the zone database is called like 2026f")]
pub struct NotARelease;

impl Release {
    pub fn year(&self) -> u16 {
        self.year
    }
}

impl std::str::FromStr for Release {
    type Err = NotARelease;

    fn from_str(text: &str) -> Result<Self, NotARelease> {
        let (year, rest) = text.split_at_checked(4).ok_or(NotARelease)?;
        let length = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        let (letters, rest) = rest.split_at(length);
        // It becomes a part of an address.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_release = year.bytes().all(|byte| byte.is_ascii_digit()) && length > 0 && text.len() <= 32;
        if !is_release || !rest.bytes().all(plain) {
            return Err(NotARelease);
        }
        let year = year.parse().map_err(|_| NotARelease)?;
        Ok(Self { year, length, letters: letters.to_owned(), rest: rest.to_owned() })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{}{}", self.year, self.letters, self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_in_the_order_of_their_days() {
        let mut releases: Vec<Release> =
            ["2026f", "2025za", "2026a-own", "2025z", "2025b", "2026a"].map(|text| text.parse().unwrap()).into();
        releases.sort();
        let texts: Vec<String> = releases.iter().map(Release::to_string).collect();
        assert_eq!(texts, ["2025b", "2025z", "2025za", "2026a", "2026a-own", "2026f"]);
        for bad in ["", "2026", "26f", "2026F", "latest", "2026f/..", "2026f.1", "２０２６f"] {
            assert_eq!(bad.parse::<Release>(), Err(NotARelease), "{bad}");
        }
    }
}
