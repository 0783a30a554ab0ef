//! How much of each security is held on each day, and how much must have been there before the first event.
//!
//! A snapshot is a dated assertion, never an event. What it has more than the events explain, and what was sold
//! without having been bought, was there before the first event: a derived opening. It is worked out anew from all
//! events each time, so an older tradebook makes it smaller by itself. What a snapshot has less than the events
//! say is an unexplained outflow: the quantity shown is the snapshot's, the lots stay.

use jiff::civil::{Date, Time};
use rust_decimal::Decimal;

use crate::event::{Ratio, Venue};
use crate::steps::{Step, Steps};
use crate::{Act, Place};

/// What a statement says is held in a place on a day, after its corporate actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Where.
    pub place: Place,
    /// The day.
    pub on: Date,
    /// When on that day: trades at a later time are not in it. `None` is the day's end.
    pub at: Option<Time>,
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
    /// Held before anything is known, as a snapshot or a sale shows; told of on the first day.
    Derived,
    /// Held before the first event, as its owner says, or as nothing else explains.
    Opening,
    /// Bought, sold or allotted to the public for this amount before charges, which says what it is worth.
    Trade(Decimal),
    /// Taken by right or tendered for this amount, which does not.
    Offer(Decimal),
    /// A corporate action within the place: a price of before it is divided by the ratio.
    Action(Ratio),
    /// Went for shares of another place, or out of a demerger came in.
    Exchanged,
    /// Came in for all that was held in another place, by this ratio.
    From(usize, Ratio),
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
        let needs = walk.needs;
        if needs.iter().all(Decimal::is_zero) {
            break;
        }
        // What comes out of a place that has too little itself may be all that is missing here.
        let fed = fed_by_needs(steps, &needs);
        for (place, need) in needs.into_iter().enumerate().filter(|(place, _)| !fed[*place]) {
            openings[place] += need;
        }
    }
    openings
}

/// The places that get shares, directly or not, out of a place with a need.
fn fed_by_needs(steps: &Steps<'_>, needs: &[Decimal]) -> Vec<bool> {
    let mut fed = vec![false; needs.len()];
    for _ in 0..MOST_ROUNDS {
        let mut changed = false;
        for step in &steps.steps {
            if let Some(into) = step.into.filter(|into| *into != step.place && !fed[*into]) {
                fed[into] = fed[step.place] || !needs[step.place].is_zero();
                changed |= fed[into];
            }
        }
        if !changed {
            break;
        }
    }
    // Around a circle everybody waits for everybody: then nobody does.
    let stuck = needs.iter().zip(&fed).all(|(need, fed)| need.is_zero() || *fed);
    if stuck { vec![false; needs.len()] } else { fed }
}

/// Every change of every quantity in order of days, and by how much each place's lots have more than is held.
pub(crate) fn moves(steps: &Steps<'_>, openings: &[Decimal]) -> (Vec<Move>, Vec<Decimal>) {
    let mut moves = Vec::with_capacity(steps.steps.len() + openings.len());
    let mut walk = Walk { settles: true, ..Walk::new(steps, openings) };
    walk.run(|step| moves.push(step));
    (moves, walk.states.iter().map(|state| state.unexplained).collect())
}

/// What is known of a place on the way.
#[derive(Clone)]
struct State {
    balance: Decimal,
    /// How many shares of now one share of the opening is.
    factor: Ratio,
    /// By how much the newest snapshot has less.
    unexplained: Decimal,
    /// Bonus shares that the price has lost already and that are not allotted yet.
    pending: Vec<(Date, Decimal)>,
    /// Whether everything went for something else, so that nothing before that can explain what comes after.
    left: bool,
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
    /// Whether what no opening explains is given on the day it is missing.
    settles: bool,
}

impl<'s, 'a> Walk<'s, 'a> {
    fn new(steps: &'s Steps<'a>, openings: &[Decimal]) -> Self {
        let state = |&balance: &Decimal| State {
            balance,
            factor: Ratio { gives: Decimal::ONE, per: Decimal::ONE },
            unexplained: Decimal::ZERO,
            pending: Vec::new(),
            left: false,
        };
        let needs = vec![Decimal::ZERO; openings.len()];
        Self {
            steps,
            states: openings.iter().map(state).collect(),
            needs,
            touched: Vec::new(),
            settles: false,
        }
    }

