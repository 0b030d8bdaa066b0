//! The pages and their server functions, with what they need put into their context.

use std::sync::{Arc, LazyLock};

use app::context::{Guard, Guarded, RequestId, Site};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::Problem;
use http::request::Parts;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list};

use crate::client_address::ClientAddress;
use crate::request_id::{self, problem_response};
use crate::state::AppState;

/// Forms are short.
const LONGEST_FORM: usize = 64 * 1024;

/// Listed once for the process. While leptos lists routes, no resource of the whole process loads (it has one flag for
/// that), and the first listing to end lets those of another load, without their context: of several servers in one
/// process, as in tests, some would stand still and some would panic.
static PAGES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(app::App));

pub fn routes(state: &AppState) -> Router<AppState> {
    let options = state.leptos.clone();
    let pages = PAGES.clone();
    let context = context(state.clone());
    let rpc = {
        let context = context.clone();
        move |request: Request| leptos_axum::handle_server_fns_with_context(context.clone(), request)
    };
    Router::new()
        .leptos_routes_with_context(state, pages, context, move || app::shell(options.clone()))
        .route("/rpc/{*function}", post(rpc.clone()).get(rpc))
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
        .layer(tower_http::limit::RequestBodyLimitLayer::new(LONGEST_FORM))
}

/// What pages and server functions find in their context; the request's parts are there already.
fn context(state: AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        provide_context(state.services.clone());
        provide_context(Site {
            base_url: state.config.base_url.as_str().trim_end_matches('/').to_owned(),
            secure_cookies: state.config.is_https(),
        });
        let limits = state.limits.clone();
        let parts = use_context::<Parts>();
        let id = parts.as_ref().and_then(|parts| parts.extensions.get::<request_id::RequestId>().cloned());
        provide_context(RequestId(id.map(|id| id.as_str().to_owned()).unwrap_or_default()));
        let address = parts.and_then(|parts| parts.extensions.get::<ClientAddress>().copied());
        provide_context(Guard(Arc::new(move |what| match (address, what) {
            (Some(ClientAddress(address)), Guarded::Password { email }) => limits.check_sign_in(address, email),
            (Some(ClientAddress(address)), Guarded::Booking) => limits.check_booking(address),
            (None, _) => Ok(()),
        })));
    }
}

/// No route: a problem for programs, the page that helps for people.
pub async fn not_found(State(state): State<AppState>, request: Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        return problem_response(&Problem::NotFound);
    }
    let options = state.leptos.clone();
    let render = leptos_axum::render_app_async_with_context(context(state), move || app::shell(options.clone()));
    render(request).await.into_response()
}
