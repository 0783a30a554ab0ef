//! A day's fills of one security in one account: what squares off, and what is for delivery.

use std::collections::VecDeque;

use rust_decimal::Decimal;
use uuid::Uuid;

use super::part;
use crate::Event;
use crate::event::{Act, Exchange, Fill, Venue};

/// A fill, or a part of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg<'a> {
    pub(super) event: &'a Event,
    pub(super) fill: Fill,
}

impl Leg<'_> {
    /// Takes a part out of it; amount and charges go along, the rest of them stays.
    pub(super) fn split_off(&mut self, quantity: Decimal) -> Self {
        let whole = self.fill.quantity;
        let of = |amount: Decimal| part(amount, quantity, whole);
        let taken = Fill {
            quantity,
            amount: of(self.fill.amount),
            charges: self.fill.charges.map(of),
            stt: self.fill.stt.map(of),
            ..self.fill
        };
        let rest = |all: Option<Decimal>, part: Option<Decimal>| {
            all.zip(part).map(|(all, part)| all - part)
        };
        self.fill.quantity -= quantity;
        self.fill.amount -= taken.amount;
        self.fill.charges = rest(self.fill.charges, taken.charges);
        self.fill.stt = rest(self.fill.stt, taken.stt);
        Self { event: self.event, fill: taken }
    }

    pub(super) fn id(&self) -> Uuid {
        self.event.id
    }

    pub(super) fn exchange(&self) -> Option<Exchange> {
        match self.fill.venue {
            Venue::Exchange(exchange) => Some(exchange),
            _ => None,
        }
    }
}

/// What a day's fills come to.
#[derive(Debug, Default)]
pub(super) struct Squared<'a> {
    /// A purchase and a sale of the same quantity each.
    pub(super) pairs: Vec<(Leg<'a>, Leg<'a>)>,
    /// Purchases that are delivered.
    pub(super) buys: Vec<Leg<'a>>,
    /// Sales out of what is held.
    pub(super) sells: Vec<Leg<'a>>,
}

/// Squares off in the order of execution, up to the smaller side.
pub(super) fn square<'a>(events: &[&'a Event]) -> Squared<'a> {
    let mut squared = Squared::default();
    let (mut buys, mut sells) = (VecDeque::new(), VecDeque::new());
    for event in events {
        match event.act {
            Act::Buy(fill) if matches!(fill.venue, Venue::Exchange(_)) => {
                buys.push_back(Leg { event, fill })
            }
            Act::Sell(fill) if matches!(fill.venue, Venue::Exchange(_)) => {
                sells.push_back(Leg { event, fill })
            }
            Act::Buy(fill) => squared.buys.push(Leg { event, fill }),
            Act::Sell(fill) => squared.sells.push(Leg { event, fill }),
            _ => {}
        }
    }
    while let (Some(buy), Some(sell)) = (buys.front_mut(), sells.front_mut()) {
        let quantity = buy.fill.quantity.min(sell.fill.quantity);
        squared.pairs.push((buy.split_off(quantity), sell.split_off(quantity)));
        if buy.fill.quantity.is_zero() {
            buys.pop_front();
        }
        if sell.fill.quantity.is_zero() {
            sells.pop_front();
        }
    }
    squared.buys.extend(buys);
    squared.sells.extend(sells);
    squared
}