    fn run(&mut self, mut tell: impl FnMut(Move)) {
        let Some(first) = self.first_day() else { return };
        for (place, state) in self.states.iter().enumerate() {
            if !state.balance.is_zero() {
                tell(Move { place, on: first, quantity: state.balance, cause: Cause::Derived });
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
        self.touched.push(place);
        tell(Move { place, on, quantity, cause });
    }

    fn step(&mut self, step: Step<'a>, tell: &mut impl FnMut(Move)) {
        let (place, on) = (step.place, step.event.on);
        match step.event.act {
            Act::Buy(fill) => self.shift(place, on, fill.quantity, Cause::Trade(fill.amount), tell),
            Act::Sell(fill) if fill.venue == Venue::Fraction => {
                self.shift(place, on, Decimal::ZERO, Cause::Trade(fill.amount), tell);
            }
            Act::Sell(fill) => {
                self.shift(place, on, -fill.quantity, Cause::Trade(fill.amount), tell)
            }
            Act::IpoAllotment { quantity, amount } => {
                self.shift(place, on, quantity, Cause::Trade(amount), tell);
            }
            Act::Rights { quantity, amount } => {
                self.shift(place, on, quantity, Cause::Offer(amount), tell);
            }
            Act::Buyback { quantity, amount } => {
                self.shift(place, on, -quantity, Cause::Offer(amount), tell)
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
            Act::Bonus { ratio, allotted_on } => self.bonus(step, ratio, allotted_on, tell),
            Act::Split { ratio, .. } | Act::Merger { ratio, .. } => {
                self.exchange(step, ratio, tell)
            }
            Act::Demerger { ratio, .. } => {
                if let Some(into) = step.into {
                    let (all, shown) = self.states[place].held();
                    let given = self.credit(place, ratio);
                    self.receive(into, on, (given(all), given(shown)), Cause::Exchanged, tell);
                }
            }
            Act::Income { .. } | Act::Charge { .. } => {}
        }
    }

    /// What comes for a quantity of a place; for what is missing there nothing comes.
    fn credit(&self, place: usize, ratio: Ratio) -> impl Fn(Decimal) -> Decimal + use<> {
        let in_parts = self.steps.in_parts[place];
        move |quantity| ratio.credited(quantity.max(Decimal::ZERO), in_parts)
    }

    fn bonus(
        &mut self,
        step: Step<'a>,
        ratio: Ratio,
        allotted_on: Date,
        tell: &mut impl FnMut(Move),
    ) {
        let (place, on) = (step.place, step.event.on);
        let credit = self.credit(place, ratio);
        let gained = credit(self.states[place].balance);
        if allotted_on > on {
            self.states[place].pending.push((allotted_on, gained));
        }
        let whole = Ratio { gives: ratio.gives + ratio.per, per: ratio.per };
        self.act(place, on, |quantity| quantity + credit(quantity), whole, tell);
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
        // What is missing stays missing, exactly: rounding it would lose what the opening must make up for.
        let after = |held: Decimal| if held < Decimal::ZERO { ratio.of(held) } else { after(held) };
        (state.balance, state.unexplained) = (after(all), after(all) - after(shown));
        state.factor = state.factor.and_then(ratio);
        self.touched.push(place);
        let quantity = after(shown) - shown;
        tell(Move { place, on, quantity, cause: Cause::Action(ratio) });
    }

    /// All that is held becomes something else, in the same place or in another one.
    fn exchange(&mut self, step: Step<'a>, ratio: Ratio, tell: &mut impl FnMut(Move)) {
        let (place, on) = (step.place, step.event.on);
        let credit = self.credit(place, ratio);
        let Some(into) = step.into else {
            return self.act(place, on, credit, ratio, tell);
        };
        let state = &mut self.states[place];
        let (all, shown) = state.held();
        if all < Decimal::ZERO {
            let need = missing(-all, state.factor, self.steps.in_parts[place]);
            self.needs[place] = self.needs[place].max(need);
        }
        (state.balance, state.unexplained, state.left) = (Decimal::ZERO, Decimal::ZERO, true);
        tell(Move { place, on, quantity: -shown, cause: Cause::Exchanged });
        self.receive(into, on, (credit(all), credit(shown)), Cause::From(place, ratio), tell);
    }

    /// Shares come in for others: all of them by the lots, and what is shown of those.
    fn receive(
        &mut self,
        place: usize,
        on: Date,
        (all, shown): (Decimal, Decimal),
        cause: Cause,
        tell: &mut impl FnMut(Move),
    ) {
        let state = &mut self.states[place];
        state.balance += all;
        state.unexplained += all - shown;
        state.left = false;
        self.touched.push(place);
        tell(Move { place, on, quantity: shown, cause });
    }

    /// Nothing can be below zero at a day's end: so much more was there before.
    fn end_day(&mut self, on: Date, tell: &mut impl FnMut(Move)) {
        while let Some(place) = self.touched.pop() {
            let state = &mut self.states[place];
            if state.balance < Decimal::ZERO && (state.left || self.settles) {
                // Sold under the old ISIN after all of it had gone, say: no opening could explain it.
                let quantity = -state.balance;
                state.balance = Decimal::ZERO;
                tell(Move { place, on, quantity, cause: Cause::Opening });
            } else if state.balance < Decimal::ZERO {
                let need = missing(-state.balance, state.factor, self.steps.in_parts[place]);
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
        if state.left && state.balance.is_zero() {
            // A statement that still lists what became something else before its day is behind.
            return;
        }
        let pending = state.pending.iter().filter(|(allotted_on, _)| *allotted_on > snapshot.on);
        let credited = state.balance - pending.map(|(_, quantity)| *quantity).sum::<Decimal>();
        let more = snapshot.quantity - state.balance;
        if more > Decimal::ZERO {
            let need = missing(more, state.factor, self.steps.in_parts[place]);
            self.needs[place] = self.needs[place].max(need);
        }
        let quantity = state.unexplained - (credited - snapshot.quantity).max(Decimal::ZERO);
        if !quantity.is_zero() {
            state.unexplained -= quantity;
            tell(Move { place, on: snapshot.on, quantity, cause: Cause::Unexplained });
        }
    }
}

/// How many shares of the opening make up for so many of now.
fn missing(now: Decimal, factor: Ratio, in_parts: bool) -> Decimal {
    use rust_decimal::RoundingStrategy::ToPositiveInfinity;
    let places = if in_parts { 4 } else { 0 };
    let back = Ratio { gives: factor.per, per: factor.gives };
    // Rounded far beyond any quantity first: three times a third is one and not a little more.
    back.of(now).round_dp(12).round_dp_with_strategy(places, ToPositiveInfinity)
}
