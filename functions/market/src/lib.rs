//! Securities, their prices, and what the exchange says of them.
//!
//! Invariants:
//! - An instrument's class and sector are what a source says; unknown is `unclassified`, never guessed.
//! - A file is loaded whole or not at all, and a file loaded twice changes nothing.
//! - An older file never overwrites what a newer one said of an instrument.

pub mod asset_kind;
pub mod corporate_action_list;
pub mod instrument_search;
pub mod prices_load;
pub mod revalue;

use shared::Reason;
use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![instrument_search::route(), asset_kind::route(), corporate_action_list::route()]
}

/// Refusals of its own: there are none.
pub const REASONS: &[Reason] = &[];
