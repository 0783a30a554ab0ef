//! What programs may do with a workspace, and who did what in it.
//!
//! Invariants:
//! - A key is shown once and kept as its SHA-256; what lists show of it opens nothing.
//! - A key acts within its maker's present role, and within its scopes.
//! - The audit log is added to and never changed, by anybody.

pub mod audit_list;
pub mod key_create;
pub mod key_list;
pub mod key_revoke;
pub mod key_rotate;
pub mod reasons;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![
        key_create::route(),
        key_list::route(),
        key_rotate::route(),
        key_revoke::route(),
        audit_list::route(),
    ]
}
