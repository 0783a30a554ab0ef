//! Lots: what was acquired when and for how much, and which of them a sale closes.
//!
//! First in, first out by the day of credit, per demat account and ISIN (CBDT circular 768 of 24 June 1998); the
//! day of acquisition is kept apart, because the holding period counts from it. Purchases and sales of one ISIN in
//! one account on one day square off first, up to the smaller side, and never touch older lots.

mod actions;
mod intraday;
mod machine;

use std::collections::VecDeque;

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use uuid::Uuid;

use crate::Isin;
use crate::event::{IncomeKind, Venue};

pub(crate) use machine::Machine;

/// Where a lot comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LotSource {
    /// Bought.
    Bought,
    /// Allotted in a public offer or to an employee.
    Allotted,
    /// Allotted by right.
    Rights,
    /// A bonus: it cost nothing.
    Bonus,
    /// Came in without being bought.
    Transferred,
    /// Held before the first event, as its owner says.
    Opening,
    /// Held before the first event, as a statement or a sale shows; day and cost are not known.
    Derived,
}

/// Shares or units that were acquired together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The event it comes from; `None` of a derived opening.
    pub event: Option<Uuid>,
    /// How it came.
    pub source: LotSource,
    /// How many are left of it.
    pub quantity: Decimal,
    /// What those cost together; `None` when it is not known.
    pub cost: Option<Decimal>,
    /// The day the holding period counts from.
    pub acquired_on: Option<Date>,
    /// The day of credit in this account: the order of first in, first out. `None` before everything known.
    pub credited_on: Option<Date>,
    /// Whether securities transaction tax was paid on acquiring, or the law does not ask for it (public offer,
    /// bonus, rights). `None` when it is not known.
    pub stt_paid: Option<bool>,
    /// Shares of now for one share of 31 January 2018, or of when it was acquired if that is later.
    pub factor: Decimal,
    /// The ISIN of that share.
    pub valued_as: Isin,
    /// A merger, a demerger or a move between accounts happened since, for which the rules leave something open.
    pub needs_review: bool,
    /// It came out of a merger or a demerger after 31 January 2018: no rule says what its value of that day is.
    pub fair_value_open: bool,
    /// Breaks ties in the order.
    pub reference: Box<str>,
}

/// What became of a lot that was sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Squared off within the day.
    Intraday {
        /// Bought on one exchange and sold on the other, for which no rule is known.
        ambiguous: bool,
    },
    /// Sold.
    Sold(Venue),
    /// Bought and sold on one day in a series in which every trade is for delivery; some call it speculative.
    SameDayDelivery(Venue),
    /// Tendered to the company.
    Buyback,
}

/// A lot, or a part of one, that was sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The sale.
    pub event: Uuid,
    /// The place, by its number in the ledger.
    pub place: usize,
    /// The day of the sale.
    pub sold_on: Date,
    /// How it was sold.
    pub way: Way,
    /// What was received for it, before charges.
    pub consideration: Decimal,
    /// Charges of the sale, without securities transaction tax; `None` when they are not known.
    pub expenses: Option<Decimal>,
    /// The lot, as far as it was sold: quantity and cost are those of this closing.
    pub lot: Lot,
}

impl Closing {
    /// What was gained, before any rule of tax; `None` when the cost is not known. Charges that are not known are
    /// not in it.
    pub fn gain(&self) -> Option<Decimal> {
        Some(self.consideration - self.expenses.unwrap_or_default() - self.lot.cost?)
    }
}

/// Income that was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Income {
    /// The event.
    pub event: Uuid,
    /// The place, by its number in the ledger.
    pub place: usize,
    /// The day.
    pub on: Date,
    /// Of which kind.
    pub kind: IncomeKind,
    /// Before tax was deducted.
    pub gross: Decimal,
    /// Tax deducted at source.
    pub tds: Decimal,
}

/// Lots that went out without being sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The event.
    pub event: Uuid,
    /// The place, by its number in the ledger.
    pub place: usize,
    /// The day.
    pub on: Date,
    /// What went.
    pub lot: Lot,
}

/// A part of an amount, rounded half up to the paisa; the rest stays with the rest, so that sums are exact.
pub(crate) fn part(amount: Decimal, of: Decimal, whole: Decimal) -> Decimal {
    if of == whole {
        return amount;
    }
    // Divided first where the product would be too long; what that rounds stays with the rest.
    let share =
        amount.checked_mul(of).map_or_else(|| amount / whole * of, |product| product / whole);
    share.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

impl Lot {
    /// Takes a part out of it.
    fn split_off(&mut self, quantity: Decimal) -> Self {
        let cost = self.cost.map(|cost| part(cost, quantity, self.quantity));
        let taken = Self { quantity, cost, ..self.clone() };
        self.quantity -= quantity;
        self.cost = self.cost.zip(cost).map(|(whole, cost)| whole - cost);
        taken
    }

    fn key(&self) -> (Option<Date>, Option<Date>, &str) {
        (self.credited_on, self.acquired_on, &self.reference)
    }
}

/// The lots of one place, in the order in which they are sold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue(VecDeque<Lot>);

impl Queue {
    pub(crate) fn add(&mut self, lot: Lot) {
        if lot.quantity <= Decimal::ZERO {
            return;
        }
        let at = match self.0.back() {
            Some(last) if last.key() > lot.key() => {
                self.0.partition_point(|other| other.key() <= lot.key())
            }
            _ => self.0.len(),
        };
        self.0.insert(at, lot);
    }

    /// Adds many, in one go: each behind those it is not older than, as one by one.
    pub(crate) fn add_all(&mut self, lots: impl IntoIterator<Item = Lot>) {
        let lots: Vec<Lot> = lots.into_iter().filter(|lot| lot.quantity > Decimal::ZERO).collect();
        let Some(first) = lots.iter().map(Lot::key).min() else { return };
        let at = self.0.partition_point(|lot| lot.key() <= first);
        let mut behind: Vec<Lot> = self.0.split_off(at).into();
        behind.extend(lots);
        // Stable, and quick where both were in order.
        behind.sort_by(|one, other| one.key().cmp(&other.key()));
        self.0.extend(behind);
    }

    /// Takes so much from the front; less when there is less.
    pub(crate) fn take(&mut self, mut quantity: Decimal) -> Vec<Lot> {
        let mut taken = Vec::with_capacity(1);
        while quantity > Decimal::ZERO {
            let Some(first) = self.0.front_mut() else { break };
            if first.quantity > quantity {
                taken.push(first.split_off(quantity));
                break;
            }
            quantity -= first.quantity;
            taken.extend(self.0.pop_front());
        }
        taken
    }

    pub(crate) fn quantity(&self) -> Decimal {
        self.0.iter().map(|lot| lot.quantity).sum()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Lot> {
        self.0.iter_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Lot> {
        self.0.iter()
    }

    /// Everything, in order, leaving nothing.
    pub(crate) fn drain(&mut self) -> Vec<Lot> {
        std::mem::take(&mut self.0).into()
    }
}
