//! Broker accounts, connections to Zerodha, and the daily refresh.
//!
//! Invariants:
//! - Only this service writes `brokers.*`; imports begin accounts through `brokers.link_account`.
//! - A run of the daily refresh asks for each account once, however often it is repeated.
//! - What a broker said last stays until it says something newer: a failure changes the account's health and nothing else.
//! - A connection is its person's alone: other members do not see it, and its token is kept sealed, only while it is good.
//! - A Zerodha account has one connection in all of the installation.

pub mod account_delete;
pub mod account_list;
pub mod account_update;
mod connection;
pub mod connection_expire;
mod kite_apps;
mod login_state;
pub mod reasons;
pub mod refresh_daily;
pub mod sealing;
pub mod sync;
pub mod sync_account;
pub mod zerodha_callback;
pub mod zerodha_disconnect;
pub mod zerodha_initiate;
pub mod zerodha_landing;
pub mod zerodha_status;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![
        account_list::route(),
        account_update::route(),
        account_delete::route(),
        sync::route(),
        zerodha_initiate::route(),
        zerodha_landing::route(),
        zerodha_callback::route(),
        zerodha_status::route(),
        zerodha_disconnect::route(),
    ]
}
