//! The time-weighted return: what one rupee that was there all the time became, whatever was paid in and out.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Day;

/// A time-weighted return over some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeWeighted {
    /// As a part of one over the whole time: 0.12 is twelve percent.
    pub total: Decimal,
    /// Days on which something was held and a return exists.
    pub days: usize,
}

/// Chains the days' returns, r = (V + out) / (V₋₁ + in) − 1, with what is paid in at the day's start and what is taken
/// out at its end; income is taken out, charges are paid in. `None` when nothing was held on any day. The first day's
/// value is where it begins. Charges and income on days when nothing is held or bought are in no return of a day: there
/// is nothing they could be a part of; they are in the terms and in the yearly rate.
///
/// As Portfolio Performance defines it (help, concepts/performance/time-weighted).
pub fn time_weighted(days: &[Day]) -> Option<TimeWeighted> {
    let mut counted = 0;
    let mut total = Decimal::ONE;
    for pair in days.windows(2) {
        if let Some(factor) = factor(&pair[0], &pair[1]) {
            total *= factor;
            counted += 1;
        }
    }
    (counted > 0).then(|| TimeWeighted { total: total - Decimal::ONE, days: counted })
}

/// What one rupee of the first day's end was worth at the end of each day.
pub fn factors(days: &[Day]) -> impl Iterator<Item = (Date, Decimal)> {
    let first = days.first().map(|day| (day.on, Decimal::ONE));
    let rest = days.windows(2).scan(Decimal::ONE, |total, pair| {
        *total *= factor(&pair[0], &pair[1]).unwrap_or(Decimal::ONE);
        Some((pair[1].on, *total))
    });
    first.into_iter().chain(rest)
}

/// What a day made of one rupee; `None` when nothing was held.
fn factor(before: &Day, day: &Day) -> Option<Decimal> {
    let invested = before.value + day.paid_in();
    let held = before.value > Decimal::ZERO || !(day.bought + day.transferred).is_zero();
    (held && invested > Decimal::ZERO).then(|| (day.value + day.taken_out()) / invested)
}
