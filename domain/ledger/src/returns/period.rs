//! A period's returns, and the sum that must come out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Day, Flow, Prices, TimeWeighted, Undefined, Xirr, days, time_weighted, xirr};
use crate::{Act, Event, History, Isin, Ledger, Snapshot};

/// A period `(from, to]`: what happened on `from` is in the value it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The day it begins after.
    pub from: Date,
    /// Its last day.
    pub to: Date,
}

/// Where a change of value comes from. `closing − opening = flows + gain + income − charges + unexplained`, exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Value at the end of `from`.
    pub opening: Decimal,
    /// Value at the end of `to`.
    pub closing: Decimal,
    /// Purchases, charges and transfers in, less sales, income paid out and transfers out.
    pub flows: Decimal,
    /// What prices and fills made of it, day by day.
    pub gain: Decimal,
    /// Income, before tax.
    pub income: Decimal,
    /// Charges, as far as they are known.
    pub charges: Decimal,
    /// Worth of what a snapshot knows not to be there.
    pub unexplained: Decimal,
    /// The part of `closing` that stands on a price of an earlier day.
    pub carried: Decimal,
}

/// What a period returned.
#[derive(Clone, Debug, PartialEq)]
pub struct Returns {
    /// The period.
    pub period: Period,
    /// Where the change comes from.
    pub terms: Terms,
    /// Gain and income less charges, as a part of the most money that was in it at one time; `None` when that is
    /// nothing. The headline of a period under a year.
    pub absolute: Option<Decimal>,
    /// The yearly rate.
    pub xirr: Xirr,
    /// The time-weighted return; `None` when nothing was held.
    pub time_weighted: Option<TimeWeighted>,
    /// Whether something was held for less than 365 days, so that a yearly rate says more than there is.
    pub under_a_year: bool,
}

/// Why a period has no returns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Something that was held at its beginning or end has no price until then.
    #[error("{} has no price at {on}", .isins.iter().next().map_or("a holding", Isin::as_str))]
    Unpriced {
        /// The end of the period.
        on: Date,
        /// What has none.
        isins: BTreeSet<Isin>,
    },
    /// There is no day in it.
    #[error("the period has no days")]
    Empty,
    /// Something was sold that was never bought, and no statement says how much there was.
    #[error("what was held before the first event is not known")]
    IncompleteHistory,
}

/// What returns are worked out from.
#[derive(Clone, Copy)]
pub struct ReturnsInput<'a> {
    /// Lots and quantities.
    pub ledger: &'a Ledger,
    /// The events it was made of.
    pub events: &'a [Event],
    /// The snapshots it was made of.
    pub snapshots: &'a [Snapshot],
    /// Closes of everything that was held.
    pub prices: &'a Prices,
}

impl ReturnsInput<'_> {
    /// What the chosen places returned over a period, and their days. Where it is not known what was held before a
    /// statement, the period begins with that statement, at the market value of what it says.
    pub fn returns(
        &self,
        period: Period,
        of: impl Fn(usize) -> bool,
    ) -> Result<(Returns, Vec<Day>), Refused> {
        let from = match self.ledger.history(self.snapshots, &of) {
            History::Complete => period.from,
            History::From(day) => period.from.max(day),
            History::Unknown => return Err(Refused::IncompleteHistory),
        };
        if from >= period.to {
            return Err(Refused::Empty);
        }
        let opened = self.ledger.opened_on(from);
        let ledger = opened.as_ref().unwrap_or(self.ledger);
        let days = days(ledger, self.events, self.prices, (from, period.to), of);
        Ok((returns(&days)?, days))
    }

    /// Whether any income, and all charges, of the chosen places are known: what no source has is not zero.
    pub fn paid(&self, of: impl Fn(usize) -> bool) -> (bool, bool) {
        let (mut income, mut charges, mut traded) = (false, true, false);
        let places: HashMap<_, _> =
            self.ledger.places.iter().enumerate().map(|(number, place)| (place, number)).collect();
        for event in self.events {
            if !places.get(&event.place).is_some_and(|place| of(*place)) {
                continue;
            }
            match event.act {
                Act::Income { .. } => income = true,
                Act::Buy(fill) | Act::Sell(fill) => {
                    (charges, traded) = (charges && fill.charges.is_some(), true);
                }
                Act::Charge { .. } => traded = true,
                _ => {}
            }
        }
        (income, charges && traded)
    }
}

/// What a run of days returned, from the end of the first one to the end of the last.
pub fn returns(days: &[Day]) -> Result<Returns, Refused> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Err(Refused::Empty) };
    for end in [first, last] {
        if !end.unpriced.is_empty() {
            return Err(Refused::Unpriced { on: end.on, isins: end.unpriced.clone() });
        }
    }
    let within = &days[1..];
    let terms = terms(first, last, within);
    let earned = terms.gain + terms.income - terms.charges;
    let base = most_invested(first, within);
    // From when there was something: an empty beginning makes no year of a month.
    let began = days.iter().find(|day| !day.value.is_zero() || !day.paid_in().is_zero());
    let began = began.map_or(first.on, |day| day.on);
    let days_between = began.until(last.on).map_or(0, |span| span.get_days());
    Ok(Returns {
        period: Period { from: first.on, to: last.on },
        absolute: (base > Decimal::ZERO).then(|| earned / base),
        xirr: rate(first, last, within),
        time_weighted: time_weighted(days),
        under_a_year: days_between < 365,
        terms,
    })
}

/// The opening value and what was paid in since less what was taken out, when that was most: within a day, too. The
/// income of a day comes before its purchases, so that a dividend that is reinvested is no new money.
fn most_invested(first: &Day, within: &[Day]) -> Decimal {
    let (mut invested, mut most) = (first.value, first.value);
    for day in within {
        invested += day.paid_in() - day.income;
        most = most.max(invested);
        invested -= day.taken_out() - day.income;
    }
    most
}

fn terms(first: &Day, last: &Day, within: &[Day]) -> Terms {
    let sum = |of: fn(&Day) -> Decimal| within.iter().map(of).sum::<Decimal>();
    let (income, charges) = (sum(|day| day.income), sum(|day| day.charges));
    Terms {
        opening: first.value,
        closing: last.value,
        flows: sum(|day| day.bought + day.transferred - day.sold) + charges - income,
        gain: sum(|day| day.gain),
        income,
        charges,
        unexplained: sum(|day| day.unexplained),
        carried: last.carried,
    }
}

/// The opening value is paid in, the closing value comes back.
fn rate(first: &Day, last: &Day, within: &[Day]) -> Xirr {
    let mut by_day: BTreeMap<Date, Decimal> = BTreeMap::new();
    by_day.insert(first.on, -first.value);
    for day in within {
        let amount =
            day.sold + day.income - day.bought - day.charges - day.transferred - day.unexplained;
        if !amount.is_zero() {
            *by_day.entry(day.on).or_default() += amount;
        }
    }
    *by_day.entry(last.on).or_default() += last.value;
    let flows: Vec<Flow> = by_day.into_iter().map(|(on, amount)| Flow { on, amount }).collect();
    match xirr(&flows) {
        Xirr::Undefined(Undefined::NoFlows) => Xirr::Undefined(Undefined::NothingHeld),
        rate => rate,
    }
}
