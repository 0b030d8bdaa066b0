//! Who asks.

use uuid::Uuid;

use crate::Error;
use domain::Problem;

/// On whose behalf a use case runs. Doors find out who it is; use cases decide what they may do.
#[derive(Clone, PartialEq, Eq)]
pub enum Actor {
    Anonymous,
    /// A provider, by session or API token.
    Provider(Uuid),
    /// A guest with the manage token of a booking, not yet checked: the use case compares its hash.
    Guest {
        manage_token: String,
    },
}

impl Actor {
    /// The provider, or the problem `unauthenticated` (nobody) or `forbidden` (a guest).
    pub fn provider(&self) -> Result<Uuid, Error> {
        match self {
            Self::Provider(provider_id) => Ok(*provider_id),
            Self::Anonymous => Err(Problem::Unauthenticated.into()),
            Self::Guest { .. } => Err(Problem::Forbidden.into()),
        }
    }
}

/// Tokens must not reach a log.
impl std::fmt::Debug for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Provider(id) => write!(f, "Provider({id})"),
            Self::Guest { .. } => f.write_str("Guest(…)"),
        }
    }
}
