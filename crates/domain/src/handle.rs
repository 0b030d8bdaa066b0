//! The name of a provider in addresses.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// 3 to 30 of `a-z 0-9 -`. Never of the form of an id: it is too short.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Handle(String);

crate::text::text_type!(Handle);

/// Why a text is no handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAHandle {
    #[error("from 3 to 30 characters")]
    Length,
    #[error("only the letters a to z, digits and hyphens")]
    Letters,
}

impl Handle {
    pub const LENGTH: RangeInclusive<usize> = 3..=30;

    /// Of an address as somebody typed or copied it: capitals name no other provider.
    pub fn in_address(text: &str) -> Option<Self> {
        text.to_ascii_lowercase().parse().ok()
    }

    /// Whether it is a path of our own, of pages or of the API (`/availability/{provider}`), or a name that would
    /// mislead a guest: nobody may take it.
    pub fn is_reserved(&self) -> bool {
        RESERVED.contains(&self.0.as_str())
    }
}

impl std::str::FromStr for Handle {
    type Err = NotAHandle;

    fn from_str(text: &str) -> Result<Self, NotAHandle> {
        if !Self::LENGTH.contains(&text.chars().count()) {
            return Err(NotAHandle::Length);
        }
        if !text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            return Err(NotAHandle::Letters);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Handle {
    type Error = NotAHandle;

    fn try_from(text: String) -> Result<Self, NotAHandle> {
        text.parse()
    }
}

const RESERVED: &[&str] = &[
    "about",
    "account",
    "admin",
    "administrator",
    "api",
    "app",
    "assets",
    "availability",
    "batch",
    "bookings",
    "calendar",
    "contact",
    "copy",
    "dashboard",
    "docs",
    "entries",
    "eventide",
    "favicon",
    "healthz",
    "help",
    "holds",
    "live",
    "login",
    "logout",
    "me",
    "metrics",
    "offerings",
    "pkg",
    "privacy",
    "problems",
    "providers",
    "readyz",
    "register",
    "robots",
    "root",
    "security",
    "settings",
    "sign-in",
    "sign-out",
    "sign-up",
    "static",
    "status",
    "support",
    "system",
    "terms",
    "tokens",
    "webhooks",
    "well-known",
    "www",
];
