//! What whoever pays for a workspace is entitled to.

use shared::Problem;
use shared::db::{Statement, statement};
use shared::problem::reasons::PRO_ONLY;
use tokio_postgres::Row;

/// The question for the tier of the entered workspace.
pub fn tier<'a>() -> Statement<'a> {
    statement("select tenant.is_pro() as pro", [])
}

/// Refuses a workspace that is not on Pro.
pub fn need_pro(rows: &[Row]) -> Result<(), Problem> {
    if rows.first().is_some_and(|row| row.get("pro")) {
        return Ok(());
    }
    Err(Problem::new(PRO_ONLY))
}
