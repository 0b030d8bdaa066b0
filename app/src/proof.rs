//! What tells the server that a change comes from a page of ours: a field in every form, or, from scripts, a
//! header that no form can send. Its demand for one of them is in `server/src/proof.rs`.

use leptos::prelude::*;

/// The name of the field.
pub const FIELD: &str = "_proof";

/// The name of the header; whatever it says.
#[cfg(feature = "provider")]
pub const HEADER: &str = "x-eventide-page";

/// To stand in every form that is sent to a server function of a signed-in provider.
///
/// Only the server knows what it says, and only where there are no scripts is it ever asked: taking over the page,
/// scripts leave the field as it is, and the forms that they make send the header.
#[component]
pub fn Proof() -> AnyView {
    #[cfg(feature = "ssr")]
    let proof = crate::context::session_token().map(|token| service::proof::of(&token)).unwrap_or_default();
    #[cfg(not(feature = "ssr"))]
    let proof = "";
    view! { <input type="hidden" name=FIELD value=proof/> }.into_any()
}

#[cfg(feature = "provider")]
pub use scripts::Scripts;

#[cfg(feature = "provider")]
mod scripts {
    use std::future::Future;

    use leptos::server_fn::client::Client;
    use leptos::server_fn::client::browser::BrowserClient;
    use leptos::server_fn::error::FromServerFnError;
    use leptos::server_fn::request::browser::BrowserRequest;
    use leptos::server_fn::response::browser::BrowserResponse;
    use server_fn::Bytes;

    /// Calls a server function with [`super::HEADER`].
    pub struct Scripts;

    impl<E, I, O> Client<E, I, O> for Scripts
    where
        E: FromServerFnError,
        I: FromServerFnError,
        O: FromServerFnError,
    {
        type Request = BrowserRequest;
        type Response = BrowserResponse;

        fn send(request: BrowserRequest) -> impl Future<Output = Result<BrowserResponse, E>> + Send {
            request.headers().set(super::HEADER, "1");
            <BrowserClient as Client<E, I, O>>::send(request)
        }

        fn open_websocket(
            path: &str,
        ) -> impl Future<
            Output = Result<
                (
                    impl futures::Stream<Item = Result<Bytes, Bytes>> + Send + 'static,
                    impl futures::Sink<Bytes> + Send + 'static,
                ),
                E,
            >,
        > + Send {
            <BrowserClient as Client<E, I, O>>::open_websocket(path)
        }

        fn spawn(future: impl Future<Output = ()> + Send + 'static) {
            <BrowserClient as Client<E, I, O>>::spawn(future);
        }
    }
}
