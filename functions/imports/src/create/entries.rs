//! A file of events: what is new is stored, what is known is counted, what contradicts is listed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value;
use shared::db::{Tenant, statement};
use shared::events::{Envelope, StatementImported};
use shared::{Problem, clock, typed};
use statements::{Entry, Market};
use stores::budget;
use stores::transactions::record_row;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Work;
use super::asserted::{Stated, units_of};
use super::dividends;
use super::plan::Resolved;
use super::portions::{MOST, Progress};
use super::report::{Conflict, EventCounts, EventsReport, MOST_LISTED, Report, faults};
use super::store::{self, Account, StoredAccount, recorded};
use crate::reasons;

/// The events of a file, each key once.
#[derive(Debug, Default)]
struct Distinct<'a> {
    first: BTreeMap<&'a str, &'a Entry>,
    repeated: usize,
    conflicts: Vec<Conflict>,
}

impl Distinct<'_> {
    fn leave_out(&mut self, keys: &BTreeSet<String>) {
        let before = self.first.len();
        self.first.retain(|key, _| !keys.contains(*key));
        self.repeated += before - self.first.len();
    }
}

fn distinct(entries: &[Entry]) -> Distinct<'_> {
    let mut distinct = Distinct::default();
    for entry in entries {
        match distinct.first.get(entry.key.as_str()) {
            None => drop(distinct.first.insert(&entry.key, entry)),
            Some(first) if first.act == entry.act => distinct.repeated += 1,
            Some(_) => distinct.conflicts.push(Conflict::of(entry)),
        }
    }
    distinct
}

/// The newest day of anything in a file, or why the file is refused as a whole.
fn newest(read: &statements::Statement) -> Result<Date, Problem> {
    let events = read.entries.iter().map(|entry| entry.on);
    let sold = read.exits.rows.iter().map(|exit| exit.sold_on);
    let newest = events.chain(sold).chain(read.folios.iter().map(|units| units.on)).max();
    let Some(newest) = newest else {
        let problem = Problem::new(reasons::NO_ROWS).with("warnings", faults(&read.warnings));
        return Err(problem.with("errors", faults(&read.errors)));
    };
    if newest > clock::india_day(clock::now()) {
        return Err(Problem::new(reasons::FUTURE_STATEMENT).with("asOf", newest));
    }
    Ok(newest)
}

/// Stores the events of a file, or the next portion of them, and answers; nothing when there is more.
pub(super) async fn run(
    work: &Work<'_>,
    tx: Tenant,
    account: Account,
) -> Result<Option<Value>, Problem> {
    let progress = work.progress();
    store(work, &tx, &account, progress).await?.end(work, tx).await
}

/// What a transaction has stored, before it ends.
struct Stored<'a> {
    distinct: Distinct<'a>,
    known: StoredAccount,
    as_of: Date,
    progress: Progress,
    /// How many events are left for other transactions.
    left: usize,
    import_id: Uuid,
}

async fn store<'a>(
    work: &Work<'a>,
    tx: &Tenant,
    account: &Account,
    mut progress: Progress,
) -> Result<Stored<'a>, Problem> {
    let as_of = newest(work.statement)?;
    let mut distinct = distinct(&work.statement.entries);
    let (file, dry_run) = (&work.request.file_sha256, work.request.dry_run);
    let mut known = store::load(tx, account, (file, &progress.import_id), dry_run).await?;
    work.goes_on(tx, &progress, known.account_id).await?;
    known.account_created |= progress.account_created;
    let begun = progress.import_id.or(known.unfinished);
    let import_id = begun.unwrap_or_else(Uuid::now_v7);
    distinct.leave_out(&dividends::already_stored(tx, known.account_id, work.statement).await?);
    let rest = progress.rest(distinct.first.values().copied());
    let portion = rest.get(..work.portion()).unwrap_or(&rest);
    for entries in portion.chunks(MOST) {
        let outcomes = if dry_run && known.account_created {
            // There is no account yet that could know any of them.
            BTreeMap::new()
        } else {
            record(work, tx, (known.account_id, import_id), entries).await?
        };
        progress.add(entries, &outcomes);
    }
    if !portion.is_empty() {
        let [counts] = tx.batch([budget::counts()]).await?;
        budget::check(tx, &counts).await?;
    }
    let left = rest.len() - portion.len();
    Ok(Stored { distinct, known, as_of, progress, left, import_id })
}

