//! Who can be booked.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Email, Handle, TimeZone};

/// What everybody may know of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicProvider {
    pub provider_id: Uuid,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub handle: Handle,
    pub display_name: String,
    pub bio: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "Europe/Paris"))]
    pub time_zone: TimeZone,
}

/// What a provider sees of themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provider {
    #[serde(flatten)]
    pub public: PublicProvider,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub email: Email,
    pub created_at: DateTime<Utc>,
}

/// The fewest characters of a new password.
pub const SHORTEST_PASSWORD: usize = 10;

/// A secret that must not reach a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A sign-up, every field checked.
#[derive(Clone, Debug)]
pub struct NewProvider {
    pub handle: Handle,
    pub display_name: String,
    pub email: Email,
    pub password: Password,
    pub time_zone: TimeZone,
}

/// What was entered to sign in; not checked beyond its presence, so that the answer tells nothing.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub email: Email,
    pub password: Password,
    /// A name for the token, where one is made.
    pub name: Option<String>,
}

/// A password to be replaced by another.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// The one that is in use.
    pub password: Password,
    pub new_password: Password,
}

/// The changes that `PATCH /me` asks for; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct ProviderChanges {
    pub handle: Option<Handle>,
    pub display_name: Option<String>,
    pub bio: Option<String>,
    pub time_zone: Option<TimeZone>,
}

/// An API token as it is listed: never the secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenInfo {
    pub token_id: Uuid,
    pub name: String,
    pub created_at: DateTime<Utc>,
}
