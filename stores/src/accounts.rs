//! The accounts of a workspace.

use jiff::Timestamp;
use shared::db::{Statement, statement};
use tokio_postgres::Row;
use uuid::Uuid;

/// An account at a broker.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub account_id: Uuid,
    /// The broker's stable name.
    pub broker: String,
    /// The broker's id of the client.
    pub client_id: String,
    /// What its owner calls it.
    pub label: String,
    /// The permanent account number of whom it belongs to, as its owner states it.
    pub holder: Option<String>,
    /// When it was first seen.
    pub created_at: Timestamp,
}

/// Every account of the entered workspace, by broker and client.
pub fn all<'a>() -> Statement<'a> {
    statement(
        "select account_id, broker, client_id, label, holder, created_at from brokers.accounts order by broker, client_id",
        [],
    )
}

impl From<&Row> for Account {
    fn from(row: &Row) -> Self {
        Self {
            account_id: row.get("account_id"),
            broker: row.get("broker"),
            client_id: row.get("client_id"),
            label: row.get("label"),
            holder: row.get("holder"),
            created_at: row.get("created_at"),
        }
    }
}
