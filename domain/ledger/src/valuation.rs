//! What holdings are worth: one holding, totals, allocation, gainers and losers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Holding, Isin, Money, Percent, Price};

/// Why a holding has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoValue {
    /// No price of this instrument has been loaded.
    NoPrice,
}

/// One holding's figures; `None` is unknown, never zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valued {
    /// Owned quantity at the newest price.
    pub value: Result<Money, NoValue>,
    /// Value less cost.
    pub unrealised: Option<Money>,
    /// What the owned quantity gained since the close before.
    pub day_change: Option<Money>,
}

/// Values one holding.
pub fn value(holding: &Holding) -> Valued {
    let at = |price: Price| Money(price.0 * holding.owned.0);
    let value = holding.price.as_ref().map(|price| at(price.close)).ok_or(NoValue::NoPrice);
    Valued {
        unrealised: value.ok().zip(holding.cost).map(|(value, cost)| Money(value.0 - cost.0)),
        day_change: holding.price.as_ref().and_then(|price| {
            price.previous.map(|previous| Money(at(price.close).0 - at(previous).0))
        }),
        value,
    }
}

/// Sums over a set of holdings; what is unknown is counted, never taken for zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Worth of the holdings that have a price.
    pub value: Money,
    /// Cost of the holdings whose cost is known.
    pub invested: Money,
    /// Value less cost over the holdings that have both.
    pub unrealised_gain: Money,
    /// The unrealised gain as percent of the cost it stands on; null without such a cost.
    #[schema(value_type = Option<String>)]
    pub unrealised_percent: Option<Percent>,
    /// Gain since the close before, over the holdings that have both prices.
    pub day_change: Money,
    /// The day's change as percent of those holdings' worth at the close before.
    #[schema(value_type = Option<String>)]
    pub day_change_percent: Option<Percent>,
    /// How many holdings there are.
    pub holdings: usize,
    /// How many have no price and so count nothing in `value`.
    pub unpriced: usize,
    /// How many have no known cost and so count nothing in `invested`.
    pub cost_unknown: usize,
    /// The newest day whose prices are in these figures; null when nothing is priced.
    pub as_of: Option<Date>,
    /// The oldest price in these figures.
    pub oldest_price_on: Option<Date>,
    /// Who published the prices.
    #[schema(value_type = Vec<String>)]
    pub sources: BTreeSet<String>,
}

/// The totals of some holdings.
pub fn totals<'a>(holdings: impl IntoIterator<Item = &'a Holding>) -> Totals {
    let mut totals = Totals::default();
    let (mut gain_basis, mut day_basis) = (Money::default(), Money::default());
    for holding in holdings {
        let valued = value(holding);
        totals.holdings += 1;
        match valued.value {
            Ok(value) => totals.value.0 += value.0,
            Err(NoValue::NoPrice) => totals.unpriced += 1,
        }
        match holding.cost {
            Some(cost) => totals.invested.0 += cost.0,
            None => totals.cost_unknown += 1,
        }
        if let (Some(gain), Some(cost)) = (valued.unrealised, holding.cost) {
            totals.unrealised_gain.0 += gain.0;
            gain_basis.0 += cost.0;
        }
        if let (Some(change), Ok(value)) = (valued.day_change, valued.value) {
            totals.day_change.0 += change.0;
            day_basis.0 += value.0 - change.0;
        }
        if let Some(price) = &holding.price {
            totals.as_of = totals.as_of.max(Some(price.on));
            totals.oldest_price_on =
                Some(totals.oldest_price_on.map_or(price.on, |oldest| oldest.min(price.on)));
            totals.sources.insert(price.source.to_string());
        }
    }
    totals.unrealised_percent = Percent::of(totals.unrealised_gain, gain_basis);
    totals.day_change_percent = Percent::of(totals.day_change, day_basis);
    totals
}

/// One slice of the portfolio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Allocation {
    /// What the slice is: a sector, a class, or an account's id.
    pub key: String,
    /// Worth of its priced holdings.
    pub value: Money,
    /// Its share of the priced portfolio; null when that is worth nothing.
    #[schema(value_type = Option<String>)]
    pub percent: Option<Percent>,
    /// How many holdings are in it.
    pub holdings: usize,
    /// How many of them have no price.
    pub unpriced: usize,
    /// The newest day whose prices are in it; null when nothing in it is priced.
    pub as_of: Option<Date>,
    /// Who published those prices.
    #[schema(value_type = Vec<String>)]
    pub sources: BTreeSet<String>,
}

