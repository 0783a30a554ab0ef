//! The tables of an import: what it loads and what it stores.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use ledger::Isin;
use serde_json::{Value, json};
use shared::db::{Statement, Tenant, statement};
use shared::events::Envelope;
use shared::{Problem, Timestamp, typed};
use statements::Segment;
use tokio_postgres::Row;
use uuid::Uuid;

use super::plan::{Held, Incoming, Moment, Plan, moment};
use super::report::Report;
use super::{Work, gone};
use crate::reasons;

/// The account an import goes to.
pub(super) struct Account {
    account_id: Uuid,
    /// Broker, client and label, when the account may have to be made.
    new: Option<(String, String, String)>,
    /// What the file or the request says of whose it is: the holder, and the depository's id of the demat account.
    holder: Option<String>,
    demat: Option<String>,
}

impl Account {
    pub(super) fn known(account_id: Uuid) -> Self {
        Self { account_id, new: None, holder: None, demat: None }
    }

    pub(super) fn id(&self) -> Uuid {
        self.account_id
    }

    pub(super) fn new(broker: &str, client: &str, label: Option<&str>) -> Self {
        let label = label.map_or_else(|| format!("{broker} {client}"), str::to_owned);
        let new = Some((broker.into(), client.into(), label));
        Self { new, ..Self::known(Uuid::now_v7()) }
    }

    /// Makes the account if it is new; whether it was.
    async fn begin(&self, tx: &Tenant) -> Result<(Uuid, bool), Problem> {
        let Some((broker, client, label)) = &self.new else { return Ok((self.account_id, false)) };
        let params = [typed(&self.account_id), typed(broker), typed(client), typed(label)];
        let rows = tx
            .query("select account_id, created from brokers.link_account($1, $2, $3, $4)", params)
            .await?;
        let row = rows.first().ok_or_else(gone)?;
        Ok((row.get("account_id"), row.get("created")))
    }

    /// With what is said of whose it is.
    pub(super) fn of(self, holder: Option<String>, demat: Option<String>) -> Self {
        Self { holder, demat, ..self }
    }
}

/// What is stored of an account.
pub(super) struct StoredAccount {
    pub(super) account_id: Uuid,
    pub(super) account_created: bool,
    pub(super) holdings: Vec<Held>,
    /// The newest complete statement of each segment.
    pub(super) complete: BTreeMap<Segment, Moment>,
    /// The import that stored this very file last, the day it was taken for, and when it came.
    pub(super) import_id: Option<Uuid>,
    pub(super) seen_before: Option<(Date, Timestamp)>,
    /// One of this very file that was cut off for good: whoever sends the file again goes on with it.
    pub(super) unfinished: Option<Uuid>,
}

/// Makes the account if it is new, waits for other imports into it, and reads it. An import that is not done is not the one
/// before itself.
pub(super) async fn load(
    tx: &Tenant,
    account: &Account,
    (file_sha256, own): (&Vec<u8>, &Option<Uuid>),
    dry_run: bool,
) -> Result<StoredAccount, Problem> {
    if dry_run && account.new.is_some() {
        return Ok(StoredAccount::nothing(account.account_id));
    }
    let (account_id, account_created) = account.begin(tx).await?;
    let sql = "select pg_advisory_xact_lock(hashtextextended($1::text, 0))";
    let lock = statement(sql, [typed(&account_id)]);
    let holdings = statement(
        "select isin, segment, name, sector, available, t1, pledged, discrepant, cost, folios, statement_on, taken_at,
                layout = 'kite' as told_by_broker
         from imports.holdings where account_id = $1",
        [typed(&account_id)],
    );
    let complete = statement(
        "select s.segment, s.statement_on, s.taken_at,
                not exists (select from imports.imports i where i.import_id = s.import_id) as told_by_broker
         from imports.statements s where s.account_id = $1",
        [typed(&account_id)],
    );
    let earlier = statement(
        "select import_id, statement_on, coalesce(taken_at, created_at) as came, unfinished from imports.imports
         where account_id = $1 and file_sha256 = $2 and undone_at is null and import_id is distinct from $3
         order by created_at desc",
        [typed(&account_id), typed(file_sha256), typed(own)],
    );
    let owner = statement(
        "select brokers.state_owner($1, $2, $3) as agreed",
        [typed(&account_id), typed(&account.holder), typed(&account.demat)],
    );
    let [_, owner, holdings, complete, earlier] =
        tx.batch([lock, owner, holdings, complete, earlier]).await?;
    if !owner.first().is_some_and(|row| row.get("agreed")) {
        return Err(Problem::new(reasons::OTHER_ACCOUNT));
    }
    let unfinished = earlier.iter().find(|row| row.get("unfinished"));
    let earlier = earlier.iter().find(|row| !row.get::<_, bool>("unfinished"));
    Ok(StoredAccount {
        account_id,
        account_created,
        unfinished: unfinished.map(|row| row.get("import_id")),
        holdings: holdings.iter().map(held).collect::<Result<_, _>>()?,
        complete: complete
            .iter()
            .map(|row| Ok((segment(row)?, taken(row))))
            .collect::<Result<_, Problem>>()?,
        import_id: earlier.map(|row| row.get("import_id")),
        seen_before: earlier.map(|row| (row.get("statement_on"), row.get("came"))),
    })
}

