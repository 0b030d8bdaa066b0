//! From where somebody asks.

use std::net::{IpAddr, Ipv4Addr};

/// What a request tells of its sender's place; to show to the provider whose session it opens, and to tell
/// acquaintances from strangers.
#[derive(Clone)]
pub struct Caller {
    pub address: IpAddr,
    /// In short words, see [`browser`]; empty when it says nothing.
    pub browser: String,
    /// The secret of the device cookie, unchecked.
    pub device: Option<String>,
}

impl Caller {
    pub fn new(address: IpAddr, user_agent: &str, device: Option<String>) -> Self {
        Self { address: address.to_canonical(), browser: browser(user_agent), device }
    }

    /// A program of our own, or a test.
    pub fn inside() -> Self {
        Self::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), "", None)
    }
}

/// One customer of an IPv6 provider has at least a /64: its addresses count as one.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

/// The first of each that a user agent names. Each pretends to be those below it, so the order matters.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "a Mac"),
    ("Linux", "Linux"),
];

/// `Firefox on Windows`. What is no browser is told by the name it gives itself, as far as that is plain.
pub fn browser(user_agent: &str) -> String {
    let first =
        |known: &[(&str, &'static str)]| known.iter().find(|(mark, _)| user_agent.contains(mark)).map(|it| it.1);
    match (first(&BROWSERS), first(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => {
            let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            user_agent.chars().take_while(plain).take(40).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_told_in_short_words() {
        let chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
        for (agent, words) in [
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {chrome}"), "Chrome on Windows"),
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {chrome} Edg/131.0.0.0"), "Edge on Windows"),
            (format!("Mozilla/5.0 (Linux; Android 14; SM-S921B) {chrome}"), "Chrome on Android"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0".into(), "Firefox on Linux"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.1 Mobile/15E148 Safari/604.1"
                    .into(),
                "Safari on iPhone",
            ),
            ("curl/8.5.0".into(), "curl"),
            ("<script>alert(1)</script>".into(), ""),
            (String::new(), ""),
            ("x".repeat(9000), &"x".repeat(40)),
        ] {
            assert_eq!(browser(&agent), words, "{agent}");
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:203.0.113.7").to_string(), "203.0.113.7");
    }
}
