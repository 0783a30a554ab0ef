//! Queries in the portfolio query language, answered from the book of a workspace, and the log of them.
//!
//! The log is the one thing that is written here: whoever runs a query, runs it by [`execute`], which notes it before and its
//! outcome after.

use std::collections::{BTreeSet, HashMap};

use ::ledger::returns::Prices;
use ::ledger::tax::Facts;
use jiff::civil::Date;
use portfolio_query::Query;
use portfolio_query::answer::{self, Answer, AnswerRow, Needs, Portfolio, TooMuchWork};
use portfolio_query::understand::{Names, SecurityName};
use serde_json::Value;
use shared::auth::Credential;
use shared::db::{Entry, Statement, statement};
use shared::page::{Page, PageQuery};
use shared::problem::reasons::{CURSOR_GONE, TOO_MUCH_WORK};
use shared::{Db, Problem, clock, typed};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::accounts::{self, Account};
use crate::health::Health;
use crate::ledger::{Book, BookOn, LeftOut, assertions};
use crate::prices::{Benchmark, PricesOver};
use crate::tax;
use crate::versions::Versions;

/// The index that returns are compared with.
const BENCHMARK: &str = "NIFTY 50";

/// A query to be run.
pub struct QueryOrder<'a> {
    /// The query.
    pub query: &'a Query,
    /// The words it stands for, kept with it in the log.
    pub question: Option<String>,
    /// Where to go on: the cursor of the rows before.
    pub cursor: Option<String>,
}

/// An answered query.
pub struct ExecutedQuery {
    /// Its place in the log.
    pub query_id: Uuid,
    /// The answer with the rows of one page.
    pub answer: Answer,
    /// The cursor of the rows after them; none with the last.
    pub next_cursor: Option<String>,
    /// The versions of what it was worked out from.
    pub versions: Versions,
    /// How fresh the accounts are.
    pub healths: Vec<Health>,
    /// Securities that are in none of its figures.
    pub left_out: Vec<LeftOut>,
}

/// Runs a query as of today. One round trip notes it in the log and reads everything; a second one notes its outcome with the
/// first rows, as many as the query wants. Of a call by key the log keeps the number of rows alone.
pub async fn execute(
    db: &Db,
    entry: Entry<'_>,
    order: QueryOrder<'_>,
) -> Result<ExecutedQuery, Problem> {
    let QueryOrder { query, question, cursor } = order;
    let page = PageQuery { limit: query.limit as i64, cursor };
    let after: Option<String> = page.position()?;
    let (query_id, written) = (Uuid::now_v7(), query.to_json());
    let today = clock::india_day(clock::now());
    let note = Note { query_id, question: &question, query: &written };
    let answered = answer(db, entry, query, today, note.statement(&None)).await?;
    let Answered { answer, versions, healths, left_out } = answered;
    let outcome = LoggedOutcome { query_id, today, versions };
    let Ok(mut answer) = answer else {
        outcome.write(db, entry, "failed", 0, None).await?;
        return Err(Problem::new(TOO_MUCH_WORK));
    };
    let all = std::mem::take(&mut answer.rows);
    answer.rows = all.iter().take(query.limit).cloned().collect();
    let by_key = entry.caller().is_some_and(|caller| matches!(caller.by, Credential::Key(..)));
    let stored = (!by_key).then(|| serde_json::to_value(&answer)).transpose();
    let stored = stored.map_err(Problem::internal)?;
    outcome.write(db, entry, answer.outcome.name(), answer.total_rows, stored).await?;
    let Page { items, next_cursor } = cut(all, &page, after)?;
    answer.rows = items;
    Ok(ExecutedQuery { query_id, answer, next_cursor, versions, healths, left_out })
}

