//! A period's returns, and the sum that must come out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Day, Flow, TimeWeighted, Undefined, Xirr, time_weighted, xirr};
use crate::Isin;

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
pub struct Term {
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
    pub terms: Term,
    /// Gain and income less charges, as a part of the most money that was in it at one time; `None` when that is
    /// nothing. The headline of a period under a year.
    pub absolute: Option<Decimal>,
    /// The yearly rate.
    pub xirr: Xirr,
    /// The time-weighted return; `None` when nothing was held.
    pub time_weighted: Option<TimeWeighted>,
    /// Whether the period is shorter than 365 days, so that a yearly rate says more than there is.
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
    let days_between = first.on.until(last.on).map_or(0, |span| span.get_days());
    Ok(Returns {
        period: Period { from: first.on, to: last.on },
        absolute: (base > Decimal::ZERO).then(|| earned / base),
        xirr: rate(first, last, within),
        time_weighted: time_weighted(days),
        under_a_year: days_between < 365,
        terms,
    })
}

/// The opening value and what was paid in since less what was taken out, on the day when that was most.
fn most_invested(first: &Day, within: &[Day]) -> Decimal {
    let invested = within.iter().scan(first.value, |invested, day| {
        *invested += day.paid_in() - day.taken_out();
        Some(*invested)
    });
    invested.fold(first.value, Decimal::max)
}

fn terms(first: &Day, last: &Day, within: &[Day]) -> Term {
    let sum = |of: fn(&Day) -> Decimal| within.iter().map(of).sum::<Decimal>();
    let (income, charges) = (sum(|day| day.income), sum(|day| day.charges));
    Term {
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
