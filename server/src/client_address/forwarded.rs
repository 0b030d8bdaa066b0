//! The headers in which proxies say for whom they ask: `X-Forwarded-For`, and `Forwarded` of RFC 7239.
//!
//! Each proxy appends, so what a trusted one wrote is at the right, and what stands left of it may be anybody's
//! invention. Elements are therefore read one by one and from the right: nothing that a client sent along, a quote
//! left open say, can change how the proxy's own element is read. (The crates for `Forwarded` read all of it or
//! nothing, from the left.)

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderName};

pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub const FORWARDED: HeaderName = HeaderName::from_static("forwarded");

/// The addresses in all lines of one header, nearest proxy first; `None` for one that cannot be read.
pub fn nearest_first(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = Option<IpAddr>> {
    let read = if name == FORWARDED { element } else { entry };
    let lines = headers.get_all(name).into_iter().rev();
    let elements = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    // Empty ones mean nothing (RFC 9110, 5.6.1): a trailing comma, say.
    let elements = elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty());
    elements.map(move |element| read(str::from_utf8(element).ok()?))
}

/// An entry of `X-Forwarded-For`, for which there is no standard: with or without port, brackets and quotes.
fn entry(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    node(bare.unwrap_or(text))
}

/// An element of `Forwarded`: the address in its `for`.
fn element(text: &str) -> Option<IpAddr> {
    let (mut rest, mut found) = (text, None);
    while !rest.is_empty() {
        if let Some(next) = rest.strip_prefix(';') {
            rest = next.trim_ascii_start();
            continue;
        }
        let (name, value) = rest.split_once('=')?;
        let is_name =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        let (value, after) = match value.strip_prefix('"') {
            Some(value) => quoted(value)?,
            // Colons and brackets would have to be quoted; not every proxy knows.
            None => value.split_at(value.find([';', ' ', '\t', '"']).unwrap_or(value.len())),
        };
        rest = after.trim_ascii_start();
        let again = name.eq_ignore_ascii_case("for") && found.replace(value).is_some();
        if !is_name || again || !(rest.is_empty() || rest.starts_with(';')) {
            return None;
        }
    }
    node(found?)
}

/// What stands before the closing quote, escapes as they are, and what comes after it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some((&text[..end], &text[end + 1..]))
}

/// A node of RFC 7239, section 6, that is an address. `unknown` and obfuscated names (`_hidden`) are none: they may be
/// new for each request, so that nobody can be known by them.
fn node(text: &str) -> Option<IpAddr> {
    // Without brackets all colons are the address's own.
    let address = match ip(text) {
        Some(address) => address,
        None => {
            let (host, port) = match text.strip_prefix('[') {
                Some(text) => text.split_once(']').map(|(host, port)| (ipv6(host).map(IpAddr::V6), port))?,
                None => {
                    let (host, port) = text.split_at(text.find(':')?);
                    (host.parse::<Ipv4Addr>().ok().map(IpAddr::V4), port)
                }
            };
            host.filter(|_| port.is_empty() || port.strip_prefix(':').is_some_and(is_port))?
        }
    };
    Some(address.to_canonical()).filter(|address| !address.is_unspecified())
}

fn ip(text: &str) -> Option<IpAddr> {
    text.parse::<Ipv4Addr>().ok().map(IpAddr::V4).or_else(|| ipv6(text).map(IpAddr::V6))
}

/// A zone (`fe80::1%eth0`) is of the proxy's own network cards.
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    text.split_once('%').map_or(text, |(address, _)| address).parse().ok()
}

