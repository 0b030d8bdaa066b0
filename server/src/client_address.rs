//! From which address a request comes.

mod forwarded;
mod trust;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Once;

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use http::{Extensions, Request};
use service::caller::network;

pub use trust::{ProxyHeader, TrustProxy};

/// The client's address: the peer's, or what trusted proxies have written into their header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Of everybody of whom a trusted proxy says what cannot be read: they share one limit, which is nobody else's.
    /// Not the proxy's own address, under which all its guests would be one. No client has it (RFC 1122, 3.2.1.3).
    pub const UNKNOWN: Self = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

    /// As what it is counted.
    pub fn network(self) -> IpAddr {
        network(self.0)
    }

    /// Looks at the connection and, where proxies are trusted, at their header.
    pub fn of<B>(request: &Request<B>, trust: &TrustProxy) -> Self {
        let Some(peer) = peer(request.extensions()) else { return Self::UNKNOWN };
        trust.client(peer, request.headers()).map_or_else(
            |why| {
                // Once: a proxy that writes so does it for each request. Not the header itself: it holds addresses.
                static TOLD: Once = Once::new();
                TOLD.call_once(|| {
                    tracing::warn!(%peer, why, "a trusted proxy does not say who asks: such guests share one limit");
                });
                Self::UNKNOWN
            },
            Self,
        )
    }
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical())
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let told = parts.extensions.get::<Self>().copied();
        Ok(told.or_else(|| peer(&parts.extensions).map(Self)).unwrap_or(Self::UNKNOWN))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn from(peer: &str, header: &str) -> ClientAddress {
        let mut request = Request::builder().header("x-forwarded-for", header).body(()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 40_000)));
        ClientAddress::of(&request, &"on".parse().unwrap())
    }

    #[test]
    fn a_header_that_cannot_be_read_is_told_once_and_is_not_the_proxys_address() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..100 {
                assert_eq!(from("10.0.0.1", "guest-of-ours"), ClientAddress::UNKNOWN);
            }
            assert_eq!(from("::ffff:10.0.0.1", "203.0.113.4:40001").0.to_string(), "203.0.113.4");
        });
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.contains("10.0.0.1") && !log.contains("guest-of-ours"), "{log}");
    }
}
