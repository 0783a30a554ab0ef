//! What corporate actions, transfers and repayments make of lots.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::intraday::Leg;
use super::machine::{Machine, derived};
use super::{Departure, Income, Lot, LotSource, Way, part};
use crate::event::{Event, IncomeKind, Ratio, Venue};
use crate::steps::Step;

/// The day whose prices count for gains before it (section 55(2)(ac)).
const VALUED_ON: Date = jiff::civil::date(2018, 1, 31);

impl<'a> Machine<'_, 'a> {
    /// A lot that is older than its event has seen the splits since.
    pub(super) fn add_older(&mut self, place: usize, mut lot: Lot) {
        let splits = self.splits[place].iter();
        let seen: Vec<_> =
            splits.filter(|(on, ..)| lot.acquired_on.is_some_and(|since| *on > since)).collect();
        if let Some((_, _, isin)) = seen.first() {
            lot.valued_as = *isin;
        }
        lot.factor = seen.iter().fold(lot.factor, |factor, (_, ratio, _)| ratio.of(factor));
        self.queues[place].add(lot);
    }

    pub(super) fn bonus(&mut self, place: usize, event: &Event, ratio: Ratio, allotted_on: Date) {
        let held = self.queues[place].quantity();
        let quantity = ratio.credited(held, self.steps.in_parts[place]);
        let lot = self.lot(place, event, LotSource::Bonus, (quantity, Some(Decimal::ZERO)));
        let day = Some(allotted_on);
        self.queues[place].add(Lot { acquired_on: day, credited_on: day, ..lot });
    }

    fn shares(&self, place: usize, ratio: Ratio) -> Shares {
        Shares::new(ratio, self.steps.in_parts[place])
    }

    /// Every lot becomes so many new shares: what was acquired when and for how much stays.
    pub(super) fn exchange(&mut self, step: Step<'a>, ratio: Ratio, merger: bool) {
        let (place, on) = (step.place, step.event.on);
        let to = step.into.unwrap_or(place);
        let valued = on > VALUED_ON;
        if valued && !merger {
            let old = self.steps.places[place].isin;
            let mut splits = std::mem::take(&mut self.splits[place]);
            splits.push((on, ratio, old));
            self.splits[to] = splits;
        }
        let mut shares = self.shares(place, ratio);
        let (mut exchanged, mut too_small) = (Vec::new(), Vec::new());
        for mut lot in self.queues[place].drain() {
            let quantity = shares.of(lot.quantity);
            if quantity.is_zero() {
                too_small.push(lot);
                continue;
            }
            lot.quantity = quantity;
            if !valued {
                lot.valued_as = self.steps.places[to].isin;
            } else if merger {
                lot.fair_value_open = true;
            } else {
                lot.factor = ratio.of(lot.factor);
            }
            if merger {
                // Credited with the new shares, behind what was there of them.
                lot.needs_review = true;
                lot.credited_on = lot.credited_on.map(|_| on);
            }
            exchanged.push(lot);
        }
        self.leave_cost(step, &mut exchanged, too_small);
        self.queues[to].add_all(exchanged);
    }

    /// A lot too small for one new share leaves its cost to another one.
    fn leave_cost(&mut self, step: Step<'a>, exchanged: &mut [Lot], too_small: Vec<Lot>) {
        let known = |lot: &&mut Lot| lot.cost.is_some() && lot.source != LotSource::Derived;
        if let Some(heir) = exchanged.iter_mut().find(known) {
            let left: Decimal = too_small.iter().filter_map(|lot| lot.cost).sum();
            heir.cost = heir.cost.map(|cost| cost + left);
            return;
        }
        let (event, place, on) = (step.event.id, step.place, step.event.on);
        let departure = |lot| Departure { event, place, on, lot };
        self.departures.extend(too_small.into_iter().map(departure));
    }

    /// The new company's lots are as old as those they come from and take a part of their cost.
    pub(super) fn demerge(&mut self, step: Step<'a>, ratio: Ratio, cost_percent: Decimal) {
        let Some(into) = step.into else { return };
        let (isin, on) = (self.steps.places[into].isin, step.event.on);
        let mut shares = self.shares(step.place, ratio);
        if shares.whole(self.queues[step.place].quantity()).is_zero() {
            return;
        }
        let mut children: Vec<Lot> = Vec::new();
        // What moves out of a lot too small for one new share goes to the next one.
        let mut left = Decimal::ZERO;
        for lot in self.queues[step.place].iter_mut() {
            lot.needs_review = true;
            let quantity = shares.of(lot.quantity);
            let moved = lot.cost.map(|cost| part(cost, cost_percent, Decimal::ONE_HUNDRED));
            lot.cost = lot.cost.zip(moved).map(|(cost, moved)| cost - moved);
            if quantity.is_zero() || moved.is_none() {
                left += moved.unwrap_or_default();
            }
            if quantity.is_zero() {
                continue;
            }
            let cost = moved.map(|moved| moved + std::mem::take(&mut left));
            children.push(Lot {
                quantity,
                cost,
                valued_as: isin,
                fair_value_open: on > VALUED_ON,
                factor: Decimal::ONE,
                credited_on: lot.credited_on.map(|_| on),
                ..lot.clone()
            });
        }
        self.give_back(step.place, left, &mut children);
        self.queues[into].add_all(children);
    }

    /// What moved out of the last lots and found no new share goes to the last child, or stays.
    fn give_back(&mut self, place: usize, left: Decimal, children: &mut [Lot]) {
        let lots = children.iter_mut().rev().chain(self.queues[place].iter_mut());
        if let Some(lot) =
            { lots }.find(|lot| lot.cost.is_some() && lot.source != LotSource::Derived)
        {
            lot.cost = lot.cost.map(|cost| cost + left);
        }
    }

    /// To one's own account before the day's trades, as far as there is something; the rest after them.
    pub(super) fn transfer(&mut self, step: Step<'a>, quantity: Decimal) {
        let moved = self.move_lots(step, quantity);
        if moved < quantity && step.into.is_some() {
            self.deferred.push((step, quantity - moved));
        }
    }

    /// Moves what could not be moved before the day's trades.
    pub(super) fn transfer_rest(&mut self, step: Step<'a>, quantity: Decimal) {
        let moved = self.move_lots(step, quantity);
        if let Some(into) = step.into.filter(|_| moved < quantity) {
            // No event says where these came from.
            self.queues[into].add(derived(self.steps, step.place, quantity - moved));
        }
    }

    /// Moves lots, the oldest first, and says how many shares they were.
    fn move_lots(&mut self, step: Step<'a>, quantity: Decimal) -> Decimal {
        let (event, place, on) = (step.event.id, step.place, step.event.on);
        let lots = self.queues[place].take(quantity);
        let moved = lots.iter().map(|lot| lot.quantity).sum();
        match step.into {
            // Their place in the new account's order is the day of credit (circular 768).
            Some(into) => self.queues[into].add_all({ lots }.into_iter().map(|lot| Lot {
                credited_on: Some(on),
                needs_review: true,
                ..lot
            })),
            None => {
                let departure = |lot| Departure { event, place, on, lot };
                self.departures.extend(lots.into_iter().map(departure));
            }
        }
        moved
    }

    /// Cash for the fraction of a share: sold out of the lot that it would have completed, the last that a corporate action
    /// made, and with its part of that lot's cost.
    pub(super) fn pay_fraction(&mut self, place: usize, leg: Leg<'a>) {
        let (quantity, on) = (leg.fill.quantity, leg.event.on);
        let held = |lot: &&mut Lot| lot.credited_on.is_none_or(|day| day <= on);
        let made = |lot: &&mut Lot| lot.needs_review || lot.source == LotSource::Bonus;
        let mut lots: Vec<&mut Lot> = self.queues[place].iter_mut().filter(held).collect();
        let at = lots.iter().rposition(made).or(lots.len().checked_sub(1));
        let sold = match at.map(|at| lots.swap_remove(at)) {
            Some(lot) => {
                let cost = lot.cost.map(|cost| part(cost, quantity, lot.quantity + quantity));
                lot.cost = lot.cost.zip(cost).map(|(whole, part)| whole - part);
                Lot { quantity, cost, needs_review: true, ..lot.clone() }
            }
            None => derived(self.steps, place, quantity),
        };
        self.close_lot(place, leg, sold, Way::Sold(Venue::Fraction));
    }

    /// A trust repays debt: the cost falls, over all lots alike; what is above it is income.
    pub(super) fn repay(&mut self, place: usize, event: &Event, capital: Decimal) {
        if capital.is_zero() || event.on < REPAYMENT_LOWERS_COST_FROM {
            return;
        }
        let (mut quantity, mut left) = (self.queues[place].quantity(), capital);
        let mut excess = if quantity.is_zero() { capital } else { Decimal::ZERO };
        for lot in self.queues[place].iter_mut() {
            let share = part(left, lot.quantity, quantity);
            quantity -= lot.quantity;
            left -= share;
            if let Some(cost) = lot.cost {
                excess += (share - cost).max(Decimal::ZERO);
                lot.cost = Some((cost - share).max(Decimal::ZERO));
            }
        }
        if !excess.is_zero() {
            let (kind, tds) = (IncomeKind::Distribution, Decimal::ZERO);
            self.incomes.push(Income {
                event: event.id,
                place,
                on: event.on,
                kind,
                gross: excess,
                tds,
            });
        }
    }
}

/// Deals out new shares over lots so that they sum to what is credited as a whole.
struct Shares {
    ratio: Ratio,
    in_parts: bool,
    seen: Decimal,
    dealt: Decimal,
}

/// A trust's repayment of debt lowers the cost of its units from the financial year 2023-24 on (Finance Act, 2023).
const REPAYMENT_LOWERS_COST_FROM: Date = jiff::civil::date(2023, 4, 1);

impl Shares {
    fn new(ratio: Ratio, in_parts: bool) -> Self {
        Self { ratio, in_parts, seen: Decimal::ZERO, dealt: Decimal::ZERO }
    }

    /// What is credited for all of it.
    fn whole(&self, held: Decimal) -> Decimal {
        self.ratio.credited(held, self.in_parts)
    }

    /// The new shares of the next lot.
    fn of(&mut self, quantity: Decimal) -> Decimal {
        self.seen += quantity;
        let until = self.whole(self.seen);
        let share = until - self.dealt;
        self.dealt = until;
        share
    }
}
