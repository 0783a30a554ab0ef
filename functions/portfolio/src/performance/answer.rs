//! What the caller is told of a period.

use jiff::civil::{Date, Weekday};
use ledger::returns::{Day, Returns};
use ledger::{Money, Percent};
use rust_decimal::Decimal;
use serde::Serialize;
use stores::health::Health;
use stores::ledger::LeftOut;
use utoipa::ToSchema;

use crate::xirr::XirrAnswer;

/// Returns of a period.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Performance {
    /// Always `INR`.
    currency: &'static str,
    /// The day it begins after: later than asked for where it is not known before what was held.
    from: Date,
    to: Date,
    /// Which return says most: `absolute` when something was held for less than 365 days, else `xirr`.
    headline: &'static str,
    /// Gain and income less charges, in percent of the most money that was in at one time.
    #[schema(value_type = Option<String>)]
    absolute_percent: Option<Percent>,
    xirr: XirrAnswer,
    /// What one rupee that was there all the time gained, in percent over the whole period; null when nothing was held.
    #[schema(value_type = Option<String>)]
    time_weighted_percent: Option<Percent>,
    terms: Terms,
    /// Securities without a price at an end of the period: they are left out of everything here.
    unpriced: Vec<String>,
    /// The last day of each interval.
    series: Vec<Point>,
    benchmark: Option<Compared>,
    /// How fresh each of the accounts is.
    accounts: Vec<Health>,
    /// Securities that are left out of every figure here, and why; empty for nearly everybody.
    left_out: Vec<LeftOut>,
}

/// Where the change comes from: closing − opening = flows + gain + income − charges + unexplained.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Terms {
    opening: Money,
    closing: Money,
    /// Purchases, charges and transfers in, less sales, income paid out and transfers out.
    flows: Money,
    /// What prices and fills made of it.
    gain: Money,
    /// Before tax; null when no income was ever recorded: what no source has is not zero.
    #[schema(value_type = Option<String>)]
    income: Option<Money>,
    /// Null when charges of some trades are not known; then `knownCharges` has the others.
    #[schema(value_type = Option<String>)]
    charges: Option<Money>,
    known_charges: Money,
    /// Worth of what a statement knows not to be there, below zero.
    unexplained: Money,
    /// The part of `closing` that stands on a price of an earlier day, or on what was last paid.
    carried: Money,
}

/// A day of the series.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Point {
    on: Date,
    value: Money,
    carried: Money,
    /// Securities without any price until then: they are in no figure of the day.
    unpriced: usize,
    /// Time-weighted, in percent since the beginning.
    time_weighted_percent: Percent,
    /// What the benchmark gained since the beginning, in percent; null without one, and before its first close.
    #[schema(value_type = Option<String>)]
    benchmark_percent: Option<Percent>,
}

/// Something to compare with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PerformanceBenchmark)]
struct Compared {
    /// The index in capitals, or the ISIN.
    name: String,
    /// What its price gained over the same period, in percent; null without prices at both ends.
    #[schema(value_type = Option<String>)]
    percent: Option<Percent>,
}

/// How far apart the points of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interval {
    Day,
    Week,
    Month,
}

impl Interval {
    /// The intervals by name.
    pub(super) const ALL: [(&str, Self); 3] =
        [("day", Self::Day), ("week", Self::Week), ("month", Self::Month)];

    fn ends(self, on: Date) -> bool {
        match self {
            Self::Day => true,
            Self::Week => on.weekday() == Weekday::Sunday,
            Self::Month => on == on.last_of_month(),
        }
    }
}

fn percent(part: Decimal) -> Percent {
    Percent(part * Decimal::ONE_HUNDRED)
}

impl Performance {
    pub(super) fn new(
        (returns, days): (&Returns, &[Day]),
        (income, charges): (bool, bool),
        interval: Interval,
        benchmark: Option<(String, Vec<(Date, Decimal)>)>,
        unpriced: Vec<String>,
        (accounts, left_out): (Vec<Health>, Vec<LeftOut>),
    ) -> Self {
        let (period, terms) = (returns.period, &returns.terms);
        let (name, closes) = benchmark.unzip();
        let closes = closes.unwrap_or_default();
        let at = |on: Date| {
            let known = closes.partition_point(|(day, _)| *day <= on);
            known.checked_sub(1).map(|at| closes[at].1)
        };
        let opening = at(period.from);
        let gained = |on: Date| {
            let (before, after) = opening.zip(at(on))?;
            Some(percent(after.checked_div(before)? - Decimal::ONE))
        };
        Self {
            currency: "INR",
            from: period.from,
            to: period.to,
            headline: if returns.under_a_year { "absolute" } else { "xirr" },
            absolute_percent: returns.absolute.map(percent),
            xirr: XirrAnswer::from(&returns.xirr),
            time_weighted_percent: returns.time_weighted.map(|found| percent(found.total)),
            terms: Terms {
                opening: Money(terms.opening),
                closing: Money(terms.closing),
                flows: Money(terms.flows),
                gain: Money(terms.gain),
                income: income.then_some(Money(terms.income)),
                charges: charges.then_some(Money(terms.charges)),
                known_charges: Money(terms.charges),
                unexplained: Money(terms.unexplained),
                carried: Money(terms.carried),
            },
            unpriced,
            accounts,
            left_out,
            series: series(days, interval, gained),
            benchmark: name.map(|name| Compared { name, percent: gained(period.to) }),
        }
    }
}

/// The last day of each interval and of the period.
fn series(
    days: &[Day],
    interval: Interval,
    gained: impl Fn(Date) -> Option<Percent>,
) -> Vec<Point> {
    let mut points = Vec::new();
    for (at, day) in days.iter().enumerate() {
        if !(interval.ends(day.on) || at + 1 == days.len()) {
            continue;
        }
        points.push(Point {
            on: day.on,
            value: Money(day.value),
            carried: Money(day.carried),
            unpriced: day.unpriced.len(),
            time_weighted_percent: Percent(Decimal::ZERO),
            benchmark_percent: gained(day.on),
        });
    }
    let mut factors = ledger::returns::factors(days);
    for point in &mut points {
        let factor =
            factors.find(|(on, _)| *on == point.on).map_or(Decimal::ONE, |(_, factor)| factor);
        point.time_weighted_percent = percent(factor - Decimal::ONE);
    }
    points
}
