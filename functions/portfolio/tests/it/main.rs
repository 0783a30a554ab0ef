//! Imports, holdings, totals, snapshots.

mod budget;
mod compared;
mod export;
mod folios;
mod import;
mod ledger;
mod reads;
mod snapshot;
mod upload;
