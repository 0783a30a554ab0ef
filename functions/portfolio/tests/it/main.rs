//! Imports, holdings, totals, snapshots.

mod compared;
mod export;
mod folios;
mod import;
mod ledger;
mod reads;
mod snapshot;
mod upload;
