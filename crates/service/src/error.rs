//! What a use case answers when it cannot do as asked.

use domain::{FieldError, Problem};

use crate::throttle::Throttle;

/// A problem for whoever asked, or a failure of ours whose cause belongs in the log only.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Problem(Problem),
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// The problem to tell; a failure of ours is logged here, once, with its cause.
    pub fn into_problem(self, request_id: &str) -> Problem {
        match self {
            Self::Problem(problem) => problem,
            Self::Database(cause) if is_unavailable(&cause) => {
                // When it is gone it is so for everybody: a few lines say it.
                static LINES: Throttle = Throttle::new();
                if let Some(untold) = LINES.tells() {
                    tracing::error!(%request_id, cause = %cause, untold, "the database cannot be reached");
                }
                Problem::Unavailable
            }
            Self::Database(cause) => {
                tracing::error!(%request_id, cause = %cause, "the database failed");
                Problem::Internal { request_id: request_id.to_owned() }
            }
            Self::Internal(cause) => {
                tracing::error!(%request_id, %cause, "internal error");
                Problem::Internal { request_id: request_id.to_owned() }
            }
        }
    }
}

impl Error {
    /// The constraint that refused, whose name says what it means.
    pub(crate) fn constraint(&self) -> Option<&str> {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.constraint(),
            _ => None,
        }
    }

    /// Whether it is Postgres that cannot be asked now, whatever was asked.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Database(cause) if is_unavailable(cause))
    }

    /// Whether the same transaction may succeed when it is done again: a serialization failure, a
    /// deadlock, or a random reference or seat that another took first.
    pub(crate) fn is_transient(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| matches!(&*code, "40001" | "40P01"))
            || matches!(error.constraint(), Some("booking_reference_unique" | "booking_seat_once"))
    }
}

fn is_unavailable(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // 08: the connection; 53: no connection, memory or disk left; 57P: the server ends, starts, or ended this
            // session.
            ["08", "53", "57P"].iter().any(|class| code.starts_with(class))
                // Took too long, by our limits: a statement, the wait for a lock, a transaction's pause. And a server
                // that only reads by now: another has taken its place.
                || matches!(&*code, "57014" | "55P03" | "25P03" | "25006")
        }),
        _ => false,
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Vec<FieldError>> for Error {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Problem(errors.into())
    }
}

impl From<sqlx::Error> for Error {
    /// A value that Postgres cannot hold came from outside (SQLSTATE class 22: a NUL in a text, a year too far, as in
    /// a forged cursor): the caller's fault and not ours, by whatever door it came.
    fn from(cause: sqlx::Error) -> Self {
        let unheld = match &cause {
            sqlx::Error::Encode(_) => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("22")),
            _ => false,
        };
        if unheld {
            tracing::warn!(%cause, "a value that the database cannot hold");
            return Problem::Malformed { detail: "The request holds a value that cannot be looked up.".into() }.into();
        }
        Self::Database(cause)
    }
}
