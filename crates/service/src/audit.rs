//! Who signed in, from where, and who was refused: events of the log target `audit`, without secrets.
//!
//! An account is told by its provider's id. An e-mail that is nobody's is told by a hash under a key that lives as
//! long as the process: who reads the log sees that the same one is tried again and again, and not which it is.

use std::net::IpAddr;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use uuid::Uuid;

const TARGET: &str = "audit";

pub fn signed_in(provider_id: Uuid, address: IpAddr, how: &'static str) {
    tracing::info!(target: TARGET, event = "signed_in", %provider_id, %address, how, "signed in");
}

/// A wrong password, or one for nobody.
pub fn sign_in_failed(provider_id: Option<Uuid>, email: &str, address: IpAddr) {
    match provider_id {
        Some(provider_id) => {
            tracing::warn!(target: TARGET, event = "sign_in_failed", %provider_id, %address, "a wrong password");
        }
        None => {
            let account = stranger(email);
            tracing::warn!(target: TARGET, event = "sign_in_failed", account, %address, "a password for no account");
        }
    }
}

/// Something about an account was changed: `what` is a fixed word.
pub fn account_changed(provider_id: Uuid, address: IpAddr, what: &'static str) {
    tracing::info!(target: TARGET, event = what, %provider_id, %address, "an account was changed");
}

/// Before a password was looked at.
pub fn too_many_passwords(email: &str, address: IpAddr) {
    let account = stranger(email);
    tracing::warn!(target: TARGET, event = "refused", why = "too_many_passwords", account, %address, "refused");
}

/// By its session, but not by a page of ours.
pub fn without_proof(function: &str, address: IpAddr) {
    tracing::warn!(target: TARGET, event = "refused", why = "without_proof", function, %address, "refused");
}

/// The hash that stands for an e-mail.
fn stranger(email: &str) -> String {
    static KEY: LazyLock<[u8; 32]> = LazyLock::new(rand::random);
    let hash = Sha256::new().chain_update(*KEY).chain_update(email.trim().to_lowercase()).finalize();
    hex::encode(&hash[..8])
}
