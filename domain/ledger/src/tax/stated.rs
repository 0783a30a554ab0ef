//! A broker's own report of gains, held against the ledger: every lot agrees, or the difference has a reason.
//!
//! The report is an assertion and changes nothing. Rows are compared by security, day of sale and day of acquisition,
//! because a broker states one row for each fill that a sale was matched with.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Gain, GainClass, Term};
use crate::Isin;
use crate::lots::Way;

/// A part of a holding that was sold, as a broker matched it with its purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stated {
    /// The security.
    pub isin: Isin,
    /// The part of the report it stands in.
    pub section: Section,
    /// When it was acquired.
    pub acquired_on: Date,
    /// When it was sold.
    pub sold_on: Date,
    /// Shares or units, above zero.
    #[serde(with = "rust_decimal::serde::str")]
    pub quantity: Decimal,
    /// What they cost together, before charges.
    #[serde(with = "rust_decimal::serde::str")]
    pub cost: Decimal,
    /// What was received for them together, before charges.
    #[serde(with = "rust_decimal::serde::str")]
    pub consideration: Decimal,
    /// The gain for tax, where the value of 31 January 2018 counts; `None` when the report states no such value.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub taxable: Option<Decimal>,
}

/// The part of a report of gains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Squared off within the day.
    Intraday,
    /// Shares and equity funds on an exchange, short term.
    ShortTerm,
    /// The same, long term.
    LongTerm,
    /// Tendered to the company.
    Buyback,
    /// What is traded on an exchange and no equity for tax; the report need not say the term.
    NonEquity,
    /// Units of mutual funds; the report need not say the term.
    MutualFund,
}

/// Why a lot of the report and the ledger differ.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// The ledger has no sale of it on that day: its trades of that year are not imported, or stand under another ISIN.
    SaleMissing,
    /// The report has no sale of it on that day.
    NotStated,
    /// The ledger knows the sale and not when what was sold was acquired: an older tradebook, an allotment or a transfer
    /// is missing.
    PurchaseMissing,
    /// That day's sales are of another quantity.
    Quantity,
    /// The same quantity was sold, of lots of other days: a bonus, a transfer, a public offer or a corporate action that
    /// one side knows otherwise.
    OtherLots,
    /// Squared off within the day on one side, delivered on the other.
    Intraday,
    /// The same lot, received another amount for.
    Consideration,
    /// The same lot with a higher cost: the ledger's has the charges of the purchase in it, which the report's has not.
    Charges,
    /// The same lot with another cost, for no known reason.
    Cost,
    /// The same lot, short term on one side and long term on the other.
    Term,
    /// The same gain, and another one for tax: another value of 31 January 2018.
    FairValue,
}

/// The sums of a lot on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Shares or units.
    pub quantity: Decimal,
    /// What they cost; `None` when the cost of a part is not known.
    pub cost: Option<Decimal>,
    /// What was received for them.
    pub consideration: Decimal,
    /// The gain for tax, where both sides have one.
    taxable: Option<Decimal>,
    /// How many rows it is the sum of: each may be rounded.
    rows: u32,
}

impl Sums {
    /// What was gained before charges; `None` when the cost is not known.
    pub fn gain(&self) -> Option<Decimal> {
        Some(self.consideration - self.cost?)
    }

    fn add(&mut self, quantity: Decimal, cost: Option<Decimal>, consideration: Decimal) {
        self.cost = match (self.rows, self.cost) {
            (0, _) => cost,
            (_, before) => before.zip(cost).map(|(before, cost)| before + cost),
        };
        self.quantity += quantity;
        self.consideration += consideration;
        self.rows += 1;
    }
}

/// A lot that was sold, on one side or on both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The security.
    pub isin: Isin,
    /// When it was sold.
    pub sold_on: Date,
    /// When it was acquired; `None` when the ledger does not know.
    pub acquired_on: Option<Date>,
    /// What the report says.
    pub stated: Option<Sums>,
    /// What the ledger says.
    pub ledger: Option<Sums>,
    /// Why they differ; `None` when they agree.
    pub difference: Option<Difference>,
}

/// A lot, on one side of the comparison.
#[derive(Clone, Debug, Default)]
struct Side {
    sums: Sums,
    /// Squared off, or delivered, or both.
    intraday: BTreeSet<bool>,
    terms: BTreeSet<Term>,
    /// Whether its charges are known, and then they are in the cost.
    charged: bool,
}

type Key = (Isin, Date, Option<Date>);

