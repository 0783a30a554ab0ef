//! Which class of gain a closed lot is, by the rules in force on the day of the sale.
//!
//! Facts for a return, never a tax bill: no set-off, no exemption limit, no surcharge is applied here. Holding periods,
//! sections and dates are those of the Income-tax Act, 1961, as the Finance (No. 2) Act, 2024 left it, and of the
//! Income-tax Act, 2025 from 1 April 2026. What the rules leave open is flagged and not guessed. Losses that sections
//! 94(7) and 94(8) disallow (dividend and bonus stripping) are not looked for.

mod advance;
mod grandfathering;
mod rules;
pub mod schedule;
pub mod stated;
mod totals;

use std::collections::{BTreeSet, HashMap};

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::Venue;
use crate::lots::{Closing, LotSource, Way};
use crate::{Isin, Ledger};

pub use advance::{AdvanceTax, Instalment, advance_tax};
use rules::REFORM;
pub use rules::RULES;
pub use totals::{ClassTotal, YearOf, by_class, instalments};

/// What kind of asset a security is for tax.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AssetKind {
    /// A share that is listed on an exchange.
    ListedShare,
    /// A fund with 65 % or more in domestic equity, or a fund of such funds with 90 % or more in them.
    EquityFund,
    /// A fund with more than 65 % in debt and money market.
    DebtFund,
    /// A fund with not more than 35 % in domestic equity that is no debt fund: gold, silver, foreign equity.
    OtherFund,
    /// A fund between: more than 35 % and less than 65 % in domestic equity.
    BalancedFund,
    /// The same as a debt fund, traded on an exchange.
    ListedDebtFund,
    /// The same as other funds, traded on an exchange: a gold ETF.
    ListedOtherFund,
    /// A unit of a real estate or infrastructure investment trust.
    TrustUnit,
    /// A bond or debenture that is listed.
    ListedBond,
    /// A bond or debenture that is not.
    UnlistedBond,
    /// A debenture whose return depends on a market.
    MarketLinkedDebenture,
    /// A sovereign gold bond.
    GoldBond,
    /// A share that is not listed.
    UnlistedShare,
}

/// Short or long term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Held for not more than the months of its kind.
    Short,
    /// Held for longer.
    Long,
}

/// The class of a gain, by the provision that governs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GainClass {
    /// Speculative business income: squared off within the day.
    Intraday,
    /// Short term on listed shares and equity funds with securities transaction tax: section 111A, 196 from 2026-04-01.
    ShortTermEquity,
    /// Long term on them: section 112A, 198 from 2026-04-01.
    LongTermEquity,
    /// Other long term gains: section 112, 197 from 2026-04-01.
    LongTermOther,
    /// Specified funds, market-linked debentures and unlisted bonds: section 50AA, 76 from 2026-04-01.
    DeemedShortTerm,
    /// Other short term gains, at the holder's own rate.
    ShortTermOther,
    /// Not taxed at all.
    Exempt,
    /// Not known: a flag says what is missing.
    Unknown,
}

impl GainClass {
    /// The section of the Act in force on the day of the sale; `None` where no special section applies.
    pub fn section(self, sold_on: Date) -> Option<&'static str> {
        let new = sold_on >= ACT_OF_2025;
        match self {
            Self::ShortTermEquity => Some(if new { "196" } else { "111A" }),
            Self::LongTermEquity => Some(if new { "198" } else { "112A" }),
            Self::LongTermOther => Some(if new { "197" } else { "112" }),
            Self::DeemedShortTerm => Some(if new { "76" } else { "50AA" }),
            Self::Intraday | Self::ShortTermOther | Self::Exempt | Self::Unknown => None,
        }
    }
}

/// The first day of the Income-tax Act, 2025.
pub const ACT_OF_2025: Date = date(2026, 4, 1);
/// Long term gains on listed shares and equity funds are taxed from this day on; before, section 10(38) exempts them.
const TAXED_FROM: Date = date(2018, 4, 1);

/// What somebody should know or look at before using a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The cost is not known: there is no gain.
    CostUnknown,
    /// The day of acquisition is not known.
    DateUnknown,
    /// What kind of asset it is, is not known.
    KindUnknown,
    /// The source has no charges: the gain is before them.
    ChargesUnknown,
    /// Bought on one exchange and sold on another on the same day; no rule is known.
    AmbiguousIntraday,
    /// Bought and sold on one day in a trade-to-trade series; some reports call it speculative.
    SameDayDelivery,
    /// Whether securities transaction tax was paid on acquiring is not known; taken as paid.
    SttUnknown,
    /// No price of 31 January 2018 is known for it: its cost for tax is not known.
    FairValueUnknown,
    /// A merger, a demerger or a move between accounts leaves something open.
    NeedsReview,
    /// The rule of that day could not be verified.
    RuleUnverified,
}