impl StoredAccount {
    fn nothing(account_id: Uuid) -> Self {
        let (holdings, complete) = (Vec::new(), BTreeMap::new());
        Self {
            account_id,
            account_created: true,
            holdings,
            complete,
            import_id: None,
            seen_before: None,
            unfinished: None,
        }
    }
}

fn segment(row: &Row) -> Result<Segment, Problem> {
    match row.get("segment") {
        "equity" => Ok(Segment::Equity),
        "mutual_fund" => Ok(Segment::MutualFund),
        _ => Err(Problem::internal(std::io::Error::other(
            "a segment the check constraint does not allow",
        ))),
    }
}

fn taken(row: &Row) -> Moment {
    moment(row.get("statement_on"), row.get("taken_at"), row.get("told_by_broker"))
}

fn held(row: &Row) -> Result<Held, Problem> {
    let folios: Option<Value> = row.get("folios");
    let holding = Incoming {
        isin: Isin::parse(row.get("isin")).map_err(Problem::internal)?,
        name: row.get("name"),
        sector: row.get("sector"),
        segment: segment(row)?,
        available: row.get("available"),
        t1: row.get("t1"),
        pledged: row.get("pledged"),
        discrepant: row.get("discrepant"),
        cost: row.get("cost"),
        folios: folios
            .map(serde_json::from_value)
            .transpose()
            .map_err(Problem::internal)?
            .unwrap_or_default(),
        parts_known: true,
    };
    Ok(Held { holding, taken: taken(row) })
}

/// An import that is decided.
pub(super) struct Import<'a> {
    pub(super) work: &'a Work<'a>,
    pub(super) known: &'a StoredAccount,
    pub(super) plan: &'a Plan,
    pub(super) report: &'a Report,
    /// When on its day the statement was taken; `None` for the day's end.
    pub(super) taken_at: Option<Time>,
    /// When the file first came.
    pub(super) came: Timestamp,
}

