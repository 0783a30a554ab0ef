//! `POST /v1/portfolio/import`: reads a broker's statement into an account's holdings.
//!
//! check (the request, the file) → load (account, holdings) → decide (`plan`, pure) → store →
//! announce. Everything is stored in one transaction with the claim of the Idempotency-Key.

mod asserted;
mod dividends;
mod entries;
pub(crate) mod plan;
pub(crate) mod portions;
pub(crate) mod report;
pub(crate) mod request;
mod store;
mod whose;

use axum::extract::State;
use axum::response::Response;
use jiff::civil::{Date, Time};
use serde_json::Value;
use shared::auth::Permission;
use shared::db::{self, Tenant};
use shared::events::{Envelope, StatementImported};
use shared::http::{Reply, Route};
use shared::idempotency::{Claim, IdempotencyKey};
use shared::limits::Limit;
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, App, Caller, Problem, Timestamp, clock};
use statements::{Refusal, Statement};
use stores::accounts::{self, Links};
use stores::instruments::{Symbols, by_symbols, spellings};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::reasons;
use plan::{Incoming, Plan};
use portions::Progress;
use report::Report;
use request::{ImportForm, ImportJson, ImportRequest, Options};
use store::{Account, StoredAccount};
use whose::AccountChoice;

/// Larger files come by upload.
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// Imports of one person.
const PER_USER: Limit = Limit { name: "import", most: 120, window_s: 3600 };

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(create), Access::member(Permission::WritePortfolio)).body_limit(BODY_LIMIT)
}

/// Stores a statement. Good rows are stored and bad ones listed; the same file twice changes nothing.
#[utoipa::path(post, path = "/v1/portfolio/import",
    description = "Reads a holdings statement: Zerodha Kite (CSV), Zerodha Console (XLSX), Groww stocks (XLSX) or \
        KiteMate's template (CSV or XLSX); or a list of events: Zerodha's tradebook (CSV or XLSX), its dividends, or \
        KiteMate's template for events; or Zerodha's Tax P&L, whose exits are compared with the gains; or a consolidated account statement as JSON of casparser; and other brokers' layouts, which an unknown file's refusal lists. All are recognised by their headers. Of events, those that are stored already are \
        counted as `repeated`, and one that says something else than what is stored is listed in `conflicts` and not stored. Of holdings, `replace` (the default) takes the file as \
        complete for its segments: holdings it no longer lists are removed, unless a row of it could not be read. \
        `merge` touches only the rows in the file. A statement older than a newer complete one changes nothing. The whole request may have 4 MiB; a larger file comes by `POST /v1/portfolio/uploads`.",
    params(IdempotencyKey, Options),
    request_body(content((ImportForm = "multipart/form-data"), (ImportJson = "application/json"))),
    responses((status = 200, body = Report)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    request: ImportRequest,
) -> Reply<Response> {
    let claim = Claim::new(key, &app, &request.fingerprint());
    // Before the file is looked at: nobody's file is read who may not import.
    let [done] = app.db().read(&caller, [claim.peek()]).await?;
    if let Some(earlier) = claim.earlier(&done)? {
        return shared::http::ok(earlier);
    }
    PER_USER.take(&app, &caller.session()?.user_id.to_string(), clock::now()).await?;
    let parts = read(&request)?;
    let symbols = symbols_of(&parts);
    let first = [claim.statement(), accounts::all(), accounts::links(), by_symbols(&symbols)];
    let (tx, [claimed, known @ ..]) = app.db().enter(&caller, first).await?;
    if let Some(earlier) = claim.earlier(&claimed)? {
        return shared::http::ok(earlier);
    }
    let import = UnplacedImport {
        workspace: caller.session()?.workspace_id,
        came: stored(clock::now()),
        request: &request,
        parts,
        keep: &Keep::Claim(claim),
    };
    match import.run(tx, &known).await? {
        Some(report) => shared::http::ok(report),
        None => Err(Problem::internal(anyhow::anyhow!("a request is stored whole"))),
    }
}

/// A time as a database keeps it, which has no nanoseconds: what is read again is the same.
fn stored(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// Reads the file of a request, part by part.
pub(crate) fn read(request: &ImportRequest) -> Result<Vec<Statement>, Problem> {
    let name = request.file_name.as_deref();
    let parts = statements::read_parts(&request.file, name).map_err(unreadable)?;
    let today = clock::india_day(clock::now());
    match parts.iter().filter_map(|part| part.as_of).find(|day| *day > today) {
        // It would overtake every true statement until that day comes.
        Some(day) => Err(Problem::new(reasons::FUTURE_STATEMENT).with("asOf", day)),
        None => Ok(parts),
    }
}

/// The symbols to look up: where the file names nothing better.
pub(crate) fn symbols_of(parts: &[Statement]) -> Vec<String> {
    spellings(parts.iter().flat_map(|part| &part.rows).filter_map(|row| row.symbol.as_deref()))
}

/// Where an import's answer is kept, in the transaction of the import.
pub(crate) enum Keep {
    /// Under the key its request was sent with.
    Claim(Claim),
    /// With the upload it came by, which is so far.
    Upload(Uuid, Progress),
}

impl Keep {
    fn store<'a>(&'a self, report: &'a Value) -> db::Statement<'a> {
        match self {
            Self::Claim(claim) => claim.store(report),
            Self::Upload(upload, _) => crate::upload::done(upload, report),
        }
    }
}

/// An import whose file is read: whose it is, the workspace's accounts tell.
pub(crate) struct UnplacedImport<'a> {
    pub(crate) workspace: Uuid,
    /// When the file came.
    pub(crate) came: Timestamp,
    pub(crate) request: &'a ImportRequest,
    pub(crate) parts: Vec<Statement>,
    pub(crate) keep: &'a Keep,
}

