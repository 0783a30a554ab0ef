//! What happened to a portfolio: trades, allotments, corporate actions, transfers, income and charges.

use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::Isin;

/// Where a security is held: an account, the security, and the folio of fund units outside demat.
///
/// First in, first out runs within one such place: per demat account and ISIN (CBDT circular 768 of 24 June
/// 1998), and per folio and scheme for units on a statement of account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The account at a broker.
    pub account: Uuid,
    /// The security.
    pub isin: Isin,
    /// The folio; `None` in demat.
    pub folio: Option<Box<str>>,
}

/// Something that happened in one place on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its stable id.
    pub id: Uuid,
    /// Where.
    pub place: Place,
    /// The day: of the trade (contract note), the allotment, the net asset value, or the ex-date of a corporate action.
    pub on: Date,
    /// The time of execution, where it is known: fills of a day are squared off in this order.
    pub at: Option<Time>,
    /// The exchange's id of the trade, which breaks ties.
    pub reference: Box<str>,
    /// What.
    pub act: Act,
}

impl Event {
    /// The other place it touches: where shares go to, or come out of a demerger.
    pub fn target(&self) -> Option<Place> {
        let Place { account, isin, folio } = &self.place;
        let (account, isin) = match self.act {
            Act::Split { into, .. } => (*account, into.filter(|into| into != isin)?),
            Act::Merger { into, .. } | Act::Demerger { into, .. } => (*account, into),
            Act::TransferOut { to, .. } => (to?, *isin),
            _ => return None,
        };
        Some(Place { account, isin, folio: folio.clone() })
    }
}

/// Shares that come for shares, exactly: a bonus of 1:2 gives 1 for every 2; a split from ₹10 to ₹2 gives 5 for 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// How many are given.
    pub gives: Decimal,
    /// For how many that are held; above zero.
    pub per: Decimal,
}

/// Where a trade was made, which decides whether securities transaction tax was paid and whether it can be squared off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Venue {
    /// On a stock exchange.
    Exchange(Exchange),
    /// In a series where every trade is for delivery (NSE BE, BZ; BSE T, Z).
    TradeToTrade(Exchange),
    /// With the fund house.
    Fund,
    /// Between two people, without the exchange.
    OffMarket,
    /// Paid back by the issuer.
    Redemption,
    /// Cash for the fraction of a share that a corporate action left: nothing that is held goes for it.
    Fraction,
}

/// A stock exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exchange {
    /// National Stock Exchange.
    Nse,
    /// Bombay Stock Exchange.
    Bse,
}

/// A purchase or sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Shares or units, above zero.
    pub quantity: Decimal,
    /// Price times quantity, before charges; of a fund's units the amount including stamp duty.
    pub amount: Decimal,
    /// Brokerage, exchange charges, GST and stamp duty: part of the cost. `None` when the source has none, as a tradebook.
    pub charges: Option<Decimal>,
    /// Securities transaction tax: paid, but never part of a cost (section 48; 72 of the Act of 2025).
    pub stt: Option<Decimal>,
    /// Where it was made.
    pub venue: Venue,
}

impl Fill {
    /// Everything paid beside the amount, as far as it is known.
    pub fn fees(&self) -> Decimal {
        self.charges.unwrap_or_default() + self.stt.unwrap_or_default()
    }
}

/// What kind of income was paid.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum IncomeKind {
    /// Of a company or a fund.
    Dividend,
    /// Of a bond.
    Interest,
    /// Of a real estate or infrastructure trust: the part that is income.
    Distribution,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Bought; also an instalment of a plan, or units switched into.
    Buy(Fill),
    /// Sold; also units switched out of, or withdrawn by plan.
    Sell(Fill),
    /// Allotted in a public offer (or to an employee, at the value taxed as perquisite): acquired on the day of allotment.
    IpoAllotment {
        /// Shares.
        quantity: Decimal,
        /// What was paid for them together.
        amount: Decimal,
    },
    /// Allotted by right.
    Rights {
        /// Shares.
        quantity: Decimal,
        /// What was paid for them together, with the price of an entitlement that was bought.
        amount: Decimal,
    },
    /// Free shares: `on` is the ex-date, from which the price has fallen; the shares are acquired when allotted.
    Bonus {
        /// New shares for those held.
        ratio: Ratio,
        /// The day of allotment.
        allotted_on: Date,
    },
    /// A split, a consolidation, a change of the face value or of the ISIN.
    Split {
        /// Shares afterwards for those before.
        ratio: Ratio,
        /// The new ISIN, when it changes.
        into: Option<Isin>,
    },
    /// The company is merged into another one; also two schemes of a fund.
    Merger {
        /// New shares for those held.
        ratio: Ratio,
        /// The company that remains.
        into: Isin,
    },
    /// A part of the company becomes one of its own.
    Demerger {
        /// Shares of the new company for those held.
        ratio: Ratio,
        /// The new company.
        into: Isin,
        /// The part of the cost that goes to it: net book value transferred by net worth, as the company publishes.
        cost_percent: Decimal,
    },
    /// Came in without being bought: a gift, an inheritance, from an account that is not here.
    TransferIn {
        /// Shares or units.
        quantity: Decimal,
        /// The previous owner's cost, or one's own elsewhere; `None` when it is not known.
        cost: Option<Decimal>,
        /// When the previous owner, or oneself elsewhere, acquired them.
        acquired_on: Option<Date>,
    },
    /// Went out without being sold.
    TransferOut {
        /// Shares or units.
        quantity: Decimal,
        /// One's own account where they went; `None` when it is not here.
        to: Option<Uuid>,
    },
    /// Tendered to the company.
    Buyback {
        /// Shares taken.
        quantity: Decimal,
        /// What was paid for them together.
        amount: Decimal,
    },
    /// Paid on what is held.
    Income {
        /// Of which kind.
        kind: IncomeKind,
        /// Before tax was deducted.
        gross: Decimal,
        /// Tax deducted at source.
        tds: Decimal,
        /// The part of a trust's payment that repays debt: lowers the cost.
        capital: Decimal,
    },
    /// Paid for holding it, or to the broker on its account.
    Charge {
        /// How much.
        amount: Decimal,
    },
    /// Held before the first event, as its owner says.
    Opening {
        /// Shares or units.
        quantity: Decimal,
        /// Total cost; `None` when it is not known.
        cost: Option<Decimal>,
        /// When they were acquired; `None` when it is not known.
        acquired_on: Option<Date>,
    },
}

