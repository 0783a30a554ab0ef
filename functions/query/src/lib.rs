//! Questions in the portfolio query language.
//!
//! Invariants:
//! - Nothing but a query that was read without a fault is ever run.
//! - Every fault of a query is told at once, each with its place.
//! - A query is in the log before it runs, and what came of it after; only whoever asked sees either.
//! - A figure that is not known is never zero: it says why.

pub mod certified_create;
pub mod certified_delete;
pub mod certified_list;
pub mod execute;
mod log;
pub mod log_get;
pub mod log_list;
mod reasons;
pub mod rerun;
mod run;
pub mod schema;
pub mod validate;

pub use reasons::ALL as REASONS;
use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![
        schema::route(),
        validate::route(),
        execute::route(),
        log_list::route(),
        log_get::route(),
        rerun::route(),
        certified_create::route(),
        certified_list::route(),
        certified_delete::route(),
    ]
}
