//! What of a security is owned: one rule, with its tests.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::{Holding, Position};

/// What of a security is owned, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owned {
    /// Free, financed among it.
    pub available: Decimal,
    /// Bought and not delivered, today's among it.
    pub undelivered: Decimal,
    /// Pledged.
    pub pledged: Decimal,
    /// What of all is bought with the broker's money.
    pub financed: Decimal,
    /// How much of that money there is.
    pub loan: Decimal,
    /// What was paid for all; `None` when it is not known of a part.
    pub cost: Option<Decimal>,
}

/// What is owned of one security: what is settled, undelivered, pledged and financed, and what was bought today, which
/// is a position until it is a holding tomorrow. What was sold today is out of `quantity` already.
pub fn owned<'a>(
    holdings: impl IntoIterator<Item = &'a Holding>,
    positions: impl IntoIterator<Item = &'a Position>,
) -> Owned {
    let mut owned = Owned { cost: Some(Decimal::ZERO), ..Owned::default() };
    for holding in holdings {
        let settled = holding.quantity + holding.collateral_quantity;
        let financed = holding.mtf.clone().unwrap_or_default();
        owned.available += holding.quantity + financed.quantity;
        owned.undelivered += holding.t1_quantity;
        owned.pledged += holding.collateral_quantity;
        owned.financed += financed.quantity;
        owned.loan += (financed.value - financed.initial_margin).max(Decimal::ZERO);
        owned.pay(
            settled + holding.t1_quantity,
            (!holding.discrepancy).then_some(holding.average_price),
        );
        owned.pay(financed.quantity, Some(financed.average_price));
    }
    for position in positions {
        let today = position.bought_today();
        owned.undelivered += today;
        if position.product == "MTF" {
            owned.financed += today;
        }
        owned.pay(today, Some(position.average_price));
    }
    owned.never_below_zero();
    owned.cost = owned
        .cost
        .map(|cost| cost.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero));
    owned
}

impl Owned {
    /// Everything together.
    pub fn quantity(&self) -> Decimal {
        self.available + self.undelivered + self.pledged
    }

    /// What Kite counts below zero in one part, say of shares sold before they were delivered, is less in another.
    fn never_below_zero(&mut self) {
        let all = self.quantity().max(Decimal::ZERO);
        self.pledged = self.pledged.clamp(Decimal::ZERO, all);
        self.undelivered = self.undelivered.clamp(Decimal::ZERO, all - self.pledged);
        self.available = all - self.pledged - self.undelivered;
        self.financed = self.financed.clamp(Decimal::ZERO, all);
    }

    /// Adds what was paid for a part; a price of 0 is one that is not known.
    fn pay(&mut self, quantity: Decimal, price: Option<Decimal>) {
        if quantity.is_zero() {
            return;
        }
        let paid = price.filter(|price| !price.is_zero()).map(|price| price * quantity);
        self.cost = self.cost.zip(paid).map(|(cost, paid)| cost + paid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(json: &str) -> Holding {
        serde_json::from_str(json).unwrap()
    }

    fn position(product: &str, quantity: i64, overnight: i64) -> Position {
        Position {
            tradingsymbol: "INFY".into(),
            exchange: "NSE".into(),
            product: product.into(),
            quantity: quantity.into(),
            overnight_quantity: overnight.into(),
            average_price: 100.into(),
            multiplier: Decimal::ONE,
            last_price: 110.into(),
            sell_value: Decimal::ZERO,
            buy_value: (quantity * 100).into(),
        }
    }

    #[test]
    fn what_is_settled_undelivered_pledged_and_financed_is_owned() {
        let held = holding(
            r#"{"tradingsymbol": "INFY", "isin": "INE009A01021", "quantity": 7, "t1_quantity": 2,
            "collateral_quantity": 5, "average_price": 801.78125,
            "mtf": {"quantity": 10, "average_price": 90.5, "value": 905, "initial_margin": 300}}"#,
        );
        let owned = owned([&held], []);
        assert_eq!(owned.quantity(), 24.into());
        assert_eq!(
            (owned.available, owned.undelivered, owned.pledged),
            (17.into(), 2.into(), 5.into())
        );
        assert_eq!((owned.financed, owned.loan), (10.into(), 605.into()));
        assert_eq!(owned.cost, Some("12129.94".parse().unwrap()), "14 × 801.78125 + 905");
    }

    #[test]
    fn what_was_sold_before_it_was_delivered_is_less_and_never_below_zero() {
        let sold =
            r#"{"tradingsymbol": "INFY", "quantity": -3, "t1_quantity": 5, "average_price": 10}"#;
        let held = owned([&holding(sold)], []);
        assert_eq!((held.available, held.undelivered), (0.into(), 2.into()));
        let lent = r#"{"tradingsymbol": "INFY", "quantity": -3, "average_price": 10}"#;
        assert_eq!(owned([&holding(lent)], []).quantity(), 0.into());
    }

    #[test]
    fn what_is_pledged_whole_is_owned() {
        let pledged = r#"{"tradingsymbol": "INFY", "quantity": 0, "collateral_quantity": 40, "average_price": 10}"#;
        assert_eq!(owned([&holding(pledged)], []).quantity(), 40.into());
    }

    #[test]
    fn what_was_bought_today_counts_once() {
        let cases = [
            ("CNC", 5, 0, 5),
            ("MTF", 5, 0, 5),
            // Yesterday's purchase is a holding that is not delivered.
            ("CNC", 5, 5, 0),
            ("CNC", 8, 5, 3),
            // Sold out of the holdings: Kite has taken it out of them.
            ("CNC", -4, 0, 0),
            ("MIS", 5, 0, 0),
            ("NRML", 50, 0, 0),
        ];
        for (product, quantity, overnight, counts) in cases {
            let today = position(product, quantity, overnight);
            assert_eq!(
                owned([], [&today]).quantity(),
                counts.into(),
                "{product} {quantity} {overnight}"
            );
        }
        let held = holding(r#"{"tradingsymbol": "INFY", "t1_quantity": 5, "average_price": 100}"#);
        let next_day = owned([&held], [&position("CNC", 5, 5)]);
        assert_eq!((next_day.quantity(), next_day.undelivered), (5.into(), 5.into()));
    }

    #[test]
    fn a_cost_that_is_unknown_of_a_part_is_unknown() {
        let known = r#"{"tradingsymbol": "INFY", "quantity": 1, "average_price": 10}"#;
        let discrepant =
            r#"{"tradingsymbol": "INFY", "quantity": 1, "average_price": 10, "discrepancy": true}"#;
        let free = r#"{"tradingsymbol": "INFY", "quantity": 1, "average_price": 0}"#;
        assert_eq!(owned([&holding(known)], []).cost, Some(10.into()));
        for unknown in [discrepant, free] {
            assert_eq!(owned([&holding(known), &holding(unknown)], []).cost, None, "{unknown}");
        }
    }
}