impl Import<'_> {
    /// Stores everything and commits, in one round trip. Without an event nothing changed, and only
    /// the answer is kept under its Idempotency-Key.
    pub(super) async fn commit(
        &self,
        tx: Tenant,
        report: &Value,
        event: Option<Envelope>,
    ) -> Result<(), Problem> {
        let (work, account) = (self.work, &self.known.account_id);
        let keep_answer = work.keep.store(report);
        let (Some(event), Some(import_id)) = (event, self.report.import_id()) else {
            tx.commit([keep_answer]).await?;
            return Ok(());
        };
        let as_of = self.report.as_of();
        let writes = Value::Array(self.plan.writes.iter().map(write).collect());
        let removals: Vec<String> = self.plan.removals.iter().map(Isin::to_string).collect();
        let completes: Vec<String> =
            self.plan.completes.iter().map(|segment| segment.name().to_owned()).collect();
        let mode = if work.request.replace { "replace" } else { "merge" };
        let record_params = (import_id, as_of, mode);
        let touched = self.plan.touched();
        let before = statement(
            include_str!("keep_before.sql"),
            [typed(&import_id), typed(account), typed(&touched), typed(&completes)],
        );
        let record = self.record(&record_params, report);
        let delete = statement(
            "delete from imports.holdings where account_id = $1 and isin = any ($2)",
            [typed(account), typed(&removals)],
        );
        let write = statement(
            include_str!("write_holdings.sql"),
            [
                typed(account),
                typed(&writes),
                typed(&as_of),
                typed(&work.statement.layout),
                typed(&import_id),
                typed(&self.taken_at),
            ],
        );
        let tells_folios = work.statement.tells_folios();
        let complete = self.complete(&record_params, (&completes, &tells_folios));
        let overtaken = self.plan.superseded.iter().flat_map(Incoming::asserted).collect();
        let overtaken = Value::Array(overtaken);
        let assert = statement(
            "select imports.keep_assertions(current_setting('app.workspace_id')::uuid, $1, $2, $3, $4)",
            [typed(account), typed(&as_of), typed(&import_id), typed(&overtaken)],
        );
        tx.publish(event);
        tx.commit([record, before, delete, write, complete, assert, keep_answer]).await?;
        Ok(())
    }

    /// For which segments it is now the newest complete statement.
    fn complete<'a>(
        &'a self,
        (import_id, as_of, _): &'a (Uuid, Date, &str),
        (segments, tells_folios): (&'a Vec<String>, &'a bool),
    ) -> Statement<'a> {
        statement(
            "insert into imports.statements as s (workspace_id, account_id, segment, statement_on, import_id, taken_at, folios_on)
             select current_setting('app.workspace_id')::uuid, $1, segment, $3, $4, $5, case when $6 then $3 end
             from unnest($2) as segment
             on conflict on constraint statements_pk do update
             set statement_on = excluded.statement_on, import_id = excluded.import_id, taken_at = excluded.taken_at,
                 folios_on = greatest(s.folios_on, excluded.folios_on)",
            [
                typed(&self.known.account_id),
                typed(segments),
                typed(as_of),
                typed(import_id),
                typed(&self.taken_at),
                typed(tells_folios),
            ],
        )
    }

    /// The row of the import itself.
    fn record<'a>(
        &'a self,
        (import_id, as_of, mode): &'a (Uuid, Date, &'a str),
        report: &'a Value,
    ) -> Statement<'a> {
        statement(
            "insert into imports.imports (workspace_id, import_id, account_id, user_id, layout, file_name,
                 file_sha256, mode, statement_on, report, created_at, taken_at)
             values (current_setting('app.workspace_id')::uuid, $1, $2, current_setting('app.user_id')::uuid,
                 $3, $4, $5, $6, $7, $8, clock_timestamp(), $9)",
            [
                typed(import_id),
                typed(&self.known.account_id),
                typed(&self.work.statement.layout),
                typed(&self.work.request.file_name),
                typed(&self.work.request.file_sha256),
                typed(mode),
                typed(as_of),
                typed(report),
                typed(&self.came),
            ],
        )
    }
}

/// The row of an import of events, or what is known of it now.
pub(super) fn recorded<'a>(
    work: &'a Work<'_>,
    (import_id, account_id, as_of): &'a (Uuid, Uuid, Date),
    (report, unfinished): (&'a Value, &'a bool),
) -> Statement<'a> {
    statement(
        "insert into imports.imports (workspace_id, import_id, account_id, user_id, layout, file_name,
             file_sha256, mode, statement_on, report, created_at, unfinished)
         values (current_setting('app.workspace_id')::uuid, $1, $2, current_setting('app.user_id')::uuid,
             $3, $4, $5, 'merge', $6, $7, clock_timestamp(), $8)
         on conflict on constraint imports_pk do update set report = excluded.report, unfinished = excluded.unfinished",
        [
            typed(import_id),
            typed(account_id),
            typed(&work.statement.layout),
            typed(&work.request.file_name),
            typed(&work.request.file_sha256),
            typed(as_of),
            typed(report),
            typed(unfinished),
        ],
    )
}

fn write(row: &Incoming) -> Value {
    json!({
        "isin": row.isin, "segment": row.segment, "name": row.name, "sector": row.sector,
        "available": row.available, "t1": row.t1, "pledged": row.pledged, "discrepant": row.discrepant,
        "cost": row.cost, "folios": (!row.folios.is_empty()).then_some(&row.folios),
    })
}
