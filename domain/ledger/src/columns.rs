//! Events taken apart into columns, as a table, a form or a file has them, and put together again.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Isin;
use crate::event::{Act, Exchange, Fill, IncomeKind, Ratio, Venue};

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

impl Columns {
    /// The same with numbers written in the one shortest way, so that equal events are equal as text.
    pub fn normalised(mut self) -> Self {
        let Terms { gives, per, cost_percent, cost, tds, capital, .. } = &mut self.terms;
        for number in [gives, per, cost_percent, cost, tds, capital] {
            *number = number.map(|number| number.normalize());
        }
        self
    }
}

/// A column that is missing or wrong, and what is wrong with it.
pub type Fault = (&'static str, &'static str);

/// Puts an act together again, or says everything that is missing or wrong.
pub fn act(columns: &Columns) -> Result<Act, Vec<Fault>> {
    let mut check = Check { columns, faults: Vec::new() };
    let act = check.act();
    match act {
        Some(act) if check.faults.is_empty() => Ok(act),
        _ => Err(check.faults),
    }
}

/// More shares than any company has, and more rupees than anybody holds of one.
const MOST_QUANTITY: i64 = 1_000_000_000_000;
const MOST_AMOUNT: i64 = 100_000_000_000_000;
const MOST_RATIO: i64 = 10_000;

struct Check<'a> {
    columns: &'a Columns,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn act(&mut self) -> Option<Act> {
        let terms = &self.columns.terms;
        let (cost, acquired_on) = (terms.cost, terms.acquired_on);
        self.not_below_zero("cost", cost.unwrap_or_default());
        Some(match self.columns.kind.as_str() {
            "buy" => Act::Buy(self.fill()?),
            "sell" => Act::Sell(self.fill()?),
            "ipo_allotment" => {
                let (quantity, amount) = self.valued()?;
                Act::IpoAllotment { quantity, amount }
            }
            "rights" => {
                let (quantity, amount) = self.valued()?;
                Act::Rights { quantity, amount }
            }
            "buyback" => {
                let (quantity, amount) = self.valued()?;
                Act::Buyback { quantity, amount }
            }
            "bonus" => {
                let (ratio, day) = (self.ratio(), self.need("allottedOn", terms.allotted_on));
                Act::Bonus { ratio: ratio?, allotted_on: day? }
            }
            "split" => Act::Split { ratio: self.ratio()?, into: terms.into },
            "merger" => {
                let (ratio, into) = (self.ratio(), self.need("into", terms.into));
                Act::Merger { ratio: ratio?, into: into? }
            }
            "demerger" => self.demerger()?,
            "transfer_in" => Act::TransferIn { quantity: self.quantity()?, cost, acquired_on },
            "transfer_out" => Act::TransferOut { quantity: self.quantity()?, to: terms.to },
            "opening" => Act::Opening { quantity: self.quantity()?, cost, acquired_on },
            "dividend" => self.paid(IncomeKind::Dividend)?,
            "interest" => self.paid(IncomeKind::Interest)?,
            "distribution" => self.paid(IncomeKind::Distribution)?,
            "charge" => Act::Charge { amount: self.amount()? },
            _ => {
                self.faults.push(("kind", "is no kind of event"));
                return None;
            }
        })
    }

    fn need<T>(&mut self, name: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.faults.push((name, "is required for this kind"));
        }
        value
    }

    fn above_zero(&mut self, name: &'static str, value: Option<Decimal>) -> Option<Decimal> {
        let value = self.need(name, value)?;
        if value <= Decimal::ZERO {
            self.faults.push((name, "must be above zero"));
        } else if value > Decimal::from(MOST_QUANTITY) {
            self.faults.push((name, "is larger than any holding"));
        }
        Some(value)
    }

    fn not_below_zero(&mut self, name: &'static str, value: Decimal) {
        if value < Decimal::ZERO {
            self.faults.push((name, "must not be below zero"));
        } else if value > Decimal::from(MOST_AMOUNT) {
            self.faults.push((name, "is larger than any holding"));
        }
    }

    fn quantity(&mut self) -> Option<Decimal> {
        self.above_zero("quantity", self.columns.quantity)
    }

    fn amount(&mut self) -> Option<Decimal> {
        let amount = self.need("amount", self.columns.amount)?;
        self.not_below_zero("amount", amount);
        Some(amount)
    }

    fn valued(&mut self) -> Option<(Decimal, Decimal)> {
        let (quantity, amount) = (self.quantity(), self.amount());
        quantity.zip(amount)
    }

    fn ratio(&mut self) -> Option<Ratio> {
        let Terms { gives, per, .. } = self.columns.terms;
        let (gives, per) = (self.above_zero("gives", gives), self.above_zero("per", per));
        for (name, part) in [("gives", gives), ("per", per)] {
            if part.is_some_and(|part| part > Decimal::from(MOST_RATIO)) {
                self.faults.push((name, "is larger than in any corporate action"));
            }
        }
        Some(Ratio { gives: gives?, per: per? })
    }

    fn demerger(&mut self) -> Option<Act> {
        let terms = &self.columns.terms;
        let ratio = self.ratio();
        let into = self.need("into", terms.into);
        let cost_percent = self.need("costPercent", terms.cost_percent);
        if cost_percent.is_some_and(|part| part < Decimal::ZERO || part > Decimal::ONE_HUNDRED) {
            self.faults.push(("costPercent", "must be from 0 to 100"));
        }
        Some(Act::Demerger { ratio: ratio?, into: into?, cost_percent: cost_percent? })
    }

    fn paid(&mut self, kind: IncomeKind) -> Option<Act> {
        let gross = self.amount()?;
        let (tds, capital) = (
            self.columns.terms.tds.unwrap_or_default(),
            self.columns.terms.capital.unwrap_or_default(),
        );
        for (name, part) in [("tds", tds), ("capital", capital)] {
            self.not_below_zero(name, part);
        }
        Some(Act::Income { kind, gross, tds, capital })
    }

    fn fill(&mut self) -> Option<Fill> {
        let Columns { venue, exchange, charges, stt, .. } = self.columns;
        let exchange = match exchange.as_deref() {
            Some("BSE") => Exchange::Bse,
            _ => Exchange::Nse,
        };
        let venue = match venue.as_deref() {
            Some("exchange") => Some(Venue::Exchange(exchange)),
            Some("trade_to_trade") => Some(Venue::TradeToTrade(exchange)),
            Some("fund") => Some(Venue::Fund),
            Some("off_market") => Some(Venue::OffMarket),
            Some("redemption") => Some(Venue::Redemption),
            _ => None,
        };
        let (valued, venue) = (self.valued(), self.need("venue", venue));
        for (name, part) in [("charges", charges), ("stt", stt)] {
            self.not_below_zero(name, part.unwrap_or_default());
        }
        let ((quantity, amount), venue) = (valued?, venue?);
        Some(Fill { quantity, amount, charges: *charges, stt: *stt, venue })
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
