//! Questions in the portfolio query language.
//!
//! Invariants:
//! - Nothing but a query that was read without a fault is ever run.
//! - Every fault of a query is told at once, each with its place.

pub mod schema;
pub mod validate;

use shared::Reason;
use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![schema::route(), validate::route()]
}

/// Refusals of its own: there are none.
pub const REASONS: &[Reason] = &[];
