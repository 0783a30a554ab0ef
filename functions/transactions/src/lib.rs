//! Instruments and prices, and (later) every event of the ledger.
//!
//! Invariants:
//! - An instrument's class and sector are what a source says; unknown is `unclassified`, never guessed.
//! - A file is loaded whole or not at all, and a file loaded twice changes nothing.
//! - An older file never overwrites what a newer one said of an instrument.

pub mod instrument_search;
pub mod prices_load;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![instrument_search::route()]
}
