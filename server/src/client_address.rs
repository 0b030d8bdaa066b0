//! From which address a request comes.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use http::{Extensions, HeaderMap, Request};
/// As what an address is counted.
pub use service::caller::network;

/// The client's address: the peer's, or the last one a trusted proxy wrote into `X-Forwarded-For`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Looks at the connection and, where a proxy is trusted, at its header.
    pub fn of<B>(request: &Request<B>, trust_proxy: bool) -> Self {
        Self::read(request.headers(), request.extensions(), trust_proxy)
    }

    fn read(headers: &HeaderMap, extensions: &Extensions, trust_proxy: bool) -> Self {
        let forwarded = || {
            let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
            last.rsplit(',').next()?.trim().parse().ok()
        };
        let peer = || extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let address = if trust_proxy { forwarded().or_else(peer) } else { peer() };
        Self(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get::<Self>()
            .copied()
            .unwrap_or_else(|| Self::read(&parts.headers, &parts.extensions, false)))
    }
}