/// A number or an obfuscated name; which one does not matter.
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)),
        None => (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(name: HeaderName, lines: &[&str]) -> Vec<Option<String>> {
        let values = lines.iter().map(|line| (name.clone(), HeaderValue::from_str(line).unwrap()));
        let headers: HeaderMap = values.collect();
        nearest_first(&headers, name).map(|address| address.map(|address| address.to_string())).collect()
    }

    /// Forms that public bug reports of proxies and frameworks tell of.
    #[test]
    fn every_form_of_an_address_is_read() {
        for (text, address) in [
            ("203.0.113.4", "203.0.113.4"),
            ("203.0.113.4:40001", "203.0.113.4"),
            // Azure's gateway and OpenShift write ports; a port may be out of range, too.
            ("10.0.0.1:99999", "10.0.0.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("::1", "::1"),
            ("2001:db8:85a3:8d3:1319:8a2e:370:9c82", "2001:db8:85a3:8d3:1319:8a2e:370:9c82"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("\"203.0.113.4\"", "203.0.113.4"),
            ("  203.0.113.4\t", "203.0.113.4"),
            ("203.0.113.4,", "203.0.113.4"),
            ("203.0.113.4, ,", "203.0.113.4"),
            ("::ffff:203.0.113.4", "203.0.113.4"),
            ("[::ffff:203.0.113.4]:8080", "203.0.113.4"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "fe80::1"),
        ] {
            assert_eq!(read(X_FORWARDED_FOR, &[text]), [Some(address.to_owned())], "{text}");
        }
        for (text, address) in [
            ("for=192.0.2.43", "192.0.2.43"),
            ("For=\"192.0.2.43:47011\"", "192.0.2.43"),
            ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=\"[2001:db8:cafe::17]\"", "2001:db8:cafe::17"),
            ("for=\"192.0.2.1:_p\"", "192.0.2.1"),
            ("by=203.0.113.43;for=192.0.2.60;proto=http", "192.0.2.60"),
            ("for=192.0.2.60;proto=http;by=\"[::1]:4430\"", "192.0.2.60"),
            ("proto=https;host=\"a.example:443\";for=\"[::1]:57096\"", "::1"),
            ("for=192.0.2.60; proto=https;", "192.0.2.60"),
            ("for=192.0.2.60;secret=\"a\\\"b;for=9.9.9.9\"", "192.0.2.60"),
            // Not by the standard, and seen: no quotes, no brackets.
            ("for=192.0.2.43:47011", "192.0.2.43"),
            ("for=[2001:db8::1]:80", "2001:db8::1"),
            ("by=3.235.38.58;for=2001:861:3a42:b7b0:9971:120a:391f:f585", "2001:861:3a42:b7b0:9971:120a:391f:f585"),
        ] {
            assert_eq!(read(FORWARDED, &[text]), [Some(address.to_owned())], "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_not_taken_for_one() {
        for text in [
            "unknown",
            "_hidden",
            "localhost",
            "203.0.113",
            "203.0.113.4.5",
            "203.0.113.4:",
            "203.0.113.4:port",
            "203.0.113.4:123456",
            "[2001:db8::1",
            "2001:db8::1]",
            "[203.0.113.4]:80",
            "[2001:db8::1]443",
            "\"203.0.113.4",
            "0.0.0.0",
            "::",
            "[::]:80",
            "203.0.113.4 198.51.100.7",
            "0x7f.1",
        ] {
            assert_eq!(read(X_FORWARDED_FOR, &[text]), [None], "{text}");
        }
        for text in [
            "for=unknown",
            "for=_hidden",
            "for=\"_gazonk:_port\"",
            "for=",
            "for",
            "192.0.2.43",
            "by=192.0.2.43",
            "for=\"192.0.2.43",
            "for=192.0.2.43\"",
            "for=192.0.2.43;for=192.0.2.44",
            "for=\"192.0.2.43\"x",
            "for =192.0.2.43",
            "=192.0.2.43",
            "for=192.0.2.43 proto=http",
            "for=\"192.0.2.\\43\"",
        ] {
            assert_eq!(read(FORWARDED, &[text]), [None], "{text}");
        }
    }

    #[test]
    fn the_nearest_proxys_element_comes_first_whatever_stands_before_it() {
        let known = |addresses: &[&str]| addresses.iter().map(|a| Some((*a).to_owned())).collect::<Vec<_>>();
        let lines = ["198.51.100.1, 198.51.100.2", "198.51.100.3"];
        assert_eq!(read(X_FORWARDED_FOR, &lines), known(&["198.51.100.3", "198.51.100.2", "198.51.100.1"]));
        // A client's open quote, closed by the quote of what the proxy appends.
        let hostile = read(FORWARDED, &["for=9.9.9.9;a=\", for=\"[2001:db8::7]:4711\""]);
        assert_eq!(hostile, [Some("2001:db8::7".to_owned()), None]);
        assert_eq!(read(X_FORWARDED_FOR, &["\"9.9.9.9, 198.51.100.4"]), [Some("198.51.100.4".to_owned()), None]);
        let headers =
            HeaderMap::from_iter([(X_FORWARDED_FOR, HeaderValue::from_bytes(b"\xff\xfe,198.51.100.5").unwrap())]);
        let read: Vec<_> = nearest_first(&headers, X_FORWARDED_FOR).collect();
        assert_eq!(read, [Some("198.51.100.5".parse().unwrap()), None]);
    }
}
