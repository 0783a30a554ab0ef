//! Events taken apart into columns, as a table, a form or a file has them, and put together again.

mod check;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Isin;
use crate::event::{Act, Exchange, Fill, IncomeKind, Ratio, Venue};

pub use check::{Fault, act, unused};

/// The kinds of events, as they are stored and as the API names them.
pub const KINDS: [&str; 16] = [
    "buy",
    "sell",
    "ipo_allotment",
    "rights",
    "bonus",
    "split",
    "merger",
    "demerger",
    "transfer_in",
    "transfer_out",
    "buyback",
    "dividend",
    "interest",
    "distribution",
    "charge",
    "opening",
];

/// What a kind of event has beside quantity and amount.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// Shares that are given …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gives: Option<Decimal>,
    /// … for so many that are held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<Decimal>,
    /// The security it becomes, or that comes out of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub into: Option<Isin>,
    /// The part of the cost that goes to the new company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_percent: Option<Decimal>,
    /// The day a bonus was allotted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allotted_on: Option<Date>,
    /// The day the holding period counts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acquired_on: Option<Date>,
    /// Total cost of what was not bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Decimal>,
    /// Tax deducted at source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tds: Option<Decimal>,
    /// The part of a trust's payment that repays debt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capital: Option<Decimal>,
    /// The account a transfer goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Uuid>,
}

/// An act, taken apart into columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The kind of event.
    pub kind: String,
    /// Where a trade was made.
    pub venue: Option<String>,
    /// The exchange.
    pub exchange: Option<String>,
    /// Shares or units.
    pub quantity: Option<Decimal>,
    /// Rupees.
    pub amount: Option<Decimal>,
    /// Charges, where they are known.
    pub charges: Option<Decimal>,
    /// Securities transaction tax, where it is known.
    pub stt: Option<Decimal>,
    /// The rest.
    pub terms: Terms,
}

/// Takes an act apart.
pub fn columns(act: &Act) -> Columns {
    let of = |kind: &str| Columns { kind: kind.into(), ..Columns::default() };
    let valued = |kind: &str, quantity: &Decimal, amount: Option<Decimal>| Columns {
        quantity: Some(*quantity),
        amount,
        ..of(kind)
    };
    let exchanged = |kind: &str, ratio: &Ratio, terms: Terms| Columns {
        terms: Terms { gives: Some(ratio.gives), per: Some(ratio.per), ..terms },
        ..of(kind)
    };
    let none = Terms::default;
    match act {
        Act::Buy(fill) => filled("buy", fill),
        Act::Sell(fill) => filled("sell", fill),
        Act::IpoAllotment { quantity, amount } => valued("ipo_allotment", quantity, Some(*amount)),
        Act::Rights { quantity, amount } => valued("rights", quantity, Some(*amount)),
        Act::Buyback { quantity, amount } => valued("buyback", quantity, Some(*amount)),
        Act::Bonus { ratio, allotted_on } => {
            exchanged("bonus", ratio, Terms { allotted_on: Some(*allotted_on), ..none() })
        }
        Act::Split { ratio, into } => exchanged("split", ratio, Terms { into: *into, ..none() }),
        Act::Merger { ratio, into } => {
            exchanged("merger", ratio, Terms { into: Some(*into), ..none() })
        }
        Act::Demerger { ratio, into, cost_percent } => {
            let terms = Terms { into: Some(*into), cost_percent: Some(*cost_percent), ..none() };
            exchanged("demerger", ratio, terms)
        }
        Act::TransferIn { quantity, cost, acquired_on } => Columns {
            terms: Terms { cost: *cost, acquired_on: *acquired_on, ..none() },
            ..valued("transfer_in", quantity, None)
        },
        Act::Opening { quantity, cost, acquired_on } => Columns {
            terms: Terms { cost: *cost, acquired_on: *acquired_on, ..none() },
            ..valued("opening", quantity, None)
        },
        Act::TransferOut { quantity, to } => {
            Columns { terms: Terms { to: *to, ..none() }, ..valued("transfer_out", quantity, None) }
        }
        Act::Income { kind, gross, tds, capital } => Columns {
            amount: Some(*gross),
            terms: Terms { tds: Some(*tds), capital: Some(*capital), ..none() },
            ..of(income(*kind))
        },
        Act::Charge { amount } => Columns { amount: Some(*amount), ..of("charge") },
    }
}

fn income(kind: IncomeKind) -> &'static str {
    match kind {
        IncomeKind::Dividend => "dividend",
        IncomeKind::Interest => "interest",
        IncomeKind::Distribution => "distribution",
    }
}

fn filled(kind: &str, fill: &Fill) -> Columns {
    let (venue, exchange) = match fill.venue {
        Venue::Exchange(exchange) => ("exchange", Some(exchange)),
        Venue::TradeToTrade(exchange) => ("trade_to_trade", Some(exchange)),
        Venue::Fund => ("fund", None),
        Venue::OffMarket => ("off_market", None),
        Venue::Redemption => ("redemption", None),
        Venue::Fraction => ("fraction", None),
    };
    let exchange = exchange.map(|exchange| match exchange {
        Exchange::Nse => "NSE".to_owned(),
        Exchange::Bse => "BSE".to_owned(),
    });
    Columns {
        kind: kind.into(),
        venue: Some(venue.into()),
        exchange,
        quantity: Some(fill.quantity),
        amount: Some(fill.amount),
        charges: fill.charges,
        stt: fill.stt,
        terms: Terms::default(),
    }
}

