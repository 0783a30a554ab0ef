//! One exact portfolio: holdings, totals, gains, returns.
//!
//! Invariants:
//! - Lots, gains, income and returns are worked out from events and statements at each read.
//! - What has no price or no cost is counted as such and never taken for zero.
//! - Only snapshots and the values of accounts are stored here; imports belong to `imports`.

pub mod advance_tax;
mod asked;
pub mod export;
pub mod gains;
pub mod get;
pub mod holdings;
pub mod income;
pub mod performance;
pub mod positions;
pub mod projection;
pub mod reasons;
pub mod sips;
pub mod snapshot;
pub mod summary;
pub mod trades;
mod xirr;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![
        get::route(),
        summary::route(),
        holdings::route(),
        trades::route(),
        income::route(),
        gains::route(),
        performance::route(),
        positions::route(),
        sips::route(),
        projection::route(),
        advance_tax::route(),
        export::route(),
    ]
}
