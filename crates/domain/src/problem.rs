//! What can go wrong, said once for REST, pages and logs (RFC 9457).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::booking::InvalidTransition;
use crate::{AvailabilityEntry, BookingStatus, FieldError, Offering, TimeRange};

/// What was changed meanwhile, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Current {
    Entry(AvailabilityEntry),
    Offering(Offering),
}

/// A problem, as it travels: `type` with members of its own.
///
/// [`Problem::document`] adds title, status and detail for `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Problem {
    #[serde(rename = "/problems/malformed")]
    Malformed {
        /// What could not be read, as a sentence.
        detail: String,
    },
    #[serde(rename = "/problems/unauthenticated")]
    Unauthenticated,
    #[serde(rename = "/problems/forbidden")]
    Forbidden,
    #[serde(rename = "/problems/not-found")]
    NotFound,
    #[serde(rename = "/problems/slot-taken")]
    SlotTaken {
        /// Nearest first.
        alternatives: Vec<TimeRange>,
    },
    #[serde(rename = "/problems/availability-overlap")]
    AvailabilityOverlap { conflicts: Vec<Conflict>, suggestions: Vec<TimeRange> },
    #[serde(rename = "/problems/version-conflict")]
    VersionConflict {
        /// What it is now.
        current: Box<Current>,
    },
    #[serde(rename = "/problems/invalid-transition")]
    InvalidTransition {
        /// What the booking is now. RFC 9457 has the name `status` for the HTTP status.
        #[serde(rename = "booking_status")]
        status: BookingStatus,
    },
    #[serde(rename = "/problems/too-large")]
    TooLarge,
    #[serde(rename = "/problems/invalid")]
    Invalid { errors: Vec<FieldError> },
    #[serde(rename = "/problems/not-bookable")]
    NotBookable { reasons: Vec<Reason> },
    #[serde(rename = "/problems/idempotency-mismatch")]
    IdempotencyMismatch,
    #[serde(rename = "/problems/rate-limited")]
    RateLimited { retry_after_seconds: u64 },
    #[serde(rename = "/problems/internal")]
    Internal { request_id: String },
    #[serde(rename = "/problems/unavailable")]
    Unavailable,
}

/// An open entry in the way of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conflict {
    pub availability_id: Uuid,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

/// Why a start cannot be booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reason {
    pub code: ReasonCode,
    /// A sentence for people.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ReasonCode {
    OutsideAvailability,
    Closed,
    Taken,
    Held,
    Buffer,
    OffGrid,
    TooSoon,
    TooFar,
    DailyLimit,
    Full,
    UnknownDuration,
    Inactive,
}

/// What is the same for every problem of a type.
pub struct ProblemType {
    /// The last part of the type's URI.
    pub slug: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What it means and what to do, for the page the URI opens.
    pub explanation: &'static str,
}

/// Every type there is, in the order of the contract.
pub const PROBLEM_TYPES: [ProblemType; 15] = [
    ProblemType {
        slug: "malformed",
        status: 400,
        title: "The request cannot be read",
        explanation: "The JSON, or a value in the path or the query, is not of the form it must have. The detail says which. Mend the request; sending it again unchanged gives the same answer.",
    },
    ProblemType {
        slug: "unauthenticated",
        status: 401,
        title: "Sign in first",
        explanation: "The request needs an Authorization header with a Bearer token that is known and not revoked, or a signed-in session.",
    },
    ProblemType {
        slug: "forbidden",
        status: 403,
        title: "Not allowed",
        explanation: "The token or session is known, but may not do this. A form that was opened before the last sign-in is refused too: load its page again.",
    },
    ProblemType {
        slug: "not-found",
        status: 404,
        title: "Not found",
        explanation: "There is no such thing, or it belongs to somebody else: the answer is the same for both.",
    },
    ProblemType {
        slug: "slot-taken",
        status: 409,
        title: "That time was just taken",
        explanation: "Somebody else has this time. The alternatives are the nearest free ones.",
    },
    ProblemType {
        slug: "availability-overlap",
        status: 409,
        title: "The hours overlap others",
        explanation: "Open entries of one provider may not overlap. The conflicts name the entries in the way and where; the suggestions are the nearest stretches that are free of others.",
    },
    ProblemType {
        slug: "version-conflict",
        status: 409,
        title: "It was changed meanwhile",
        explanation: "The version sent is not the current one. The member current is the entry as it is now; look at it and decide again.",
    },
    ProblemType {
        slug: "invalid-transition",
        status: 409,
        title: "Not possible in this status",
        explanation: "The booking's status does not allow it: a cancelled booking cannot be cancelled again, say. The member booking_status is what it is now.",
    },
    ProblemType {
        slug: "too-large",
        status: 413,
        title: "The request is too large",
        explanation: "The body is longer than the server reads.",
    },
    ProblemType {
        slug: "invalid",
        status: 422,
        title: "Some values are not right",
        explanation: "Each of the errors names a field, a code and a sentence. All faults are listed at once.",
    },
    ProblemType {
        slug: "not-bookable",
        status: 422,
        title: "That time cannot be booked",
        explanation: "The time is outside the provider's rules. Each reason has a code: outside_availability, closed, taken, held, buffer, off_grid, too_soon, too_far, daily_limit, full, unknown_duration or inactive.",
    },
    ProblemType {
        slug: "idempotency-mismatch",
        status: 422,
        title: "The idempotency key was used for something else",
        explanation: "The same Idempotency-Key came before with another body. Use a new key for a new request, and the old one only to repeat the old.",
    },
    ProblemType {
        slug: "rate-limited",
        status: 429,
        title: "Too many requests",
        explanation: "Wait as many seconds as the Retry-After header says.",
    },
    ProblemType {
        slug: "internal",
        status: 500,
        title: "Something went wrong on our side",
        explanation: "The fault is logged under the request id. Trying again may help.",
    },
    ProblemType {
        slug: "unavailable",
        status: 503,
        title: "The service is not available at the moment",
        explanation: "The database cannot be reached. Try again after as many seconds as the Retry-After header says.",
    },
];

