//! A consolidated account statement as JSON, in the shape that the open-source `casparser` makes of the PDF.
//!
//! Of CAMS and KFintech it is a list of what happened in each folio; of NSDL and CDSL what is held in each demat
//! account. Shape and field names: the types of `casparser`. No published sample of every kind was seen: `unverified`.

mod folios;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use ledger::Isin;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::{KnownLayout, LONGEST_ID, statement_row};
use crate::cells::{day, decimal};
use crate::sheets::MOST_ROWS;
use crate::{Part, Place, Refusal, Row, RowError, Segment, Statement};
use folios::folios;

/// A statement has this many values at most.
const MOST_VALUES: usize = 2_000_000;

const FOLIOS: &str = "cas_folios";
const DEMAT: &str = "cas_demat";

/// Both kinds, as the documentation and refusals name them.
pub(super) const KNOWN: [KnownLayout; 2] = [
    KnownLayout {
        layout: FOLIOS,
        about: "Consolidated account statement of CAMS and KFintech, detailed, as JSON of casparser",
        headers: &["folios"],
    },
    KnownLayout {
        layout: DEMAT,
        about: "Consolidated account statement of NSDL or CDSL, as JSON of casparser",
        headers: &["accounts"],
    },
];

#[derive(Deserialize)]
struct Cas {
    #[serde(default)]
    statement_period: Option<Period>,
    #[serde(default)]
    folios: Vec<Folio>,
    #[serde(default)]
    accounts: Vec<Demat>,
}

#[derive(Deserialize)]
struct Period {
    #[serde(default)]
    to: Option<String>,
}

#[derive(Deserialize)]
struct Folio {
    #[serde(default)]
    folio: String,
    #[serde(default, rename = "PAN", alias = "pan")]
    pan: Option<String>,
    #[serde(default)]
    schemes: Vec<Scheme>,
}

#[derive(Deserialize)]
struct Scheme {
    #[serde(default)]
    scheme: String,
    #[serde(default)]
    isin: Option<String>,
    #[serde(default)]
    open: Value,
    #[serde(default)]
    close: Value,
    #[serde(default)]
    valuation: Option<Valuation>,
    #[serde(default)]
    transactions: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Valuation {
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    cost: Value,
}

#[derive(Deserialize)]
struct Transaction {
    #[serde(default)]
    date: String,
    #[serde(default)]
    amount: Value,
    #[serde(default)]
    units: Value,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Demat {
    #[serde(default)]
    dp_id: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    equities: Vec<Share>,
    #[serde(default)]
    mutual_funds: Vec<Units>,
    #[serde(default)]
    bonds: Vec<Share>,
}

#[derive(Deserialize)]
struct Share {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    isin: String,
    #[serde(default, alias = "num_bonds")]
    num_shares: Value,
}

#[derive(Deserialize)]
struct Units {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    isin: String,
    #[serde(default)]
    balance: Value,
    #[serde(default)]
    total_cost: Value,
}

impl Demat {
    /// Whether it is an account: folios of funds that the statement repeats have no id, and come with another one.
    fn is_held(&self) -> bool {
        let named = !self.client_id.trim().is_empty();
        named
            && !(self.equities.is_empty() && self.mutual_funds.is_empty() && self.bonds.is_empty())
    }
}

/// Reads a consolidated statement, part by part.
pub(crate) fn read(json: &str) -> Result<Vec<Statement>, Refusal> {
    // Before anything is made of it: each value takes many times its text.
    if json.bytes().filter(|byte| *byte == b',').count() > MOST_VALUES {
        return Err(Refusal::TooLarge { what: "values", limit: MOST_VALUES });
    }
    // The parser's message could quote an amount.
    let cas: Cas = serde_json::from_str(json).map_err(|_| Refusal::OtherJson)?;
    let to = cas.statement_period.as_ref().and_then(|period| written(period.to.as_ref()?));
    if !cas.folios.is_empty() {
        return folios(&cas.folios, to);
    }
    let held: Vec<&Demat> = cas.accounts.iter().filter(|account| account.is_held()).collect();
    if held.is_empty() {
        return Err(Refusal::OtherJson);
    }
    let to = to.ok_or(Refusal::Undated)?;
    held.into_iter().map(|account| demat_account(account, to)).collect()
}

fn empty(layout: &'static str) -> Statement {
    Statement {
        layout,
        part: Part::Account,
        broker: None,
        client_id: None,
        as_of: None,
        covers: Vec::new(),
        of_events: layout == FOLIOS,
        unverified: true,
        rows: Vec::new(),
        entries: Vec::new(),
        errors: Vec::new(),
        warnings: Vec::new(),
        folios: Vec::new(),
        exits: crate::Exits::default(),
    }
}

/// A number as JSON has it: a number, or a text with one.
fn number(value: &Value) -> Result<Option<Decimal>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => decimal(text),
        Value::Number(number) => decimal(&number.to_string()),
        _ => Err("is not a number".into()),
    }
}

