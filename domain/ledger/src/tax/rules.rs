//! The dated table of holding periods.

use jiff::civil::{Date, date};

use super::AssetKind;

/// The day from which the Finance (No. 2) Act, 2024 counts.
pub(super) const REFORM: Date = date(2024, 7, 23);
/// Units bought from this day on can be those of a specified mutual fund.
const SPECIFIED: Date = date(2023, 4, 1);
/// Sales from this day on follow the new definition of a specified mutual fund.
const REDEFINED: Date = date(2025, 4, 1);

/// How long a kind of asset must be held, for what is acquired and sold in these days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The kind.
    pub kind: AssetKind,
    /// The first day of acquisition it is for; `None` for any.
    pub acquired_from: Option<Date>,
    /// The first day of sale it is for; `None` for any.
    pub sold_from: Option<Date>,
    /// Long term from the day after so many calendar months; `None` when it is always short term.
    pub months: Option<i32>,
}

const fn rule(
    kind: AssetKind,
    acquired_from: Option<Date>,
    sold_from: Option<Date>,
    months: Option<i32>,
) -> Rule {
    Rule { kind, acquired_from, sold_from, months }
}

/// Holding periods (section 2(42A), 2(101) of the Act of 2025; 50AA, 76); of those that fit, the last one holds.
pub const RULES: &[Rule] = &[
    rule(AssetKind::ListedShare, None, None, Some(12)),
    rule(AssetKind::EquityFund, None, None, Some(12)),
    rule(AssetKind::TrustUnit, None, None, Some(36)),
    rule(AssetKind::TrustUnit, None, Some(REFORM), Some(12)),
    rule(AssetKind::ListedBond, None, None, Some(12)),
    rule(AssetKind::GoldBond, None, None, Some(12)),
    rule(AssetKind::UnlistedShare, None, None, Some(24)),
    rule(AssetKind::BalancedFund, None, None, Some(36)),
    rule(AssetKind::BalancedFund, None, Some(REFORM), Some(24)),
    rule(AssetKind::OtherFund, None, None, Some(36)),
    rule(AssetKind::OtherFund, None, Some(REFORM), Some(24)),
    // Until 31 March 2025 a specified fund is one with not more than 35 % in domestic equity …
    rule(AssetKind::OtherFund, Some(SPECIFIED), None, None),
    // … and from then on one with more than 65 % in debt, so gold and foreign funds are ordinary again.
    rule(AssetKind::OtherFund, Some(SPECIFIED), Some(REDEFINED), Some(24)),
    rule(AssetKind::ListedOtherFund, None, None, Some(36)),
    rule(AssetKind::ListedOtherFund, None, Some(REFORM), Some(12)),
    rule(AssetKind::ListedOtherFund, Some(SPECIFIED), None, None),
    rule(AssetKind::ListedOtherFund, Some(SPECIFIED), Some(REDEFINED), Some(12)),
    rule(AssetKind::DebtFund, None, None, Some(36)),
    rule(AssetKind::DebtFund, None, Some(REFORM), Some(24)),
    rule(AssetKind::DebtFund, Some(SPECIFIED), None, None),
    rule(AssetKind::ListedDebtFund, None, None, Some(36)),
    rule(AssetKind::ListedDebtFund, None, Some(REFORM), Some(12)),
    rule(AssetKind::ListedDebtFund, Some(SPECIFIED), None, None),
    rule(AssetKind::UnlistedBond, None, None, Some(36)),
    rule(AssetKind::UnlistedBond, None, Some(REFORM), None),
    rule(AssetKind::MarketLinkedDebenture, None, None, None),
];

/// The rule for a lot.
pub(super) fn of(kind: AssetKind, acquired_on: Date, sold_on: Date) -> Rule {
    let fits = |rule: &&Rule| {
        rule.kind == kind
            && rule.acquired_from.is_none_or(|from| acquired_on >= from)
            && rule.sold_from.is_none_or(|from| sold_on >= from)
    };
    // Every kind has a rule without days, which a test sees to.
    RULES.iter().rev().find(fits).copied().unwrap_or(rule(kind, None, None, None))
}
