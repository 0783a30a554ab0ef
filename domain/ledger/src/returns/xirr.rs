//! The money-weighted return: the yearly rate at which all flows are worth nothing together.
//!
//! Σ CFᵢ / (1 + r)^(dᵢ / 365) = 0, with dᵢ actual days since the first flow and r > −1. With u = ln(1 + r) that is a sum
//! of exponentials: it has at most as many roots as its flows change sign in order of time (Descartes' rule for
//! generalised polynomials; Laguerre, 1883). One change is one root; with more, all of them are looked for and listed,
//! since nobody can say which one is meant. Floats are used here and nowhere else: a rate has no exact decimal.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;
use utoipa::ToSchema;

/// Money between an investor and a portfolio: below zero what was paid in, above zero what came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The day.
    pub on: Date,
    /// Rupees, with the investor's sign.
    pub amount: Decimal,
}

/// The rates at which flows are worth nothing together.
#[derive(Clone, Debug, PartialEq)]
pub enum Xirr {
    /// The only one, as a part of one a year: 0.12 is twelve percent.
    Rate(f64),
    /// Several, lowest first: the flows change direction more than once, and none of them is the return.
    Several(Vec<f64>),
    /// None, and why.
    Undefined(Undefined),
}

/// Why there is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Undefined {
    /// There are no flows.
    NoFlows,
    /// All flows are on one day: no time passed.
    OneDay,
    /// Money went in one direction only.
    OneDirection,
    /// The flows change direction, and yet no rate that means something makes them worth nothing.
    NoRate,
    /// Nothing was held.
    NothingHeld,
}

/// No u is looked for outside ±32: below, a rate cannot be told from a loss of everything.
const WIDEST: f64 = 32.0;
/// Steps in which that range is searched for several roots.
const GRID: u32 = 8192;

/// Works out the rate. Flows of one day count together; the order in which they are given does not matter.
pub fn xirr(flows: &[Flow]) -> Xirr {
    let mut by_day: BTreeMap<Date, Decimal> = BTreeMap::new();
    for flow in flows {
        *by_day.entry(flow.on).or_default() += flow.amount;
    }
    by_day.retain(|_, amount| !amount.is_zero());
    let Some((&first, _)) = by_day.first_key_value() else {
        return Xirr::Undefined(Undefined::NoFlows);
    };
    if by_day.len() == 1 {
        return Xirr::Undefined(Undefined::OneDay);
    }
    let curve = Curve::new(first, &by_day);
    match curve.changes() {
        0 => Xirr::Undefined(Undefined::OneDirection),
        1 => curve.only_root().map_or(Xirr::Undefined(Undefined::NoRate), Xirr::Rate),
        _ => match curve.roots().as_slice() {
            [] => Xirr::Undefined(Undefined::NoRate),
            [only] => Xirr::Rate(*only),
            several => Xirr::Several(several.to_vec()),
        },
    }
}

/// Flows as (years since the first, amount as a part of the largest).
struct Curve(Vec<(f64, f64)>);

impl Curve {
    fn new(first: Date, by_day: &BTreeMap<Date, Decimal>) -> Self {
        let largest = by_day.values().map(Decimal::abs).max().unwrap_or(Decimal::ONE);
        let point = |(on, amount): (&Date, &Decimal)| {
            let years = f64::from(first.until(*on).map_or(0, |span| span.get_days())) / 365.0;
            (years, (amount / largest).to_f64().unwrap_or_default())
        };
        Self(by_day.iter().map(point).collect())
    }

    /// How often the flows change direction in order of time.
    fn changes(&self) -> usize {
        self.0.windows(2).filter(|pair| (pair[0].1 < 0.0) != (pair[1].1 < 0.0)).count()
    }

    /// What all flows are worth at u = ln(1 + r), weighed so that no exponential overflows: the sign is that of the
    /// present value.
    fn worth(&self, u: f64) -> f64 {
        let last = self.0.last().map_or(0.0, |(years, _)| *years);
        let from = if u < 0.0 { last } else { 0.0 };
        self.0.iter().map(|(years, amount)| amount * (-u * (years - from)).exp()).sum()
    }

    fn only_root(&self) -> Option<f64> {
        // From nothing outwards, so that ordinary rates are found where the function is well behaved.
        let mut width = 0.125;
        while width <= WIDEST {
            if self.worth(-width) * self.worth(width) <= 0.0 {
                return Some(self.between(-width, width).exp_m1());
            }
            width *= 2.0;
        }
        None
    }

    /// Every root in the range: changes of sign, and places where the curve only touches nothing.
    fn roots(&self) -> Vec<f64> {
        let step = 2.0 * WIDEST / f64::from(GRID);
        let at = |place: u32| -WIDEST + step * f64::from(place);
        let values: Vec<f64> = (0..=GRID).map(|place| self.worth(at(place))).collect();
        let mut roots: Vec<f64> = Vec::new();
        for (place, pair) in (0u32..).zip(values.windows(2)) {
            if pair[0] == 0.0 {
                roots.push(at(place));
            } else if pair[0] * pair[1] < 0.0 {
                roots.push(self.between(at(place), at(place + 1)));
            }
        }
        for (place, three) in (0u32..).zip(values.windows(3)) {
            let dips = three[1].abs() < three[0].abs() && three[1].abs() < three[2].abs();
            if dips && three[0] * three[1] > 0.0 && three[1] * three[2] > 0.0 {
                roots.extend(self.touching(at(place), at(place + 2)));
            }
        }
        roots.sort_by(f64::total_cmp);
        roots.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
        roots.into_iter().map(f64::exp_m1).collect()
    }