/// Slices holdings by a key, largest first.
pub fn allocate(book: &[Holding], key: impl Fn(&Holding) -> String) -> Vec<Allocation> {
    let mut slices: BTreeMap<String, Vec<&Holding>> = BTreeMap::new();
    for holding in book {
        slices.entry(key(holding)).or_default().push(holding);
    }
    let whole = totals(book).value;
    let slice = |(key, holdings): (String, Vec<&Holding>)| {
        let sums = totals(holdings);
        let Totals { value, holdings, unpriced, as_of, sources, .. } = sums;
        let percent = Percent::of(value, whole);
        Allocation { key, value, percent, holdings, unpriced, as_of, sources }
    };
    let mut slices: Vec<Allocation> = slices.into_iter().map(slice).collect();
    slices.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| a.key.cmp(&b.key)));
    slices
}

/// A security that gained or lost, over all accounts together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mover {
    /// The security.
    #[schema(value_type = String)]
    pub isin: Isin,
    /// What it is called.
    pub name: String,
    /// Worth over all accounts.
    pub value: Money,
    /// Unrealised gain over all accounts whose cost is known.
    pub unrealised_gain: Money,
    /// That gain as percent of its cost.
    #[schema(value_type = Option<String>)]
    pub unrealised_percent: Option<Percent>,
    /// The day of the price.
    pub as_of: Option<Date>,
    /// Who published it.
    #[schema(value_type = Vec<String>)]
    pub sources: BTreeSet<String>,
}

/// The `most` securities with the greatest gain and those with the greatest loss, by amount.
pub fn movers(book: &[Holding], most: usize) -> (Vec<Mover>, Vec<Mover>) {
    let mut securities: BTreeMap<&Isin, Vec<&Holding>> = BTreeMap::new();
    for holding in book.iter().filter(|holding| value(holding).unrealised.is_some()) {
        securities.entry(&holding.isin).or_default().push(holding);
    }
    let mover = |(isin, holdings): (&Isin, Vec<&Holding>)| {
        let name = holdings.first().map(|holding| holding.name.to_string()).unwrap_or_default();
        let Totals { value, unrealised_gain, unrealised_percent, as_of, sources, .. } =
            totals(holdings);
        Mover { isin: *isin, name, value, unrealised_gain, unrealised_percent, as_of, sources }
    };
    let mut gainers: Vec<Mover> = securities.into_iter().map(mover).collect();
    gainers.sort_by(|a, b| {
        b.unrealised_gain.cmp(&a.unrealised_gain).then_with(|| a.isin.cmp(&b.isin))
    });
    let mut losers = gainers.clone();
    gainers.retain(|mover| mover.unrealised_gain.0 > Decimal::ZERO);
    gainers.truncate(most);
    losers.retain(|mover| mover.unrealised_gain.0 < Decimal::ZERO);
    losers.reverse();
    losers.truncate(most);
    (gainers, losers)
}

/// The totals of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountTotals {
    /// The account.
    pub account: Uuid,
    /// Its sums.
    pub totals: Totals,
    /// The newest statement in it.
    pub statement_on: Option<Date>,
}

/// A whole portfolio at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Over everything.
    pub totals: Totals,
    /// By account, in the order of their ids.
    pub accounts: Vec<AccountTotals>,
}

