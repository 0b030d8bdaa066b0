//! What the pages ask of the server, a noun a file: each says who asks, parses, calls one function of the service.

#[cfg(feature = "provider")]
pub mod account;
#[cfg(feature = "provider")]
pub mod availability;
pub mod bookings;
#[cfg(feature = "provider")]
pub mod offerings;
#[cfg(feature = "provider")]
pub mod own_bookings;
#[cfg(feature = "provider")]
pub mod providers;
pub mod sessions;
#[cfg(feature = "provider")]
pub mod tokens;

#[cfg(feature = "ssr")]
mod doors {
    use uuid::Uuid;

    use crate::error::ApiError;
    use crate::form_flash::Flash;

    /// An id as it came; what is none names nothing.
    pub fn id(text: &str) -> Result<Uuid, ApiError> {
        text.parse().map_err(|_| ApiError::from(domain::Problem::NotFound))
    }

    /// Where a form without JavaScript goes when it is done; with JavaScript the page stays.
    pub fn return_to(path: &str) {
        if crate::context::is_plain_form() {
            leptos_axum::redirect(path);
        }
    }

    /// Sends a plain form back to its page, with what was typed.
    pub fn back_to(page: &str, flash: Flash) {
        // No form of ours leads to such an address.
        if crate::context::is_plain_form() && page.len() <= 2000 {
            flash.keep(page.split(['?', '#']).next().unwrap_or(page));
            leptos_axum::redirect(page);
        }
    }
}

#[cfg(feature = "ssr")]
use doors::{back_to, id, return_to};
