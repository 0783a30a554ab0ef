//! A place on the way through the days.

use std::mem::take;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Day;
use crate::Isin;
use crate::Ratio;
use crate::balance::{Cause, Move};

/// A price that was divided, with few enough digits that its products are exact and sums come out.
fn sum_safe(price: Decimal) -> Decimal {
    price.round_dp(8)
}

/// What is held in a place, and what it is worth.
pub(super) struct Held<'p> {
    prices: &'p [(Date, Decimal)],
    next: usize,
    pub(super) quantity: Decimal,
    /// Whether it is looked at every day: something is held, or was this morning.
    pub(super) active: bool,
    /// The newest close and its day, else the price of the newest fill.
    price: Option<Price>,
    /// What it was worth when a day last ended; nothing without a price.
    value: Decimal,
    /// Whether there is a close of this day, and whether anything came or went.
    fresh: bool,
    moved: bool,
    /// How much of it came from outside while it had no price: what the first price says of that is no gain. What a
    /// demerger gave is, because the price of the old company fell for it.
    unweighed: Decimal,
    day: Moved,
}

/// What one is worth, since when, and whether that is no close of its own.
#[derive(Clone, Copy)]
pub(super) struct Price {
    each: Decimal,
    on: Date,
    by_fill: bool,
}

/// A day's quantities in one place.
#[derive(Clone, Copy, Default)]
struct Moved {
    bought: Decimal,
    sold: Decimal,
    bought_for: Decimal,
    sold_for: Decimal,
    transferred: Decimal,
    unexplained: Decimal,
    opened: Decimal,
}

impl<'p> Held<'p> {
    pub(super) fn new(prices: Option<&'p Vec<(Date, Decimal)>>) -> Self {
        let prices = prices.map(Vec::as_slice).unwrap_or_default();
        let zero = Decimal::ZERO;
        Self {
            prices,
            next: 0,
            quantity: zero,
            active: false,
            price: None,
            value: zero,
            fresh: false,
            moved: false,
            unweighed: zero,
            day: Moved::default(),
        }
    }

    /// A change before the first day.
    pub(super) fn shift(&mut self, step: &Move) {
        self.advance(step.on);
        self.rescale(step);
        self.quantity += step.quantity;
        self.price_by_fill(step);
        if self.price.is_none()
            && matches!(step.cause, Cause::Derived | Cause::Opening | Cause::Transfer)
        {
            self.unweighed += step.quantity;
        }
        self.value = self.price.map_or(Decimal::ZERO, |price| price.each * self.quantity);
    }

    /// Takes the closes up to a day; whether there was one.
    fn advance(&mut self, on: Date) -> bool {
        let before = self.next;
        while let Some((day, close)) = self.prices.get(self.next).filter(|(day, _)| *day <= on) {
            self.price = Some(Price { each: *close, on: *day, by_fill: false });
            self.next += 1;
        }
        self.next > before
    }

    pub(super) fn begin(&mut self, on: Date) {
        self.fresh = self.advance(on);
        self.moved = false;
    }

    /// After a split a price of before it is divided by its ratio, and there is more of what has none.
    fn rescale(&mut self, step: &Move) {
        let Cause::Action(ratio) = step.cause else { return };
        self.unweighed = ratio.of(self.unweighed);
        if let Some(price) = self.price.as_mut().filter(|price| price.on < step.on) {
            price.each = sum_safe(price.each * ratio.per / ratio.gives);
        }
    }

    /// All of it became something else: what that is worth until it has a close, and what of it had no price.
    pub(super) fn hand_over(&mut self, ratio: Ratio) -> (Option<Price>, Decimal) {
        let each = |price: Price| sum_safe(price.each * ratio.per / ratio.gives);
        let price = self.price.map(|price| Price { each: each(price), by_fill: true, ..price });
        (price, ratio.of(take(&mut self.unweighed)))
    }

    pub(super) fn take_over(&mut self, (price, unweighed): (Option<Price>, Decimal), on: Date) {
        self.advance(on);
        self.price = self.price.or(price);
        self.unweighed += unweighed;
    }

    /// What has no close yet, as before a listing, is worth what was last paid for it.
    fn price_by_fill(&mut self, step: &Move) {
        if let (Cause::Trade(amount), true) = (step.cause, self.next == 0)
            && !step.quantity.is_zero()
        {
            let each = sum_safe(amount / step.quantity.abs());
            self.price = Some(Price { each, on: step.on, by_fill: true });
        }
    }

    pub(super) fn apply(&mut self, step: &Move) {
        self.moved = true;
        self.rescale(step);
        self.quantity += step.quantity;
        self.price_by_fill(step);
        match step.cause {
            Cause::Derived | Cause::Opening => self.day.opened += step.quantity,
            Cause::Trade(amount) | Cause::Offer(amount) if step.quantity > Decimal::ZERO => {
                self.day.bought += step.quantity;
                self.day.bought_for += amount;
            }
            Cause::Trade(amount) | Cause::Offer(amount) => {
                self.day.sold -= step.quantity;
                self.day.sold_for += amount;
            }
            Cause::Action(_) | Cause::Exchanged | Cause::From(..) => {}
            Cause::Transfer => self.day.transferred += step.quantity,
            Cause::Unexplained => self.day.unexplained += step.quantity,
        }
    }

    /// Adds the place to the day; `false` when nothing is left in it.
    pub(super) fn end(&mut self, isin: &Isin, day: &mut Day) -> bool {
        let before = self.value;
        match self.price {
            None => self.end_unpriced(isin, day),
            // Most days of most holdings: nothing moved, and often there is no new close either.
            Some(price) if !self.moved && self.unweighed.is_zero() => {
                if self.fresh {
                    self.value = price.each * self.quantity;
                    day.gain += self.value - before;
                }
            }
            Some(price) => {
                self.value = price.each * self.quantity;
                self.end_moved(price.each, before, day);
            }
        }
        day.value += self.value;
        if self.price.is_some_and(|price| price.on != day.on || price.by_fill) {
            day.carried += self.value;
        }
        self.active = !self.quantity.is_zero();
        self.active
    }

    fn end_unpriced(&mut self, isin: &Isin, day: &mut Day) {
        // A fill would be a price; an offer is none.
        let moved = take(&mut self.day);
        self.unweighed = (self.unweighed + moved.transferred + moved.opened).max(Decimal::ZERO);
        day.bought += moved.bought_for;
        day.sold += moved.sold_for;
        day.gain += moved.sold_for - moved.bought_for;
        if !self.quantity.is_zero() {
            day.unpriced.insert(*isin);
        }
    }

    fn end_moved(&mut self, close: Decimal, before: Decimal, day: &mut Day) {
        let moved = take(&mut self.day);
        day.bought += moved.bought_for;
        day.sold += moved.sold_for;
        let came = moved.transferred + moved.opened;
        // What was there in the morning, after the day's corporate actions.
        let kept = self.quantity - moved.bought + moved.sold - came - moved.unexplained;
        let from_outside = close * take(&mut self.unweighed).min(kept).max(Decimal::ZERO);
        day.gain += close * kept - from_outside - before;
        day.gain += close * moved.bought - moved.bought_for;
        day.gain += moved.sold_for - close * moved.sold;
        day.transferred += close * came + from_outside;
        day.unexplained += close * moved.unexplained;
    }
}
