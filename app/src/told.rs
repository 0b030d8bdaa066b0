//! What a form of the dashboard was refused for, told on the page that it came from, for browsers without our scripts.
//!
//! leptos would put it into the address (`?__path=…&__err=…`), where anybody who makes a link can write it. It
//! travels as a flash does, in a cookie of minutes that is shown once.

use leptos::prelude::*;
use leptos::server::ServerActionError;

/// For the actions below, in the place of what the router reads from the address.
pub fn provide_refusal() {
    let (function, error) = SharedValue::new(refusal).into_inner();
    provide_context(ServerActionError::new(&function, &error));
}

#[cfg(not(feature = "ssr"))]
fn refusal() -> (String, String) {
    Default::default()
}

#[cfg(feature = "ssr")]
pub use kept::headers;
#[cfg(feature = "ssr")]
use kept::refusal;

#[cfg(feature = "ssr")]
mod kept {
    use base64::Engine;
    use leptos::prelude::use_context;
    use leptos::server_fn::error::FromServerFnError;

    use crate::error::ApiError;
    use crate::form_flash::Flash;

    /// The server function, and where its form was.
    const FUNCTION: &str = "rpc";
    const PAGE: &str = "page";

    /// The cookies that tell `page` what `function` was refused for; none when it is too much to tell.
    pub fn headers(page: &str, function: &str, error: &ApiError, secure: bool) -> Option<Vec<String>> {
        Flash::new([(FUNCTION, function), (PAGE, page)], error.0.clone()).headers(page, secure)
    }

    /// The server function and its error, as leptos encodes it.
    pub fn refusal() -> (String, String) {
        let flash = Flash::kept();
        let parts = use_context::<http::request::Parts>();
        let page = parts.as_ref().map_or("", |parts| parts.uri.path());
        match flash.error() {
            Some(error) if flash.get(PAGE) == page => {
                Flash::forget(page);
                let encoded = base64::engine::general_purpose::URL_SAFE.encode(error.ser());
                (flash.get(FUNCTION), encoded)
            }
            _ => Default::default(),
        }
    }
}
