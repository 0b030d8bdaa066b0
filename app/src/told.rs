//! What a form of the dashboard was refused for, or that it is done where the page does not show it, told on the page
//! that it came from, for browsers without our scripts.
//!
//! leptos would put it into the address (`?__path=…&__err=…`), where anybody who makes a link can write it. It
//! travels as a flash does, in a cookie of minutes that is shown once.

use leptos::prelude::*;
use leptos::server::ServerActionError;

/// For the actions below, in the place of what the router reads from the address.
pub fn provide_refusal() {
    let (function, error, done) = SharedValue::new(told).into_inner();
    provide_context(ServerActionError::new(&function, &error));
    provide_context(Done(StoredValue::new(done)));
}

/// The server function that is done.
#[derive(Clone, Copy)]
struct Done(StoredValue<String>);

/// Whether this page comes from a form of the server function that did as it was asked. In the browser it is told
/// once; the server may make a part of a page twice.
pub fn is_done(function: &str) -> bool {
    let Some(Done(done)) = use_context() else { return false };
    let told = if cfg!(feature = "ssr") { done.try_get_value() } else { done.try_update_value(std::mem::take) };
    told.is_some_and(|told| told == function)
}

#[cfg(not(feature = "ssr"))]
fn told() -> (String, String, String) {
    Default::default()
}

#[cfg(feature = "ssr")]
use kept::told;
#[cfg(feature = "ssr")]
pub use kept::{headers, keep_done};

#[cfg(feature = "ssr")]
mod kept {
    use base64::Engine;
    use leptos::prelude::use_context;
    use leptos::server_fn::error::FromServerFnError;

    use crate::error::ApiError;
    use crate::form_flash::Flash;

    /// The server function that was refused, or is done, and where its form was.
    const FUNCTION: &str = "rpc";
    const DONE: &str = "done";
    const PAGE: &str = "page";

    /// The cookies that tell `page` what `function` was refused for; none when it is too much to tell.
    pub fn headers(page: &str, function: &str, error: &ApiError, secure: bool) -> Option<Vec<String>> {
        Flash::new([(FUNCTION, function), (PAGE, page)], error.0.clone()).headers(page, secure)
    }

    /// Tells `page` that `function` did as it was asked.
    pub fn keep_done(page: &str, function: &str) {
        let values = [(DONE, function), (PAGE, page)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        Flash { values: values.into(), problem: None }.keep(page);
    }

    /// The server function that was refused with its error, as leptos encodes it; and the one that is done.
    pub fn told() -> (String, String, String) {
        let flash = Flash::kept();
        let parts = use_context::<http::request::Parts>();
        let page = parts.as_ref().map_or("", |parts| parts.uri.path());
        if flash.get(PAGE) != page {
            return Default::default();
        }
        Flash::forget(page);
        let encoded = |error: ApiError| base64::engine::general_purpose::URL_SAFE.encode(error.ser());
        (flash.get(FUNCTION), flash.error().map(encoded).unwrap_or_default(), flash.get(DONE))
    }
}