/// A closed lot with its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gain<'a> {
    /// What was sold.
    pub closing: &'a Closing,
    /// The kind of asset on the day of the sale; `None` when it is not known.
    pub kind: Option<AssetKind>,
    /// Short or long; `None` within a day and where it is not known.
    pub term: Option<Term>,
    /// The class.
    pub class: GainClass,
    /// What was received, as tax looks at it: nothing where a buy-back is a dividend.
    pub consideration: Decimal,
    /// The cost, as tax looks at it: with the value of 31 January 2018 where that applies.
    pub cost: Option<Decimal>,
    /// The fair market value of 31 January 2018 for all of it, where that applies and is known.
    pub fair_value: Option<Decimal>,
    /// What deserves a look.
    pub flags: BTreeSet<Flag>,
}

impl Gain<'_> {
    /// The gain as tax looks at it; `None` when the cost is not known.
    pub fn taxable(&self) -> Option<Decimal> {
        Some(self.consideration - self.closing.expenses.unwrap_or_default() - self.cost?)
    }

    /// The part of a buy-back that is taxed as dividend instead.
    pub fn dividend(&self) -> Decimal {
        self.closing.consideration - self.consideration
    }
}

/// What is known of securities for tax.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The kind of each security, from a day on, oldest first.
    pub kinds: HashMap<Isin, Vec<(Date, AssetKind)>>,
    /// The highest price, or net asset value, of 31 January 2018.
    pub fair_values: HashMap<Isin, Decimal>,
}

impl Facts {
    /// The kind of a security on a day; `None` when it is not known.
    pub fn kind(&self, isin: Isin, on: Date) -> Option<AssetKind> {
        let kinds = self.kinds.get(&isin)?;
        kinds.iter().rev().find(|(from, _)| *from <= on).map(|(_, kind)| *kind)
    }
}

/// Every closed lot of a ledger with its class.
pub fn gains<'a>(ledger: &'a Ledger, facts: &Facts) -> Vec<Gain<'a>> {
    ledger
        .closings
        .iter()
        .map(|closing| gain(closing, ledger.places[closing.place].isin, facts))
        .collect()
}

/// The class of one closed lot of a security.
pub fn gain<'a>(closing: &'a Closing, isin: Isin, facts: &Facts) -> Gain<'a> {
    let mut gain = Gain {
        closing,
        kind: facts.kind(isin, closing.sold_on),
        term: None,
        class: GainClass::Unknown,
        consideration: closing.consideration,
        cost: closing.lot.cost,
        fair_value: None,
        flags: flags(closing),
    };
    if matches!(closing.way, Way::Intraday { .. }) {
        gain.class = GainClass::Intraday;
        return gain;
    }
    match (gain.kind, closing.lot.acquired_on) {
        (None, _) => drop(gain.flags.insert(Flag::KindUnknown)),
        (_, None) => drop(gain.flags.insert(Flag::DateUnknown)),
        (Some(kind), Some(acquired_on)) => {
            let (term, deemed) = term(kind, acquired_on, closing.sold_on);
            gain.term = Some(term);
            gain.class = class(kind, term, deemed, &mut gain);
        }
    }
    exceptions(&mut gain);
    grandfathering::apply(&mut gain, facts);
    gain
}

fn flags(closing: &Closing) -> BTreeSet<Flag> {
    let checks = [
        (closing.lot.cost.is_none(), Flag::CostUnknown),
        (closing.expenses.is_none(), Flag::ChargesUnknown),
        (closing.lot.needs_review, Flag::NeedsReview),
        // Sold before it was allotted, as no bonus share can be.
        (closing.lot.acquired_on.is_some_and(|on| on > closing.sold_on), Flag::NeedsReview),
        (matches!(closing.way, Way::Intraday { ambiguous: true }), Flag::AmbiguousIntraday),
        (matches!(closing.way, Way::SameDayDelivery(_)), Flag::SameDayDelivery),
    ];
    checks.into_iter().filter(|(holds, _)| *holds).map(|(_, flag)| flag).collect()
}

/// Whether a lot that is sold on a day is long term; `Term::Short` where the law says so whatever the time.
pub fn term_on(kind: AssetKind, acquired_on: Date, sold_on: Date) -> Term {
    term(kind, acquired_on, sold_on).0
}

/// The first day on which a lot is long term, by the rules of `today`; `None` of what never is.
pub fn long_term_from(kind: AssetKind, acquired_on: Date, today: Date) -> Option<Date> {
    let months = rules::of(kind, acquired_on, today).months?;
    acquired_on.saturating_add(months.months()).tomorrow().ok()
}

