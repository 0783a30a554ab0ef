//! The figure of a measure over some rows: of one row, or of a group.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::rows::{LotFigures, Row, RowKind};
use super::unknown::Unknown;
use super::view::{HeldPosition, View};
use crate::Measure;

/// A figure, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// It is this, without the rows of which it is not known.
    Known {
        value: Decimal,
        /// How many rows are not in it, and why the first of them is not.
        missing: Option<(usize, Unknown)>,
    },
    /// It cannot be said.
    Unknown(Unknown),
    /// There is no such thing: a lot that is held has no realised gain.
    Nothing,
}

impl Figure {
    pub(super) fn of(value: Decimal) -> Self {
        Self::Known { value, missing: None }
    }

    pub(super) fn value(self) -> Option<Decimal> {
        match self {
            Self::Known { value, .. } => Some(value),
            _ => None,
        }
    }
}

/// What one row adds to a figure.
type Part = Result<Option<Decimal>, Unknown>;

/// The figure of some rows, for all measures but those of a period as a whole.
pub(super) fn figure(measure: Measure, rows: &[&Row], view: &View<'_>) -> Figure {
    let hundred = Decimal::ONE_HUNDRED;
    match measure {
        Measure::AverageCost => ratio(rows, held_cost, quantity, Decimal::ONE),
        Measure::UnrealisedPercent => ratio(rows, unrealised, held_cost, hundred),
        Measure::DayChangePercent => ratio(rows, day_change, worth_before, hundred),
        Measure::DividendYield => {
            if view.portfolio.ledger.incomes.is_empty() {
                return unless_nothing(rows, value, Unknown::IncomeNotRecorded);
            }
            ratio(rows, dividends, value, hundred)
        }
        Measure::Weight => match sum(rows, value) {
            Figure::Known { value, missing } => share(value, view.worth(), missing),
            other => other,
        },
        Measure::Price if rows.iter().any(|row| matches!(row.kind, RowKind::Trade { .. })) => {
            ratio(rows, amount, quantity, Decimal::ONE)
        }
        // Rows of one security have one price.
        Measure::Price => first(rows, price),
        Measure::High52w => first(rows, |row| extreme(row, view, |(high, _)| high)),
        Measure::Low52w => first(rows, |row| extreme(row, view, |(_, low)| low)),
        Measure::HoldingDays => match rows {
            [row] => sum(&[row], days),
            // Of several, the mean by what they cost.
            rows => ratio(rows, cost_days, cost, Decimal::ONE),
        },
        Measure::DaysToLongTerm => soonest(rows),
        Measure::Count => {
            let rows = rows.iter().filter(|row| row.is_there()).count();
            Figure::of(Decimal::from(rows))
        }
        Measure::Value => sum(rows, value),
        Measure::Invested => sum(rows, cost),
        Measure::NetInvested => sum(rows, net),
        Measure::RealisedGain => sum(rows, realised),
        Measure::UnrealisedGain => sum(rows, unrealised),
        Measure::DayChange => sum(rows, day_change),
        Measure::Income => sum(rows, income),
        Measure::Charges => sum(rows, charges),
        Measure::Amount => sum(rows, amount),
        Measure::Quantity => sum(rows, quantity),
        Measure::PledgedQuantity => sum(rows, pledged),
        // Of a period as a whole: worked out from its days.
        Measure::Return
        | Measure::Gain
        | Measure::Xirr
        | Measure::BenchmarkReturn
        | Measure::Drawdown
        | Measure::UnusedExemption => Figure::Nothing,
    }
}

impl Row {
    /// Whether it is one of what is asked for, and not only what was held before.
    pub(super) fn is_there(&self) -> bool {
        !matches!(self.kind, RowKind::Holding { held: None, .. })
    }

    fn held(&self) -> Option<&HeldPosition> {
        match &self.kind {
            RowKind::Holding { held, .. } => held.as_ref(),
            _ => None,
        }
    }

