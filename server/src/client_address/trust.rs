//! Which proxies are trusted to say for whom they ask.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::str::FromStr;

use http::{HeaderMap, HeaderName};
use ipnet::{IpNet, Ipv4Net};

use super::forwarded::{FORWARDED, X_FORWARDED_FOR, nearest_first};

/// The setting, with the header that the proxies write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustProxy {
    proxies: Proxies,
    pub header: ProxyHeader,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Proxies {
    /// The header is anybody's, and is not looked at.
    #[default]
    None,
    /// A request has come through so many; the last of them is the peer.
    Number(NonZeroUsize),
    /// Those of these networks.
    Networks(Vec<IpNet>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// Whichever is there. Where both are, the proxy may have written one and let through what the client made up in
    /// the other: they must say the same.
    #[default]
    Either,
    XForwardedFor,
    Forwarded,
}

/// More than anybody has in a row.
const MOST_PROXIES: usize = 32;

impl FromStr for TrustProxy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let proxies = match text.trim() {
            "off" => Proxies::None,
            "on" => Proxies::Number(NonZeroUsize::MIN),
            text if text.bytes().all(|b| b.is_ascii_digit()) => {
                let number = text.parse().ok().filter(|number| *number <= MOST_PROXIES).ok_or(())?;
                NonZeroUsize::new(number).map_or(Proxies::None, Proxies::Number)
            }
            list => Proxies::Networks(list.split(',').map(network).collect::<Result<_, _>>()?),
        };
        Ok(Self { proxies, header: ProxyHeader::default() })
    }
}

/// `10.0.0.0/8`, or one address. Written as a part of IPv6 (`::ffff:10.0.0.0/104`) it is the same network.
fn network(text: &str) -> Result<IpNet, ()> {
    const MAPPED: u8 = 96;
    let text = text.trim();
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| ())?;
    match (network.addr().to_canonical(), network.prefix_len().checked_sub(MAPPED)) {
        (IpAddr::V4(address), Some(length)) if network.addr().is_ipv6() => {
            Ipv4Net::new(address, length).map(IpNet::V4).map_err(|_| ())
        }
        _ => Ok(network),
    }
}

impl FromStr for ProxyHeader {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "either" => Ok(Self::Either),
            "x-forwarded-for" => Ok(Self::XForwardedFor),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err(()),
        }
    }
}

