//! The browser's files (wasm, js, css), inside the binary in release and read from the folder in debug.

use std::net::SocketAddr;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use leptos::config::LeptosOptions;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

use crate::compression::Coding;

#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// Changes whenever a file of the frontend does, so that the files can be kept for ever.
static BUILD: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    let mut names: Vec<_> = Site::iter().filter(|name| name.starts_with("pkg/") && !is_packed(name)).collect();
    names.sort();
    for file in names.iter().filter_map(|name| Site::get(name)) {
        hash.update(file.metadata.sha256_hash());
    }
    hex::encode(&hash.finalize()[..6])
});

fn is_packed(name: &str) -> bool {
    name.ends_with(".br") || name.ends_with(".gz")
}

/// Where pages find their files: `/pkg/<build>/eventide.*`.
pub fn leptos_options(addr: SocketAddr) -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("eventide")
        .site_pkg_dir(format!("pkg/{}", *BUILD))
        .site_addr(addr)
        .env(leptos::config::Env::PROD)
        .build()
}

pub const FOR_EVER: &str = "public, max-age=31536000, immutable";
const SHORT: &str = "public, max-age=86400";

pub async fn icon(headers: HeaderMap) -> Response {
    file("favicon.svg", &headers, SHORT)
}

/// What is one person's is not to be found by others.
pub async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /bookings/\nDisallow: /dashboard\n"
}

pub async fn package_file(Path((build, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    // Another build's URL gets today's file, but not for ever.
    file(&format!("pkg/{name}"), &headers, if build == *BUILD { FOR_EVER } else { "no-cache" })
}

/// The smallest packing the client takes.
fn file(name: &str, headers: &HeaderMap, cache: &'static str) -> Response {
    let coding = Coding::of(headers);
    let ending = match coding {
        Coding::Brotli => ".br",
        Coding::Gzip => ".gz",
        Coding::Identity => "",
    };
    let (coding, found) = match (Site::get(&format!("{name}{ending}")), Site::get(name)) {
        (Some(packed), _) => (coding, packed),
        (None, Some(plain)) => (Coding::Identity, plain),
        (None, None) => return (StatusCode::NOT_FOUND, "There is no such file.").into_response(),
    };
    let mut response = body(found);
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, media_type(name).parse().expect("a constant"));
    answer.insert(header::CACHE_CONTROL, header::HeaderValue::from_static(cache));
    answer.insert(header::VARY, header::HeaderValue::from_static("accept-encoding"));
    answer.extend(coding.name().map(|name| (header::CONTENT_ENCODING, name)));
    response
}

fn body(file: EmbeddedFile) -> Response {
    match file.data {
        std::borrow::Cow::Borrowed(bytes) => bytes.into_response(),
        std::borrow::Cow::Owned(bytes) => bytes.into_response(),
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// The files a page makes a browser download, for the start-up check: false when there are none.
pub fn are_built() -> bool {
    Site::get("pkg/eventide.wasm").is_some()
}