impl Problem {
    pub fn problem_type(&self) -> &'static ProblemType {
        &PROBLEM_TYPES[match self {
            Self::Malformed { .. } => 0,
            Self::Unauthenticated => 1,
            Self::Forbidden => 2,
            Self::NotFound => 3,
            Self::SlotTaken { .. } => 4,
            Self::AvailabilityOverlap { .. } => 5,
            Self::VersionConflict { .. } => 6,
            Self::InvalidTransition { .. } => 7,
            Self::TooLarge => 8,
            Self::Invalid { .. } => 9,
            Self::NotBookable { .. } => 10,
            Self::IdempotencyMismatch => 11,
            Self::RateLimited { .. } => 12,
            Self::Internal { .. } => 13,
            Self::Unavailable => 14,
        }]
    }

    pub fn status(&self) -> u16 {
        self.problem_type().status
    }

    /// What happened and what to do next, as a sentence or two for people.
    pub fn detail(&self) -> String {
        match self {
            Self::Malformed { detail } => detail.clone(),
            Self::Unauthenticated => "Sign in, or send a valid token.".into(),
            Self::Forbidden => "You may not do this.".into(),
            Self::NotFound => "There is nothing here, or it is not yours.".into(),
            Self::SlotTaken { alternatives } if alternatives.is_empty() => {
                "That time was just taken, and there is no other near it.".into()
            }
            Self::SlotTaken { .. } => "That time was just taken. These are the nearest free ones.".into(),
            Self::AvailabilityOverlap { .. } => {
                "These hours overlap others that are open. Choose another time, or change the others.".into()
            }
            Self::VersionConflict { .. } => "It was changed meanwhile. Look at it as it is now, and try again.".into(),
            // What stands and cannot be changed is over.
            Self::InvalidTransition { status } if status.is_active() => {
                "This is no longer possible: the appointment is over.".into()
            }
            Self::InvalidTransition { status } => {
                format!("This is not possible while the booking is {}.", status.as_str().replace('_', "-"))
            }
            Self::TooLarge => "The request is larger than we accept.".into(),
            Self::Invalid { errors } => match errors.as_slice() {
                [one] => one.message.clone(),
                _ => "Some values are not right; each is explained.".into(),
            },
            Self::NotBookable { reasons } => {
                reasons.iter().map(|reason| reason.detail.as_str()).collect::<Vec<_>>().join(" ")
            }
            Self::IdempotencyMismatch => "This idempotency key was already used with another body.".into(),
            Self::RateLimited { retry_after_seconds } => {
                // Some limits are of hours or days.
                match retry_after_seconds {
                    0..=120 => format!("Too many requests. Try again in {retry_after_seconds} s."),
                    121..=7200 => {
                        format!("Too many requests. Try again in {} minutes.", retry_after_seconds.div_ceil(60))
                    }
                    _ => format!("Too many requests. Try again in {} hours.", retry_after_seconds.div_ceil(3600)),
                }
            }
            Self::Internal { request_id } => {
                format!("Something went wrong on our side. If you report it, name the request {request_id}.")
            }
            Self::Unavailable => "The service cannot be reached at the moment. Try again shortly.".into(),
        }
    }

    /// The `application/problem+json` document.
    pub fn document(&self) -> serde_json::Value {
        let kind = self.problem_type();
        let mut document = serde_json::to_value(self).unwrap_or_default();
        if let Some(members) = document.as_object_mut() {
            members.remove("retry_after_seconds");
            members.insert("title".into(), kind.title.into());
            members.insert("status".into(), kind.status.into());
            members.insert("detail".into(), self.detail().into());
        }
        document
    }

    /// A single fault of a field.
    pub fn field(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self::Invalid { errors: vec![FieldError::new(field, code, message)] }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail())
    }
}

impl std::error::Error for Problem {}

impl From<InvalidTransition> for Problem {
    fn from(refused: InvalidTransition) -> Self {
        Self::InvalidTransition { status: refused.0 }
    }
}

impl From<Vec<FieldError>> for Problem {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Invalid { errors }
    }
}
