//! A consolidated account statement as JSON, in the shape that the open-source `casparser` makes of the PDF.
//!
//! Of CAMS and KFintech it is a list of what happened in each folio; of NSDL and CDSL what is held in each demat
//! account. Shape and field names: the types of `casparser`. No published sample of every kind was seen: `unverified`.

use std::collections::HashMap;

use jiff::civil::Date;
use ledger::{Act, Fill, IncomeKind, Isin, Venue};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::{KnownLayout, LONGEST_ID, faults, shortened, statement_row};
use crate::cells::{day, decimal};
use crate::sheets::MOST_ROWS;
use crate::{Entry, Market, Place, Refusal, Row, RowError, Segment, Statement};

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
    transactions: Vec<Transaction>,
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
}

#[derive(Deserialize)]
struct Share {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    isin: String,
    #[serde(default)]
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
    fn is_empty(&self) -> bool {
        self.equities.is_empty() && self.mutual_funds.is_empty()
    }

    /// Whether somebody means it by this id: the depository's sixteen characters, or the client's part of them.
    fn is(&self, id: &str) -> bool {
        let whole = [self.dp_id.as_str(), self.client_id.as_str()].concat();
        id.eq_ignore_ascii_case(&whole) || id.eq_ignore_ascii_case(&self.client_id)
    }
}

/// Reads a consolidated statement; of several demat accounts the one that is named.
pub(crate) fn read(json: &str, demat: Option<&str>) -> Result<Statement, Refusal> {
    // The parser's message could quote an amount.
    let cas: Cas = serde_json::from_str(json).map_err(|_| Refusal::OtherJson)?;
    let held: Vec<&Demat> = cas.accounts.iter().filter(|account| !account.is_empty()).collect();
    match (cas.folios.is_empty(), held.as_slice(), demat) {
        (false, ..) => Ok(folios(&cas.folios)?),
        (true, [], _) => Err(Refusal::OtherJson),
        (true, [only], None) => demat_account(only, &cas),
        (true, all, Some(id)) => {
            let named = all.iter().find(|account| account.is(id));
            demat_account(named.ok_or(Refusal::SeveralAccounts { count: all.len() })?, &cas)
        }
        (true, all, None) => Err(Refusal::SeveralAccounts { count: all.len() }),
    }
}

