//! Events written in a line each.

use jiff::civil::Date;
use ledger::tax::{AssetKind, Facts};
use ledger::{Act, Event, Exchange, Fill, Isin, Ledger, Place, Ratio, Snapshot, Venue};
use rust_decimal::Decimal;
use uuid::Uuid;

pub(crate) const A: &str = "INE925R01014";
pub(crate) const B: &str = "INE002A01018";
pub(crate) const FUND: &str = "INF204KB14I2";
pub(crate) const NSE: Venue = Venue::Exchange(Exchange::Nse);

pub(crate) fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

pub(crate) fn number(text: &str) -> Decimal {
    text.parse().expect("a number")
}

pub(crate) fn isin(text: &str) -> Isin {
    Isin::parse(text).expect("an ISIN")
}

pub(crate) fn place(of: &str) -> Place {
    Place { account: Uuid::nil(), isin: isin(of), folio: None }
}

pub(crate) fn ratio(gives: i64, per: i64) -> Ratio {
    Ratio { gives: gives.into(), per: per.into() }
}

/// A fill on the exchange without charges, as a tradebook has it.
pub(crate) fn fill(quantity: &str, price: &str) -> Fill {
    let (quantity, price) = (number(quantity), number(price));
    Fill { quantity, amount: quantity * price, charges: None, stt: None, venue: NSE }
}

/// Events in the order in which they are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub(crate) events: Vec<Event>,
    pub(crate) snapshots: Vec<Snapshot>,
}

impl Book {
    pub(crate) fn act(mut self, on: &str, of: &str, act: Act) -> Self {
        let number = self.events.len() as u128 + 1;
        let (id, reference) = (Uuid::from_u128(number), format!("{number:04}").into());
        self.events.push(Event { id, place: place(of), on: day(on), at: None, reference, act });
        self
    }

    pub(crate) fn buy(self, on: &str, of: &str, quantity: &str, price: &str) -> Self {
        self.act(on, of, Act::Buy(fill(quantity, price)))
    }

    pub(crate) fn sell(self, on: &str, of: &str, quantity: &str, price: &str) -> Self {
        self.act(on, of, Act::Sell(fill(quantity, price)))
    }

    pub(crate) fn snapshot(
        mut self,
        on: &str,
        of: &str,
        quantity: &str,
        cost: Option<&str>,
    ) -> Self {
        let (place, on, quantity, cost) = (place(of), day(on), number(quantity), cost.map(number));
        self.snapshots.push(Snapshot { place, on, at: None, quantity, cost });
        self
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::new(&self.events, &self.snapshots)
    }
}

/// What tax knows of the three securities.
pub(crate) fn facts() -> Facts {
    let always = |kind| vec![(day("2000-01-01"), kind)];
    let mut facts = Facts::default();
    for (of, kind) in
        [(A, AssetKind::ListedShare), (B, AssetKind::ListedShare), (FUND, AssetKind::EquityFund)]
    {
        facts.kinds.insert(isin(of), always(kind));
    }
    facts
}

/// The open lots of a security as `quantity @ cost, acquired on`.
pub(crate) fn lots(ledger: &Ledger, of: &str) -> Vec<String> {
    let at = ledger.places.iter().position(|other| *other == place(of)).expect("a place");
    let lot = |lot: &ledger::Lot| {
        let cost = lot.cost.map_or("?".into(), |cost| cost.normalize().to_string());
        let on = lot.acquired_on.map_or("?".into(), |on| on.to_string());
        format!("{} @ {cost}, {on}", lot.quantity.normalize())
    };
    ledger.positions[at].lots.iter().map(lot).collect()
}

/// The closings as `quantity for consideration, cost, acquired on`.
pub(crate) fn closings(ledger: &Ledger) -> Vec<String> {
    let closing = |closing: &ledger::Closing| {
        let cost = closing.lot.cost.map_or("?".into(), |cost| cost.normalize().to_string());
        let on = closing.lot.acquired_on.map_or("?".into(), |on| on.to_string());
        format!(
            "{} for {}, {cost}, {on}",
            closing.lot.quantity.normalize(),
            closing.consideration.normalize()
        )
    };
    ledger.closings.iter().map(closing).collect()
}
