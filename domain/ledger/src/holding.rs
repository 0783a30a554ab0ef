//! A holding, its price, and what is known of its lots.

use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Isin, Money, Price, Quantity};

/// A position in one security in one account, as its newest statement asserts it.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The account it is held in.
    pub account: Uuid,
    /// The security.
    pub isin: Isin,
    /// What it is called: the reference name, else the statement's.
    pub name: Arc<str>,
    /// Exchange symbol, when the reference knows one.
    pub symbol: Option<Arc<str>>,
    /// Class of the instrument, `unclassified` when the reference does not say.
    pub class: Arc<str>,
    /// Sector of the issuer, `unclassified` when neither reference nor statement says.
    pub sector: Arc<str>,
    /// What is owned: available, bought but not delivered, and pledged together.
    pub owned: Quantity,
    /// The pledged part of it.
    pub pledged: Quantity,
    /// The part bought and not yet delivered.
    pub t1: Quantity,
    /// What the broker cannot account for; not part of `owned`.
    pub discrepant: Quantity,
    /// The part of `owned` that is bought with the broker's money.
    pub financed: Quantity,
    /// How much of that money there is; `None` when the statement does not say.
    pub loan: Option<Money>,
    /// Total cost; `None` when the statement does not know it.
    pub cost: Option<Money>,
    /// The date of the statement.
    pub as_of: Date,
    /// The layout of the statement, or `transactions`.
    pub source: Arc<str>,
    /// What its lots are known from.
    pub lots: Lots,
    /// The newest price; `None` when there is none.
    pub price: Option<PricePoint>,
}

/// What the lots of a holding are known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lots {
    /// From events, and the newest statement says the same.
    Reconciled,
    /// From events; no statement lists it.
    Events,
    /// There is a statement and no event: days of purchase are not known.
    StatementOnly,
    /// Part of it must have been there before the first event.
    DerivedOpening,
    /// The newest statement has less than the events explain.
    UnexplainedOutflow,
}

impl Holding {
    /// Takes another holding of the same security in the same account in: folios of one scheme are one holding.
    pub fn absorb(&mut self, other: &Self) {
        self.owned.0 += other.owned.0;
        self.pledged.0 += other.pledged.0;
        self.t1.0 += other.t1.0;
        self.discrepant.0 += other.discrepant.0;
        self.financed.0 += other.financed.0;
        self.loan = match (self.loan, other.loan) {
            (Some(one), Some(two)) => Some(Money(one.0 + two.0)),
            (one, two) => one.or(two),
        };
        self.cost = self.cost.zip(other.cost).map(|(one, two)| Money(one.0 + two.0));
        self.as_of = self.as_of.max(other.as_of);
        self.lots = self.lots.max(other.lots);
    }
}

/// The newest known price of a security.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricePoint {
    /// Close of the day, or net asset value.
    pub close: Price,
    /// The close before that one, when known.
    pub previous: Option<Price>,
    /// The day of the close.
    pub on: Date,
    /// Who published it.
    pub source: Arc<str>,
}