/// Cuts rows to a page.
fn cut(
    rows: Vec<AnswerRow>,
    page: &PageQuery,
    after: Option<String>,
) -> Result<Page<AnswerRow>, Problem> {
    let from = match after {
        None => 0,
        Some(id) => {
            let at = rows.iter().position(|row| row.id == id);
            at.ok_or_else(|| Problem::new(CURSOR_GONE))? + 1
        }
    };
    let fetch = usize::try_from(page.fetch()).unwrap_or(usize::MAX);
    let rows = rows.into_iter().skip(from).take(fetch).collect();
    Ok(Page::cut(rows, page, |row| row.id.clone()))
}

/// What the log says of a query after it has run.
struct LoggedOutcome {
    query_id: Uuid,
    today: Date,
    versions: Versions,
}

impl LoggedOutcome {
    async fn write(
        &self,
        db: &Db,
        entry: Entry<'_>,
        word: &str,
        rows: usize,
        answer: Option<Value>,
    ) -> Result<(), Problem> {
        let rows = i32::try_from(rows).unwrap_or(i32::MAX);
        let outcome = statement(
            "insert into query.outcomes
                 (workspace_id, query_id, user_id, today, ledger_version, market_version, outcome, rows, answer)
             values (tenant.workspace(), $1, tenant.person(), $2, $3, $4, $5, $6, $7)
             on conflict on constraint outcomes_pk do nothing",
            [
                typed(&self.query_id),
                typed(&self.today),
                typed(&self.versions.ledger),
                typed(&self.versions.market),
                typed(&word),
                typed(&rows),
                typed(&answer),
            ],
        );
        db.write(entry.again(), [outcome]).await?;
        Ok(())
    }
}

/// What the log says of a query before it runs.
pub struct Note<'a> {
    /// Its id.
    pub query_id: Uuid,
    /// The words it stands for.
    pub question: &'a Option<String>,
    /// As it was read, or as it was sent.
    pub query: &'a Value,
}

impl Note<'_> {
    /// Writes it down, with its faults where it has some and is not run.
    pub fn statement<'a>(&'a self, faults: &'a Option<Value>) -> Statement<'a> {
        statement(
            "insert into query.queries (workspace_id, query_id, user_id, key_id, question, query, faults)
             values (tenant.workspace(), $1, tenant.person(), nullif(current_setting('app.key_id', true), ''), $2, $3, $4)
             on conflict on constraint queries_pk do nothing",
            [typed(&self.query_id), typed(self.question), typed(self.query), typed(faults)],
        )
    }
}

/// An answer, and what it was worked out from.
struct Answered {
    answer: Result<Answer, TooMuchWork>,
    versions: Versions,
    healths: Vec<Health>,
    left_out: Vec<LeftOut>,
}

/// Answers a query as of a day, in one round trip, which writes `note` first: the caller's route computes, so that entering
/// writes as well.
async fn answer(
    db: &Db,
    entry: Entry<'_>,
    query: &Query,
    today: Date,
    note: Statement<'_>,
) -> Result<Answered, Problem> {
    let needs = query.needs(today);
    let benchmark = Benchmark::Index(BENCHMARK.to_owned());
    let over = PricesOver::new(needs.prices.flatten(), today, None);
    let index = needs.benchmark.map(|from| PricesOver::new(from, today, Some(&benchmark)));
    let closes = if needs.prices.is_some() { over.statement() } else { nothing() };
    let index = index.as_ref().map_or_else(nothing, PricesOver::index);
    let known = if needs.tax { tax::known() } else { nothing() };
    let others = [note, accounts::all(), assertions(), known, closes, index];
    let (book, [_, accounts, asserted, known, closes, index]) =
        BookOn::new(today).ask(db, entry, others).await?;
    let rows = RowsOfQuery { accounts, asserted, known, closes, index };
    rows.answer(query, needs, today, book)
}

