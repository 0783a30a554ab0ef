//! The events of the ledger that people enter.
//!
//! Invariants:
//! - What somebody corrected or took out by hand stays so when a file is imported again.

pub mod corporate_action_apply;
pub mod create;
pub mod delete;
mod entry;
pub mod reasons;
pub mod update;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![create::route(), update::route(), delete::route(), corporate_action_apply::route()]
}
