//! What an import tells its caller, and `import-get` afterwards.

use jiff::civil::Date;
use ledger::Quantity;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use statements::{Entry, RowError};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Work;
use super::plan::{Change, Kind, Plan, Resolved, Unresolved};

/// What an import did, or would do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportReport)]
pub(crate) struct Report {
    /// The import; of a file that changed nothing, the earlier one. Null in a preview.
    import_id: Option<Uuid>,
    /// The account; null in a preview that would begin one.
    account_id: Option<Uuid>,
    /// Whether the account is new.
    account_created: bool,
    /// The layout that was recognised.
    layout: &'static str,
    /// `replace` or `merge`.
    mode: &'static str,
    /// Whether this is a preview.
    dry_run: bool,
    /// The day of the statement.
    as_of: Date,
    /// `file` when the statement states its day, `upload` when the day it was first sent counts.
    as_of_source: &'static str,
    /// Whether the same file was imported before and nothing has changed since.
    repeated: bool,
    /// Why `replace` removed nothing: a row that could not be read may be the very holding.
    removals_withheld: bool,
    /// Whether the layout's columns are known from one importer only: look at the figures before relying on them.
    unverified: bool,
    counts: Counts,
    /// Of a list of events; null of a holdings statement.
    events: Option<EventCounts>,
    /// The first 500 changes of holdings.
    changes: Vec<ChangeItem>,
    /// The first 500 events that contradict what is stored; nothing of them was stored.
    conflicts: Vec<Conflict>,
    /// The first 500 faults of rows that were refused.
    errors: Vec<Fault>,
    /// The first 500 rows whose symbol no instrument has; import again once it is known.
    unresolved: Vec<Unresolved>,
    /// Rows that deserve a look.
    warnings: Vec<Fault>,
}

/// How many rows met which end.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportCounts)]
struct Counts {
    /// Holdings in the file, one per instrument.
    holdings: usize,
    added: usize,
    changed: usize,
    unchanged: usize,
    /// Holdings that a complete statement no longer lists.
    removed: usize,
    /// Holdings that a newer statement has overtaken.
    superseded: usize,
    /// Faults found in rows that were not stored.
    refused: usize,
    unresolved: usize,
}

/// How many events met which end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventCounts {
    /// Events of the file that are new.
    pub(crate) added: usize,
    /// Events that are stored already, or stand in the file twice.
    pub(crate) repeated: usize,
    /// Events that contradict what is stored under the same key: what is stored stays.
    pub(crate) conflicts: usize,
    /// How many of the file's events are of derivatives, currencies and commodities: they are stored, and left out of
    /// lots, value and returns.
    pub(crate) left_out: usize,
    /// Lots of a broker's report of gains. They change nothing: `GET /v1/portfolio/gains` compares them with the ledger.
    pub(crate) exits: usize,
}

/// An event that contradicts what is stored, or another one of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventConflict)]
pub(crate) struct Conflict {
    /// The sheet; null in a CSV file.
    sheet: Option<String>,
    /// The row, counted from 1.
    row: usize,
    /// What makes it the same event.
    key: String,
}

impl Conflict {
    pub(super) fn of(entry: &Entry) -> Self {
        Self { sheet: entry.place.sheet.clone(), row: entry.place.row, key: entry.key.clone() }
    }
}

/// What the caller is told of the events.
pub(super) struct EventsReport {
    pub(super) counts: EventCounts,
    pub(super) conflicts: Vec<Conflict>,
}

/// A change of a holding.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeItem {
    kind: Kind,
    isin: String,
    name: String,
    /// Owned quantity before.
    #[schema(value_type = Option<String>)]
    before: Option<Quantity>,
    /// Owned quantity after.
    #[schema(value_type = Option<String>)]
    after: Option<Quantity>,
}

