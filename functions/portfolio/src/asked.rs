//! Fields that several requests have.

use shared::db::{Statement, statement};
use shared::fields::Fields;
use shared::problem::reasons::NOT_FOUND;
use shared::{Problem, typed};
use tokio_postgres::Row;
use uuid::Uuid;

/// Whether the account that is asked for, if one is, is the workspace's.
pub(crate) fn account_known(account: &Option<Uuid>) -> Statement<'_> {
    statement("select from brokers.accounts where $1 is null or account_id = $1", [typed(account)])
}

/// An account of somebody else's is none, not one with nothing in it.
pub(crate) fn check_account(account: Option<Uuid>, answer: &[Row]) -> Result<(), Problem> {
    match account {
        Some(_) if answer.is_empty() => Err(Problem::new(NOT_FOUND)),
        _ => Ok(()),
    }
}

/// The year in which a financial year begins, which may be missing.
pub(crate) fn year(fields: &mut Fields) -> Option<Option<i16>> {
    let year = fields.integer("year", 1990, 2100)?;
    Some(year.and_then(|year| i16::try_from(year).ok()))
}
