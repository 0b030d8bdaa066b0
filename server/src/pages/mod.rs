//! The pages and their server functions, with what they need put into their context.

pub mod guest;
mod policy;
pub mod rendering;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use app::context::{Allowed, Guard, Guarded, Making, Network, Peer, RequestId as ForPages, Site};
use app::shown::Telling;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use domain::Problem;
use http::header::{CONTENT_LENGTH, CONTENT_SECURITY_POLICY};
use http::request::Parts;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};

use crate::client_address::ClientAddress;
use crate::request_id::{self, RequestId, problem_response};
use crate::state::AppState;

/// A page, for whoever asks for it.
pub async fn show(State(state): State<AppState>, id: RequestId, request: Request) -> Response {
    let shown = state.clone();
    state.rendering.run(id, async move { render(&shown, request).await }).await
}

/// A server function. Its body is there already (`rpc::layer`): who sends slowly, or leaves, has begun nothing.
pub async fn call(State(state): State<AppState>, id: RequestId, request: Request) -> Response {
    let context = context(state.clone());
    let called = async move {
        rendering::apart(leptos_axum::handle_server_fns_with_context(context, request)).await.into_response()
    };
    state.calling.run(id, called).await
}

/// No route: a problem for programs, the page that helps for people.
pub async fn not_found(State(state): State<AppState>, id: RequestId, request: Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        return problem_response(&Problem::NotFound);
    }
    show(State(state), id, request).await
}

/// To be run on a stage of its own, see [`rendering::Rendering`].
async fn render(state: &AppState, request: Request) -> Response {
    let nonce = Arc::new(Mutex::new(String::new()));
    let context = {
        let (nonce, context) = (nonce.clone(), context(state.clone()));
        let telling = request.extensions().get::<Telling>().cloned();
        move || {
            rendering::keep_owner();
            let mark = use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
            *nonce.lock().unwrap_or_else(PoisonError::into_inner) = mark;
            if let Some(telling) = &telling {
                provide_context(telling.clone());
            }
            context();
        }
    };
    let options = state.leptos.clone();
    let answer = leptos_axum::render_app_async_with_context(context, move || app::shell(options.clone()));
    let (mut parts, page) = answer(request).await.into_parts();
    let Some(page) = rendering::whole(page).await else {
        let request_id = request_id::current();
        return problem_response(&Problem::Internal { request_id });
    };
    let nonce = nonce.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let sealed = policy::seal(&String::from_utf8_lossy(&page), &nonce);
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_SECURITY_POLICY, sealed.policy);
    Response::from_parts(parts, Body::from(sealed.page))
}

/// What pages and server functions find in their context; the request's parts are there already.
fn context(state: AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        provide_context(state.services.clone());
        provide_context(Site {
            base_url: state.config.base_url.as_str().trim_end_matches('/').to_owned(),
            secure_cookies: state.config.is_https(),
        });
        let (limits, allowances) = (state.limits.clone(), state.allowances.clone());
        let parts = use_context::<Parts>();
        let id = parts.as_ref().and_then(|parts| parts.extensions.get::<RequestId>().cloned());
        provide_context(ForPages(id.map(|id| id.as_str().to_owned()).unwrap_or_default()));
        let address = parts.and_then(|parts| parts.extensions.get::<ClientAddress>().copied());
        if let Some(address) = address {
            provide_context(Network(address.network()));
            provide_context(Allowed(Arc::new(move |what| match what {
                Making::Booking => allowances.bookings.take(address),
                Making::Account => allowances.sign_ups.take(address),
            })));
        }
        provide_context(Peer(address.map_or(Ipv4Addr::UNSPECIFIED.into(), |ClientAddress(address)| address)));
        provide_context(Guard(Arc::new(move |what| match (address, what) {
            (Some(ClientAddress(address)), Guarded::SignUp) => limits.check_sign_up(address),
            (Some(ClientAddress(address)), Guarded::Password { email, acquaintance }) => {
                limits.check_sign_in(address, email, acquaintance)
            }
            (_, Guarded::OwnPassword { email }) => limits.check_own_password(email),
            (Some(ClientAddress(address)), Guarded::Booking) => limits.check_booking(address),
            (None, _) => Ok(()),
        })));
    }
}
