//! Queries in the portfolio query language, answered from the book of a workspace.

use std::collections::HashMap;

use ::ledger::returns::Prices;
use ::ledger::tax::Facts;
use jiff::civil::Date;
use portfolio_query::Query;
use portfolio_query::answer::{self, Answer, Needs, Portfolio, TooMuchWork};
use shared::db::{Statement, statement};
use shared::{Caller, Db, Problem};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::accounts::{self, Account};
use crate::health::Health;
use crate::ledger::{Book, BookOn, LeftOut, Versions, assertions};
use crate::prices::{Benchmark, PricesOver};
use crate::tax;

/// The index that returns are compared with.
const BENCHMARK: &str = "NIFTY 50";

/// An answer, and what it was worked out from.
pub struct Answered {
    /// The answer.
    pub answer: Result<Answer, TooMuchWork>,
    /// The versions of what it was worked out from.
    pub versions: Versions,
    /// How fresh the accounts are.
    pub healths: Vec<Health>,
    /// Securities that are in none of its figures.
    pub left_out: Vec<LeftOut>,
}

/// Answers a query as of today, in one round trip, which writes `note` first: the caller's route computes, so that entering
/// writes as well.
pub async fn answer(
    db: &Db,
    caller: &Caller,
    query: &Query,
    today: Date,
    note: Statement<'_>,
) -> Result<Answered, Problem> {
    let needs = query.needs(today);
    let benchmark = Benchmark::Index(BENCHMARK.to_owned());
    let from = needs.prices.or(needs.benchmark.then_some(query.days(today).from)).flatten();
    let over = PricesOver::new(from, today, needs.benchmark.then_some(&benchmark));
    let closes = if needs.prices.is_some() { over.statement() } else { nothing() };
    let known = if needs.tax { tax::known() } else { nothing() };
    let others = [note, accounts::all(), assertions(), known, closes, over.index()];
    let (book, [_, accounts, asserted, known, closes, index]) =
        BookOn::new(today).ask(db, caller, others).await?;
    let rows = RowsOfQuery { accounts, asserted, known, closes, index };
    rows.answer(query, needs, today, book)
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
