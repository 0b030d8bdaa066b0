//! Addresses of pages, spelled so that any text fits into them.

/// A query of the parts that are not empty.
pub fn query<const N: usize>(parts: [(&str, &str); N]) -> String {
    let parts = parts.into_iter().filter(|(_, value)| !value.is_empty());
    let parts: Vec<_> = parts.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

/// The way to sign in, and from there to the page that was asked for.
#[cfg(feature = "provider")]
pub fn sign_in_page(then: &str) -> String {
    format!("/sign-in{}", query([("then", then)]))
}

/// Percent-encoded, all but what never needs it (RFC 3986, 2.3) and the slash in a zone's name.
pub fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The page of a booking for its guest. Id and key come from an address themselves: they may be any text.
pub fn manage_path(id: &str, key: &str) -> String {
    format!("/bookings/{}{}", encoded(id), query([("key", key)]))
}
