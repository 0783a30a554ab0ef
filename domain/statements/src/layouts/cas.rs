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
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{KnownLayout, LONGEST_ID, LONGEST_NAME, statement_row};
use crate::cells::{day, decimal};
use crate::endings::not_read;
use crate::sheets::MOST_ROWS;
use crate::{Part, Place, Refusal, Row, RowError, Segment, Statement, Tally};
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

/// What nobody has named is there all the same: it is counted, and said not to be read.
type Rest = Map<String, Value>;

#[derive(Deserialize)]
struct Cas {
    #[serde(default)]
    statement_period: Option<Period>,
    #[serde(default, deserialize_with = "nullable")]
    folios: Vec<Folio>,
    #[serde(default, deserialize_with = "nullable")]
    accounts: Vec<Demat>,
    #[serde(flatten)]
    rest: Rest,
}

/// What a consolidated statement says of itself and of whose it is.
const FRAMING: [&str; 7] =
    ["investor_info", "cas_type", "file_type", "metadata", "summary", "status", "msg"];

#[derive(Deserialize)]
struct Period {
    #[serde(default)]
    to: Option<String>,
}

#[derive(Deserialize)]
struct Folio {
    #[serde(default, deserialize_with = "nullable")]
    folio: String,
    #[serde(default, rename = "PAN", alias = "pan")]
    pan: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    schemes: Vec<Scheme>,
}

#[derive(Deserialize)]
struct Scheme {
    #[serde(default, deserialize_with = "nullable")]
    scheme: String,
    #[serde(default)]
    isin: Option<String>,
    #[serde(default)]
    open: Value,
    #[serde(default)]
    close: Value,
    #[serde(default)]
    valuation: Option<Valuation>,
    #[serde(default, deserialize_with = "nullable")]
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
    #[serde(default, deserialize_with = "nullable")]
    date: String,
    #[serde(default, deserialize_with = "nullable")]
    description: String,
    #[serde(default)]
    amount: Value,
    #[serde(default)]
    units: Value,
    #[serde(default)]
    balance: Value,
    #[serde(default, rename = "type", deserialize_with = "nullable")]
    kind: String,
}

#[derive(Deserialize)]
struct Demat {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    dp_id: String,
    #[serde(default, deserialize_with = "nullable")]
    client_id: String,
    #[serde(default, deserialize_with = "nullable")]
    equities: Vec<Share>,
    #[serde(default, deserialize_with = "nullable")]
    mutual_funds: Vec<Units>,
    #[serde(default, deserialize_with = "nullable")]
    bonds: Vec<Share>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Deserialize)]
struct Share {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    isin: String,
    #[serde(default, alias = "num_bonds")]
    num_shares: Value,
}

#[derive(Deserialize)]
struct Units {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    isin: String,
    #[serde(default)]
    balance: Value,
    #[serde(default)]
    total_cost: Value,
    #[serde(default, deserialize_with = "nullable")]
    folio: String,
}

/// Null where a text or a list is expected is an empty one: one null is not to take the rest of a file away.
fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

impl Demat {
    /// Whether it is an account: folios of funds that the statement repeats have no id, and come with another one.
    fn is_held(&self) -> bool {
        !self.client_id.trim().is_empty() && self.holdings() > 0
    }

    fn holdings(&self) -> usize {
        self.equities.len() + self.mutual_funds.len() + self.bonds.len()
    }
}

/// How many things a value of the file is: the entries of a list, the one of anything else that is not empty.
fn things(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => {
            let lists = members.values().filter_map(Value::as_array).map(Vec::len);
            usize::from(!members.is_empty()).max(lists.sum())
        }
        _ => 0,
    }
}

/// Names the lists of an object that nobody reads.
fn name_rest(of: &str, rest: &Rest, framing: &[&str], statement: &mut Statement) {
    for (name, value) in rest.iter().filter(|(name, _)| !framing.contains(&name.as_str())) {
        let count = things(value);
        if count > 0 {
            let name: String = name.chars().take(LONGEST_ID).collect();
            name_unread(&format!("{count} of `{name}`{of}"), count, statement);
        }
    }
}

/// Says that something is not read, and counts it.
fn name_unread(what: &str, count: usize, statement: &mut Statement) {
    statement.tally.rows += count;
    statement.tally.not_read += count;
    statement.warnings.push(not_read(place(0), "file", what));
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
    let mut parts = if cas.folios.is_empty() {
        let held: Vec<&Demat> = cas.accounts.iter().filter(|account| account.is_held()).collect();
        if held.is_empty() {
            return Err(Refusal::OtherJson);
        }
        let to = to.ok_or(Refusal::Undated)?;
        held.into_iter().map(|account| demat_account(account, to)).collect::<Result<_, _>>()?
    } else {
        folios(&cas.folios, to)?
    };
    if let Some(first) = parts.first_mut() {
        name_rest("", &cas.rest, &FRAMING, first);
        let all_accounts = !cas.folios.is_empty();
        for account in cas.accounts.iter().filter(|account| all_accounts || !account.is_held()) {
            account.name_unread(first);
        }
    }
    Ok(parts)
}

impl Demat {
    /// Says that nothing of it is read, by name.
    fn name_unread(&self, statement: &mut Statement) {
        let name = self.name.as_deref().unwrap_or("an account without an id");
        let shares = self.equities.iter().chain(&self.bonds).map(|share| share.isin.clone());
        let units = self.mutual_funds.iter().map(|units| match units.folio.trim() {
            "" => units.isin.clone(),
            folio => format!("{} in folio {folio}", units.isin),
        });
        let all: Vec<String> = shares.chain(units).collect();
        if all.is_empty() {
            return;
        }
        let shown = all.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = if all.len() > MOST_NAMED { ", …" } else { "" };
        let what = format!(
            "{} of \"{}\", whose units come with the registrars' statement (CAMS, KFintech): {shown}{more}",
            all.len(),
            name.chars().take(LONGEST_NAME).collect::<String>()
        );
        name_unread(&what, all.len(), statement);
    }
}

/// How many holdings of a part that is not read are named.
const MOST_NAMED: usize = 20;

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
        tally: Tally::default(),
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
    let rows = account.holdings();
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
        let faults = statement.errors.len();
        match held(stated) {
            Ok(row) => statement_row(Some(Row { place: place(at + 1), ..row }), &mut statement),
            Err((column, reason)) => {
                let (place, column) = (place(at + 1), column.to_owned());
                statement.errors.push(RowError { place, column, reason });
            }
        }
        let tally = &mut statement.tally;
        tally.rows += 1;
        *(if statement.errors.len() > faults { &mut tally.refused } else { &mut tally.kept }) += 1;
    }
    let of = format!(" in the account {}", statement.part.demat_id().unwrap_or_default());
    name_rest(&of, &account.rest, &DEMAT_FRAMING, &mut statement);
    Ok(statement)
}

/// What a demat account says of itself.
const DEMAT_FRAMING: [&str; 6] = ["type", "folios", "balance", "owners", "bo_id", "linked_folios"];

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
    day(text.as_ref())
}