/// Sums a book as a whole and by account.
pub fn summarise(book: &[Holding]) -> Summary {
    let mut accounts: BTreeMap<Uuid, Vec<&Holding>> = BTreeMap::new();
    for holding in book {
        accounts.entry(holding.account).or_default().push(holding);
    }
    let account = |(account, holdings): (Uuid, Vec<&Holding>)| {
        let statement_on = holdings.iter().map(|holding| holding.as_of).max();
        AccountTotals { account, totals: totals(holdings), statement_on }
    };
    Summary { totals: totals(book), accounts: accounts.into_iter().map(account).collect() }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::{Lots, PricePoint, Quantity};

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn holding(owned: &str, cost: Option<&str>, prices: Option<(&str, &str)>) -> Holding {
        Holding {
            account: Uuid::nil(),
            isin: Isin::parse("INE925R01014").unwrap(),
            name: "CMS Info Systems".into(),
            symbol: Some("CMSINFO".into()),
            class: "equity".into(),
            sector: "Services".into(),
            owned: Quantity(decimal(owned)),
            pledged: Quantity::default(),
            t1: Quantity::default(),
            discrepant: Quantity::default(),
            financed: Quantity::default(),
            loan: None,
            cost: cost.map(|cost| Money(decimal(cost))),
            as_of: date(2026, 11, 20),
            source: "kitemate_holdings".into(),
            lots: Lots::StatementOnly,
            price: prices.map(|(close, previous)| PricePoint {
                close: Price(decimal(close)),
                previous: Some(Price(decimal(previous))),
                on: date(2026, 11, 20),
                source: "nse".into(),
            }),
        }
    }

    #[test]
    fn a_fund_of_fractional_units_is_right_to_the_paisa() {
        let fund = holding("1234.567", Some("50000"), Some(("45.6789", "45.1234")));
        let valued = value(&fund);
        assert_eq!(valued.value.unwrap().to_string(), "56393.66"); // 1234.567 × 45.6789 = 56393.6625…
        assert_eq!(valued.unrealised.unwrap().to_string(), "6393.66");
        assert_eq!(valued.day_change.unwrap().to_string(), "685.80"); // 1234.567 × 0.5555 = 685.8019…
    }

    #[test]
    fn a_holding_without_a_price_is_counted_and_not_taken_for_zero() {
        let book =
            [holding("10", Some("1000"), None), holding("10", Some("1000"), Some(("150", "100")))];
        let sums = totals(&book);
        assert_eq!(value(&book[0]).value, Err(NoValue::NoPrice));
        assert_eq!((sums.holdings, sums.unpriced), (2, 1));
        assert_eq!(sums.value.to_string(), "1500.00");
        assert_eq!(sums.invested.to_string(), "2000.00");
        assert_eq!(sums.unrealised_gain.to_string(), "500.00");
        assert_eq!(sums.unrealised_percent.unwrap().to_string(), "50.00");
        assert_eq!(sums.day_change_percent.unwrap().to_string(), "50.00");
    }

    #[test]
    fn an_unknown_cost_makes_no_gain() {
        let sums = totals(&[holding("10", None, Some(("150", "100")))]);
        assert_eq!((sums.cost_unknown, sums.unrealised_gain.to_string().as_str()), (1, "0.00"));
        assert_eq!(sums.unrealised_percent, None);
    }

    #[test]
    fn gainers_and_losers_are_apart_and_ordered_by_amount() {
        let mut up = holding("10", Some("100"), Some(("15", "15")));
        let mut down = holding("10", Some("100"), Some(("5", "15")));
        up.isin = Isin::parse("INE002A01018").unwrap();
        down.isin = Isin::parse("INE009A01021").unwrap();
        let (gainers, losers) = movers(&[down.clone(), up.clone()], 5);
        assert_eq!(gainers.iter().map(|mover| &mover.isin).collect::<Vec<_>>(), [&up.isin]);
        assert_eq!(losers.iter().map(|mover| &mover.isin).collect::<Vec<_>>(), [&down.isin]);
    }

    proptest! {
        #[test]
        fn slices_sum_to_the_whole(amounts in prop::collection::vec((1u32..1_000_000, 1u32..1_000_000, 0u8..4), 0..40)) {
            let book: Vec<Holding> = amounts.iter().map(|&(units, paise, sector)| Holding {
                owned: Quantity(Decimal::new(units.into(), 3)),
                sector: sector.to_string().into(),
                price: (sector != 3).then(|| PricePoint {
                    close: Price(Decimal::new(paise.into(), 4)), previous: None, on: date(2026, 11, 20), source: "amfi".into(),
                }),
                ..holding("1", None, None)
            }).collect();
            let slices = allocate(&book, |holding| holding.sector.to_string());
            prop_assert_eq!(slices.iter().map(|slice| slice.value).sum::<Money>(), totals(&book).value);
            prop_assert_eq!(slices.iter().map(|slice| slice.holdings).sum::<usize>(), book.len());
            let by_account: Money = summarise(&book).accounts.iter().map(|account| account.totals.value).sum();
            prop_assert_eq!(by_account, totals(&book).value);
        }
    }
}
