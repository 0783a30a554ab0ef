//! Who is calling: registration, sign-in, sessions.
//!
//! Invariants:
//! - An answer never tells whether an address is known: the work is the same either way.
//! - A password is kept as its argon2id hash, a mailed code as its SHA-256; neither is in an event.
//! - Before there is a tenant, everything goes through definer functions that answer one row.

pub mod login;
pub mod mail;
pub mod me;
mod password;
pub mod reasons;
pub mod register;
mod session;
pub mod verify_email;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![register::route(), verify_email::route(), login::route(), me::route()]
}
