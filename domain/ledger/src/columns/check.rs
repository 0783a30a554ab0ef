//! Putting an act together out of columns, or saying everything that is missing or wrong.

use rust_decimal::Decimal;

use super::{Columns, Terms};
use crate::event::{Act, Exchange, Fill, IncomeKind, Ratio, Venue};

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

/// What was said of an event and is no part of its kind, so that nobody takes it for counted. Zero says nothing, and of how
/// many shares something was paid may be said.
pub fn unused(said: &Columns, act: &Act) -> Vec<Fault> {
    let kept = super::columns(act);
    let owned = matches!(act, Act::Opening { .. } | Act::TransferIn { .. });
    let number = |name, of: fn(&Columns) -> Option<Decimal>| {
        let idle = of(said).is_some_and(|number| !number.is_zero()) && of(&kept).is_none();
        idle.then_some(name)
    };
    let other = |name, of: fn(&Columns) -> bool| (of(said) && !of(&kept)).then_some(name);
    let idle = [
        number("quantity", |one| one.quantity).filter(|_| !matches!(act, Act::Income { .. })),
        // Of what was not bought it is the cost.
        number("amount", |one| one.amount).filter(|_| !owned || said.amount != kept.terms.cost),
        number("charges", |one| one.charges),
        number("stt", |one| one.stt),
        number("gives", |one| one.terms.gives),
        number("per", |one| one.terms.per),
        number("costPercent", |one| one.terms.cost_percent),
        number("cost", |one| one.terms.cost),
        number("tds", |one| one.terms.tds),
        number("capital", |one| one.terms.capital),
        other("into", |one| one.terms.into.is_some()),
        other("allottedOn", |one| one.terms.allotted_on.is_some()),
        other("acquiredOn", |one| one.terms.acquired_on.is_some()),
        other("to", |one| one.terms.to.is_some()),
        other("venue", |one| one.venue.is_some()),
    ];
    let fault = |name| match name {
        "amount" if owned => (name, "is not what `cost` says; leave one of them out"),
        _ => (name, "is no part of this kind of event; leave it out"),
    };
    idle.into_iter().flatten().map(fault).collect()
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
        // Of what was not bought an amount can be nothing but its cost.
        let owned = matches!(self.columns.kind.as_str(), "opening" | "transfer_in");
        let amount = self.columns.amount.filter(|_| owned);
        let (cost, acquired_on) = (terms.cost.or(amount), terms.acquired_on);
        self.not_below_zero("cost", cost.unwrap_or_default());
        self.no_negative_quantity();
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

    /// Of how many shares something was paid or changed may be said, but not of fewer than none.
    fn no_negative_quantity(&mut self) {
        let kinds = [
            "dividend",
            "interest",
            "distribution",
            "charge",
            "bonus",
            "split",
            "merger",
            "demerger",
        ];
        let negative = self.columns.quantity.is_some_and(|quantity| quantity < Decimal::ZERO);
        if negative && kinds.contains(&self.columns.kind.as_str()) {
            self.faults.push(("quantity", "must not be below zero"));
        }
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
            Some("fraction") => Some(Venue::Fraction),
            _ => None,
        };
        if venue == Some(Venue::Fraction) {
            if self.columns.kind != "sell" {
                self.faults.push(("venue", "is of a sale alone: cash for the fraction of a share"));
            }
            if self.columns.quantity >= Some(Decimal::ONE) {
                self.faults.push(("quantity", "must be below one: the fraction of a share"));
            }
        }
        let (valued, venue) = (self.valued(), self.need("venue", venue));
        for (name, part) in [("charges", charges), ("stt", stt)] {
            self.not_below_zero(name, part.unwrap_or_default());
        }
        let ((quantity, amount), venue) = (valued?, venue?);
        Some(Fill { quantity, amount, charges: *charges, stt: *stt, venue })
    }
}