/// Holds the rows of a report against the gains of the same account and period. Lots that agree are in it, too. Of each
/// gain its security is asked, and whether the cost has known charges in it.
pub fn compare<'a>(
    stated: impl IntoIterator<Item = &'a Stated>,
    gains: impl IntoIterator<Item = &'a Gain<'a>>,
    of: impl Fn(&Gain<'_>) -> (Isin, bool),
) -> Vec<Compared> {
    let told = by_sale(stated);
    let known = known(gains, of);
    let (all_told, all_known) = (sales(&told), sales(&known));
    let keys: BTreeSet<Key> = told.keys().chain(known.keys()).copied().collect();
    let compared = keys.into_iter().map(|key| {
        let (isin, sold_on, acquired_on) = key;
        let sale = &(isin, sold_on);
        let whole = || Some(lone(all_told.get(sale), all_known.get(sale)));
        let difference = match (told.get(&key), known.get(&key)) {
            (Some(told), Some(known)) if told.sums.quantity == known.sums.quantity => {
                both(told, known)
            }
            // Of another quantity, or on one side alone: the day's sales as a whole say why.
            _ => whole(),
        };
        let sums = |side: &BTreeMap<Key, Side>| side.get(&key).map(|side| side.sums);
        Compared {
            isin,
            sold_on,
            acquired_on,
            stated: sums(&told),
            ledger: sums(&known),
            difference,
        }
    });
    compared.collect()
}

fn by_sale<'a>(stated: impl IntoIterator<Item = &'a Stated>) -> BTreeMap<Key, Side> {
    let mut sides: BTreeMap<Key, Side> = BTreeMap::new();
    for row in stated {
        let side = sides.entry((row.isin, row.sold_on, Some(row.acquired_on))).or_default();
        side.sums.add(row.quantity, Some(row.cost), row.consideration);
        side.sums.taxable = row.taxable.map(|gain| side.sums.taxable.unwrap_or_default() + gain);
        side.intraday.insert(row.section == Section::Intraday);
        side.terms.extend(match row.section {
            Section::ShortTerm => Some(Term::Short),
            Section::LongTerm => Some(Term::Long),
            _ => None,
        });
    }
    sides
}

fn known<'a>(
    gains: impl IntoIterator<Item = &'a Gain<'a>>,
    of: impl Fn(&Gain<'_>) -> (Isin, bool),
) -> BTreeMap<Key, Side> {
    let mut sides: BTreeMap<Key, Side> = BTreeMap::new();
    for gain in gains {
        let closing = gain.closing;
        let (isin, charged) = of(gain);
        let key = (isin, closing.sold_on, closing.lot.acquired_on);
        let side = sides.entry(key).or_default();
        side.sums.add(closing.lot.quantity, closing.lot.cost, closing.consideration);
        let taxable = gain.cost.map(|cost| gain.consideration - cost);
        side.sums.taxable = taxable.map(|gain| side.sums.taxable.unwrap_or_default() + gain);
        side.intraday.insert(matches!(closing.way, Way::Intraday { .. }));
        let equity = matches!(gain.class, GainClass::ShortTermEquity | GainClass::LongTermEquity);
        side.terms.extend(gain.term.filter(|_| equity));
        side.charged |= charged;
    }
    sides
}

/// The quantity sold of a security on a day, and whether all of it was acquired on a known one.
fn sales(sides: &BTreeMap<Key, Side>) -> BTreeMap<(Isin, Date), (Decimal, bool)> {
    let mut sales: BTreeMap<(Isin, Date), (Decimal, bool)> = BTreeMap::new();
    for ((isin, sold_on, acquired_on), side) in sides {
        let (quantity, dated) = sales.entry((*isin, *sold_on)).or_insert((Decimal::ZERO, true));
        *quantity += side.sums.quantity;
        *dated &= acquired_on.is_some();
    }
    sales
}

/// Why a lot is on one side alone, or of another quantity there.
fn lone(told: Option<&(Decimal, bool)>, known: Option<&(Decimal, bool)>) -> Difference {
    match (told, known) {
        (Some(_), None) => Difference::SaleMissing,
        (None, _) => Difference::NotStated,
        (Some((told, _)), Some((known, _))) if told != known => Difference::Quantity,
        (Some(_), Some((_, true))) => Difference::OtherLots,
        (Some(_), Some((_, false))) => Difference::PurchaseMissing,
    }
}

/// Whether two amounts are the same: each row may be rounded to the paisa on either side.
fn same(one: Decimal, other: Decimal, rows: u32) -> bool {
    (one - other).abs() <= Decimal::new(i64::from(rows), 2)
}

fn both(told: &Side, known: &Side) -> Option<Difference> {
    let (one, other) = (&told.sums, &known.sums);
    let rows = one.rows.max(other.rows);
    if told.intraday != known.intraday {
        return Some(Difference::Intraday);
    }
    if !same(one.consideration, other.consideration, rows) {
        return Some(Difference::Consideration);
    }
    let Some((stated, cost)) = one.cost.zip(other.cost) else { return Some(Difference::Cost) };
    if !same(stated, cost, rows) {
        let charges = known.charged && cost > stated;
        return Some(if charges { Difference::Charges } else { Difference::Cost });
    }
    if !told.terms.is_empty() && !known.terms.is_empty() && told.terms != known.terms {
        return Some(Difference::Term);
    }
    let taxable = one.taxable.zip(other.taxable);
    if taxable.is_some_and(|(one, other)| !same(one, other, rows)) {
        return Some(Difference::FairValue);
    }
    None
}