/// The long-term gains on listed shares and equity funds of a financial year that are not taxed, per holder (section
/// 112A, 198 of the Act of 2025); `None` of years before they were taxed. The limit of 2024-25 is that of the whole year.
pub fn exemption(year: i16) -> Option<Decimal> {
    match year {
        ..2018 => None,
        2018..2024 => Some(Decimal::from(100_000)),
        2024.. => Some(Decimal::from(125_000)),
    }
}

/// Short or long, and whether it is short because the law says so whatever the time.
fn term(kind: AssetKind, acquired_on: Date, sold_on: Date) -> (Term, bool) {
    let rule = rules::of(kind, acquired_on, sold_on);
    match rule.months {
        None => (Term::Short, true),
        Some(months) if sold_on > acquired_on.saturating_add(months.months()) => {
            (Term::Long, false)
        }
        Some(_) => (Term::Short, false),
    }
}

fn class(kind: AssetKind, term: Term, deemed: bool, gain: &mut Gain<'_>) -> GainClass {
    if deemed {
        return GainClass::DeemedShortTerm;
    }
    let equity =
        matches!(kind, AssetKind::ListedShare | AssetKind::EquityFund | AssetKind::TrustUnit);
    if kind == AssetKind::TrustUnit {
        // Sections 111A and 112A name units of business trusts; that is from their text alone.
        gain.flags.insert(Flag::RuleUnverified);
    }
    let closing = gain.closing;
    let taxed_sale = matches!(
        closing.way,
        // Fractions are sold on the exchange, all together, by whom the scheme names.
        Way::Sold(Venue::Exchange(_) | Venue::TradeToTrade(_) | Venue::Fund | Venue::Fraction)
            | Way::SameDayDelivery(_)
    );
    // On acquiring, the tax is asked for of shares alone.
    let taxed_purchase = kind != AssetKind::ListedShare || closing.lot.stt_paid != Some(false);
    match term {
        Term::Short if equity && taxed_sale => GainClass::ShortTermEquity,
        Term::Short => GainClass::ShortTermOther,
        Term::Long if equity && taxed_sale && closing.sold_on < TAXED_FROM => GainClass::Exempt,
        Term::Long if equity && taxed_sale && taxed_purchase => {
            if kind == AssetKind::ListedShare && closing.lot.stt_paid.is_none() {
                gain.flags.insert(Flag::SttUnknown);
            }
            GainClass::LongTermEquity
        }
        Term::Long => GainClass::LongTermOther,
    }
}

/// Buy-backs, and gold bonds that are paid back.
fn exceptions(gain: &mut Gain<'_>) {
    let (closing, on) = (gain.closing, gain.closing.sold_on);
    match closing.way {
        // Listed companies pay the tax themselves from 5 July 2019 (that day is not verified) until 30 September 2024.
        Way::Buyback if on < date(2019, 7, 5) => {
            gain.flags.insert(Flag::RuleUnverified);
            gain.class = GainClass::Unknown;
        }
        Way::Buyback if on < date(2024, 10, 1) => gain.class = GainClass::Exempt,
        // All that is received is a dividend; the cost is a loss.
        Way::Buyback if on < ACT_OF_2025 => gain.consideration = Decimal::ZERO,
        // From then on a capital gain; enactment of that clause is known from one source only.
        Way::Buyback => drop(gain.flags.insert(Flag::RuleUnverified)),
        Way::Sold(Venue::Redemption) if gain.kind == Some(AssetKind::GoldBond) => {
            if on < ACT_OF_2025 {
                gain.class = GainClass::Exempt;
                return;
            }
            match closing.lot.source {
                // Only when held to maturity, which no event says.
                LotSource::Allotted => gain.class = GainClass::Exempt,
                // Bought on an exchange: an ordinary gain.
                LotSource::Bought => return,
                // Whether it was subscribed at issue is not known.
                _ => {}
            }
            gain.flags.insert(Flag::NeedsReview);
        }
        // That it is a sale is known from one source only.
        Way::Sold(Venue::Fraction) => drop(gain.flags.insert(Flag::RuleUnverified)),
        // The section did not exist before.
        _ if gain.kind == Some(AssetKind::MarketLinkedDebenture) && on < date(2023, 4, 1) => {
            gain.flags.insert(Flag::RuleUnverified);
            gain.class = GainClass::Unknown;
        }
        _ => {}
    }
}

/// The year in which a financial year begins: it runs from 1 April to 31 March.
pub fn financial_year(on: Date) -> i16 {
    if on.month() >= 4 { on.year() } else { on.year() - 1 }
}

/// How a financial year is called: `FY 2025-26 / AY 2026-27`, and from 2026 on `Tax year 2026-27`.
pub fn year_label(start: i16) -> String {
    let short = |year: i16| format!("{:02}", (year + 1).rem_euclid(100));
    if start >= ACT_OF_2025.year() {
        format!("Tax year {start}-{}", short(start))
    } else {
        format!("FY {start}-{} / AY {}-{}", short(start), start + 1, short(start + 1))
    }
}
