//! A file of many events is stored in portions, each in a transaction of its own, from the first day on: whatever cuts it
//! off, what is stored is a tradebook that ends earlier, and the next try goes on from there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::db::{Tenant, statement};
use shared::{Problem, typed};
use statements::Entry;
use uuid::Uuid;

use super::entries::{Conflict, conflict};
use super::report::MOST_LISTED;
use super::{Keep, Work};
use crate::{reasons, upload};

/// How many events a transaction stores: a few seconds of a small database.
const MOST: usize = 20_000;

/// How far an import is, as its upload keeps it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Progress {
    /// The import, once something of it is stored.
    pub(super) import_id: Option<Uuid>,
    /// How many of the file's events are stored, by day.
    pub(super) taken: usize,
    of: usize,
    pub(super) met: Met,
}

/// How many events met which end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Met {
    pub(super) added: usize,
    pub(super) repeated: usize,
    pub(super) conflicts: usize,
    /// The first conflicts, as far as they are listed.
    pub(super) listed: Vec<Conflict>,
}

impl Met {
    /// Adds what came of some events.
    pub(super) fn add(&mut self, entries: &[&Entry], outcomes: &BTreeMap<String, String>) {
        for entry in entries {
            match outcomes.get(&entry.key).map(String::as_str) {
                Some("repeated") => self.repeated += 1,
                Some("conflict") => {
                    self.conflicts += 1;
                    self.listed.extend((self.listed.len() < MOST_LISTED).then(|| conflict(entry)));
                }
                _ => self.added += 1,
            }
        }
    }
}

impl Work<'_> {
    /// How far it is: a request has only begun.
    pub(super) fn progress(&self) -> Progress {
        match self.keep {
            Keep::Upload(_, progress) => progress.clone(),
            Keep::Claim(_) => Progress::default(),
        }
    }

    /// How many events this transaction stores. A request, and a preview, is stored whole or not at all.
    pub(super) fn portion(&self) -> usize {
        match self.keep {
            Keep::Upload(..) if !self.request.dry_run => MOST,
            _ => usize::MAX,
        }
    }

    /// Whether an import that has begun is still there: somebody may have taken it back in between.
    pub(super) async fn still_there(&self, tx: &Tenant, import: Uuid) -> Result<(), Problem> {
        let sql = "select from portfolio.imports where import_id = $1 and undone_at is null";
        let found = tx.query(sql, [typed(&import)]).await?;
        found.first().map(drop).ok_or_else(|| Problem::new(reasons::TAKEN_BACK))
    }

    /// Keeps how far it came, in the transaction of what it stored, and ends that.
    pub(super) async fn advance(
        &self,
        tx: Tenant,
        progress: Progress,
        (account_id, as_of, of): (Uuid, jiff::civil::Date, usize),
        report: &Value,
    ) -> Result<(), Problem> {
        let Keep::Upload(upload_id, before) = self.keep else {
            return Err(Problem::internal(anyhow::anyhow!("only an upload is stored in portions")));
        };
        let import_id = progress.import_id.unwrap_or_else(Uuid::now_v7);
        let kept = serde_json::to_value(Progress { of, ..progress }).map_err(Problem::internal)?;
        let ids = (import_id, account_id, as_of);
        let import = match before.import_id {
            None => super::entries::recorded(self, &ids, report),
            Some(_) => reported(&import_id, report),
        };
        tx.commit([import, upload::advance(upload_id, &kept)]).await?;
        Ok(())
    }
}

/// What is known of an import that was recorded with its first portion.
pub(super) fn reported<'a>(import: &'a Uuid, report: &'a Value) -> shared::db::Statement<'a> {
    statement(
        "update portfolio.imports set report = $2 where import_id = $1",
        [typed(import), typed(report)],
    )
}
