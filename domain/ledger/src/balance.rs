//! How much of each security is held on each day, and how much must have been there before the first event.
//!
//! A snapshot is a dated assertion, never an event. What it has more than the events explain, and what was sold
//! without having been bought, was there before the first event: a derived opening. It is worked out anew from all
//! events each time, so an older tradebook makes it smaller by itself. What a snapshot has less than the events
//! say is an unexplained outflow: the quantity shown is the snapshot's, the lots stay.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::event::Ratio;
use crate::steps::{Step, Steps};
use crate::{Act, Place};

/// What a statement says is held in a place, at the end of a day and after its corporate actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Where.
    pub place: Place,
    /// The day.
    pub on: Date,
    /// How much; zero where a complete statement does not list it.
    pub quantity: Decimal,
    /// Its total cost, where the statement knows it.
    pub cost: Option<Decimal>,
}

/// A change of what is held in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The place, by its number in the ledger.
    pub place: usize,
    /// The day.
    pub on: Date,
    /// Shares or units that came, below zero those that went.
    pub quantity: Decimal,
    /// Why.
    pub cause: Cause,
}

/// Why a quantity changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Held before the first event, stated or derived.
    Opening,
    /// Bought, sold, allotted or tendered, for this amount before charges.
    Trade(Decimal),
    /// A corporate action; the price of what was held before is divided by the factor, where it is known.
    Action(Option<Ratio>),
    /// Came or went without being paid for.
    Transfer,
    /// The snapshot has less than the events explain.
    Unexplained,
}

/// How often openings are raised at most: a chain of corporate actions longer than this is nobody's.
const MOST_ROUNDS: usize = 8;

/// What must have been held before the first event, by place, in the shares of that time.
pub(crate) fn derived_openings(steps: &Steps<'_>) -> Vec<Decimal> {
    let mut openings = vec![Decimal::ZERO; steps.places.len()];
    for _ in 0..MOST_ROUNDS {
        let mut walk = Walk::new(steps, &openings);
        walk.run(|_| ());
        if walk.needs.iter().all(Decimal::is_zero) {
            break;
        }
        for (opening, need) in openings.iter_mut().zip(walk.needs) {
            *opening += need;
        }
    }
    openings
}

/// Every change of every quantity in order of days, and by how much each place's lots have more than is held.
pub(crate) fn moves(steps: &Steps<'_>, openings: &[Decimal]) -> (Vec<Move>, Vec<Decimal>) {
    let mut moves = Vec::with_capacity(steps.steps.len() + openings.len());
    let mut walk = Walk::new(steps, openings);
    walk.run(|step| moves.push(step));
    (moves, walk.states.iter().map(|state| state.unexplained).collect())
}

/// What is known of a place on the way.
#[derive(Clone)]
struct State {
    balance: Decimal,
    /// How many shares of now one share of the opening is.
    factor: Decimal,
    /// By how much the newest snapshot has less.
    unexplained: Decimal,
    /// Four places for what is held in parts, none for whole shares.
    places: u32,
}

impl State {
    /// What is held by the lots, and what of it is shown.
    fn held(&self) -> (Decimal, Decimal) {
        (self.balance, self.balance - self.unexplained)
    }
}

struct Walk<'s, 'a> {
    steps: &'s Steps<'a>,
    states: Vec<State>,
    needs: Vec<Decimal>,
    touched: Vec<usize>,
}

impl<'s, 'a> Walk<'s, 'a> {
    fn new(steps: &'s Steps<'a>, openings: &[Decimal]) -> Self {
        let state = |&balance: &Decimal| State {
            balance,
            factor: Decimal::ONE,
            unexplained: Decimal::ZERO,
            places: 0,
        };
        let needs = vec![Decimal::ZERO; openings.len()];
        Self { steps, states: openings.iter().map(state).collect(), needs, touched: Vec::new() }
    }

    fn run(&mut self, mut tell: impl FnMut(Move)) {
        let Some(first) = self.first_day() else { return };
        for (place, state) in self.states.iter().enumerate() {
            if !state.balance.is_zero() {
                tell(Move { place, on: first, quantity: state.balance, cause: Cause::Opening });
            }
        }
        let steps = self.steps;
        let mut snapshots = steps.snapshots.iter().peekable();
        for day in steps.steps.chunk_by(|a, b| a.event.on == b.event.on) {
            let on = day.first().map_or(first, |step| step.event.on);
            while let Some((place, snapshot)) = snapshots.next_if(|(_, snapshot)| snapshot.on < on)
            {
                self.assert(*place, snapshot, &mut tell);
            }
            for step in day {
                self.step(*step, &mut tell);
            }
            self.end_day(on, &mut tell);
        }
        for (place, snapshot) in snapshots {
            self.assert(*place, snapshot, &mut tell);
        }
    }

    /// The day of whatever is known first.
    fn first_day(&self) -> Option<Date> {
        let event = self.steps.steps.first().map(|step| step.event.on);
        let snapshot = self.steps.snapshots.first().map(|(_, snapshot)| snapshot.on);
        event.into_iter().chain(snapshot).min()
    }

    fn shift(
        &mut self,
        place: usize,
        on: Date,
        quantity: Decimal,
        cause: Cause,
        tell: &mut impl FnMut(Move),
    ) {
        let state = &mut self.states[place];
        state.balance += quantity;
        if !quantity.fract().is_zero() {
            state.places = 4;
        }
        self.touched.push(place);
        tell(Move { place, on, quantity, cause });
    }

