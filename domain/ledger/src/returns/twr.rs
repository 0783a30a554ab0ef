//! The time-weighted return: what one rupee that was there all the time became, whatever was paid in and out.

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
/// value is where it begins.
///
/// As Portfolio Performance defines it (help, concepts/performance/time-weighted).
pub fn time_weighted(days: &[Day]) -> Option<TimeWeighted> {
    let mut factor = Decimal::ONE;
    let mut counted = 0;
    for pair in days.windows(2) {
        let (before, day) = (&pair[0], &pair[1]);
        let invested = before.value + day.paid_in();
        if invested > Decimal::ZERO {
            factor *= (day.value + day.taken_out()) / invested;
            counted += 1;
        }
    }
    (counted > 0).then(|| TimeWeighted { total: factor - Decimal::ONE, days: counted })
}
