//! The accounts of a workspace.

use std::collections::HashMap;

use jiff::Timestamp;
use shared::db::{Statement, statement};
use statements::Part;
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

/// Which accounts demat ids and folios are of, as their owner says.
#[derive(Clone, Debug, Default)]
pub struct Links {
    demat: HashMap<String, Uuid>,
    folios: HashMap<String, Uuid>,
}

/// Everything [`Links::read`] takes, of the entered workspace.
pub fn links<'a>() -> Statement<'a> {
    statement("select kind, id, account_id from brokers.account_links", [])
}

impl Links {
    /// Reads the rows of [`links`].
    pub fn read(rows: &[Row]) -> Self {
        let mut links = Self::default();
        for row in rows {
            let (id, account) = (row.get("id"), row.get("account_id"));
            match row.get("kind") {
                "demat" => links.demat.insert(id, account),
                _ => links.folios.insert(id, account),
            };
        }
        links
    }

    /// The demat account that an account is.
    pub fn demat_of(&self, account: Uuid) -> Option<&str> {
        let mut links = self.demat.iter();
        links.find(|(_, linked)| **linked == account).map(|(id, _)| id.as_str())
    }

    /// The account that a part of a consolidated statement is of.
    pub fn of(&self, part: &Part) -> Option<Uuid> {
        match part {
            Part::Account => None,
            Part::Demat { .. } => self.demat.get(&part.demat_id()?).copied(),
            Part::Folio { number, .. } => self.folios.get(number).copied(),
        }
    }
}

shared::from_row!(Account { account_id, broker, client_id, label, holder, created_at });