    fn lot(&self) -> Option<&LotFigures> {
        match &self.kind {
            RowKind::OpenLot { lot, .. } | RowKind::ClosedLot { lot, .. } => Some(lot),
            _ => None,
        }
    }
}

fn price(row: &Row) -> Part {
    let price = match &row.kind {
        RowKind::OpenLot { price, .. } => *price,
        RowKind::Holding { held: Some(held), .. } => held.price.map(|price| price.close),
        _ => return Ok(None),
    };
    price.map(Some).ok_or(Unknown::NoPrice)
}

fn value(row: &Row) -> Part {
    match (price(row)?, quantity(row)?) {
        (Some(price), Some(quantity)) => Ok(Some(price * quantity)),
        _ => Ok(None),
    }
}

fn quantity(row: &Row) -> Part {
    Ok(match &row.kind {
        RowKind::Holding { held, .. } => held.as_ref().map(|held| held.quantity),
        RowKind::OpenLot { lot, .. } | RowKind::ClosedLot { lot, .. } => Some(lot.quantity),
        RowKind::Trade { quantity, .. } => Some(*quantity),
        _ => None,
    })
}

fn pledged(row: &Row) -> Part {
    row.held().map(|held| held.pledged.ok_or(Unknown::PledgeUnknown)).transpose()
}

fn cost(row: &Row) -> Part {
    let cost = match &row.kind {
        RowKind::Holding { held: Some(held), .. } => held.cost,
        RowKind::OpenLot { lot, .. } | RowKind::ClosedLot { lot, .. } => lot.cost,
        _ => return Ok(None),
    };
    cost.map(Some).ok_or(Unknown::CostUnknown)
}

/// The cost of what is still held.
fn held_cost(row: &Row) -> Part {
    if matches!(row.kind, RowKind::ClosedLot { .. }) { Ok(None) } else { cost(row) }
}

fn unrealised(row: &Row) -> Part {
    match (value(row)?, held_cost(row)?) {
        (Some(value), Some(cost)) => Ok(Some(value - cost)),
        _ => Ok(None),
    }
}

fn realised(row: &Row) -> Part {
    match &row.kind {
        RowKind::ClosedLot { gain, .. } => gain.map(Some).ok_or(Unknown::CostUnknown),
        _ => Ok(None),
    }
}

fn before(row: &Row) -> Result<Option<(Decimal, Decimal)>, Unknown> {
    let Some(held) = row.held() else { return Ok(None) };
    let price = held.price.ok_or(Unknown::NoPrice)?;
    let previous = price.previous.ok_or(Unknown::NoPrice)?;
    Ok(Some(((price.close - previous) * held.quantity, previous * held.quantity)))
}

fn day_change(row: &Row) -> Part {
    Ok(before(row)?.map(|(change, _)| change))
}

fn worth_before(row: &Row) -> Part {
    Ok(before(row)?.map(|(_, worth)| worth))
}

fn dividends(row: &Row) -> Part {
    Ok(match &row.kind {
        RowKind::Holding { held: Some(_), dividends } => Some(*dividends),
        _ => None,
    })
}

fn net(row: &Row) -> Part {
    Ok(match &row.kind {
        RowKind::Flow { net, .. } => Some(*net),
        _ => None,
    })
}

fn income(row: &Row) -> Part {
    Ok(match &row.kind {
        RowKind::Income { gross, .. } => Some(*gross),
        _ => None,
    })
}

fn charges(row: &Row) -> Part {
    match &row.kind {
        RowKind::Trade { charges, .. } => charges.map(Some).ok_or(Unknown::ChargesUnknown),
        _ => Ok(None),
    }
}

fn amount(row: &Row) -> Part {
    Ok(match &row.kind {
        RowKind::Trade { amount, .. } => Some(*amount),
        _ => None,
    })
}

fn extreme(row: &Row, view: &View<'_>, which: fn((Decimal, Decimal)) -> Decimal) -> Part {
    if row.held().is_none() {
        return Ok(None);
    }
    view.extremes(row.isin).map(|both| Some(which(both))).ok_or(Unknown::NoPrice)
}

