//! Which holdings are wanted, and in which order.

use std::cmp::Ordering;

use ledger::{Holding, value};
use rust_decimal::Decimal;
use serde_json::json;
use shared::request::{Reader, choice, decimal, text};
use uuid::Uuid;

shared::request! {
    /// What a holding must be to be listed, and the order of the list.
    pub(super) struct Selection {
        /// Only those of this symbol or ISIN, or with this in their name.
        q: Option<String> = word(),
        /// Only of this sector.
        sector: Option<String> = word(),
        /// Only of this class.
        class: Option<String> = word(),
        /// Only those worth this or more; what has no price is worth nothing that could be compared.
        min_value: Option<Decimal> = decimal(),
        /// Only those worth this or less.
        max_value: Option<Decimal> = decimal(),
        /// With `-` before it the other way round.
        sort: (Order, bool) = choice(ORDERS) => "isin",
    }
}

/// Some words, in small letters.
fn word() -> impl Reader<Value = String> {
    text(
        |word| {
            let good = (1..=100).contains(&word.chars().count());
            let message = || "must have 1 to 100 characters".to_owned();
            good.then(|| word.to_lowercase()).ok_or_else(message)
        },
        || json!({ "minLength": 1, "maxLength": 100 }),
    )
}

/// The orders by name, and whether they are turned round.
const ORDERS: [(&str, (Order, bool)); 18] = [
    ("isin", (Order::Isin, false)),
    ("-isin", (Order::Isin, true)),
    ("name", (Order::Name, false)),
    ("-name", (Order::Name, true)),
    ("symbol", (Order::Symbol, false)),
    ("-symbol", (Order::Symbol, true)),
    ("sector", (Order::Sector, false)),
    ("-sector", (Order::Sector, true)),
    ("class", (Order::Class, false)),
    ("-class", (Order::Class, true)),
    ("account", (Order::Account, false)),
    ("-account", (Order::Account, true)),
    ("value", (Order::Value, false)),
    ("-value", (Order::Value, true)),
    ("gain", (Order::Gain, false)),
    ("-gain", (Order::Gain, true)),
    ("dayChange", (Order::DayChange, false)),
    ("-dayChange", (Order::DayChange, true)),
];

#[derive(Clone, Copy)]
enum Order {
    Isin,
    Name,
    Symbol,
    Sector,
    Class,
    Account,
    Value,
    Gain,
    DayChange,
}

/// Where a page ended: the place in the list, and what stood there.
pub(super) type Position = (usize, String, Uuid);

impl Selection {
    /// The holdings that are wanted, in order; of equals by ISIN and account.
    pub(super) fn of(&self, mut holdings: Vec<Holding>) -> Vec<Holding> {
        holdings.retain(|holding| self.wants(holding));
        // Stable, and they come by ISIN and account.
        holdings.sort_by(|a, b| {
            let order = self.compare(a, b);
            if self.sort.1 { order.reverse() } else { order }
        });
        holdings
    }

    fn wants(&self, holding: &Holding) -> bool {
        let worth = || value(holding).value.ok().map(|value| value.0);
        let has = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| *wanted == found.to_lowercase())
        };
        let text = self.q.as_ref().is_none_or(|text| {
            let symbol =
                holding.symbol.as_ref().is_some_and(|symbol| symbol.to_lowercase() == *text);
            symbol
                || holding.isin.as_str().eq_ignore_ascii_case(text)
                || holding.name.to_lowercase().contains(text.as_str())
        });
        text && has(&self.sector, &holding.sector)
            && has(&self.class, &holding.class)
            // What has no price has no value to compare with.
            && self.min_value.is_none_or(|least| worth().is_some_and(|worth| worth >= least))
            && self.max_value.is_none_or(|most| worth().is_some_and(|worth| worth <= most))
    }

    fn compare(&self, a: &Holding, b: &Holding) -> Ordering {
        match self.sort.0 {
            Order::Isin => (a.isin, a.account).cmp(&(b.isin, b.account)),
            Order::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
            Order::Symbol => a.symbol.cmp(&b.symbol),
            Order::Sector => a.sector.cmp(&b.sector),
            Order::Class => a.class.cmp(&b.class),
            Order::Account => a.account.cmp(&b.account),
            Order::Value => value(a).value.ok().cmp(&value(b).value.ok()),
            Order::Gain => value(a).unrealised.cmp(&value(b).unrealised),
            Order::DayChange => value(a).day_change.cmp(&value(b).day_change),
        }
    }
}

/// The holdings after where a page ended. Prices may have moved since: what stood there is looked for first.
pub(super) fn after(
    holdings: &[Holding],
    position: Option<Position>,
) -> impl Iterator<Item = (usize, &Holding)> {
    let skip = position.map_or(0, |(at, isin, account)| {
        let stood = holdings
            .iter()
            .position(|other| other.isin.as_str() == isin && other.account == account);
        stood.map_or(at, |at| at + 1)
    });
    holdings.iter().enumerate().skip(skip)
}