impl UnplacedImport<'_> {
    /// Finds the account and takes in what of the file is its own; answers the report, or nothing when there is more of it.
    pub(crate) async fn run(
        self,
        tx: Tenant,
        [accounts, links, symbols]: &[Vec<Row>; 3],
    ) -> Result<Option<Value>, Problem> {
        let accounts: Vec<_> = accounts.iter().map(accounts::Account::from).collect();
        let links = Links::read(links);
        let chosen = AccountChoice { request: self.request, accounts: &accounts, links: &links };
        let (statement, account) = chosen.choose(self.parts)?;
        let Self { workspace, came, request, keep, .. } = self;
        let work = Work { workspace, came, request, statement: &statement, keep };
        if statement.of_events {
            return entries::run(&work, tx, account).await;
        }
        work.take_in(tx, account, &Symbols::read(symbols)).await.map(Some)
    }
}

/// An import whose account is known and whose transaction is open.
struct Work<'a> {
    workspace: Uuid,
    /// When the file came.
    came: Timestamp,
    request: &'a ImportRequest,
    statement: &'a Statement,
    keep: &'a Keep,
}

impl Work<'_> {
    async fn take_in(
        &self,
        tx: Tenant,
        account: Account,
        symbols: &Symbols,
    ) -> Result<Value, Problem> {
        let resolved = plan::resolve(&self.statement.rows, symbols);
        if resolved.incoming.is_empty() {
            let problem = Problem::new(reasons::NO_ROWS);
            if self.statement.errors.is_empty() && resolved.unresolved.is_empty() {
                return Err(problem.detail(
                    "The file has a known header and no rows below it. Nothing was changed.",
                ));
            }
            return Err(problem
                .with("warnings", report::faults(&self.statement.warnings))
                .with("errors", report::faults(&self.statement.errors))
                .with("unresolved", report::unresolved(&resolved)));
        }
        let file = (&self.request.file_sha256, &None);
        let known = store::load(&tx, &account, file, self.request.dry_run).await?;
        let (as_of, taken_at) = self.taken(&known);
        let whole = self.statement.errors.is_empty() && resolved.unresolved.is_empty();
        let plan = plan::decide(
            &known.holdings,
            &known.complete,
            resolved.incoming.clone(),
            &plan::Terms {
                taken: plan::moment(as_of, taken_at, false),
                replace: self.request.replace && whole,
                covers: &self.statement.covers,
            },
        );
        self.finish(
            tx,
            (known, taken_at),
            plan,
            &resolved.incoming,
            Report::begin(self, as_of, &resolved, whole),
        )
        .await
    }

    /// When the file first came.
    fn first_came(&self, known: &StoredAccount) -> Timestamp {
        known.seen_before.map_or(self.came, |(_, came)| came)
    }

    /// The day of the statement and when on it. A file without a date was true when it first came, which need not be at
    /// its day's end.
    fn taken(&self, known: &StoredAccount) -> (Date, Option<Time>) {
        if let Some(as_of) = self.statement.as_of {
            return (as_of, None);
        }
        let here = self.first_came(known).to_zoned(clock::india());
        match known.seen_before {
            // Of before times were kept.
            Some((day, _)) if day != here.date() => (day, None),
            _ => (here.date(), Some(here.time())),
        }
    }

    async fn finish(
        &self,
        tx: Tenant,
        (known, taken_at): (StoredAccount, Option<Time>),
        plan: Plan,
        incoming: &[Incoming],
        report: Report,
    ) -> Result<Value, Problem> {
        let repeated = known.import_id.filter(|_| plan.changes_nothing());
        let import_id = repeated.unwrap_or_else(Uuid::now_v7);
        let report = report.end(
            import_id,
            (known.account_id, known.account_created),
            &plan,
            incoming.len(),
            repeated.is_some(),
        );
        let answer = serde_json::to_value(&report).map_err(Problem::internal)?;
        if self.request.dry_run {
            return Ok(answer);
        }
        let event = StatementImported { import_id, account_id: known.account_id };
        let event = Envelope::new(Some(self.workspace), &event)?;
        let import = store::Import {
            work: self,
            known: &known,
            plan: &plan,
            report: &report,
            taken_at,
            came: self.first_came(&known),
        };
        import.commit(tx, &answer, (repeated.is_none()).then_some(event)).await?;
        Ok(answer)
    }
}

/// What the reader's refusal means for the caller.
fn unreadable(refusal: Refusal) -> Problem {
    let detail = refusal.to_string();
    match refusal {
        Refusal::UnknownLayout { found } => Problem::new(reasons::UNKNOWN_LAYOUT)
            .with("found", found)
            .with("known", statements::known_layouts()),
        Refusal::TooLarge { .. } => Problem::new(reasons::FILE_TOO_LARGE).detail(detail),
        _ => Problem::new(reasons::UNREADABLE_FILE).detail(detail),
    }
}

/// An account that vanished while its lock was awaited.
fn gone() -> Problem {
    Problem::new(NOT_FOUND)
}