/// Stores events; answers what became of each by its key.
async fn record(
    work: &Work<'_>,
    tx: &Tenant,
    (account_id, import_id): (Uuid, Uuid),
    entries: &[&Entry],
) -> Result<BTreeMap<String, String>, Problem> {
    let rows = entries.iter().map(|entry| record_row(entry)).collect::<Result<Vec<_>, _>>()?;
    let rows = Value::Array(rows);
    let asked =
        [typed(&account_id), typed(&import_id), typed(&work.statement.layout), typed(&rows)];
    let sql = "select source_key, outcome from transactions.record($1, $2, $3, $4)";
    Ok(outcomes(&tx.query(sql, asked).await?))
}

impl Stored<'_> {
    /// Ends the transaction: with how far it came, with the whole answer, or, of a preview, as if nothing had been.
    async fn end(self, work: &Work<'_>, tx: Tenant) -> Result<Option<Value>, Problem> {
        let Self { distinct, known, as_of, progress, left, import_id } = self;
        let more = left > 0;
        let events = events_report(&distinct, &progress, work.statement);
        let unchanged = events.counts.added == 0 && !work.request.dry_run && !more;
        let earlier = known.import_id.filter(|_| unchanged);
        let report = Report::begin(work, as_of, &Resolved::default(), true).of_events(
            earlier.unwrap_or(import_id),
            (known.account_id, known.account_created),
            events,
            earlier.is_some(),
        );
        let report = serde_json::to_value(&report).map_err(Problem::internal)?;
        if work.request.dry_run {
            return Ok(Some(report));
        }
        if more {
            let far = (import_id, as_of, left);
            return work.advance(tx, (progress, &known), far, &report).await.map(|()| None);
        }
        let ids = (import_id, known.account_id, as_of);
        finish(work, tx, ids, report, earlier).await.map(Some)
    }
}

/// What was stored, in one more round trip; a file that changed nothing leaves no import behind.
async fn finish(
    work: &Work<'_>,
    tx: Tenant,
    ids: (Uuid, Uuid, Date),
    report: Value,
    earlier: Option<Uuid>,
) -> Result<Value, Problem> {
    let (import_id, account_id, as_of) = ids;
    let keep_answer = work.keep.store(&report);
    let folios = serde_json::to_value(&work.statement.folios).map_err(Problem::internal)?;
    if let Some(earlier) = earlier {
        let forget = statement("select transactions.forget($1)", [typed(&import_id)]);
        let mark = statement(
            "update imports.imports set undone_at = now() where import_id = $1",
            [typed(&import_id)],
        );
        // A file that was imported when nobody kept what it closes with.
        let ids = (earlier, account_id, as_of);
        tx.commit([forget, mark, units_of(&ids, &folios), keep_answer]).await?;
        return Ok(report);
    }
    let event = StatementImported { import_id, account_id };
    let event = Envelope::new(Some(work.workspace), &event)?;
    let stated = Stated::of(&work.statement.exits, as_of, work.statement.errors.is_empty())?;
    let statements = [
        recorded(work, &ids, (&report, &false)),
        stated.store(&ids),
        units_of(&ids, &folios),
        keep_answer,
    ];
    tx.publish(event);
    tx.commit(statements).await?;
    Ok(report)
}

fn outcomes(rows: &[Row]) -> BTreeMap<String, String> {
    rows.iter().map(|row| (row.get("source_key"), row.get("outcome"))).collect()
}

/// What the report says of the events.
fn events_report(
    distinct: &Distinct<'_>,
    progress: &Progress,
    read: &statements::Statement,
) -> EventsReport {
    let met = &progress.met;
    let mut conflicts = [distinct.conflicts.as_slice(), &met.listed].concat();
    let left_out = |entry: &&Entry| !matches!(entry.market, Market::Equity | Market::MutualFund);
    let counts = EventCounts {
        added: met.added,
        repeated: distinct.repeated + met.repeated,
        conflicts: distinct.conflicts.len() + met.conflicts,
        left_out: read.entries.iter().filter(left_out).count() + read.exits.left_out,
        exits: read.exits.rows.len(),
    };
    conflicts.truncate(MOST_LISTED);
    EventsReport { counts, conflicts }
}