    /// Bisection with the secant's step where that stays inside (Illinois); ends at the float's own precision.
    fn between(&self, mut low: f64, mut high: f64) -> f64 {
        let (mut at_low, mut at_high) = (self.worth(low), self.worth(high));
        for round in 0..200 {
            let secant = (low * at_high - high * at_low) / (at_high - at_low);
            let middle = 0.5 * (low + high);
            let next = if round % 3 < 2 && secant > low && secant < high { secant } else { middle };
            let worth = self.worth(next);
            if worth == 0.0 || high - low <= f64::EPSILON * next.abs().max(1e-6) {
                return next;
            }
            if (worth < 0.0) == (at_low < 0.0) {
                (low, at_low) = (next, worth);
            } else {
                (high, at_high) = (next, worth);
            }
        }
        0.5 * (low + high)
    }

    /// The roots around a dip: two close ones, one that is touched, or none.
    fn touching(&self, mut low: f64, mut high: f64) -> Vec<f64> {
        let (from, until) = (low, high);
        for _ in 0..100 {
            let (one, two) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            if self.worth(one).abs() < self.worth(two).abs() {
                high = two
            } else {
                low = one
            }
            let middle = 0.5 * (low + high);
            if self.worth(middle) * self.worth(from) < 0.0 {
                return vec![self.between(from, middle), self.between(middle, until)];
            }
        }
        let lowest = 0.5 * (low + high);
        let size: f64 = self.0.iter().map(|(_, amount)| amount.abs()).sum();
        if self.worth(lowest).abs() < 1e-12 * size { vec![lowest] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flows(list: &[(&str, i64)]) -> Vec<Flow> {
        let flow = |(on, amount): &(&str, i64)| Flow {
            on: on.parse().unwrap(),
            amount: Decimal::from(*amount),
        };
        list.iter().map(flow).collect()
    }

    fn rate(list: &[(&str, i64)]) -> f64 {
        match xirr(&flows(list)) {
            Xirr::Rate(rate) => rate,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_example_of_the_spreadsheets_manual_comes_out() {
        let published = [
            ("2008-01-01", -10000),
            ("2008-03-01", 2750),
            ("2008-10-30", 4250),
            ("2009-02-15", 3250),
            ("2009-04-01", 2750),
        ];
        assert!((rate(&published) - 0.373_362_533_5).abs() < 5e-11);
    }

    #[test]
    fn a_leap_year_has_366_days() {
        let expected = 1.1_f64.powf(365.0 / 366.0) - 1.0;
        assert!((rate(&[("2024-01-01", -100), ("2025-01-01", 110)]) - expected).abs() < 1e-12);
    }

    #[test]
    fn several_rates_are_all_listed() {
        let two = [("2021-01-01", -100), ("2022-01-01", 230), ("2023-01-01", -132)];
        let Xirr::Several(rates) = xirr(&flows(&two)) else { panic!("one rate is not the answer") };
        assert_eq!(rates.len(), 2);
        assert!((rates[0] - 0.1).abs() < 1e-12 && (rates[1] - 0.2).abs() < 1e-12, "{rates:?}");
    }

    #[test]
    fn a_rate_that_is_only_touched_is_found() {
        // −100 (1 + r)² + 220 (1 + r) − 121 has 10 % twice.
        let once = [("2021-01-01", -100), ("2022-01-01", 220), ("2023-01-01", -121)];
        assert!((rate(&once) - 0.1).abs() < 1e-6);
    }

    #[test]
    fn where_there_is_no_rate_the_reason_is_said() {
        use Undefined::{NoFlows, NoRate, OneDay, OneDirection};
        let table: [(&[(&str, i64)], Undefined); 5] = [
            (&[("2021-01-01", -1000), ("2022-01-01", 1500), ("2023-01-01", -1000)], NoRate),
            (&[("2021-01-01", -1000), ("2021-01-01", 1500)], OneDay),
            (&[("2021-01-01", -1000), ("2022-01-01", -1)], OneDirection),
            (&[("2021-01-01", -1000), ("2021-01-01", 1000)], NoFlows),
            (&[], NoFlows),
        ];
        for (list, reason) in table {
            assert_eq!(xirr(&flows(list)), Xirr::Undefined(reason), "{list:?}");
        }
    }

    #[test]
    fn a_total_loss_but_a_rupee_and_a_fortune_have_rates() {
        assert!((rate(&[("2021-01-01", -1_000_000), ("2022-01-01", 1)]) + 0.999_999).abs() < 1e-9);
        assert!((rate(&[("2021-01-01", -1), ("2022-01-01", 1_000_000)]) - 999_999.0).abs() < 1e-3);
    }
}
