//! Figures of a period as a whole, worked out from its days.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::ToSpan;
use jiff::civil::Date;
use ledger::Isin;
use ledger::returns::{Period, PricedReturns, Refused, Xirr, factors};
use ledger::tax::{self, GainClass};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::figures::Figure;
use super::rows::Row;
use super::unknown::Unknown;
use super::view::View;
use crate::Measure;

/// The figures of some rows over a period; days are walked through once, when the first figure needs them.
pub(super) struct PeriodFigures<'a> {
    view: &'a View<'a>,
    from: Option<Date>,
    rows: &'a [&'a Row],
    returns: Option<Result<PricedReturns, Unknown>>,
}

impl<'a> PeriodFigures<'a> {
    pub(super) fn new(view: &'a View<'a>, from: Option<Date>, rows: &'a [&'a Row]) -> Self {
        Self { view, from, rows, returns: None }
    }

    pub(super) fn figure(&mut self, measure: Measure) -> Figure {
        if self.rows.is_empty() {
            return Figure::Nothing;
        }
        match measure {
            Measure::BenchmarkReturn => self.benchmark(),
            Measure::UnusedExemption => self.unused_exemption(),
            _ => {
                let returns = self.returns.take().unwrap_or_else(|| self.work_out());
                let figure = match &returns {
                    Ok(returns) => of_returns(measure, returns),
                    Err(why) => Figure::Unknown(*why),
                };
                self.returns = Some(returns);
                figure
            }
        }
    }

    fn period(&self) -> Option<Period> {
        let first = self.view.context.first_day?.saturating_sub(1.day());
        let from = self.from.map_or(first, |from| from.saturating_sub(1.day()).max(first));
        Some(Period { from, to: self.view.day })
    }

    fn work_out(&self) -> Result<PricedReturns, Unknown> {
        let period = self.period().ok_or(Unknown::NoPeriod)?;
        let context = self.view.context;
        let isins: BTreeSet<Isin> = self.rows.iter().map(|row| row.isin).collect();
        let leaves = |(on, one, other): &(Date, Isin, Isin)| {
            let within = *on > period.from && *on <= period.to;
            within && isins.contains(one) != isins.contains(other)
        };
        if context.exchanges.iter().any(leaves) {
            return Err(Unknown::Exchanged);
        }
        let of: HashSet<(Isin, Uuid)> =
            self.rows.iter().map(|row| (row.isin, row.account)).collect();
        let places = &context.portfolio.ledger.places;
        let chosen = |place: usize| of.contains(&(places[place].isin, places[place].account));
        context.returns_input().of_priced(period, chosen).map_err(|refused| match refused {
            Refused::Unpriced { .. } => Unknown::NoPrice,
            Refused::Empty => Unknown::NoPeriod,
            Refused::IncompleteHistory => Unknown::History,
        })
    }

    fn benchmark(&self) -> Figure {
        let closes = &self.view.portfolio.benchmark;
        let until = |day: Date| {
            let before = closes.partition_point(|(on, _)| *on <= day);
            closes[..before].last().map(|(_, close)| *close)
        };
        let ends = self.period().and_then(|period| until(period.from).zip(until(period.to)));
        let change = ends.and_then(|(first, last)| {
            (last - first).checked_mul(Decimal::ONE_HUNDRED)?.checked_div(first)
        });
        change.map_or(Figure::Unknown(Unknown::NoBenchmark), Figure::of)
    }

    /// What is left of the exemption of everybody who has one of the rows, in the financial year of the last day. It is a
    /// person's: all of their accounts count, whatever the rows are chosen by.
    fn unused_exemption(&self) -> Figure {
        let year = tax::financial_year(self.view.day);
        let Some(limit) = tax::exemption(year) else { return Figure::Unknown(Unknown::NoBase) };
        let holder = |account: Uuid| {
            let account = self.view.portfolio.accounts.get(&account);
            account.map(|account| account.holder)
        };
        let mut used: BTreeMap<Uuid, Decimal> = self
            .rows
            .iter()
            .filter_map(|row| holder(row.account))
            .map(|one| (one, Decimal::ZERO))
            .collect();
        let mut missing: Option<(usize, Unknown)> = None;
        for gain in tax::gains(&self.view.ledger, &self.view.portfolio.tax) {
            let place = &self.view.ledger.places[gain.closing.place];
            let sold_on = gain.closing.sold_on;
            let of_year = tax::financial_year(sold_on) == year && sold_on <= self.view.day;
            let used = holder(place.account).and_then(|holder| used.get_mut(&holder));
            let Some(used) = used.filter(|_| of_year) else { continue };
            match (gain.class, gain.taxable()) {
                (GainClass::LongTermEquity, Some(taxable)) => *used += taxable,
                (GainClass::LongTermEquity | GainClass::Unknown, _) => {
                    let why = if gain.taxable().is_none() {
                        Unknown::CostUnknown
                    } else {
                        Unknown::KindUnknown
                    };
                    missing = Some(missing.map_or((1, why), |(rows, why)| (rows + 1, why)));
                }
                _ => {}
            }
        }
        if used.is_empty() {
            return Figure::Nothing;
        }
        let left =
            used.values().map(|used| (limit - (*used).max(Decimal::ZERO)).max(Decimal::ZERO));
        Figure::Known { value: left.sum(), missing }
    }
}

fn of_returns(measure: Measure, priced: &PricedReturns) -> Figure {
    let PricedReturns { returns, days, without } = priced;
    let percent = |part: Decimal| part * Decimal::ONE_HUNDRED;
    let value = match measure {
        Measure::Gain => Ok(returns.terms.gain + returns.terms.income - returns.terms.charges),
        Measure::Return => {
            let total = returns.time_weighted.as_ref().map(|weighted| weighted.total);
            total.map(percent).ok_or(Unknown::NoPeriod)
        }
        Measure::Xirr => match &returns.xirr {
            Xirr::Rate(rate) => Decimal::from_f64_retain(*rate).map(percent).ok_or(Unknown::NoRate),
            _ => Err(Unknown::NoRate),
        },
        Measure::Drawdown => {
            let (mut highest, mut deepest) = (Decimal::ONE, Decimal::ZERO);
            for (_, factor) in factors(days) {
                highest = highest.max(factor);
                let fall = (highest - factor).checked_div(highest).unwrap_or_default();
                deepest = deepest.max(fall);
            }
            returns.time_weighted.as_ref().map(|_| percent(deepest)).ok_or(Unknown::NoPeriod)
        }
        _ => return Figure::Nothing,
    };
    let missing = (!without.is_empty()).then_some((without.len(), Unknown::NoPrice));
    value.map_or_else(Figure::Unknown, |value| Figure::Known { value, missing })
}