/// A fault of a row.
#[derive(Serialize, ToSchema)]
#[schema(as = RowFault)]
pub(super) struct Fault {
    /// The sheet; null in a CSV file.
    sheet: Option<String>,
    /// The row, counted from 1 as a spreadsheet does.
    row: usize,
    /// The column, by its name in the file.
    column: String,
    /// What is wrong.
    reason: String,
}

/// A list of the answer has this many items at most; the counts are of all.
pub(super) const MOST_LISTED: usize = 500;

pub(super) fn faults(errors: &[RowError]) -> Vec<Fault> {
    let fault = |err: &RowError| Fault {
        sheet: err.place.sheet.clone(),
        row: err.place.row,
        column: err.column.clone(),
        reason: err.reason.clone(),
    };
    errors.iter().take(MOST_LISTED).map(fault).collect()
}

pub(super) fn unresolved(resolved: &Resolved) -> Vec<Unresolved> {
    resolved.unresolved.iter().take(MOST_LISTED).cloned().collect()
}

/// An account that a file might be of.
pub(super) fn candidate(account: &stores::accounts::Account) -> Value {
    json!({
        "accountId": account.account_id, "broker": account.broker, "clientId": account.client_id,
        "label": account.label,
    })
}

impl Report {
    /// What is known once the file is read.
    pub(super) fn begin(work: &Work<'_>, as_of: Date, resolved: &Resolved, whole: bool) -> Self {
        let statement = work.statement;
        Self {
            import_id: None,
            account_id: None,
            account_created: false,
            layout: statement.layout,
            mode: if work.request.replace { "replace" } else { "merge" },
            dry_run: work.request.dry_run,
            as_of,
            as_of_source: if statement.as_of.is_some() { "file" } else { "upload" },
            repeated: false,
            removals_withheld: work.request.replace && !whole,
            unverified: statement.unverified,
            counts: Counts {
                refused: statement.errors.len(),
                unresolved: resolved.unresolved.len(),
                ..Counts::default()
            },
            events: None,
            changes: Vec::new(),
            conflicts: Vec::new(),
            errors: faults(&statement.errors),
            unresolved: unresolved(resolved),
            warnings: faults(&statement.warnings),
        }
    }

    /// What is known once it is decided.
    pub(super) fn end(
        self,
        import_id: Uuid,
        (account_id, account_created): (Uuid, bool),
        plan: &Plan,
        holdings: usize,
        repeated: bool,
    ) -> Self {
        Self {
            import_id: (!self.dry_run).then_some(import_id),
            account_id: (!(self.dry_run && account_created)).then_some(account_id),
            account_created,
            repeated,
            counts: Counts {
                holdings,
                added: plan.count(Kind::Added),
                changed: plan.count(Kind::Changed),
                unchanged: plan.unchanged,
                removed: plan.count(Kind::Removed),
                superseded: plan.superseded.len(),
                ..self.counts
            },
            changes: plan.changes.iter().take(MOST_LISTED).map(change_item).collect(),
            ..self
        }
    }

    /// What is known once events are stored.
    pub(super) fn of_events(
        self,
        import_id: Uuid,
        (account_id, account_created): (Uuid, bool),
        told: EventsReport,
        repeated: bool,
    ) -> Self {
        Self {
            import_id: (!self.dry_run).then_some(import_id),
            account_id: (!(self.dry_run && account_created)).then_some(account_id),
            account_created,
            repeated,
            mode: "merge",
            // Each event has a day of its own; `asOf` is the newest.
            as_of_source: "file",
            events: Some(told.counts),
            conflicts: told.conflicts,
            ..self
        }
    }

    pub(super) fn import_id(&self) -> Option<Uuid> {
        self.import_id
    }

    pub(super) fn as_of(&self) -> Date {
        self.as_of
    }
}

fn change_item(change: &Change) -> ChangeItem {
    ChangeItem {
        kind: change.kind,
        isin: change.isin.to_string(),
        name: change.name.clone(),
        before: change.before.map(Quantity),
        after: change.after.map(Quantity),
    }
}
