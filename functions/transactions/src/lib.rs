//! Instruments, prices, and the events of the ledger that people enter.
//!
//! Invariants:
//! - An instrument's class and sector are what a source says; unknown is `unclassified`, never guessed.
//! - A file is loaded whole or not at all, and a file loaded twice changes nothing.
//! - What somebody corrected or took out by hand stays so when a file is imported again.
//! - An older file never overwrites what a newer one said of an instrument.

pub mod asset_kind;
pub mod corporate_action_apply;
pub mod corporate_action_list;
mod corporate_actions;
pub mod create;
pub mod delete;
mod entry;
pub mod instrument_search;
pub mod prices_load;
pub mod reasons;
pub mod revalue;
pub mod update;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![
        instrument_search::route(),
        asset_kind::route(),
        create::route(),
        update::route(),
        delete::route(),
        corporate_action_list::route(),
        corporate_action_apply::route(),
    ]
}
