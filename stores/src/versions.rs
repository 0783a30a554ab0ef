//! Versions of what figures are worked out from.

use serde::Serialize;
use shared::db::{Statement, statement};
use tokio_postgres::Row;
use utoipa::ToSchema;

/// How often what figures are worked out from was changed: the same versions on the same day have the same figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Versions {
    /// The workspace's events, statements, links, accounts and stated kinds.
    pub ledger: i64,
    /// Prices, names, symbols, indices and kinds, which are the same for everybody.
    pub market: i64,
}

impl Versions {
    /// The question for them. It is asked before the rows they are of: what changes meanwhile makes a book newer than they
    /// say, and never older.
    pub fn statement<'a>() -> Statement<'a> {
        statement("select ledger, market from tenant.versions()", [])
    }

    /// What was answered.
    pub fn read(rows: &[Row]) -> Self {
        let row = rows.first();
        row.map(|row| Self { ledger: row.get("ledger"), market: row.get("market") })
            .unwrap_or_default()
    }
}