fn place(row: usize) -> Place {
    Place { sheet: None, row }
}

fn demat_account(account: &Demat, to: Date) -> Result<Statement, Refusal> {
    // What the statement lists beside shares, bonds and funds is not in this file: it is complete for nothing.
    let mut statement = empty(DEMAT);
    statement.as_of = Some(to);
    let id = |id: &str| id.trim().chars().take(LONGEST_ID).collect();
    statement.part =
        Part::Demat { participant: id(&account.dp_id), client: id(&account.client_id) };
    let rows = account.equities.len() + account.bonds.len() + account.mutual_funds.len();
    if rows > MOST_ROWS {
        return Err(Refusal::TooLarge { what: "rows", limit: MOST_ROWS });
    }
    let shares = account.equities.iter().chain(&account.bonds).map(|share| {
        (Segment::Equity, &share.name, share.isin.as_str(), &share.num_shares, &Value::Null)
    });
    let units = account.mutual_funds.iter().map(|units| {
        (Segment::MutualFund, &units.name, units.isin.as_str(), &units.balance, &units.total_cost)
    });
    for (at, stated) in shares.chain(units).enumerate() {
        match held(stated) {
            Ok(row) => statement_row(Some(Row { place: place(at + 1), ..row }), &mut statement),
            Err((column, reason)) => {
                let (place, column) = (place(at + 1), column.to_owned());
                statement.errors.push(RowError { place, column, reason });
            }
        }
    }
    Ok(statement)
}

/// A holding as it is stated: segment, name, ISIN, quantity and cost.
type Stated<'a> = (Segment, &'a Option<String>, &'a str, &'a Value, &'a Value);

fn held((segment, name, isin, quantity, cost): Stated<'_>) -> Result<Row, (&'static str, String)> {
    let isin = Isin::parse(isin).map_err(|err| ("isin", err.to_string()))?;
    let available = number(quantity).ok().flatten().filter(|quantity| *quantity >= Decimal::ZERO);
    Ok(Row {
        folio: None,
        place: place(0),
        isin: Some(isin),
        symbol: None,
        name: name.clone().unwrap_or_default(),
        sector: None,
        segment,
        available: available.ok_or(("quantity", "is not a quantity".to_owned()))?,
        t1: Decimal::ZERO,
        pledged: Decimal::ZERO,
        discrepant: Decimal::ZERO,
        parts_known: false,
        cost: number(cost).ok().flatten().filter(|cost| *cost > Decimal::ZERO),
    })
}

/// `2026-11-20`, or `20-Nov-2026` as the statement itself writes it.
fn written(text: &(impl AsRef<str> + ?Sized)) -> Option<Date> {
    let text = text.as_ref().trim();
    let spelled = || Date::strptime("%d-%b-%Y", text.replace('/', "-")).ok();
    day(text).or_else(|| spelled().filter(|day| (1990..2100).contains(&day.year())))
}
