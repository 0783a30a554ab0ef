//! What happened in the folios of a consolidated statement.

use std::collections::HashMap;

use jiff::civil::Date;
use ledger::columns::columns;
use ledger::{Act, Fill, IncomeKind, Isin, Venue};
use rust_decimal::Decimal;

use super::super::{LONGEST_ID, LONGEST_NAME, MOST_COST, MOST_OWNED, faults, shortened};
use super::{FOLIOS, Folio, Scheme, Transaction, empty, number, place, written};
use crate::sheets::MOST_ROWS;
use crate::{
    Entry, FolioUnits, Market, Part, Refusal, RowError, Statement, folio_number,
    permanent_account_number,
};

/// Reads a part for each folio and holder. One that stands there twice, for two funds of a house, is one.
pub(super) fn folios(folios: &[Folio], to: Option<Date>) -> Result<Vec<Statement>, Refusal> {
    let mut reading = Reading { statement: empty(FOLIOS), to, row: 0, seen: HashMap::new() };
    let mut parts: Vec<Statement> = Vec::new();
    let mut at = HashMap::new();
    for folio in folios {
        // The readers of some statements leave the holder blank, or masked.
        let holder = folio.pan.as_deref().and_then(permanent_account_number);
        let whose = (number_of(&folio.folio), holder);
        let part = *at.entry(whose).or_insert_with_key(|whose: &(String, Option<String>)| {
            let (number, holder) = whose.clone();
            let part = Part::Folio { number, holder };
            parts.push(Statement { part, broker: Some("mutual_funds"), ..empty(FOLIOS) });
            parts.len() - 1
        });
        let Some(part) = parts.get_mut(part) else { continue };
        std::mem::swap(&mut reading.statement, part);
        for scheme in &folio.schemes {
            reading.scheme(folio.folio.trim(), scheme);
            if reading.row > MOST_ROWS || scheme.transactions.len() > MOST_ROWS {
                return Err(Refusal::TooLarge { what: "transactions", limit: MOST_ROWS });
            }
        }
        std::mem::swap(&mut reading.statement, part);
    }
    Ok(parts)
}

fn number_of(folio: &str) -> String {
    folio_number(folio).chars().take(LONGEST_ID).collect()
}

/// What is read of a statement of folios, on the way.
struct Reading {
    /// The part that is read.
    statement: Statement,
    /// The last day of the statement.
    to: Option<Date>,
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
        for transaction in &scheme.transactions {
            self.row += 1;
            match (number(&transaction.units), number(&transaction.amount)) {
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
                "units were held before this statement begins, of unknown day and cost; import one since the first purchase",
            );
        }
        // Of what was kept: a row that is not read is missing in the ledger, too.
        let kept: Decimal =
            self.statement.entries[first..].iter().map(|entry| units(&entry.act)).sum();
        let close = close.ok().flatten();
        let right = close.map(|close| {
            // What rounding leaves is nothing that was held before.
            let told = open + kept;
            if (told - close).abs() <= tolerance() { told } else { close }
        });
        self.closing(folio, scheme, right);
        if close.is_some_and(|close| (open + kept - close).abs() > tolerance()) {
            self.warn("close", "is not what the transactions come to; some are missing");
        }
    }

    /// Keeps what is in the folio in the end.
    fn closing(&mut self, folio: &str, scheme: &Scheme, close: Option<Decimal>) {
        let valuation = scheme.valuation.as_ref();
        let valued = valuation.and_then(|valued| written(valued.date.as_ref()?));
        let isin = Isin::parse(scheme.isin.as_deref().unwrap_or_default()).ok();
        let units = close.filter(|units| (Decimal::ZERO..=MOST_OWNED.into()).contains(units));
        let (Some(isin), Some(units), Some(on)) = (isin, units, self.to.or(valued)) else {
            return;
        };
        let cost = valuation.and_then(|valued| number(&valued.cost).ok().flatten());
        let cost = cost.filter(|cost| (Decimal::ONE..=MOST_COST.into()).contains(cost));
        let name = scheme.scheme.chars().take(LONGEST_NAME).collect();
        // As the ledger knows places.
        let folio = named(&folio.split_whitespace().collect::<String>());
        self.statement.folios.push(FolioUnits { isin, folio, name, on, units, cost });
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
            // Paid out in words, and in units after all.
            ("DIVIDEND_PAYOUT", Some(units), Some(amount)) if units > Decimal::ZERO => {
                self.keep(row, on, Act::Buy(fill(units, amount)));
            }
            ("REVERSAL", Some(units), Some(amount)) if units < Decimal::ZERO => {
                if self.reverse(first, fill(-units, amount.abs())) {
                    let told = "takes a purchase back; if an earlier statement was imported without this, take the \
                                purchase out by hand";
                    self.warn("type", told);
                } else {
                    self.fault("type", "reverses no purchase above it".into());
                }
            }
            ("DIVIDEND_PAYOUT", _, Some(gross)) if gross >= Decimal::ZERO => {
                let (kind, none) = (IncomeKind::Dividend, Decimal::ZERO);
                let act = Act::Income { kind, gross, tds: none, capital: none };
                self.keep(row, on, act);
            }
            // A change of address, of a bank, of a nominee.
            (_, None, None) => {}
            (_, Some(units), None) if units.is_zero() => {}
            _ => self.fault(
                "type",
                format!("{} is not read; enter it by hand, with the folio", shown(kind)),
            ),
        }
    }

    /// Takes back a purchase that was not paid for; `false` when there is none of these units for this amount.
    fn reverse(&mut self, first: usize, reversed: Fill) -> bool {
        let is = |entry: &Entry| matches!(entry.act, Act::Buy(fill) if (fill.quantity, fill.amount) == (reversed.quantity, reversed.amount));
        let found = self.statement.entries[first..].iter().rposition(is);
        found.map(|at| self.statement.entries.remove(first + at)).is_some()
    }

    fn keep(&mut self, row: &Told<'_>, on: Date, act: Act) {
        let isin = match Isin::parse(row.scheme.isin.as_deref().unwrap_or_default()) {
            Ok(isin) => isin,
            Err(_) => return self.fault("isin", "the scheme has none in this file".into()),
        };
        let number = |number: Option<Decimal>| number.unwrap_or_default().normalize().to_string();
        let (units, amount) = (number(row.units), number(row.amount));
        let day = on.to_string();
        // Without what differs between two readings of one statement: spaces, and words for a purchase.
        let folio: String = row.folio.split_whitespace().collect();
        let kind = columns(&act).kind;
        let key = ["CAS", &folio, isin.as_str(), &day, &kind, &units, &amount];
        let key = key.join("|");
        let count = self.seen.entry(key.clone()).or_default();
        *count += 1;
        let entry = Entry {
            place: place(self.row),
            isin: Some(isin),
            symbol: None,
            name: row.scheme.scheme.clone(),
            folio: named(row.folio),
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

/// A folio as events and assertions have it.
fn named(folio: &str) -> Option<String> {
    (!folio.is_empty()).then(|| folio.chars().take(LONGEST_ID).collect())
}

fn fill(quantity: Decimal, amount: Decimal) -> Fill {
    Fill { quantity, amount, charges: None, stt: None, venue: Venue::Fund }
}

/// What an act adds to the units.
fn units(act: &Act) -> Decimal {
    match act {
        Act::Buy(fill) => fill.quantity,
        Act::Sell(fill) => -fill.quantity,
        _ => Decimal::ZERO,
    }
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
