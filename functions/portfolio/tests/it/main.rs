//! Imports, holdings, totals, snapshots.

mod import;
mod reads;
mod snapshot;
