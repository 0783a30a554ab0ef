//! Broker accounts and their daily refresh.
//!
//! Invariants:
//! - Only this service writes `brokers.*`; imports begin accounts through `brokers.link_account`.
//! - The refresh of a day asks for each account once, however often it is run.
//! - An account's day value is computed from what is stored, so messages may come late or twice.

pub mod account_list;
pub mod refresh_daily;
pub mod sync_account;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![account_list::route()]
}
