//! Reads that several services need: SQL to domain types.
//!
//! Only the owning service writes a table; everyone else reads it here. One table is written here: the query log, by
//! [`queries::execute`], so that no service can run a query without it.
#![warn(missing_docs)]

pub mod accounts;
pub mod budget;
pub mod corporate_actions;
pub mod entitlements;
pub mod fields;
pub mod health;
pub mod instruments;
pub mod ledger;
pub mod prices;
pub mod queries;
pub mod sessions;
pub mod tax;
pub mod transactions;
pub mod versions;
