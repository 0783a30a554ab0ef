//! Gains up to 31 January 2018 on listed shares and equity funds are not taxed (section 55(2)(ac)).

use jiff::civil::{Date, date};

use super::{Facts, Flag, Gain, GainClass};

/// The day whose highest price counts.
const VALUED_ON: Date = date(2018, 1, 31);

/// The cost becomes `max(cost, min(fair market value, sale value))`, of all that was sold of the lot together.
pub(super) fn apply(gain: &mut Gain<'_>, facts: &Facts) {
    let lot = &gain.closing.lot;
    let old = lot.acquired_on.is_some_and(|on| on <= VALUED_ON);
    if gain.class != GainClass::LongTermEquity || !old {
        return;
    }
    let known = facts.fair_values.get(&lot.valued_as).filter(|_| !lot.fair_value_open);
    let Some(price) = known else {
        // Of the companies of a later merger or demerger the law does not say what that value is.
        gain.flags.insert(Flag::FairValueUnknown);
        gain.cost = None;
        return;
    };
    // A split later divides the price by its ratio; written so that a third of three is one.
    let fair_value = (*price * lot.quantity / lot.factor).round_dp(10);
    gain.fair_value = Some(fair_value);
    gain.cost = gain.cost.map(|cost| cost.max(fair_value.min(gain.closing.consideration)));
}
