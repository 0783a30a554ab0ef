//! Corporate actions that touch what a workspace holds: found in the exchange's data, applied when somebody says so.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;
use ledger::{Act, IncomeKind, Isin, Move};
use rust_decimal::Decimal;
use shared::Problem;
use shared::db::{Statement, statement};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::ledger::Book;

/// What the exchange published.
#[derive(Clone, Debug)]
pub struct Action {
    /// The security.
    pub isin: Isin,
    /// `bonus`, `split` or `dividend`.
    pub kind: String,
    /// The first day it is traded without it.
    pub ex_date: Date,
    /// Shares that are given …
    pub gives: Option<Decimal>,
    /// … for so many that are held; after a split there are so many for those before.
    pub per: Option<Decimal>,
    /// Rupees a share.
    pub amount: Option<Decimal>,
    /// The exchange's own words.
    pub purpose: String,
}

/// An action, and who is touched by it.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// The action.
    pub action: Action,
    /// What each account held when the ex-date began, and whether the ledger has the action already.
    pub accounts: BTreeMap<Uuid, (Decimal, bool)>,
}

/// Every action of a security that the entered workspace has traded or holds.
pub fn published<'a>() -> Statement<'a> {
    statement(
        // A symbol keeps its name when the ISIN changes, so each ISIN it ever had is looked at.
        "select y.isin, c.kind, c.ex_date, c.gives, c.per, c.amount, c.purpose
         from market.symbols y
         join market.corporate_actions c on c.symbol = y.symbol
         where y.exchange = 'NSE' and y.isin in (
             select t.isin from transactions.transactions t
             union
             select h.isin from imports.holdings h)
         order by c.ex_date desc, y.isin, c.kind",
        [],
    )
}

impl Action {
    /// Reads a row of [`published`].
    pub fn read(row: &Row) -> Result<Self, Problem> {
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
pub fn suggestions(book: &Book, actions: Vec<Action>) -> Vec<Suggestion> {
    // Looked at by security: there may be thousands of actions and a hundred thousand events.
    let mut moves: HashMap<Isin, Vec<&Move>> = HashMap::new();
    for step in &book.ledger.moves {
        moves.entry(book.ledger.places[step.place].isin).or_default().push(step);
    }
    let mut applied: HashSet<(Isin, String, Uuid, Date)> = HashSet::new();
    let mut days: HashMap<Isin, Vec<(String, Date)>> = HashMap::new();
    for action in &actions {
        days.entry(action.isin).or_default().push((action.kind.clone(), action.ex_date));
    }
    for event in &book.events {
        let Some(kind) = kind(&event.act) else { continue };
        let of = days.get(&event.place.isin).into_iter().flatten();
        let of = of.filter(|(of, ex_date)| of == kind && near(event.on, *ex_date));
        // Of several actions the newest before it is meant.
        if let Some((_, ex_date)) = of.max_by_key(|(_, ex_date)| *ex_date) {
            applied.insert((event.place.isin, kind.to_owned(), event.place.account, *ex_date));
        }
    }
    let with_accounts = |action: Action| {
        let mut held: BTreeMap<Uuid, Decimal> = BTreeMap::new();
        let before = moves.get(&action.isin).into_iter().flatten();
        for step in before.filter(|step| step.on < action.ex_date) {
            *held.entry(book.ledger.places[step.place].account).or_default() += step.quantity;
        }
        held.retain(|_, quantity| *quantity > Decimal::ZERO);
        let has = |account| {
            applied.contains(&(action.isin, action.kind.clone(), account, action.ex_date))
        };
        let accounts: BTreeMap<_, _> = held
            .into_iter()
            .map(|(account, quantity)| (account, (quantity, has(account))))
            .collect();
        (!accounts.is_empty()).then_some(Suggestion { action, accounts })
    };
    actions.into_iter().filter_map(with_accounts).collect()
}

/// The kind of action an event is of, if it is of one.
fn kind(act: &Act) -> Option<&'static str> {
    match act {
        Act::Bonus { .. } => Some("bonus"),
        Act::Split { .. } => Some("split"),
        Act::Income { kind: IncomeKind::Dividend, .. } => Some("dividend"),
        _ => None,
    }
}

/// A dividend is paid some weeks after its ex-date, and people enter the day it came.
fn near(on: Date, ex_date: Date) -> bool {
    let days = ex_date.until(on).map_or(i32::MAX, |span| span.get_days());
    (0..=60).contains(&days)
}
