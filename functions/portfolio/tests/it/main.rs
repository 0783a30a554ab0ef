//! Imports, holdings, totals, snapshots.

mod export;
mod import;
mod ledger;
mod reads;
mod snapshot;
mod upload;
