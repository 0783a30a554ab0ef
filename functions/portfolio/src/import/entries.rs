//! A file of events: what is new is stored, what is known is counted, what contradicts is listed.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use shared::db::{Statement, Tenant, statement};
use shared::events::{self, Envelope, StatementImported};
use shared::{Problem, clock, typed};
use statements::{Entry, Market};
use stores::transactions::record_row;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Work;
use super::plan::Resolved;
use super::report::{MOST_LISTED, Report, faults};
use super::store::{self, Account};
use crate::reasons;

/// How many events met which end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventCounts)]
pub(crate) struct Counts {
    /// Events of the file that are new.
    pub(crate) added: usize,
    /// Events that are stored already, or stand in the file twice.
    pub(crate) repeated: usize,
    /// Events that contradict what is stored under the same key: what is stored stays.
    pub(crate) conflicts: usize,
    /// How many of the file's events are of derivatives, currencies and commodities: they are stored, and left out of
    /// lots, value and returns.
    pub(crate) left_out: usize,
}

/// An event that contradicts what is stored, or another one of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
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

/// The events of a file, each key once.
#[derive(Debug, Default)]
struct Distinct<'a> {
    first: BTreeMap<&'a str, &'a Entry>,
    repeated: usize,
    conflicts: Vec<Conflict>,
}

fn distinct(entries: &[Entry]) -> Distinct<'_> {
    let mut distinct = Distinct::default();
    for entry in entries {
        match distinct.first.get(entry.key.as_str()) {
            None => drop(distinct.first.insert(&entry.key, entry)),
            Some(first) if first.act == entry.act => distinct.repeated += 1,
            Some(_) => distinct.conflicts.push(conflict(entry)),
        }
    }
    distinct
}

fn conflict(entry: &Entry) -> Conflict {
    Conflict { sheet: entry.place.sheet.clone(), row: entry.place.row, key: entry.key.clone() }
}

/// Stores the events of a file and answers.
pub(super) async fn run(work: &Work<'_>, tx: Tenant, account: Account) -> Result<Value, Problem> {
    let entries = &work.statement.entries;
    if entries.is_empty() {
        tx.rollback().await?;
        let problem = Problem::new(reasons::NO_ROWS);
        let problem = problem.with("warnings", faults(&work.statement.warnings));
        return Err(problem.with("errors", faults(&work.statement.errors)));
    }
    let today = clock::india_day(clock::now());
    if let Some(future) = entries.iter().map(|entry| entry.on).find(|on| *on > today) {
        tx.rollback().await?;
        return Err(Problem::new(reasons::FUTURE_STATEMENT).with("asOf", future));
    }
    let distinct = distinct(entries);
    let known = store::load(&tx, &account, &work.request.file_sha256, work.request.dry_run).await?;
    let import_id = Uuid::now_v7();
    let rows =
        distinct.first.values().map(|entry| record_row(entry)).collect::<Result<Vec<_>, _>>()?;
    let rows = Value::Array(rows);
    let outcomes = if work.request.dry_run && known.account_created {
        // There is no account yet that could know any of them.
        BTreeMap::new()
    } else {
        let asked = [
            typed(&known.account_id),
            typed(&import_id),
            typed(&work.statement.layout),
            typed(&rows),
        ];
        let sql = "select source_key, outcome from transactions.record($1, $2, $3, $4)";
        outcomes(&tx.query(sql, asked).await?)
    };
    let told = Told::new(distinct, &outcomes, entries);
    let as_of = entries.iter().map(|entry| entry.on).max().unwrap_or(today);
    let repeated = known.import_id.filter(|_| told.counts.added == 0 && !work.request.dry_run);
    let report = Report::begin(work, as_of, &Resolved::default(), true).of_events(
        repeated.unwrap_or(import_id),
        (known.account_id, known.account_created),
        told,
        repeated.is_some(),
    );
    let report = serde_json::to_value(&report).map_err(Problem::internal)?;
    if work.request.dry_run {
        tx.rollback().await?;
        return Ok(report);
    }
    finish(work, tx, (known.account_id, import_id), as_of, report, repeated.is_some()).await
}

/// What was stored, in one more round trip; a file that changed nothing leaves no import behind.
async fn finish(
    work: &Work<'_>,
    tx: Tenant,
    (account_id, import_id): (Uuid, Uuid),
    as_of: Date,
    report: Value,
    repeated: bool,
) -> Result<Value, Problem> {
    let keep_answer = work.keep.store(&report);
    if repeated {
        let forget = statement("select transactions.forget($1)", [typed(&import_id)]);
        tx.commit([forget, keep_answer]).await?;
        return Ok(report);
    }
    let event = StatementImported { import_id, account_id };
    let event = Envelope::new(Some(work.workspace), &event)?;
    let ids = (import_id, account_id, as_of);
    tx.commit([recorded(work, &ids, &report), event.publish(), keep_answer]).await?;
    events::dispatch(work.app, &[event]).await;
    Ok(report)
}

fn recorded<'a>(
    work: &'a Work<'_>,
    ids: &'a (Uuid, Uuid, Date),
    report: &'a Value,
) -> Statement<'a> {
    let (import_id, account_id, as_of) = ids;
    statement(
        "insert into portfolio.imports (workspace_id, import_id, account_id, user_id, layout, file_name,
             file_sha256, mode, statement_on, report, created_at)
         values (current_setting('app.workspace_id')::uuid, $1, $2, current_setting('app.user_id')::uuid,
             $3, $4, $5, 'merge', $6, $7, clock_timestamp())",
        [
            typed(import_id),
            typed(account_id),
            typed(&work.statement.layout),
            typed(&work.request.file_name),
            typed(&work.request.file_sha256),
            typed(as_of),
            typed(report),
        ],
    )
}

fn outcomes(rows: &[Row]) -> BTreeMap<String, String> {
    rows.iter().map(|row| (row.get("source_key"), row.get("outcome"))).collect()
}

/// What the caller is told of the events.
pub(super) struct Told {
    pub(super) counts: Counts,
    pub(super) conflicts: Vec<Conflict>,
}

impl Told {
    fn new(distinct: Distinct<'_>, outcomes: &BTreeMap<String, String>, entries: &[Entry]) -> Self {
        let mut counts = Counts { repeated: distinct.repeated, ..Counts::default() };
        let mut conflicts = distinct.conflicts;
        for (key, entry) in distinct.first {
            match outcomes.get(key).map(String::as_str) {
                Some("repeated") => counts.repeated += 1,
                Some("conflict") => conflicts.push(conflict(entry)),
                _ => counts.added += 1,
            }
        }
        let left_out =
            |entry: &&Entry| !matches!(entry.market, Market::Equity | Market::MutualFund);
        counts.left_out = entries.iter().filter(left_out).count();
        counts.conflicts = conflicts.len();
        conflicts.truncate(MOST_LISTED);
        Self { counts, conflicts }
    }
}