/// What a question may name: every security of the entered workspace, held or not.
pub fn names<'a>() -> Statement<'a> {
    statement(
        "select distinct on (x.isin) x.isin, coalesce(q.name, x.name, x.isin) as name, q.symbol,
                coalesce(nullif(q.sector, 'unclassified'), x.sector) as sector
         from (
             select h.isin, h.name, nullif(h.sector, 'unclassified') as sector from imports.holdings h
             union all
             select t.isin, t.name, null from transactions.transactions t where t.removed_at is null and t.isin is not null
         ) x left join market.quotes q on q.isin = x.isin
         order by x.isin, x.sector nulls last",
        [],
    )
}

/// What [`names`] and [`accounts::all`] were answered.
pub fn read_names(securities: &[Row], accounts: &[Row]) -> Names {
    let accounts: Vec<Account> = accounts.iter().map(Account::from).collect();
    let set = |words: Vec<String>| words.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let security = |row: &Row| SecurityName {
        name: row.get("name"),
        symbol: row.get("symbol"),
        isin: row.get("isin"),
    };
    Names {
        securities: securities.iter().map(security).collect(),
        sectors: set(securities.iter().filter_map(|row| row.get("sector")).collect()),
        accounts: set(accounts.iter().map(|one| one.label.clone()).collect()),
        brokers: set(accounts.into_iter().map(|one| one.broker).collect()),
    }
}

/// A statement without rows, in the place of one that a query does not need.
fn nothing<'a>() -> Statement<'a> {
    statement("select where false", [])
}

/// What was read beside the book.
struct RowsOfQuery {
    accounts: Vec<Row>,
    asserted: Vec<Row>,
    known: Vec<Row>,
    closes: Vec<Row>,
    index: Vec<Row>,
}

impl RowsOfQuery {
    fn answer(
        self,
        query: &Query,
        needs: Needs,
        today: Date,
        book: Book,
    ) -> Result<Answered, Problem> {
        let every_snapshot = book.every_snapshot(&self.asserted)?;
        let facts = if needs.tax { tax::facts(&book, &self.known)? } else { Facts::default() };
        let closes = self.index.iter().map(|row| (row.get("on_date"), row.get("close")));
        let portfolio = Portfolio {
            today,
            ledger: &book.ledger,
            events: &book.events,
            snapshots: &book.snapshots,
            every_snapshot: &every_snapshot,
            holdings: &book.holdings,
            securities: securities(&book),
            accounts: named(self.accounts.iter().map(Account::from).collect()),
            prices: Prices::new(PricesOver::read(&self.closes)?),
            benchmark: closes.collect(),
            tax: facts,
        };
        let answer = query.answer(&portfolio);
        let left_out = book.left_out();
        Ok(Answered { answer, versions: book.versions, healths: book.healths, left_out })
    }
}

/// What is known of the securities: where the reference has no sector, what a statement says.
fn securities(book: &Book) -> HashMap<::ledger::Isin, answer::Security> {
    let mut all: HashMap<_, _> = book
        .securities
        .iter()
        .map(|(isin, known)| {
            let security = answer::Security {
                name: known.name.clone(),
                symbol: known.symbol.clone(),
                sector: known.sector.clone(),
                class: Some(known.class.clone()),
                instrument_type: known.asset_kind.as_deref().map(Into::into),
            };
            (*isin, security)
        })
        .collect();
    for holding in &book.holdings {
        let known = all.entry(holding.isin).or_default();
        known.name.get_or_insert_with(|| holding.name.clone());
        if &*holding.sector != "unclassified" {
            known.sector.get_or_insert_with(|| holding.sector.clone());
        }
    }
    all
}

/// The accounts by name. Who has several is known by the first of them; an account without a stated holder stands for
/// itself.
fn named(accounts: Vec<Account>) -> HashMap<Uuid, answer::Account> {
    let mut first: HashMap<String, Uuid> = HashMap::new();
    let named = |account: Account| {
        let id = account.account_id;
        let holder = account.holder.map_or(id, |number| *first.entry(number).or_insert(id));
        (id, answer::Account { label: account.label, broker: account.broker, holder })
    };
    accounts.into_iter().map(named).collect()
}
