//! A portfolio's value and flows day by day.

mod held;

use std::collections::{BTreeSet, HashMap};

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::balance::{Cause, Move};
use crate::{Act, Event, Isin, Ledger};
use held::Held;

/// Closes of securities, each list by day.
#[derive(Clone, Debug, Default)]
pub struct Prices(HashMap<Isin, Vec<(Date, Decimal)>>);

impl Prices {
    /// Sorts what was read; of two prices of a day the later one counts.
    pub fn new(mut lists: HashMap<Isin, Vec<(Date, Decimal)>>) -> Self {
        for list in lists.values_mut() {
            list.sort_by_key(|(on, _)| *on);
        }
        Self(lists)
    }

    /// The closes of a security, by day; empty when there is none.
    pub fn of(&self, isin: Isin) -> &[(Date, Decimal)] {
        self.0.get(&isin).map(Vec::as_slice).unwrap_or_default()
    }

    /// The closes of a security until the end of a day; the last one is the newest.
    pub fn until(&self, isin: Isin, day: Date) -> &[(Date, Decimal)] {
        let all = self.of(isin);
        &all[..all.partition_point(|(on, _)| *on <= day)]
    }

    pub(super) fn has(&self, isin: Isin) -> bool {
        self.0.contains_key(&isin)
    }
}

/// One day of a portfolio. `value` after the day's events, at its prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub on: Date,
    /// What everything that has a price is worth.
    pub value: Decimal,
    /// The part of it that stands on a price of an earlier day.
    pub carried: Decimal,
    /// What has no price, ever, until this day: it is in no figure.
    pub unpriced: BTreeSet<Isin>,
    /// Amounts of purchases and allotments.
    pub bought: Decimal,
    /// Amounts of sales, and what trusts paid back of their debt.
    pub sold: Decimal,
    /// Worth of what came in without being bought, less what went out, at the day's prices.
    pub transferred: Decimal,
    /// Worth of what a snapshot knows not to be there any more, below zero.
    pub unexplained: Decimal,
    /// Income that was paid, before tax.
    pub income: Decimal,
    /// Charges and tax on trades, and charges on the account, as far as they are known.
    pub charges: Decimal,
    /// What prices and fills made of it, summed from both and never as a remainder.
    pub gain: Decimal,
}

impl Day {
    /// What the investor paid in, for the time-weighted return.
    pub fn paid_in(&self) -> Decimal {
        let came = self.transferred.max(Decimal::ZERO) + self.unexplained.max(Decimal::ZERO);
        self.bought + self.charges + came
    }

    /// What the investor took out.
    pub fn taken_out(&self) -> Decimal {
        let went = self.transferred.min(Decimal::ZERO) + self.unexplained.min(Decimal::ZERO);
        self.sold + self.income - went
    }

    fn empty(on: Date) -> Self {
        let zero = Decimal::ZERO;
        Self {
            on,
            value: zero,
            carried: zero,
            unpriced: BTreeSet::new(),
            bought: zero,
            sold: zero,
            transferred: zero,
            unexplained: zero,
            income: zero,
            charges: zero,
            gain: zero,
        }
    }
}

/// Every day from `from` to `to` with both ends; of the first one only its value counts. `events` are those the
/// ledger was made of; `of` chooses the places.
pub fn days(
    ledger: &Ledger,
    events: &[Event],
    prices: &Prices,
    (from, to): (Date, Date),
    of: impl Fn(usize) -> bool,
) -> Vec<Day> {
    let mut paid = paid(ledger, events, &of);
    let mut held: Vec<Held<'_>> =
        ledger.places.iter().map(|place| Held::new(prices.0.get(&place.isin))).collect();
    let mut moves = ledger.moves.iter().filter(|step| of(step.place)).peekable();
    while let Some(step) = moves.next_if(|step| step.on < from) {
        hand_over(&mut held, step);
        held[step.place].shift(step);
    }
    let mut active: Vec<usize> =
        (0..held.len()).filter(|place| !held[*place].quantity.is_zero()).collect();
    active.iter().for_each(|place| held[*place].active = true);
    let mut days = Vec::new();
    let mut on = from;
    while on <= to {
        let mut day = Day::empty(on);
        for place in &active {
            held[*place].begin(on);
        }
        while let Some(step) = moves.next_if(|step| step.on == on) {
            if !held[step.place].active {
                active.push(step.place);
                held[step.place].active = true;
                held[step.place].begin(on);
            }
            hand_over(&mut held, step);
            held[step.place].apply(step);
        }
        active.retain(|place| held[*place].end(&ledger.places[*place].isin, &mut day));
        if let Some(Paid { income, repaid, charges }) = paid.remove(&on) {
            (day.income, day.charges) = (income, charges);
            // Paid back out of what is held, whose price falls for it.
            day.sold += repaid;
            day.gain += repaid;
        }
        days.push(day);
        let Ok(next) = on.checked_add(1.day()) else { break };
        on = next;
    }
    days
}

/// What everything in another place became is worth what that was, until it has a close of its own.
fn hand_over(held: &mut [Held<'_>], step: &Move) {
    if let Cause::From(source, ratio) = step.cause {
        let handed = held[source].hand_over(ratio);
        held[step.place].take_over(handed, step.on);
    }
}

/// What was paid on a day beside trades.
#[derive(Default)]
struct Paid {
    income: Decimal,
    repaid: Decimal,
    charges: Decimal,
}

fn paid(ledger: &Ledger, events: &[Event], of: &impl Fn(usize) -> bool) -> HashMap<Date, Paid> {
    let places: HashMap<_, _> =
        ledger.places.iter().enumerate().map(|(number, place)| (place, number)).collect();
    let mut paid: HashMap<Date, Paid> = HashMap::new();
    for event in events {
        let zero = Decimal::ZERO;
        let (income, repaid, charges) = match event.act {
            Act::Buy(fill) | Act::Sell(fill) => (zero, zero, fill.fees()),
            Act::Income { gross, capital, .. } => (gross, capital, zero),
            Act::Charge { amount } => (zero, zero, amount),
            _ => continue,
        };
        let wanted = places.get(&event.place).is_some_and(|place| of(*place));
        if wanted && !(income.is_zero() && repaid.is_zero() && charges.is_zero()) {
            let sums = paid.entry(event.on).or_default();
            sums.income += income;
            sums.repaid += repaid;
            sums.charges += charges;
        }
    }
    paid
}
