//! Gains summed by holder, financial year and class.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Flag, Gain, GainClass, Term, financial_year};

/// What a sum is of. Tax is a holder's, whoever the broker and whichever the workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct YearOf<H> {
    /// Whose.
    pub holder: H,
    /// The year in which the financial year begins.
    pub year: i16,
    /// The class of gain.
    pub class: GainClass,
    /// Short or long; `None` where that has no meaning.
    pub term: Option<Term>,
    /// The section of the Act of that day.
    pub section: Option<&'static str>,
}

/// Sums of one class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassTotal {
    /// What was received.
    pub consideration: Decimal,
    /// What it cost, over those whose cost is known.
    pub cost: Decimal,
    /// Charges of sales, as far as they are known.
    pub expenses: Decimal,
    /// Gains above zero.
    pub gains: Decimal,
    /// Losses, as a number below zero.
    pub losses: Decimal,
    /// What was received for buy-backs and is taxed as dividend: not in `consideration`.
    pub dividends: Decimal,
    /// How many closed lots are in it.
    pub lots: usize,
    /// How many of them have no known cost: they are in `consideration` and in neither gains nor losses.
    pub cost_unknown: usize,
    /// Gains less losses by the instalments of advance tax: until 15 June, 15 September, 15 December, 15 March, 31 March.
    pub instalments: [Decimal; 5],
    /// What deserves a look.
    pub flags: BTreeSet<Flag>,
}

/// The last days of the instalments of advance tax (section 211) in a financial year.
pub fn instalments(year: i16) -> [Date; 5] {
    [(year, 6, 15), (year, 9, 15), (year, 12, 15), (year + 1, 3, 15), (year + 1, 3, 31)]
        .map(|(year, month, day)| Date::constant(year, month, day))
}

impl ClassTotal {
    /// Gains less losses.
    pub fn net(&self) -> Decimal {
        self.gains + self.losses
    }
}

/// Sums gains; `holder` says whose a place is.
pub fn by_class<H: Ord>(
    gains: &[Gain<'_>],
    holder: impl Fn(usize) -> H,
) -> BTreeMap<YearOf<H>, ClassTotal> {
    let mut totals: BTreeMap<YearOf<H>, ClassTotal> = BTreeMap::new();
    for gain in gains {
        let on = gain.closing.sold_on;
        let key = YearOf {
            holder: holder(gain.closing.place),
            year: financial_year(on),
            class: gain.class,
            term: gain.term,
            section: gain.class.section(on),
        };
        let total = totals.entry(key).or_default();
        total.lots += 1;
        total.dividends += gain.dividend();
        total.consideration += gain.consideration;
        total.expenses += gain.closing.expenses.unwrap_or_default();
        total.cost += gain.cost.unwrap_or_default();
        let until = instalments(financial_year(on)).iter().position(|last| on <= *last);
        if let (Some(until), Some(taxable)) = (until, gain.taxable()) {
            total.instalments[until] += taxable;
        }
        match gain.taxable() {
            None => total.cost_unknown += 1,
            Some(taxable) if taxable < Decimal::ZERO => total.losses += taxable,
            Some(taxable) => total.gains += taxable,
        }
        total.flags.extend(gain.flags.iter().copied());
    }
    totals
}
