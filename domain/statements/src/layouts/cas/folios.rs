//! What happened in the folios of a consolidated statement.

use std::collections::{HashMap, VecDeque};

use jiff::ToSpan;
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

    /// The same of a scheme as a whole, which is named with its folio.
    fn warn_of(&mut self, column: &str, folio: &str, scheme: &Scheme, reason: &str) {
        self.warn(column, &format!("{}: {reason}", title(folio, scheme)));
    }

    fn scheme(&mut self, folio: &str, scheme: &Scheme) {
        let first = self.statement.entries.len();
        let mut balance = number(&scheme.open).ok().flatten();
        for transaction in &scheme.transactions {
            self.row += 1;
            let (faults, kept) = (self.statement.errors.len(), self.statement.entries.len());
            match (number(&transaction.units), number(&transaction.amount)) {
                (Ok(moved), Ok(amount)) => {
                    let row = Movement {
                        folio,
                        scheme,
                        transaction,
                        units: moved,
                        amount,
                        before: balance,
                    };
                    self.transaction(&row, first);
                }
                _ => self.fault("amount", "is not a number".into()),
            }
            balance = number(&transaction.balance).ok().flatten().or(balance);
            self.count_row(faults, kept);
        }
        let (open, close) = (number(&scheme.open), number(&scheme.close));
        let open = open.ok().flatten().unwrap_or_default();
        if !open.is_zero() {
            self.warn_of(
                "open",
                folio,
                scheme,
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
            self.warn_of(
                "close",
                folio,
                scheme,
                "the units at the end are not what the transactions come to; some are missing",
            );
        } else if open.is_zero() {
            self.compare_cost(folio, scheme, first);
        }
    }

    /// Says where the statement's own cost is not that of the units that are left, the oldest gone first. Stamp duty may be
    /// in it or not.
    fn compare_cost(&mut self, folio: &str, scheme: &Scheme, first: usize) {
        let valued =
            scheme.valuation.as_ref().and_then(|valued| number(&valued.cost).ok().flatten());
        let Some(stated) = valued.filter(|cost| !cost.is_zero()) else { return };
        let (cost, duty) = cost_left(&self.statement.entries[first..]);
        if (cost - stated).abs() > Decimal::ONE + duty {
            let reason = format!(
                "the statement says that what is left cost {stated}, and its transactions come to {}",
                cost.round_dp(2)
            );
            self.warn_of("cost", folio, scheme, &reason);
        }
    }

    /// Counts a row by what came of it, with the numbers of faults and entries before it.
    fn count_row(&mut self, faults: usize, kept: usize) {
        let tally = &mut self.statement.tally;
        tally.rows += 1;
        *(if self.statement.errors.len() > faults {
            &mut tally.refused
        } else if self.statement.entries.len() > kept {
            &mut tally.kept
        } else {
            &mut tally.passed
        }) += 1;
    }

    /// Keeps what is in the folio in the end.
    fn closing(&mut self, folio: &str, scheme: &Scheme, close: Option<Decimal>) {
        let valuation = scheme.valuation.as_ref();
        let valued = valuation.and_then(|valued| written(valued.date.as_ref()?));
        let isin = Isin::parse(scheme.isin.as_deref().unwrap_or_default()).ok();
        let units = close.filter(|units| (Decimal::ZERO..=MOST_OWNED.into()).contains(units));
        if isin.is_none()
            && units.is_some_and(|units| !units.is_zero())
            && scheme.transactions.is_empty()
        {
            // Of one with transactions each of them is refused.
            let units = units.unwrap_or_default().normalize();
            let reason = format!(
                "{}: has none in this file; its {units} units are not read",
                title(folio, scheme)
            );
            self.statement.tally.rows += 1;
            self.statement.tally.refused += 1;
            return self.fault("isin", reason);
        }
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

    fn transaction(&mut self, row: &Movement<'_>, first: usize) {
        let Some(on) = written(&row.transaction.date) else {
            return self.fault("date", "is not a date".into());
        };
        let kind = row.transaction.kind.as_str();
        if let (Some(units), Some(amount)) =
            (row.units.filter(|units| !units.is_zero()), row.amount)
            && takes_back(&row.transaction.description, kind)
        {
            return self.take_back(first, on, (units, amount.abs()));
        }
        match (kind, row.units, row.amount) {
            ("STAMP_DUTY_TAX", _, Some(duty)) if duty < Decimal::ZERO => {
                self.return_duty(first, on, -duty);
            }
            ("STAMP_DUTY_TAX" | "STT_TAX" | "TDS_TAX", _, Some(tax)) => {
                self.tax(first, on, kind, tax.abs());
            }
            ("PURCHASE" | "PURCHASE_SIP" | "SWITCH_IN", Some(units), Some(amount))
                if units > Decimal::ZERO =>
            {
                self.keep(row, on, Act::Buy(fill(units, amount)));
            }
            // Paid, and units bought for it; the one or the other in words.
            ("DIVIDEND_REINVEST" | "DIVIDEND_PAYOUT", Some(units), Some(amount))
                if units > Decimal::ZERO && amount >= Decimal::ZERO =>
            {
                self.keep(row, on, dividend(amount));
                self.keep(row, on, Act::Buy(fill(units, amount)));
            }
            ("REDEMPTION" | "SWITCH_OUT", Some(units), Some(amount)) if units < Decimal::ZERO => {
                self.keep(row, on, Act::Sell(fill(-units, amount.abs())));
            }
            ("DIVIDEND_PAYOUT", _, Some(gross)) if gross >= Decimal::ZERO => {
                self.keep(row, on, dividend(gross));
            }
            // A change of address, of a bank, of a nominee.
            (_, None, None) => {}
            (_, Some(units), None) if units.is_zero() => {}
            // A note with an amount in it: the units are as they were.
            ("MISC", units, _)
                if units.is_none_or(|units| units.is_zero()) && row.leaves_balance() =>
            {
                if row.amount.is_some_and(|amount| !amount.is_zero()) {
                    self.warn("type", "has an amount and no units, and is taken for a note");
                }
            }
            _ => self.fault(
                "type",
                format!("{} is not read; enter it by hand, with the folio", shown(kind)),
            ),
        }
    }

    /// Puts a tax to what it was paid for, of the same day.
    fn tax(&mut self, first: usize, on: Date, kind: &str, tax: Decimal) {
        let of_day = |entry: &&mut Entry| entry.on == on;
        let found = self.statement.entries[first..]
            .iter_mut()
            .rev()
            .filter(of_day)
            .any(|entry| taxed(&mut entry.act, kind, tax));
        let sold = |entry: &Entry| entry.on == on && matches!(entry.act, Act::Sell(_));
        if found {
        } else if kind == "TDS_TAX" && self.statement.entries[first..].iter().any(sold) {
            let told = format!(
                "not read: {tax} that was deducted from the redemption above; it is in your tax statement (26AS)"
            );
            self.warn("type", &told);
        } else {
            self.fault("type", format!("{kind} belongs to no transaction above it"));
        }
    }

    /// Takes stamp duty back that was paid on the same day; of a purchase that was taken back, it went with it.
    fn return_duty(&mut self, first: usize, on: Date, duty: Decimal) {
        let mut entries = self.statement.entries[first..].iter_mut().rev();
        let paid = entries.find_map(|entry| match &mut entry.act {
            Act::Buy(fill) if entry.on == on && fill.charges == Some(duty) => Some(fill),
            _ => None,
        });
        if let Some(fill) = paid {
            fill.charges = None;
        }
    }

    /// Takes back what has the same units for the same amount the other way round, of the days before.
    fn take_back(&mut self, first: usize, on: Date, (moved, amount): (Decimal, Decimal)) {
        let of = |entry: &Entry| match entry.act {
            Act::Buy(fill) => Some((fill.quantity, fill.amount)),
            Act::Sell(fill) => Some((-fill.quantity, fill.amount)),
            _ => None,
        };
        let near = |entry: &Entry| {
            entry.on <= on && entry.on >= on.saturating_sub(TAKEN_BACK_WITHIN.days())
        };
        let is = |entry: &Entry| near(entry) && of(entry) == Some((-moved, amount));
        match self.statement.entries[first..].iter().rposition(is) {
            Some(at) => {
                let row = self.statement.entries.remove(first + at).place;
                // The dividend that was reinvested stands in the same row.
                let mut place = 0..self.statement.entries.len();
                let paid = |at: &usize| *at >= first && self.statement.entries[*at].place == row;
                if let Some(paid) = place.find(paid) {
                    self.statement.entries.remove(paid);
                }
                // What was taken back is not kept, and neither is what takes it back.
                let tally = &mut self.statement.tally;
                (tally.kept, tally.passed) = (tally.kept.saturating_sub(1), tally.passed + 1);
                self.warn(
                    "type",
                    "takes back what stands above it; if an earlier statement was imported without this, take that out by hand",
                );
            }
            None => self.fault("type", "takes back nothing that stands above it".into()),
        }
    }

    fn keep(&mut self, row: &Movement<'_>, on: Date, act: Act) {
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
struct Movement<'a> {
    folio: &'a str,
    scheme: &'a Scheme,
    transaction: &'a Transaction,
    units: Option<Decimal>,
    amount: Option<Decimal>,
    /// The balance of units before it, when the file says.
    before: Option<Decimal>,
}

impl Movement<'_> {
    /// Whether the units are afterwards what they were.
    fn leaves_balance(&self) -> bool {
        let after = number(&self.transaction.balance).ok().flatten();
        after.is_none() || after == self.before
    }
}

/// What was done wrongly is taken back within so many days.
const TAKEN_BACK_WITHIN: i64 = 30;

/// Whether a transaction takes another one back: registrars say so in words, whatever the reader calls it.
fn takes_back(description: &str, kind: &str) -> bool {
    let description = description.to_lowercase();
    kind == "REVERSAL"
        || ["revers", "reject", "dishonour"].iter().any(|word| description.contains(word))
}

fn dividend(gross: Decimal) -> Act {
    let none = Decimal::ZERO;
    Act::Income { kind: IncomeKind::Dividend, gross, tds: none, capital: none }
}

/// What a scheme and its folio are called.
fn title(folio: &str, scheme: &Scheme) -> String {
    let name: String = scheme.scheme.chars().take(LONGEST_NAME).collect();
    format!("{name}, folio {}", folio.chars().take(LONGEST_ID).collect::<String>())
}

/// What the units that are left cost, the oldest gone first, and the stamp duty of all purchases.
fn cost_left(entries: &[Entry]) -> (Decimal, Decimal) {
    let (mut lots, mut duty) = (VecDeque::new(), Decimal::ZERO);
    for entry in entries {
        match entry.act {
            Act::Buy(fill) => {
                duty += fill.charges.unwrap_or_default();
                lots.push_back((fill.quantity, fill.amount));
            }
            Act::Sell(fill) => {
                let mut left = fill.quantity;
                while let Some((units, amount)) = lots.pop_front() {
                    if units > left {
                        let rest = units - left;
                        lots.push_front((
                            rest,
                            amount.checked_mul(rest).map_or(amount, |cost| cost / units),
                        ));
                        break;
                    }
                    left -= units;
                }
            }
            _ => {}
        }
    }
    (lots.iter().map(|(_, amount)| amount).sum(), duty)
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
