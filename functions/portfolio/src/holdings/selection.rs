//! Which holdings are wanted, and in which order.

use std::cmp::Ordering;

use ledger::{Holding, value};
use rust_decimal::Decimal;
use shared::fields::Fields;
use uuid::Uuid;

/// What a holding must be to be listed, and the order of the list.
pub(super) struct Selection {
    /// Symbol, ISIN or a part of the name, in small letters.
    text: Option<String>,
    sector: Option<String>,
    class: Option<String>,
    least: Option<Decimal>,
    most: Option<Decimal>,
    order: Order,
    descending: bool,
}

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
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let word = |fields: &mut Fields, name: &str| {
            fields.optional(name, |word| {
                let good = (1..=100).contains(&word.chars().count());
                good.then(|| word.to_lowercase())
                    .ok_or_else(|| "must have 1 to 100 characters".to_owned())
            })
        };
        let text = word(fields, "q");
        let (sector, class) = (word(fields, "sector"), word(fields, "class"));
        let (least, most) = (fields.decimal("minValue"), fields.decimal("maxValue"));
        let sort = fields.optional("sort", |sort| {
            let (descending, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
            let order = match name {
                "isin" => Order::Isin,
                "name" => Order::Name,
                "symbol" => Order::Symbol,
                "sector" => Order::Sector,
                "class" => Order::Class,
                "account" => Order::Account,
                "value" => Order::Value,
                "gain" => Order::Gain,
                "dayChange" => Order::DayChange,
                _ => return Err("must be isin, name, symbol, sector, class, account, value, gain or dayChange, with - before it for the other way round".into()),
            };
            Ok((order, descending))
        });
        let (order, descending) = sort?.unwrap_or((Order::Isin, false));
        Some(Self {
            text: text?,
            sector: sector?,
            class: class?,
            least: least?,
            most: most?,
            order,
            descending,
        })
    }

    /// The holdings that are wanted, in order; of equals by ISIN and account.
    pub(super) fn of(&self, mut holdings: Vec<Holding>) -> Vec<Holding> {
        holdings.retain(|holding| self.wants(holding));
        // Stable, and they come by ISIN and account.
        holdings.sort_by(|a, b| {
            let order = self.compare(a, b);
            if self.descending { order.reverse() } else { order }
        });
        holdings
    }

    fn wants(&self, holding: &Holding) -> bool {
        let worth = || value(holding).value.ok().map(|value| value.0);
        let has = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| *wanted == found.to_lowercase())
        };
        let text = self.text.as_ref().is_none_or(|text| {
            let symbol =
                holding.symbol.as_ref().is_some_and(|symbol| symbol.to_lowercase() == *text);
            symbol
                || holding.isin.as_str().eq_ignore_ascii_case(text)
                || holding.name.to_lowercase().contains(text.as_str())
        });
        text && has(&self.sector, &holding.sector)
            && has(&self.class, &holding.class)
            // What has no price has no value to compare with.
            && self.least.is_none_or(|least| worth().is_some_and(|worth| worth >= least))
            && self.most.is_none_or(|most| worth().is_some_and(|worth| worth <= most))
    }

    fn compare(&self, a: &Holding, b: &Holding) -> Ordering {
        match self.order {
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
