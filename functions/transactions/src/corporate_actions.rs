//! Corporate actions that touch what a workspace holds: found in the exchange's data, applied when somebody says so.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ledger::Isin;
use rust_decimal::Decimal;
use shared::Problem;
use shared::db::{Statement, statement};
use stores::ledger::Book;
use tokio_postgres::Row;
use uuid::Uuid;

/// What the exchange published.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) isin: Isin,
    pub(crate) kind: String,
    pub(crate) ex_date: Date,
    pub(crate) gives: Option<Decimal>,
    pub(crate) per: Option<Decimal>,
    /// Rupees a share.
    pub(crate) amount: Option<Decimal>,
    /// The exchange's own words.
    pub(crate) purpose: String,
}

/// An action, and who is touched by it.
#[derive(Clone, Debug)]
pub(crate) struct Suggestion {
    pub(crate) action: Action,
    /// What each account held when the ex-date began, and whether the ledger has the action already.
    pub(crate) accounts: BTreeMap<Uuid, (Decimal, bool)>,
}

/// Every action of a security that the entered workspace has traded or holds.
pub(crate) fn published<'a>() -> Statement<'a> {
    statement(
        // A symbol keeps its name when the ISIN changes, so each ISIN it ever had is looked at.
        "select y.isin, c.kind, c.ex_date, c.gives, c.per, c.amount, c.purpose
         from transactions.symbols y
         join transactions.corporate_actions c on c.symbol = y.symbol
         where y.exchange = 'NSE' and y.isin in (
             select t.isin from transactions.transactions t
             union
             select h.isin from portfolio.holdings h)
         order by c.ex_date desc, y.isin, c.kind",
        [],
    )
}

impl Action {
    pub(crate) fn read(row: &Row) -> Result<Self, Problem> {
        Ok(Self {
            isin: Isin::parse(row.get("isin")).map_err(Problem::internal)?,
            kind: row.get("kind"),
            ex_date: row.get("ex_date"),
            gives: row.get("gives"),
            per: row.get("per"),
            amount: row.get("amount"),
            purpose: row.get("purpose"),
        })
    }
}

/// The actions that touched somebody: who held the security on the evening before the ex-date.
pub(crate) fn suggestions(book: &Book, actions: Vec<Action>) -> Vec<Suggestion> {
    let with_accounts = |action: Action| {
        let mut accounts: BTreeMap<Uuid, (Decimal, bool)> = BTreeMap::new();
        for step in book.ledger.moves.iter().filter(|step| step.on < action.ex_date) {
            let place = &book.ledger.places[step.place];
            if place.isin == action.isin {
                accounts.entry(place.account).or_default().0 += step.quantity;
            }
        }
        accounts.retain(|_, (quantity, _)| *quantity > Decimal::ZERO);
        for event in &book.events {
            let same = event.place.isin == action.isin
                && near(event.on, action.ex_date)
                && ledger::columns::columns(&event.act).kind == action.kind;
            if let Some(account) = accounts.get_mut(&event.place.account).filter(|_| same) {
                account.1 = true;
            }
        }
        (!accounts.is_empty()).then_some(Suggestion { action, accounts })
    };
    actions.into_iter().filter_map(with_accounts).collect()
}

/// A dividend is paid some weeks after its ex-date, and people enter the day it came.
fn near(on: Date, ex_date: Date) -> bool {
    let days = ex_date.until(on).map_or(i32::MAX, |span| span.get_days());
    (0..=60).contains(&days)
}
