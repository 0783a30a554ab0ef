//! What a query is answered from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use ledger::returns::{Prices, ReturnsInput};
use ledger::tax::Facts;
use ledger::{Act, Event, History, Holding, Isin, Ledger, Snapshot};
use rust_decimal::Decimal;
use uuid::Uuid;

/// Everything that is known of a workspace's portfolio, as it was read.
pub struct Portfolio<'a> {
    /// Today, in India.
    pub today: Date,
    /// Lots, closings and quantities after the last event.
    pub ledger: &'a Ledger,
    /// The events it was made of.
    pub events: &'a [Event],
    /// The newest snapshot of each place: the ledger was made of them.
    pub snapshots: &'a [Snapshot],
    /// All snapshots, with those of earlier days.
    pub every_snapshot: &'a [Snapshot],
    /// What is held today.
    pub holdings: &'a [Holding],
    /// What is known of the securities.
    pub securities: HashMap<Isin, Security>,
    /// The accounts.
    pub accounts: HashMap<Uuid, Account>,
    /// Closes from [`Needs::prices_from`](super::Needs) on; empty when none are needed.
    pub prices: Prices,
    /// Closes of the index that returns are compared with, by day.
    pub benchmark: Vec<(Date, Decimal)>,
    /// Kinds of securities for tax; empty when none are needed.
    pub tax: Facts,
}

/// What is known of a security. `None` is unknown.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// What it is called.
    pub name: Option<Arc<str>>,
    /// Its newest exchange symbol.
    pub symbol: Option<Arc<str>>,
    /// Its issuer's sector.
    pub sector: Option<Arc<str>>,
    /// Its class.
    pub class: Option<Arc<str>>,
    /// The kind of asset for tax.
    pub instrument_type: Option<Arc<str>>,
}

/// What is known of an account.
#[derive(Clone, Debug)]
pub struct Account {
    /// What its owner calls it.
    pub label: String,
    /// The broker's stable name.
    pub broker: String,
    /// The first of the accounts of whoever has it, which stands for them: a permanent account number is in no answer.
    pub holder: Uuid,
}

/// A portfolio with what every day and every row of it needs, looked up once.
pub(super) struct Context<'a> {
    pub(super) portfolio: &'a Portfolio<'a>,
    /// The first day of which anything is known; `None` of an empty portfolio.
    pub(super) first_day: Option<Date>,
    /// From when on everything that was held is known.
    pub(super) history: History,
    /// Shares that went from one security to another: the day, and both.
    pub(super) exchanges: Vec<(Date, Isin, Isin)>,
    renamed: HashMap<Isin, Isin>,
    /// Shares for one, by the ex-dates of splits and bonuses.
    factors: HashMap<Isin, BTreeMap<Date, Decimal>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(portfolio: &'a Portfolio<'a>) -> Self {
        let stated = portfolio.every_snapshot.iter().map(|snapshot| snapshot.on);
        let first_day = portfolio.events.iter().map(|event| event.on).chain(stated).min();
        let exchange = |event: &Event| {
            let into = event.target()?.isin;
            (into != event.place.isin).then_some((event.on, event.place.isin, into))
        };
        Self {
            portfolio,
            first_day,
            history: portfolio.ledger.history(portfolio.every_snapshot, |_| true),
            exchanges: portfolio.events.iter().filter_map(exchange).collect(),
            renamed: renamed(portfolio.events),
            factors: factors(portfolio.events),
        }
    }

    /// What returns are worked out from.
    pub(super) fn returns_input(&self) -> ReturnsInput<'_> {
        let Portfolio { ledger, events, every_snapshot, prices, .. } = self.portfolio;
        ReturnsInput { ledger, events, snapshots: every_snapshot, prices }
    }

    /// The ISIN that a security has now.
    pub(super) fn security_of(&self, isin: Isin) -> Isin {
        self.renamed.get(&isin).copied().unwrap_or(isin)
    }

    /// Shares at the end of `to` for one of the end of `from`, by splits and bonuses since; one where that is beyond any
    /// number.
    pub(super) fn factor(&self, isin: Isin, from: Date, to: Date) -> Decimal {
        let since = self.factors.get(&isin).into_iter().flat_map(|days| days.range(..=to));
        let mut since = since.filter(|(on, _)| **on > from);
        let product = since.try_fold(Decimal::ONE, |all, (_, factor)| all.checked_mul(*factor));
        product.unwrap_or(Decimal::ONE)
    }
}

/// The ISIN that each security has now whose ISIN a split changed.
fn renamed(events: &[Event]) -> HashMap<Isin, Isin> {
    let mut steps: HashMap<Isin, Isin> = HashMap::new();
    for event in events {
        if let Act::Split { into: Some(into), .. } = event.act
            && into != event.place.isin
        {
            steps.insert(event.place.isin, into);
        }
    }
    let newest = |isin: &Isin| {
        let mut seen = BTreeSet::from([*isin]);
        let mut newest = *isin;
        while let Some(next) = steps.get(&newest).filter(|next| seen.insert(**next)) {
            newest = *next;
        }
        newest
    };
    steps.keys().map(|isin| (*isin, newest(isin))).collect()
}

fn factors(events: &[Event]) -> HashMap<Isin, BTreeMap<Date, Decimal>> {
    let mut factors: HashMap<Isin, BTreeMap<Date, Decimal>> = HashMap::new();
    for event in events {
        let factor = match event.act {
            Act::Split { ratio, into: None } => ratio.gives.checked_div(ratio.per),
            Act::Bonus { ratio, .. } => {
                ratio.gives.checked_div(ratio.per).map(|free| free + Decimal::ONE)
            }
            _ => None,
        };
        if let Some(factor) = factor.filter(|factor| *factor > Decimal::ZERO) {
            // Every account that holds it has the event; it counts once.
            factors.entry(event.place.isin).or_default().insert(event.on, factor);
        }
    }
    factors
}