fn empty(layout: &'static str) -> Statement {
    Statement {
        layout,
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

fn demat_account(account: &Demat, cas: &Cas) -> Result<Statement, Refusal> {
    let mut statement = empty(DEMAT);
    statement.as_of = cas.statement_period.as_ref().and_then(|period| written(period.to.as_ref()?));
    statement.covers = vec![Segment::Equity, Segment::MutualFund];
    let rows = account.equities.len() + account.mutual_funds.len();
    if rows > MOST_ROWS {
        return Err(Refusal::TooLarge { what: "rows", limit: MOST_ROWS });
    }
    let shares = account.equities.iter().map(|share| {
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

fn folios(folios: &[Folio]) -> Result<Statement, Refusal> {
    let mut reading = Reading { statement: empty(FOLIOS), row: 0, seen: HashMap::new() };
    reading.statement.broker = Some("mutual_funds");
    for folio in folios {
        for scheme in &folio.schemes {
            reading.scheme(folio.folio.trim(), scheme);
            if reading.row > MOST_ROWS {
                return Err(Refusal::TooLarge { what: "transactions", limit: MOST_ROWS });
            }
        }
    }
    Ok(reading.statement)
}

/// What is read of a statement of folios, on the way.
struct Reading {
    statement: Statement,
    /// Transactions, counted through the whole file.
    row: usize,
    /// How often a key came: two of a day that say the same are two.
    seen: HashMap<String, usize>,
}

impl Reading {
    fn fault(&mut self, column: &str, reason: String) {
        let (place, column) = (place(self.row), column.to_owned());
        self.statement.errors.push(RowError { place, column, reason });
    }

    fn warn(&mut self, column: &str, reason: &str) {
        let (place, column, reason) = (place(self.row), column.to_owned(), reason.to_owned());
        self.statement.warnings.push(RowError { place, column, reason });
    }

    fn scheme(&mut self, folio: &str, scheme: &Scheme) {
        let first = self.statement.entries.len();
        let mut units = Some(Decimal::ZERO);
        for transaction in &scheme.transactions {
            self.row += 1;
            let moved = number(&transaction.units);
            units =
                units.zip(moved.clone().ok()).map(|(sum, moved)| sum + moved.unwrap_or_default());
            match (moved, number(&transaction.amount)) {
                (Ok(moved), Ok(amount)) => {
                    let row = Told { folio, scheme, transaction, units: moved, amount };
                    self.transaction(&row, first);
                }
                _ => self.fault("amount", "is not a number".into()),
            }
        }
        let (open, close) = (number(&scheme.open), number(&scheme.close));
        let open = open.ok().flatten().unwrap_or_default();
        if !open.is_zero() {
            self.warn(
                "open",
                "units were held before this statement begins; import one since the first purchase",
            );
        }
        let sum = units.map(|units| open + units);
        if sum
            .zip(close.ok().flatten())
            .is_some_and(|(sum, close)| (sum - close).abs() > tolerance())
        {
            self.warn("close", "is not what the transactions come to; some are missing");
        }
    }

    fn transaction(&mut self, row: &Told<'_>, first: usize) {
        let Some(on) = written(&row.transaction.date) else {
            return self.fault("date", "is not a date".into());
        };
        let kind = row.transaction.kind.as_str();
        let same_day = |entries: &[Entry]| {
            entries[first..].iter().rposition(|entry| entry.on == on).map(|at| at + first)
        };
        match (kind, row.units, row.amount) {
            ("STAMP_DUTY_TAX" | "STT_TAX" | "TDS_TAX", _, Some(tax)) => {
                let entry = same_day(&self.statement.entries);
                let entry = entry.and_then(|at| self.statement.entries.get_mut(at));
                if !entry.is_some_and(|entry| taxed(&mut entry.act, kind, tax.abs())) {
                    self.fault("type", format!("{kind} belongs to no transaction above it"));
                }
            }
            (
                "PURCHASE" | "PURCHASE_SIP" | "SWITCH_IN" | "DIVIDEND_REINVEST",
                Some(units),
                Some(amount),
            ) if units > Decimal::ZERO => self.keep(row, on, Act::Buy(fill(units, amount))),
            ("REDEMPTION" | "SWITCH_OUT", Some(units), Some(amount)) if units < Decimal::ZERO => {
                self.keep(row, on, Act::Sell(fill(-units, amount.abs())));
            }
            ("DIVIDEND_PAYOUT", _, Some(gross)) => {
                let (kind, none) = (IncomeKind::Dividend, Decimal::ZERO);
                let act = Act::Income { kind, gross: gross.abs(), tds: none, capital: none };
                self.keep(row, on, act);
            }
            // A change of address, of a bank, of a nominee.
            (_, None, None) => {}
            (_, Some(units), None) if units.is_zero() => {}
            _ => self.fault("type", format!("{} is not read; enter it by hand", shown(kind))),
        }
    }

    fn keep(&mut self, row: &Told<'_>, on: Date, act: Act) {
        let isin = match Isin::parse(row.scheme.isin.as_deref().unwrap_or_default()) {
            Ok(isin) => isin,
            Err(_) => return self.fault("isin", "the scheme has none in this file".into()),
        };
        let number = |number: Option<Decimal>| number.unwrap_or_default().normalize().to_string();
        let (units, amount) = (number(row.units), number(row.amount));
        let day = on.to_string();
        let key = ["CAS", row.folio, isin.as_str(), &day, &row.transaction.kind, &units, &amount];
        let key = key.join("|");
        let count = self.seen.entry(key.clone()).or_default();
        *count += 1;
        let entry = Entry {
            place: place(self.row),
            isin: Some(isin),
            symbol: None,
            name: row.scheme.scheme.clone(),
            folio: (!row.folio.is_empty()).then(|| row.folio.chars().take(LONGEST_ID).collect()),
            market: Market::MutualFund,
            exchange: None,
            series: None,
            on,
            at: None,
            reference: String::new(),
            key: format!("{key}|{count}"),
            act,
        };
        let wrong = faults(&entry);
        if wrong.is_empty() {
            self.statement.entries.push(shortened(entry));
        }
        wrong.into_iter().for_each(|(column, reason)| self.fault(column, reason));
    }
}

/// A transaction with its numbers.
struct Told<'a> {
    folio: &'a str,
    scheme: &'a Scheme,
    transaction: &'a Transaction,
    units: Option<Decimal>,
    amount: Option<Decimal>,
}

fn fill(quantity: Decimal, amount: Decimal) -> Fill {
    Fill { quantity, amount, charges: None, stt: None, venue: Venue::Fund }
}

/// Puts a tax to what it was paid for; `false` when it was not paid for this.
fn taxed(act: &mut Act, kind: &str, tax: Decimal) -> bool {
    match (act, kind) {
        (Act::Buy(fill), "STAMP_DUTY_TAX") if fill.charges.is_none() => fill.charges = Some(tax),
        (Act::Sell(fill), "STT_TAX") if fill.stt.is_none() => fill.stt = Some(tax),
        (Act::Income { tds, .. }, "TDS_TAX") if tds.is_zero() => *tds = tax,
        _ => return false,
    }
    true
}

/// Three decimals are what a statement of units has.
fn tolerance() -> Decimal {
    Decimal::new(1, 3)
}

/// A word of the file, as far as it is safe in an answer.
fn shown(kind: &str) -> String {
    kind.chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        .take(40)
        .collect()
}

/// `2026-11-20`, or `20-Nov-2026` as the statement itself writes it.
fn written(text: &(impl AsRef<str> + ?Sized)) -> Option<Date> {
    let text = text.as_ref().trim();
    let spelled = || Date::strptime("%d-%b-%Y", text).ok();
    day(text).or_else(|| spelled().filter(|day| (1990..2100).contains(&day.year())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEME: &str = r#""scheme": "Gold fund - Direct", "isin": "INF204KB14I2", "open": "0.000", "close": "60.000""#;

    fn folio(transactions: &str) -> String {
        format!(
            r#"{{"statement_period": {{"from": "01-Apr-2024", "to": "31-Mar-2025"}},
            "folios": [{{"folio": "123 / 4", "PAN": "ABCDE1234F",
            "schemes": [{{{SCHEME}, "transactions": [{transactions}]}}]}}]}}"#
        )
    }

    const BOUGHT: &str = r#"{"date": "2024-05-02", "amount": "4999.75", "units": "100.000", "type": "PURCHASE_SIP"},
        {"date": "2024-05-02", "amount": 0.25, "units": null, "type": "STAMP_DUTY_TAX"}"#;
    const SOLD: &str = r#"{"date": "02-Aug-2024", "amount": "-2100.00", "units": -40, "type": "REDEMPTION"},
        {"date": "2024-08-02", "amount": "0.02", "type": "STT_TAX"}"#;

    #[test]
    fn a_folio_is_read_as_what_happened_in_it() {
        let statement = read(&folio(&[BOUGHT, SOLD].join(",")), None).unwrap();
        assert!(statement.errors.is_empty() && statement.warnings.is_empty(), "{statement:?}");
        let [bought, sold] = statement.entries.as_slice() else { panic!("{statement:?}") };
        assert_eq!(
            (bought.folio.as_deref(), bought.on.to_string()),
            (Some("123 / 4"), "2024-05-02".into())
        );
        let duty = Some("0.25".parse().unwrap());
        let Act::Buy(fill) = bought.act else { panic!("{bought:?}") };
        assert_eq!(
            (fill.quantity, fill.amount, fill.charges),
            (100.into(), "4999.75".parse().unwrap(), duty)
        );
        let Act::Sell(fill) = sold.act else { panic!("{sold:?}") };
        assert_eq!((fill.quantity, fill.amount), (40.into(), 2100.into()));
        assert_eq!(fill.stt, Some("0.02".parse().unwrap()));
    }

    #[test]
    fn two_instalments_of_a_day_are_two_and_keep_their_keys() {
        let twice = folio(&[BOUGHT, BOUGHT].join(","));
        let keys = |json: &str| {
            let entries = read(json, None).unwrap().entries;
            entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(&twice), keys(&twice));
        assert_ne!(keys(&twice)[0], keys(&twice)[1]);
    }

    #[test]
    fn what_is_not_read_is_said_and_what_is_missing_too() {
        let statement = read(&folio(SOLD), None).unwrap();
        assert_eq!(statement.warnings[0].column, "close");
        let merged =
            r#"{"date": "2024-05-02", "amount": "1", "units": "60", "type": "SWITCH_IN_MERGER"}"#;
        let statement = read(&folio(merged), None).unwrap();
        assert_eq!((statement.entries.len(), statement.errors[0].column.as_str()), (0, "type"));
        let opened = folio(BOUGHT).replace("\"open\": \"0.000\"", "\"open\": 5");
        assert_eq!(read(&opened, None).unwrap().warnings[0].column, "open");
        let nothing = r#"{"date": "2024-05-02", "amount": null, "units": null, "type": "MISC"}"#;
        assert!(read(&folio(nothing), None).unwrap().errors.is_empty());
    }

    #[test]
    fn of_several_demat_accounts_one_is_named() {
        let account = |client: &str| {
            format!(
                r#"{{"dp_id": "12081600", "client_id": "{client}", "equities": [
                {{"name": "INFOSYS", "isin": "INE009A01021", "num_shares": "12.000", "price": 1, "value": 12}}],
                "mutual_funds": [{{"isin": "INF204KB14I2", "balance": 3.5, "total_cost": "700"}}]}}"#
            )
        };
        let file = |accounts: &[String]| {
            format!(
                r#"{{"statement_period": {{"to": "31-Oct-2026"}}, "accounts": [{}]}}"#,
                accounts.join(",")
            )
        };
        let one = read(&file(&[account("00000001")]), None).unwrap();
        assert_eq!((one.rows.len(), one.as_of.unwrap().to_string()), (2, "2026-10-31".into()));
        assert_eq!(one.rows[1].cost, Some(700.into()));
        let two = file(&[account("00000001"), account("00000002")]);
        assert_eq!(read(&two, None), Err(Refusal::SeveralAccounts { count: 2 }));
        assert!(read(&two, Some("1208160000000002")).is_ok());
        assert_eq!(read(&two, Some("3")), Err(Refusal::SeveralAccounts { count: 2 }));
        assert_eq!(read("{\"a\": 1}", None), Err(Refusal::OtherJson));
        assert_eq!(read("{\"folios\": 1}", None), Err(Refusal::OtherJson));
    }
}