impl Terms {
    /// These, and where they say nothing the others.
    pub fn or(self, other: Self) -> Self {
        Self {
            gives: self.gives.or(other.gives),
            per: self.per.or(other.per),
            into: self.into.or(other.into),
            cost_percent: self.cost_percent.or(other.cost_percent),
            allotted_on: self.allotted_on.or(other.allotted_on),
            acquired_on: self.acquired_on.or(other.acquired_on),
            cost: self.cost.or(other.cost),
            tds: self.tds.or(other.tds),
            capital: self.capital.or(other.capital),
            to: self.to.or(other.to),
        }
    }
}

impl Columns {
    /// The same with numbers written in the one shortest way, so that equal events are equal as text. A quantity of nothing
    /// is none.
    pub fn normalised(mut self) -> Self {
        self.quantity = self.quantity.filter(|quantity| !quantity.is_zero());
        let Terms { gives, per, cost_percent, cost, tds, capital, .. } = &mut self.terms;
        for number in [gives, per, cost_percent, cost, tds, capital] {
            *number = number.map(|number| number.normalize());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_act_comes_back_from_its_columns() {
        let (one, day) = (Decimal::ONE, jiff::civil::date(2024, 5, 2));
        let ratio = Ratio { gives: 2.into(), per: one };
        let into = Isin::parse("INE925R01014").unwrap();
        let fill =
            |venue| Fill { quantity: one, amount: one, charges: None, stt: Some(one), venue };
        let acts = [
            Act::Buy(fill(Venue::Exchange(Exchange::Bse))),
            Act::Buy(fill(Venue::OffMarket)),
            Act::Sell(fill(Venue::TradeToTrade(Exchange::Nse))),
            Act::Sell(fill(Venue::Fund)),
            Act::Sell(fill(Venue::Redemption)),
            Act::Sell(Fill { quantity: Decimal::new(8, 1), ..fill(Venue::Fraction) }),
            Act::IpoAllotment { quantity: one, amount: one },
            Act::Rights { quantity: one, amount: one },
            Act::Buyback { quantity: one, amount: one },
            Act::Bonus { ratio, allotted_on: day },
            Act::Split { ratio, into: None },
            Act::Split { ratio, into: Some(into) },
            Act::Merger { ratio, into },
            Act::Demerger { ratio, into, cost_percent: one },
            Act::TransferIn { quantity: one, cost: Some(one), acquired_on: None },
            Act::TransferOut { quantity: one, to: Some(Uuid::max()) },
            Act::Opening { quantity: one, cost: None, acquired_on: Some(day) },
            Act::Income {
                kind: IncomeKind::Dividend,
                gross: one,
                tds: one,
                capital: Decimal::ZERO,
            },
            Act::Income {
                kind: IncomeKind::Interest,
                gross: one,
                tds: one,
                capital: Decimal::ZERO,
            },
            Act::Income { kind: IncomeKind::Distribution, gross: one, tds: one, capital: one },
            Act::Charge { amount: one },
        ];
        for of in acts {
            let columns = columns(&of);
            assert!(KINDS.contains(&columns.kind.as_str()), "{}", columns.kind);
            let stored: Terms =
                serde_json::from_value(serde_json::to_value(&columns.terms).unwrap()).unwrap();
            assert_eq!(act(&Columns { terms: stored, ..columns }), Ok(of));
        }
    }

    #[test]
    fn what_is_no_part_of_a_kind_is_said() {
        let opening = Columns {
            kind: "opening".into(),
            quantity: Some(Decimal::TEN),
            amount: Some(4020.into()),
            stt: Some(Decimal::ZERO),
            terms: Terms { tds: Some(Decimal::ONE), ..Terms::default() },
            ..Columns::default()
        };
        let cost = act(&opening).unwrap();
        assert!(matches!(cost, Act::Opening { cost: Some(cost), .. } if cost == 4020.into()));
        let names = |idle: Vec<Fault>| idle.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(names(unused(&opening, &cost)), ["tds"]);
        let terms = Terms { cost: Some(4000.into()), ..Terms::default() };
        let both = Columns { terms, ..opening };
        assert_eq!(names(unused(&both, &act(&both).unwrap())), ["amount"]);
        let paid = Act::Income {
            kind: IncomeKind::Dividend,
            gross: Decimal::ONE,
            tds: Decimal::ZERO,
            capital: Decimal::ZERO,
        };
        let of_ten = Columns { quantity: Some(Decimal::TEN), ..columns(&paid) };
        assert_eq!(unused(&of_ten, &paid), []);
    }

    #[test]
    fn everything_that_is_missing_or_wrong_is_said_at_once() {
        let columns = Columns {
            kind: "demerger".into(),
            terms: Terms {
                gives: Some(Decimal::ZERO),
                cost_percent: Some(101.into()),
                ..Terms::default()
            },
            ..Columns::default()
        };
        let faults = act(&columns).unwrap_err();
        let names: Vec<_> = faults.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["gives", "per", "into", "costPercent"]);
        let unknown = act(&Columns { kind: "gift".into(), ..Columns::default() }).unwrap_err();
        assert_eq!(unknown, [("kind", "is no kind of event")]);
    }
}
