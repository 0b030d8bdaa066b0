//! What a server function answers when it cannot do as asked: the same problems as REST's.

use domain::Problem;
#[cfg(feature = "ssr")]
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::error::{FromServerFnError, ServerFnErrorErr};

use crate::json_codec::TextEncoding;

/// A problem on its way from a server function to the page that asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(not(feature = "provider"), serde(from = "Flat"))]
pub struct ApiError(pub Problem);

/// A problem as a guest's page reads it. The pages of providers read all there is; guests have no hours
/// that could overlap or be changed meanwhile, and need not load the readers for that.
#[cfg(not(feature = "provider"))]
#[derive(Deserialize)]
struct Flat {
    r#type: String,
    detail: Option<String>,
    #[serde(default)]
    alternatives: Vec<domain::TimeRange>,
    #[serde(default)]
    errors: Vec<domain::FieldError>,
    #[serde(default)]
    reasons: Vec<domain::problem::Reason>,
    booking_status: Option<domain::BookingStatus>,
    retry_after_seconds: Option<u64>,
    request_id: Option<String>,
}

#[cfg(not(feature = "provider"))]
impl From<Flat> for ApiError {
    fn from(flat: Flat) -> Self {
        Self(match flat.r#type.trim_start_matches("/problems/") {
            "malformed" => Problem::Malformed { detail: flat.detail.unwrap_or_default() },
            "unauthenticated" => Problem::Unauthenticated,
            "forbidden" => Problem::Forbidden,
            "not-found" => Problem::NotFound,
            "slot-taken" => Problem::SlotTaken { alternatives: flat.alternatives },
            "invalid-transition" => match flat.booking_status {
                Some(status) => Problem::InvalidTransition { status },
                None => Problem::Unavailable,
            },
            "too-large" => Problem::TooLarge,
            "invalid" => Problem::Invalid { errors: flat.errors },
            "not-bookable" => Problem::NotBookable { reasons: flat.reasons },
            "idempotency-mismatch" => Problem::IdempotencyMismatch,
            "rate-limited" => {
                Problem::RateLimited { retry_after_seconds: flat.retry_after_seconds.unwrap_or_default() }
            }
            "unavailable" => Problem::Unavailable,
            _ => Problem::Internal { request_id: flat.request_id.unwrap_or_default() },
        })
    }
}

impl ApiError {
    /// What is wrong with a field, if anything.
    pub fn field(&self, name: &str) -> Option<&str> {
        let Problem::Invalid { errors } = &self.0 else { return None };
        errors.iter().find(|error| error.field == name).map(|error| error.message.as_str())
    }

    /// Without the faults of a field that is being mended; `None` when nothing else is wrong.
    pub fn without(self, name: &str) -> Option<Self> {
        let Problem::Invalid { mut errors } = self.0 else { return Some(self) };
        errors.retain(|error| error.field != name);
        (!errors.is_empty()).then_some(Self(Problem::Invalid { errors }))
    }

    /// A sentence for people, unless the faults are all shown beside their fields.
    pub fn summary(&self) -> String {
        self.0.detail()
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ApiError {}

impl FromServerFnError for ApiError {
    type Encoder = TextEncoding;

    /// Server and browser make it of what each could not do.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            // The browser could not reach the server, or not understand it.
            #[cfg(not(feature = "ssr"))]
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) | ServerFnErrorErr::Deserialization(_) => {
                Problem::Unavailable
            }
            // The server could not read what was sent.
            #[cfg(feature = "ssr")]
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Request(_)
            | ServerFnErrorErr::Deserialization(_) => {
                let detail = "The form could not be read. Load the page again.".to_owned();
                return Problem::Malformed { detail }.into();
            }
            _ => Problem::Internal { request_id: String::new() },
        })
    }
}

impl From<Problem> for ApiError {
    /// On the server this also sets the status of the answer: of a call's, and of a page's that is
    /// about what was not found, say. Not where the browser is sent elsewhere: after a plain form, and
    /// to sign in.
    fn from(problem: Problem) -> Self {
        #[cfg(feature = "ssr")]
        if !crate::context::is_plain_form()
            && let Some(parts) = use_context::<http::request::Parts>()
            && (problem != Problem::Unauthenticated || parts.uri.path().starts_with("/rpc/"))
            && let Some(response) = use_context::<leptos_axum::ResponseOptions>()
            && let Ok(status) = http::StatusCode::from_u16(problem.status())
        {
            response.set_status(status);
        }
        Self(problem)
    }
}

#[cfg(feature = "ssr")]
impl From<service::Error> for ApiError {
    fn from(error: service::Error) -> Self {
        error.into_problem(&crate::context::request_id()).into()
    }
}
