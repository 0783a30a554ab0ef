//! Who is calling: registration, sign-in, sessions.
//!
//! Invariants:
//! - An answer never tells whether an address is known: the work is the same either way.
//! - A password is kept as its argon2id hash, a mailed code as its SHA-256; neither is in an event.
//! - A refresh token is good once; a second use is a retry at once, or ends the session.
//! - An identity of another issuer is (issuer, subject), never joined by an e-mail address.
//! - Before there is a tenant, everything goes through definer functions that answer one row.

mod code;
pub mod erase;
pub mod exchange;
pub mod export;
pub mod export_get;
pub mod export_run;
mod external;
mod external_token;
pub mod forgot_password;
pub mod login;
pub mod logout;
pub mod me;
pub mod oauth_callback;
pub mod oauth_start;
mod password;
mod providers;
pub mod purge;
pub mod reasons;
pub mod refresh;
mod refresh_token;
pub mod register;
pub mod reset_password;
mod session;
pub mod update;
pub mod verify_email;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![
        register::route(),
        verify_email::route(),
        login::route(),
        oauth_start::route(),
        oauth_callback::route(),
        exchange::route(),
        refresh::route(),
        logout::route(),
        forgot_password::route(),
        reset_password::route(),
        me::route(),
        update::route(),
        erase::route(),
        export::route(),
        export_get::route(),
    ]
}