impl Act {
    /// The place of an act within its day: corporate actions of the ex-date come before trades, which are made
    /// at the new price.
    pub(crate) fn phase(&self) -> u8 {
        match self {
            Self::Opening { .. } => 0,
            Self::Split { .. }
            | Self::Bonus { .. }
            | Self::Merger { .. }
            | Self::Demerger { .. } => 1,
            Self::IpoAllotment { .. } | Self::Rights { .. } | Self::TransferIn { .. } => 2,
            // What is moved to one's own account is settled, and may be sold there on the same day.
            Self::TransferOut { to: Some(_), .. } => 2,
            Self::Buy(_) | Self::Sell(_) => 3,
            Self::TransferOut { .. } | Self::Buyback { .. } => 4,
            Self::Income { .. } | Self::Charge { .. } => 5,
        }
    }
}

impl Act {
    /// The quantity it names, if it names one.
    pub(crate) fn quantity(&self) -> Option<Decimal> {
        match self {
            // Of a share that nobody ever held.
            Self::Sell(fill) if fill.venue == Venue::Fraction => None,
            Self::Buy(fill) | Self::Sell(fill) => Some(fill.quantity),
            Self::IpoAllotment { quantity, .. }
            | Self::Rights { quantity, .. }
            | Self::TransferIn { quantity, .. }
            | Self::TransferOut { quantity, .. }
            | Self::Buyback { quantity, .. }
            | Self::Opening { quantity, .. } => Some(*quantity),
            _ => None,
        }
    }
}

impl Ratio {
    /// This one and then another one; a chain longer than numbers go stays as it was.
    pub(crate) fn and_then(self, next: Self) -> Self {
        let product = |one: Decimal, other: Decimal| one.checked_mul(other);
        match (product(self.gives, next.gives), product(self.per, next.per)) {
            (Some(gives), Some(per)) => Self { gives, per }.reduced(),
            _ => self,
        }
    }

    /// The same with smaller numbers, where they are whole.
    fn reduced(self) -> Self {
        let (mut one, mut other) = (self.gives, self.per);
        if !(one.fract().is_zero() && other.fract().is_zero()) {
            return self;
        }
        while !other.is_zero() {
            (one, other) = (other, one % other);
        }
        Self { gives: self.gives / one, per: self.per / one }
    }

    /// What comes for a quantity, without rounding: more for more, and never more than [`MOST_SHARES`].
    pub(crate) fn of(self, quantity: Decimal) -> Decimal {
        let product =
            quantity.checked_mul(self.gives).and_then(|product| product.checked_div(self.per));
        let product = product.or_else(|| self.gives.checked_div(self.per)?.checked_mul(quantity));
        let most = if quantity.is_sign_negative() { -MOST_SHARES } else { MOST_SHARES };
        product.unwrap_or(most).clamp(-MOST_SHARES, MOST_SHARES)
    }

    /// What comes for a quantity: whole shares, or four places of units that are held in parts.
    pub(crate) fn credited(self, quantity: Decimal, in_parts: bool) -> Decimal {
        let places = if in_parts { 4 } else { 0 };
        // Rounded first far beyond any quantity, since a third of three is one.
        self.of(quantity).round_dp(12).trunc_with_scale(places)
    }
}

/// More shares than all companies have together. What ratios make ends here, so that sums of it and products with prices
/// stay far from a decimal's end.
const MOST_SHARES: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

/// The order in which events are worked through, whatever the order in which they were read.
pub(crate) fn in_order(events: &mut [&Event]) {
    // Trade ids count up: of two with other lengths the shorter is the earlier.
    events.sort_by_cached_key(|event| {
        let reference = (event.reference.len(), event.reference.clone());
        (event.on, event.act.phase(), event.at, reference, event.id)
    });
}
