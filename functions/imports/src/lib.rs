//! Statements and lists of events: read, stored, taken back.
//!
//! Invariants:
//! - A statement is a dated assertion. The newest complete one of a segment decides what is held;
//!   the order in which files arrive does not matter, and the same file twice changes nothing.
//! - A file with a row that could not be read removes nothing: the row may be the very holding.
//! - A file's contents reach the database, and nothing else: no log, no event, no error text.

pub mod create;
pub mod file;
pub mod get;
pub mod list;
pub mod reasons;
pub mod template;
pub mod undo;
pub mod upload;
pub mod upload_get;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![
        create::route(),
        list::route(),
        get::route(),
        undo::route(),
        template::route(),
        upload::route(),
        upload_get::route(),
    ]
}
