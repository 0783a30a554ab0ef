//! One exact portfolio: imports, holdings, totals.
//!
//! Invariants:
//! - A statement is a dated assertion. The newest complete one of a segment decides what is held;
//!   the order in which files arrive does not matter, and the same file twice changes nothing.
//! - A file with a row that could not be read removes nothing: the row may be the very holding.
//! - What has no price or no cost is counted as such and never taken for zero.
//! - A file's contents reach the database, and nothing else: no log, no event, no error text.

mod asked;
pub mod export;
pub mod gains;
pub mod get;
pub mod holdings;
pub mod import;
pub mod import_get;
pub mod import_template;
pub mod import_undo;
pub mod income;
pub mod performance;
pub mod positions;
pub mod reasons;
pub mod snapshot;
pub mod summary;
pub mod trades;
pub mod upload;
pub mod upload_get;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![
        get::route(),
        summary::route(),
        holdings::route(),
        import::route(),
        import_get::route(),
        import_template::route(),
        import_undo::route(),
        trades::route(),
        income::route(),
        gains::route(),
        performance::route(),
        positions::route(),
        export::route(),
        upload::route(),
        upload_get::route(),
    ]
}
