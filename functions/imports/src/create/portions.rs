//! A file of many events is stored in portions, each in a transaction of its own, from the first day on: whatever cuts it
//! off, what is stored is a tradebook that ends earlier, and the next try goes on from there.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::db::Tenant;
use shared::events::{Envelope, StatementImported};
use shared::{Problem, typed};
use statements::Entry;
use uuid::Uuid;

use super::report::{Conflict, MOST_LISTED};
use super::store::{StoredAccount, recorded};
use super::{Keep, Work};
use crate::{reasons, upload};

/// How many events a statement of the database stores: a few seconds of a small one. Of an upload it is a transaction.
pub(super) const MOST: usize = 20_000;

/// How far an import is, as its upload keeps it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Progress {
    /// The import, once something of it is stored, and of what: going on with another file would mix them.
    pub(super) import_id: Option<Uuid>,
    account_id: Option<Uuid>,
    file_sha256: Option<Vec<u8>>,
    pub(super) account_created: bool,
    /// How many of the file's events are stored …
    pub(super) taken: usize,
    of: usize,
    /// … and the last of them, by day and key.
    pub(super) last: Option<(Date, String)>,
    pub(super) met: EventOutcomes,
}

impl Progress {
    /// The events of a file that are not stored yet, by day and key.
    pub(super) fn rest<'e>(&self, entries: impl Iterator<Item = &'e Entry>) -> Vec<&'e Entry> {
        let place = |entry: &Entry| (entry.on, entry.key.clone());
        let mut rest: Vec<&Entry> = entries
            .filter(|entry| self.last.as_ref().is_none_or(|last| place(entry) > *last))
            .collect();
        rest.sort_by(|one, other| (one.on, &one.key).cmp(&(other.on, &other.key)));
        rest
    }

    /// Counts what a transaction has stored.
    pub(super) fn add(&mut self, entries: &[&Entry], outcomes: &BTreeMap<String, String>) {
        self.met.add(entries, outcomes);
        self.taken += entries.len();
        self.last = entries.last().map(|entry| (entry.on, entry.key.clone())).or(self.last.take());
    }
}

/// How many events met which end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventOutcomes {
    pub(super) added: usize,
    pub(super) repeated: usize,
    pub(super) conflicts: usize,
    /// The first conflicts, as far as they are listed.
    pub(super) listed: Vec<Conflict>,
}

impl EventOutcomes {
    /// Adds what came of some events.
    pub(super) fn add(&mut self, entries: &[&Entry], outcomes: &BTreeMap<String, String>) {
        for entry in entries {
            match outcomes.get(&entry.key).map(String::as_str) {
                Some("repeated") => self.repeated += 1,
                Some("conflict") => {
                    self.conflicts += 1;
                    self.listed
                        .extend((self.listed.len() < MOST_LISTED).then(|| Conflict::of(entry)));
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

    /// Whether an import that has begun can go on: somebody may have taken it back in between, or put another file.
    pub(super) async fn goes_on(
        &self,
        tx: &Tenant,
        progress: &Progress,
        account: Uuid,
    ) -> Result<(), Problem> {
        let Some(import) = progress.import_id else { return Ok(()) };
        let sql = "select from imports.imports where import_id = $1 and undone_at is null";
        let found = tx.query(sql, [typed(&import)]).await?;
        if found.is_empty() {
            return Err(Problem::new(reasons::TAKEN_BACK));
        }
        let same = progress.account_id == Some(account)
            && progress.file_sha256.as_ref() == Some(&self.request.file_sha256);
        if same { Ok(()) } else { Err(Problem::new(reasons::OTHER_FILE)) }
    }

    /// Keeps how far it came, in the transaction of what it stored, ends that, and tells of it: whatever becomes of the rest,
    /// this much is stored.
    pub(super) async fn advance(
        &self,
        tx: Tenant,
        (progress, known): (Progress, &StoredAccount),
        (import_id, as_of, left): (Uuid, Date, usize),
        report: &Value,
    ) -> Result<(), Problem> {
        let Keep::Upload(upload_id, _) = self.keep else {
            return Err(Problem::internal(anyhow::anyhow!("only an upload is stored in portions")));
        };
        let progress = Progress {
            of: progress.taken + left,
            import_id: Some(import_id),
            account_id: Some(known.account_id),
            file_sha256: Some(self.request.file_sha256.clone()),
            account_created: known.account_created,
            ..progress
        };
        let kept = serde_json::to_value(&progress).map_err(Problem::internal)?;
        let ids = (import_id, known.account_id, as_of);
        let event = StatementImported { import_id, account_id: known.account_id };
        let event = Envelope::new(Some(self.workspace), &event)?;
        let import = recorded(self, &ids, (report, &true));
        tx.publish(event);
        tx.commit([import, upload::advance(upload_id, &kept)]).await?;
        Ok(())
    }
}
