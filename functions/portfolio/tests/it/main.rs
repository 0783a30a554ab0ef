//! Imports, holdings, totals, snapshots.

mod import;
mod ledger;
mod reads;
mod snapshot;
mod upload;
