//! Holdings, totals, gains, returns, snapshots.

mod compared;
mod export;
mod ledger;
mod plans;
mod reads;
mod snapshot;
