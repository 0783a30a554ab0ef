//! Holdings, totals, gains, returns, snapshots.

mod compared;
mod export;
mod ledger;
mod reads;
mod snapshot;
