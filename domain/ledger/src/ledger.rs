//! The ledger: what events and snapshots come to.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::balance::{Cause, Move, Snapshot, derived_openings, moves};
use crate::budget::beyond_budget;
use crate::lots::{Closing, Departure, Income, Lot, LotSource, Machine};
use crate::steps::Steps;
use crate::{Event, Isin, Place};

/// Everything that follows from the events and the newest snapshot of each place.
///
/// The same events in any order make the same ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The places; everything else names them by their number here.
    pub places: Vec<Place>,
    /// Every change of a quantity, by day.
    pub moves: Vec<Move>,
    /// What is held, by place.
    pub positions: Vec<Position>,
    /// What was sold, in order of sales.
    pub closings: Vec<Closing>,
    /// What was paid on holdings.
    pub incomes: Vec<Income>,
    /// What went out without being sold.
    pub departures: Vec<Departure>,
    /// Securities that are more work than a book may be ([`MOST_LOT_STEPS`](crate::budget::MOST_LOT_STEPS)): nothing of
    /// them is in the rest. Empty for every ordinary book.
    pub left_out: Vec<Isin>,
}

/// What is held in one place after the last event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The open lots, the next to be sold first.
    pub lots: Vec<Lot>,
    /// How many are held: the newest snapshot rolled forward.
    pub quantity: Decimal,
    /// How the lots agree with the newest snapshot.
    pub state: Reconciled,
    /// How much must have been there before the first event, in shares of that time.
    pub opening: Decimal,
}

/// How lots and the newest snapshot of a place agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// There is no snapshot and none of it is derived.
    Events,
    /// Events and snapshot say the same.
    Snapshot,
    /// So much must have been there before the first event, in shares of that time; its day is not known.
    DerivedOpening(Decimal),
    /// The lots have so much more than is held, and no event says where it went.
    UnexplainedOutflow(Decimal),
}

impl Position {
    /// What is held cost together, by its lots; `None` when that of a lot is not known, or the lots do not agree
    /// with what is held.
    pub fn cost(&self) -> Option<Decimal> {
        if matches!(self.state, Reconciled::UnexplainedOutflow(_)) {
            return None;
        }
        self.lots.iter().map(|lot| lot.cost).sum()
    }
}

impl Ledger {
    /// Works out lots, closings and quantities from all events and snapshots, in any order.
    pub fn new(events: &[Event], snapshots: &[Snapshot]) -> Self {
        let left_out = beyond_budget(events);
        if left_out.is_empty() {
            return Self::whole(events, snapshots);
        }
        let out: HashSet<Isin> = left_out.iter().copied().collect();
        let events: Vec<Event> =
            events.iter().filter(|event| !out.contains(&event.place.isin)).cloned().collect();
        let snapshots: Vec<Snapshot> = snapshots
            .iter()
            .filter(|snapshot| !out.contains(&snapshot.place.isin))
            .cloned()
            .collect();
        Self { left_out, ..Self::whole(&events, &snapshots) }
    }

    fn whole(events: &[Event], snapshots: &[Snapshot]) -> Self {
        let steps = Steps::new(events, snapshots);
        let openings = derived_openings(&steps);
        let (moves, outflows) = moves(&steps, &openings);
        let machine = Machine::run(&steps, &openings);
        let mut held = vec![Decimal::ZERO; steps.places.len()];
        moves.iter().for_each(|step| held[step.place] += step.quantity);
        let mut asserted = vec![false; steps.places.len()];
        steps.snapshots.iter().for_each(|(place, _)| asserted[*place] = true);
        let (closings, incomes, departures) =
            (machine.closings, machine.incomes, machine.departures);
        let positions = machine
            .queues
            .into_iter()
            .zip(held.into_iter().zip(outflows))
            .zip(asserted)
            .zip(&openings);
        let positions = positions.map(|(((mut queue, (quantity, outflow)), asserted), opening)| {
            let state = match (asserted, outflow.is_zero(), opening.is_zero()) {
                (_, false, _) => Reconciled::UnexplainedOutflow(outflow),
                (_, _, false) => Reconciled::DerivedOpening(*opening),
                (true, ..) => Reconciled::Snapshot,
                (false, ..) => Reconciled::Events,
            };
            Position { lots: queue.drain(), quantity, state, opening: *opening }
        });
        let positions = positions.collect();
        let left_out = Vec::new();
        Self { positions, places: steps.places, moves, closings, incomes, departures, left_out }
    }