/// Days that a lot was held.
fn days(row: &Row) -> Part {
    let Some(lot) = row.lot() else { return Ok(None) };
    let acquired_on = lot.acquired_on.ok_or(Unknown::DateUnknown)?;
    Ok(Some(Decimal::from(days_between(acquired_on, lot.until))))
}

fn cost_days(row: &Row) -> Part {
    match (days(row)?, cost(row)?) {
        (Some(days), Some(cost)) => Ok(days.checked_mul(cost)),
        _ => Ok(None),
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

/// The days until the first of the lots that are held and short term is long term; none when all of them are.
fn soonest(rows: &[&Row]) -> Figure {
    let left = |row: &Row| match &row.kind {
        RowKind::OpenLot { lot, .. } => {
            let days = |from| Decimal::from(days_between(lot.until, from).max(0));
            lot.long_term_from.map(|from| from.map(days))
        }
        _ => Ok(None),
    };
    fold(rows, left, |soonest, days| match (soonest.is_zero(), days.is_zero()) {
        (false, false) => soonest.min(days),
        _ => soonest.max(days),
    })
}

fn sum(rows: &[&Row], part: impl Fn(&Row) -> Part) -> Figure {
    fold(rows, part, |sum, one| sum + one)
}

fn first(rows: &[&Row], part: impl Fn(&Row) -> Part) -> Figure {
    fold(rows, part, |first, _| first)
}

/// Puts together what rows have, and counts those of which it is not known.
fn fold(
    rows: &[&Row],
    part: impl Fn(&Row) -> Part,
    both: impl Fn(Decimal, Decimal) -> Decimal,
) -> Figure {
    let mut known: Option<Decimal> = None;
    let mut missing: Option<(usize, Unknown)> = None;
    for row in rows {
        match part(row) {
            Ok(None) => {}
            Ok(Some(one)) => known = Some(known.map_or(one, |sum| both(sum, one))),
            Err(why) => missing = Some(missing.map_or((1, why), |(rows, why)| (rows + 1, why))),
        }
    }
    match (known, missing) {
        (Some(value), missing) => Figure::Known { value, missing },
        (None, Some((_, why))) => Figure::Unknown(why),
        (None, None) => Figure::Nothing,
    }
}

/// One sum by another, over the rows that have both.
fn ratio(
    rows: &[&Row],
    part: impl Fn(&Row) -> Part,
    whole: impl Fn(&Row) -> Part,
    times: Decimal,
) -> Figure {
    let both = |row: &Row| match (part(row)?, whole(row)?) {
        (Some(part), Some(whole)) => Ok(Some((part, whole))),
        _ => Ok(None),
    };
    let over = sum(rows, |row| Ok(both(row)?.map(|(part, _)| part)));
    let under = sum(rows, |row| Ok(both(row)?.map(|(_, whole)| whole)));
    match (over, under) {
        (Figure::Known { value, missing }, Figure::Known { value: whole, .. }) => {
            divided(value.checked_mul(times), whole, missing)
        }
        (other, _) => other,
    }
}

fn share(part: Decimal, whole: Decimal, missing: Option<(usize, Unknown)>) -> Figure {
    divided(part.checked_mul(Decimal::ONE_HUNDRED), whole, missing)
}

fn divided(part: Option<Decimal>, whole: Decimal, missing: Option<(usize, Unknown)>) -> Figure {
    let whole = Some(whole).filter(|whole| *whole > Decimal::ZERO);
    match part.zip(whole).and_then(|(part, whole)| part.checked_div(whole)) {
        Some(value) => Figure::Known { value, missing },
        None => Figure::Unknown(Unknown::NoBase),
    }
}

/// Unknown, unless no row has it at all.
fn unless_nothing(rows: &[&Row], part: impl Fn(&Row) -> Part, why: Unknown) -> Figure {
    match sum(rows, part) {
        Figure::Nothing => Figure::Nothing,
        _ => Figure::Unknown(why),
    }
}
