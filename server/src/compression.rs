//! Compression, for those who ask for it.

mod pieces;

use std::io::Write;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{self, HeaderValue};
pub use pieces::Gzip;
use tower::ServiceExt;
use tower_http::compression::Compression;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");

/// The answer, packed if the request allows it and it is worth it.
///
/// Not `CompressionLayer` for all: its body has room for the state of each algorithm, some kilobytes that
/// every answer would carry along, packed or not.
pub async fn run(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ACCEPT_ENCODING) {
        let packed = Compression::new(next).compress_when(worth_packing());
        return Box::pin(packed.oneshot(request)).await.into_response();
    }
    let mut response = next.run(request).await;
    // A cache has to know that others get this answer packed.
    if worth_packing().should_compress(&response) {
        let headers = response.headers_mut();
        if headers.get_all(header::VARY).iter().all(|name| name != ACCEPT_ENCODING) {
            headers.append(header::VARY, ACCEPT_ENCODING);
        }
    }
    response
}

/// On an answer that is sent as it is: it is large and made while it is sent, and what `Compression` keeps for each
/// answer under way (megabytes for brotli) would be held by all who do not read.
#[derive(Clone)]
pub struct AsItIs;

fn worth_packing() -> impl Predicate {
    let may = |_, _, _: &HeaderMap, extensions: &http::Extensions| extensions.get::<AsItIs>().is_none();
    DefaultPredicate::new().and(NotForContentType::const_new("text/event-stream")).and(may)
}

/// Whether `Accept-Encoding` names this coding and does not refuse it.
pub fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| {
        let mut parts = part.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding)) && !parts.any(is_never)
    })
}

/// How what is ready is packed, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Identity,
    Gzip,
    Brotli,
}

/// Between what it saves and what it costs: a guest's page takes some milliseconds.
const BROTLI_QUALITY: i32 = 5;
const SMALLEST: i32 = 11;
const BROTLI_WINDOW: i32 = 20;

impl Coding {
    /// The best of those that the client takes.
    pub fn of(headers: &HeaderMap) -> Self {
        match () {
            () if accepts(headers, "br") => Self::Brotli,
            () if accepts(headers, "gzip") => Self::Gzip,
            () => Self::Identity,
        }
    }

    /// Its name in `Content-Encoding`.
    pub fn name(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
            Self::Brotli => Some(HeaderValue::from_static("br")),
        }
    }

    /// Off the async threads. `None`: as it is.
    pub async fn pack(self, plain: Bytes) -> Option<Bytes> {
        let packed = tokio::task::spawn_blocking(move || match self {
            Self::Identity => None,
            Self::Gzip => gzip(&plain).ok(),
            Self::Brotli => brotli(&plain, BROTLI_QUALITY).ok(),
        });
        packed.await.ok().flatten().map(Bytes::from)
    }
}

/// As small as brotli makes it: for what is packed once and sent for ever.
pub async fn smallest(plain: Bytes) -> Option<Bytes> {
    let packed = tokio::task::spawn_blocking(move || brotli(&plain, SMALLEST).ok());
    packed.await.ok().flatten().map(Bytes::from)
}

/// `q=0`, in as many digits as it may have (RFC 9110, 12.4.2).
fn is_never(parameter: &str) -> bool {
    let weight = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
    weight.is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight == 0.0))
}

fn brotli(plain: &[u8], quality: i32) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(plain.len() / 4);
    let parameters = brotli::enc::BrotliEncoderParams {
        quality,
        lgwin: BROTLI_WINDOW,
        size_hint: plain.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*plain, &mut packed, &parameters)?;
    Ok(packed)
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packing =
        flate2::write::GzEncoder::new(Vec::with_capacity(plain.len() / 4), flate2::Compression::default());
    packing.write_all(plain)?;
    packing.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_coding_that_is_taken_is_chosen() {
        for (accepted, expected) in [
            ("", Coding::Identity),
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("br;q=0, gzip", Coding::Gzip),
            ("BR;q=0.000, GZIP;q=0.1", Coding::Gzip),
            ("gzip;q=0", Coding::Identity),
            ("broken", Coding::Identity),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(Coding::of(&headers), expected, "{accepted}");
        }
    }
}