    /// What was held in each place at the end of a day; before the first day of which anything is known, what was there
    /// on it.
    pub fn held_on(&self, day: Date) -> Vec<Decimal> {
        if self.moves.first().is_some_and(|first| first.on > day) {
            return self.positions.iter().map(|position| position.opening).collect();
        }
        let mut held = vec![Decimal::ZERO; self.places.len()];
        let until = self.moves.iter().take_while(|step| step.on <= day);
        until.for_each(|step| held[step.place] += step.quantity);
        held
    }

    /// What would have been stated at the end of a day: what was held then, in every place. A cost is kept where as much
    /// was held as `snapshots`, the newest of each place, say it is for.
    pub fn snapshots_on(&self, day: Date, snapshots: &[Snapshot]) -> Vec<Snapshot> {
        let stated: HashMap<&Place, &Snapshot> =
            snapshots.iter().map(|snapshot| (&snapshot.place, snapshot)).collect();
        let places = self.places.iter().zip(self.held_on(day));
        let snapshot = |(place, quantity): (&Place, Decimal)| {
            let same = stated.get(place).filter(|stated| stated.quantity == quantity);
            let cost = same.and_then(|stated| stated.cost);
            Snapshot { place: place.clone(), on: day, at: None, quantity, cost }
        };
        places.map(snapshot).collect()
    }

    /// From when on everything that is held in the chosen places is known. Of a place there may be older snapshots than
    /// the one the ledger was made with: it is known from the oldest on after which all agree with the quantities.
    pub fn history(&self, snapshots: &[Snapshot], of: impl Fn(usize) -> bool) -> History {
        let mut stated: HashMap<&Place, Vec<&Snapshot>> = HashMap::new();
        for snapshot in snapshots {
            stated.entry(&snapshot.place).or_default().push(snapshot);
        }
        let mut moved: HashMap<usize, Vec<&Move>> = HashMap::new();
        for step in self.moves.iter().filter(|step| !matches!(step.cause, Cause::Derived)) {
            moved.entry(step.place).or_default().push(step);
        }
        let mut history = History::Complete;
        let mut begin = |on: Date| {
            history = match history {
                History::From(other) => History::From(on.max(other)),
                _ => History::From(on),
            };
        };
        for (number, (place, position)) in self.places.iter().zip(&self.positions).enumerate() {
            let of_place = stated.remove(place).unwrap_or_default();
            if position.opening.is_zero() || !of(number) {
                continue;
            }
            let steps = moved.remove(&number).unwrap_or_default();
            match known_since(position.quantity, &steps, of_place) {
                None => return History::Unknown,
                Some(on) => begin(on),
            }
        }
        // What was stated and is in nothing else any more: from when on it was not there, nothing is missing.
        for gone in stated.into_values() {
            if gone.iter().any(|snapshot| !snapshot.quantity.is_zero()) {
                gone.iter().map(|snapshot| snapshot.on).max().into_iter().for_each(&mut begin);
            }
        }
        history
    }

    /// The same, with what was there before anything is known told of on a day already: snapshots say that it was there.
    pub(crate) fn opened_on(&self, day: Date) -> Option<Self> {
        let late = |step: &Move| matches!(step.cause, Cause::Derived) && step.on > day;
        if !self.moves.iter().any(late) {
            return None;
        }
        let mut ledger = self.clone();
        for step in ledger.moves.iter_mut().filter(|step| late(step)) {
            step.on = day;
        }
        ledger.moves.sort_by_key(|step| step.on);
        Some(ledger)
    }
}

/// The day of the oldest snapshot of a place after which no quantity contradicts one, from what is held now and every
/// move but the derived opening, which was there before.
fn known_since(held: Decimal, moves: &[&Move], mut snapshots: Vec<&Snapshot>) -> Option<Date> {
    snapshots.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.on));
    // From the newest to the oldest, each move is taken back once.
    let (mut left, mut held) = (moves, held);
    let mut held_on = |day: Date| {
        while let Some((last, before)) = left.split_last().filter(|(last, _)| last.on > day) {
            held -= last.quantity;
            left = before;
        }
        held
    };
    let (newest, older) = snapshots.split_first()?;
    let agree = older.iter().take_while(|older| held_on(older.on) == older.quantity);
    agree.last().or(Some(newest)).map(|oldest| oldest.on)
}

/// From when on everything that is held is known: returns before it would stand on quantities of which only a
/// later statement tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// From the first event on.
    Complete,
    /// From this day on, at the market value of what a snapshot says.
    From(Date),
    /// Something was sold that was never bought, and no snapshot says how much there was.
    Unknown,
}

impl LotSource {
    /// The stable word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bought => "bought",
            Self::Allotted => "allotted",
            Self::Rights => "rights",
            Self::Bonus => "bonus",
            Self::Transferred => "transferred",
            Self::Opening => "opening",
            Self::Derived => "derived",
        }
    }
}