impl TrustProxy {
    /// Who asks, when `peer` is who has connected. A header that should say so and cannot be read is an error.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, &'static str> {
        if !self.trusts(peer) {
            return Ok(peer);
        }
        // A proxy that says nothing asks for itself, for a health check say.
        let said = |name: HeaderName| headers.contains_key(&name).then(|| self.chosen(headers, name));
        let either = || match (said(X_FORWARDED_FOR), said(FORWARDED)) {
            (Some(one), Some(other)) if one != other => Some(Err("X-Forwarded-For and Forwarded differ")),
            (one, other) => one.or(other),
        };
        let said = match self.header {
            ProxyHeader::Either => either(),
            ProxyHeader::XForwardedFor => said(X_FORWARDED_FOR),
            ProxyHeader::Forwarded => said(FORWARDED),
        };
        said.unwrap_or(Ok(peer))
    }

    /// Whether it may be a proxy that is trusted; each may, where only the number is known.
    pub fn trusts(&self, address: IpAddr) -> bool {
        match &self.proxies {
            Proxies::None => false,
            Proxies::Number(_) => true,
            Proxies::Networks(networks) => networks.iter().any(|network| network.contains(&address)),
        }
    }

    /// The nearest address in the header that is no proxy's.
    fn chosen(&self, headers: &HeaderMap, name: HeaderName) -> Result<IpAddr, &'static str> {
        const UNREADABLE: &str = "its header holds no address where it should";
        let mut addresses = nearest_first(headers, name);
        if let Proxies::Number(number) = self.proxies {
            // A shorter row did not come through all of them. Its far end is where a client can write.
            let chosen =
                addresses.nth(number.get() - 1).ok_or("its header holds fewer addresses than there are proxies")?;
            return chosen.ok_or(UNREADABLE);
        }
        let mut nearest = Err(UNREADABLE);
        for address in addresses {
            let address = address.ok_or(UNREADABLE)?;
            nearest = Ok(address);
            if !self.trusts(address) {
                break;
            }
        }
        // When all are within the trusted networks, the guest is, too: the farthest.
        nearest
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        lines.iter().map(|(name, line)| (name.clone(), HeaderValue::from_str(line).unwrap())).collect()
    }

    /// The client as text; `None` where it is not known.
    fn client(setting: &str, peer: &str, lines: &[(HeaderName, &str)]) -> Option<String> {
        let trust: TrustProxy = setting.parse().unwrap();
        trust.client(peer.parse().unwrap(), &headers(lines)).ok().map(|address| address.to_string())
    }

    #[test]
    fn the_client_is_found_behind_as_many_proxies_as_are_trusted() {
        for (setting, peer, row, expected) in [
            ("off", PROXY, "198.51.100.7", Some(PROXY)),
            ("0", PROXY, "198.51.100.7", Some(PROXY)),
            ("on", PROXY, "198.51.100.7", Some("198.51.100.7")),
            ("1", PROXY, "9.9.9.9, 198.51.100.7:1234", Some("198.51.100.7")),
            ("2", PROXY, "9.9.9.9, 198.51.100.7, 10.0.0.2", Some("198.51.100.7")),
            // An entry that is skipped need not be an address: the other proxy has a name.
            ("2", PROXY, "198.51.100.7, edge", Some("198.51.100.7")),
            // No falling back to the left, where the client writes.
            ("1", PROXY, "9.9.9.9, unknown", None),
            ("2", PROXY, "198.51.100.7", None),
            ("on", PROXY, " , ", None),
            ("on", PROXY, "unknown", None),
            // Networks: from the right to the first that is not trusted.
            ("10.0.0.0/8", PROXY, "9.9.9.9, 198.51.100.7, 10.0.0.2, 10.1.2.3", Some("198.51.100.7")),
            ("10.0.0.0/8,2001:db8:f::/48", "2001:db8:f::1", "2001:db8:1::7, 10.0.0.2", Some("2001:db8:1::7")),
            ("10.0.0.1", PROXY, "10.0.0.2", Some("10.0.0.2")),
            ("10.0.0.0/8", PROXY, "10.0.0.3, 10.0.0.2", Some("10.0.0.3")),
            ("10.0.0.0/8", PROXY, "9.9.9.9, _edge, 10.0.0.2", None),
            // However an IPv4 network is written.
            ("::ffff:10.0.0.0/104", PROXY, "198.51.100.7, 10.9.9.9", Some("198.51.100.7")),
            ("::ffff:10.0.0.1", PROXY, "198.51.100.7, ::ffff:10.0.0.1", Some("198.51.100.7")),
            ("10.1.2.3/8", PROXY, "198.51.100.7", Some("198.51.100.7")),
            ("::/0", PROXY, "198.51.100.7", Some(PROXY)),
            // Somebody else's header is nobody's word.
            ("10.0.0.0/8", "203.0.113.9", "198.51.100.7", Some("203.0.113.9")),
            ("10.0.0.0/8", "203.0.113.9", "nonsense", Some("203.0.113.9")),
        ] {
            let found = client(setting, peer, &[(X_FORWARDED_FOR, row)]);
            assert_eq!(found.as_deref(), expected, "{setting}: {row} from {peer}");
        }
        assert_eq!(client("on", PROXY, &[]).as_deref(), Some(PROXY), "a proxy that asks for itself");
    }

    #[test]
    fn of_two_headers_neither_can_be_made_up() {
        let both = [(X_FORWARDED_FOR, "198.51.100.7"), (FORWARDED, "for=\"198.51.100.7:80\"")];
        assert_eq!(client("on", PROXY, &both).as_deref(), Some("198.51.100.7"));
        assert_eq!(client("on", PROXY, &both[1..]).as_deref(), Some("198.51.100.7"));
        let differ = [(X_FORWARDED_FOR, "198.51.100.7"), (FORWARDED, "for=9.9.9.9")];
        assert_eq!(client("on", PROXY, &differ), None);

        let named = |header| TrustProxy { header, ..TrustProxy::from_str("on").unwrap() };
        let found = |header| named(header).client(PROXY.parse().unwrap(), &headers(&differ)).unwrap().to_string();
        assert_eq!(found(ProxyHeader::XForwardedFor), "198.51.100.7");
        assert_eq!(found(ProxyHeader::Forwarded), "9.9.9.9");
    }

    #[test]
    fn a_setting_that_says_nothing_is_refused() {
        for wrong in
            ["", "yes", "33", "-1", "1.5", "10.0.0.0/33", "10.0.0.0/8,", "10.0.0.0/8 10.1.0.0/16", "proxy.example"]
        {
            assert_eq!(TrustProxy::from_str(wrong), Err(()), "{wrong}");
        }
        assert!(TrustProxy::from_str("10.0.0.0/8, 192.168.1.5,fd00::/8").is_ok());
    }
}
