//! The guest's page as many may have it: what it depends on beside the calendar.

use domain::TimeZone;
use http::header::{COOKIE, HeaderMap, HeaderValue};
use http::{Request, Uri};
use leptos_router::params::ParamsMap;

use super::choice::Asked;
use crate::address::encoded;
use crate::zone_cookie::{CHOSEN, ZONE_COOKIE};

/// The beginnings of the names of our own cookies.
const OURS: [&str; 3] = ["eventide_", "__Host-eventide_", "__Secure-eventide_"];

/// The ticket of who waits for a page, of which nothing is shown on it.
const LINE_COOKIE: &str = "eventide_line";

/// What a guest who is nobody yet asks for, in one spelling for all who ask the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// As in the address.
    provider: String,
    /// With its question mark, or empty.
    query: String,
    /// The value of the zone's cookie, where it names a zone.
    zone: String,
}

impl Question {
    /// `None` where the page is somebody's own: who is signed in, gets back what was typed, or has chosen a time and
    /// is about to book (that form has a key of its own, so that it works without scripts).
    pub fn of(provider: &str, uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        let zone = zone(headers)?;
        let query = match uri.query() {
            None | Some("") => String::new(),
            Some(query) => asked(query)?,
        };
        Some(Self { provider: provider.to_owned(), query, zone })
    }

    /// The request that asks just this and brings nothing else.
    pub fn request<B>(&self, body: B) -> Option<Request<B>> {
        let mut request = Request::new(body);
        *request.uri_mut() = format!("/{}{}", encoded(&self.provider), self.query).parse().ok()?;
        if !self.zone.is_empty() {
            let cookie = HeaderValue::try_from(format!("{ZONE_COOKIE}={}", self.zone)).ok()?;
            request.headers_mut().insert(COOKIE, cookie);
        }
        Some(request)
    }

    /// Its bytes in memory, about.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.provider.len() + self.query.len() + self.zone.len()
    }
}

/// The value of the zone's cookie; `None` when another cookie of ours is there.
fn zone(headers: &HeaderMap) -> Option<String> {
    let mut zone = String::new();
    for cookies in headers.get_all(COOKIE) {
        for cookie in cookies.to_str().ok()?.split(';') {
            let (name, value) = cookie.trim().split_once('=').unwrap_or_default();
            if name == ZONE_COOKIE {
                let name = value.strip_prefix(CHOSEN).unwrap_or(value).replace("%2F", "/").replace("%2B", "+");
                zone = if name.parse::<TimeZone>().is_ok() { value.to_owned() } else { String::new() };
            } else if name != LINE_COOKIE && OURS.iter().any(|ours| name.starts_with(ours)) {
                return None;
            }
        }
    }
    Some(zone)
}

/// What the query chooses. Words that are not ours (a campaign's, say) choose nothing; what is said twice is for the
/// router to understand.
fn asked(words: &str) -> Option<String> {
    let mut params = ParamsMap::new();
    for (name, value) in url_words(words) {
        if params.get_str(&name).is_some() {
            return None;
        }
        params.insert(name, value);
    }
    let asked = Asked::read(&params);
    // A zone that does not exist is told to the guest.
    let is_known = asked.zone.as_ref().is_none_or(|zone| zone.parse::<TimeZone>().is_ok());
    (asked.start.is_none() && params.get_str("start").is_none() && is_known).then(|| asked.to_query())
}

fn url_words(words: &str) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(words.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(address: &str, cookie: &str) -> Option<Question> {
        let mut headers = HeaderMap::new();
        if !cookie.is_empty() {
            headers.insert(COOKIE, cookie.parse().unwrap());
        }
        Question::of("ada", &address.parse().unwrap(), &headers)
    }

    #[test]
    fn the_same_choice_is_the_same_question_however_it_is_spelled() {
        let plain = question("/ada", "").unwrap();
        for address in ["/ada?", "/ada?utm_source=news", "/ada?month=soon", "/ada?duration=", "/ada?fbclid=1&gclid=2"] {
            assert_eq!(question(address, "theme=dark; other=1"), Some(plain.clone()), "{address}");
        }
        let chosen = question("/ada?duration=60&offering=first-visit", "").unwrap();
        assert_eq!(question("/ada?offering=first-visit&x=y&duration=060", ""), Some(chosen.clone()));
        assert_ne!(plain, chosen);
        assert_ne!(question("/ada", "eventide_tz=Europe%2FParis"), question("/ada", "eventide_tz=*Europe%2FParis"));
        for cookie in ["eventide_tz=Nowhere%2FAtAll", "eventide_line=1-0123456789abcdef"] {
            assert_eq!(question("/ada", cookie), Some(plain.clone()), "{cookie}");
        }
    }

    #[test]
    fn what_is_somebodys_own_is_no_question_of_many() {
        for cookie in [
            "eventide_session=x",
            "__Host-eventide_session=x",
            "a=b; __Secure-eventide_flash_0=x",
            "eventide_flash_0=x",
            "eventide_tz=Europe%2FParis; eventide_device=x",
        ] {
            assert_eq!(question("/ada", cookie), None, "{cookie}");
        }
        for address in ["/ada?start=2026-11-23T09:00:00Z", "/ada?start=x", "/ada?tz=Mars%2FOne", "/ada?date=1&date=2"] {
            assert_eq!(question(address, ""), None, "{address}");
        }
    }

    #[test]
    fn the_request_brings_the_question_and_nothing_else() {
        let question = question("/ada?tz=Asia%2FTokyo&ref=x", "theme=dark; eventide_tz=*Europe%2FParis").unwrap();
        let request = question.request(()).unwrap();
        assert_eq!(request.uri(), "/ada?tz=Asia%2FTokyo");
        assert_eq!(request.headers().len(), 1);
        assert_eq!(request.headers()[COOKIE], "eventide_tz=*Europe%2FParis");
    }
}