    fn step(&mut self, step: Step<'a>, tell: &mut impl FnMut(Move)) {
        let (place, on) = (step.place, step.event.on);
        match step.event.act {
            Act::Buy(fill) => self.shift(place, on, fill.quantity, Cause::Trade(fill.amount), tell),
            Act::Sell(fill) => {
                self.shift(place, on, -fill.quantity, Cause::Trade(fill.amount), tell)
            }
            Act::IpoAllotment { quantity, amount } | Act::Rights { quantity, amount } => {
                self.shift(place, on, quantity, Cause::Trade(amount), tell);
            }
            Act::Buyback { quantity, amount } => {
                self.shift(place, on, -quantity, Cause::Trade(amount), tell)
            }
            Act::TransferIn { quantity, .. } => {
                self.shift(place, on, quantity, Cause::Transfer, tell)
            }
            Act::TransferOut { quantity, .. } => {
                self.shift(place, on, -quantity, Cause::Transfer, tell);
                if let Some(into) = step.into {
                    self.shift(into, on, quantity, Cause::Transfer, tell);
                }
            }
            Act::Opening { quantity, .. } => self.shift(place, on, quantity, Cause::Opening, tell),
            Act::Bonus { ratio, .. } => {
                let whole = Ratio { gives: ratio.gives + ratio.per, per: ratio.per };
                let (all, _) = self.states[place].held();
                let with_bonus = |quantity: Decimal| quantity + ratio.credited(quantity, all);
                self.act(place, on, with_bonus, whole, tell);
            }
            Act::Split { ratio, .. } => self.exchange(step, ratio, tell),
            Act::Merger { ratio, .. } => self.exchange(step, ratio, tell),
            Act::Demerger { ratio, .. } => {
                if let Some(into) = step.into {
                    let (all, shown) = self.states[place].held();
                    self.receive(
                        into,
                        on,
                        (ratio.credited(all, all), ratio.credited(shown, all)),
                        tell,
                    );
                }
            }
            Act::Income { .. } | Act::Charge { .. } => {}
        }
    }

    /// A corporate action within a place; what is unexplained changes with the rest.
    fn act(
        &mut self,
        place: usize,
        on: Date,
        after: impl Fn(Decimal) -> Decimal,
        ratio: Ratio,
        tell: &mut impl FnMut(Move),
    ) {
        let state = &mut self.states[place];
        let (all, shown) = state.held();
        (state.balance, state.unexplained) = (after(all), after(all) - after(shown));
        state.factor = ratio.of(state.factor);
        self.touched.push(place);
        let quantity = after(shown) - shown;
        tell(Move { place, on, quantity, cause: Cause::Action(Some(ratio)) });
    }

    /// All that is held becomes something else, in the same place or in another one.
    fn exchange(&mut self, step: Step<'a>, ratio: Ratio, tell: &mut impl FnMut(Move)) {
        let (place, on) = (step.place, step.event.on);
        let Some(into) = step.into else {
            let (all, _) = self.states[place].held();
            return self.act(place, on, |quantity| ratio.credited(quantity, all), ratio, tell);
        };
        let state = &mut self.states[place];
        let (all, shown) = state.held();
        (state.balance, state.unexplained) = (Decimal::ZERO, Decimal::ZERO);
        if all < Decimal::ZERO {
            self.needs[place] = self.needs[place].max(missing(-all, &self.states[place]));
        }
        tell(Move { place, on, quantity: -shown, cause: Cause::Action(None) });
        self.receive(into, on, (ratio.credited(all, all), ratio.credited(shown, all)), tell);
    }

    /// Shares come in for others: all of them by the lots, and what is shown of those.
    fn receive(
        &mut self,
        place: usize,
        on: Date,
        of: (Decimal, Decimal),
        tell: &mut impl FnMut(Move),
    ) {
        let (all, shown) = of;
        let state = &mut self.states[place];
        state.balance += all;
        state.unexplained += all - shown;
        if !all.fract().is_zero() {
            state.places = 4;
        }
        self.touched.push(place);
        tell(Move { place, on, quantity: shown, cause: Cause::Action(None) });
    }

    /// Nothing can be below zero at a day's end: so much more was there before.
    fn end_day(&mut self, on: Date, tell: &mut impl FnMut(Move)) {
        while let Some(place) = self.touched.pop() {
            let state = &mut self.states[place];
            if state.balance < Decimal::ZERO {
                let need = missing(-state.balance, state);
                self.needs[place] = self.needs[place].max(need);
            }
            let resolved =
                (state.unexplained - state.balance.max(Decimal::ZERO)).max(Decimal::ZERO);
            if !resolved.is_zero() {
                state.unexplained -= resolved;
                tell(Move { place, on, quantity: resolved, cause: Cause::Unexplained });
            }
        }
    }

    fn assert(&mut self, place: usize, snapshot: &Snapshot, tell: &mut impl FnMut(Move)) {
        let state = &mut self.states[place];
        if !snapshot.quantity.fract().is_zero() {
            state.places = 4;
        }
        let more = snapshot.quantity - state.balance;
        if more > Decimal::ZERO {
            let need = missing(more, state);
            self.needs[place] = self.needs[place].max(need);
        }
        let quantity = state.unexplained - (-more).max(Decimal::ZERO);
        if !quantity.is_zero() {
            state.unexplained -= quantity;
            tell(Move { place, on: snapshot.on, quantity, cause: Cause::Unexplained });
        }
    }
}

/// How many shares of the opening make up for so many of now.
fn missing(now: Decimal, state: &State) -> Decimal {
    use rust_decimal::RoundingStrategy::ToPositiveInfinity;
    let exact = if state.factor.is_zero() { now } else { now / state.factor };
    exact.round_dp_with_strategy(state.places, ToPositiveInfinity)
}
