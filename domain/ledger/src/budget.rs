//! How much work the lots of a book are, known before any of it is done.
//!
//! One lot that one event touches is a lot step. A split, a merger, a demerger, a repayment of capital and a move
//! between accounts touch every lot of their place, so the work is lots times events, and a demerger back and forth
//! doubles the lots each time, which takes memory as well. The steps counted here are a bound: sales are not taken off, so that the count can only
//! grow with each event.

use std::collections::{BTreeSet, HashMap};

use crate::steps::{Step, Steps};
use crate::{Act, Event, Isin, Venue};

/// The lot steps a book may take: about half a second of a processor. A hundred thousand trades take as many steps; a
/// thousand purchases under forty splits, forty thousand.
pub const MOST_LOT_STEPS: u64 = 2_000_000;

/// Inserting a lot between others moves those behind it: so many in the time of a step.
const MOVED_PER_STEP: u64 = 64;

/// Lots that are added to another place's are sorted together with them: so many in the time of a step.
const ORDERED_PER_STEP: u64 = 8;

/// What a lot that a demerger makes costs, in steps: it stays in memory, and a function has 256 MiB.
const STEPS_PER_NEW_LOT: u64 = 8;

/// The securities whose lots are more work than a book may be, the heaviest first; empty for every ordinary book. What
/// is left out is left out with everything that its shares went into or came out of.
pub fn beyond_budget(events: &[Event]) -> Vec<Isin> {
    if first_look(events).is_light() {
        return Vec::new();
    }
    let mut groups = lot_steps(events);
    groups.sort_by(|one, other| (one.1, &one.0).cmp(&(other.1, &other.0)));
    let mut whole: u128 = groups.iter().map(|(_, steps)| u128::from(*steps)).sum();
    let mut out = Vec::new();
    while whole > u128::from(MOST_LOT_STEPS) {
        let Some((isins, steps)) = groups.pop() else { break };
        out.extend(isins);
        whole -= u128::from(steps);
    }
    out
}

/// A first look at a book that needs no more than three numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct FirstLook {
    /// The most lots there can be before demergers: one for each event, since a sale of what nobody bought makes one as
    /// well, and one more for each event that names another place.
    pub lots: u64,
    /// Events that touch every lot of their place, or put a lot among the others.
    pub acts: u64,
    /// Demergers: each may double the lots.
    pub demergers: u64,
}

impl FirstLook {
    /// Whether the book is certainly within the budget, even if every act touches every lot. Where it is not, only
    /// [`beyond_budget`] knows.
    pub fn is_light(self) -> bool {
        let doublings = u32::try_from(self.demergers).unwrap_or(u32::MAX);
        let lots = 2_u64.checked_pow(doublings).and_then(|times| self.lots.checked_mul(times));
        let new_lots = if self.demergers == 0 { 0 } else { STEPS_PER_NEW_LOT };
        let steps = lots.and_then(|lots| {
            let touched = lots.checked_add(1)?.checked_mul(self.acts)?;
            touched.checked_add(lots.checked_mul(1 + new_lots)?)
        });
        steps.is_some_and(|steps| steps <= MOST_LOT_STEPS)
    }
}

fn first_look(events: &[Event]) -> FirstLook {
    let mut look = FirstLook::default();
    for event in events {
        look.lots += 1 + u64::from(event.target().is_some());
        look.acts += u64::from(touches_all(&event.act));
        look.demergers += u64::from(matches!(event.act, Act::Demerger { .. }));
    }
    look
}

/// Whether an act touches every lot of its place, or puts a lot among the others.
fn touches_all(act: &Act) -> bool {
    match act {
        Act::Split { .. } | Act::Merger { .. } | Act::Demerger { .. } | Act::Bonus { .. } => true,
        Act::IpoAllotment { .. } | Act::Rights { .. } => true,
        Act::TransferOut { to, .. } => to.is_some(),
        Act::Income { capital, .. } => !capital.is_zero(),
        Act::Sell(fill) => fill.venue == Venue::Fraction,
        Act::Opening { .. } | Act::TransferIn { .. } => true,
        _ => false,
    }
}

/// The lot steps of each group of securities that exchange shares.
pub fn lot_steps(events: &[Event]) -> Vec<(BTreeSet<Isin>, u64)> {
    let steps = Steps::new(events, &[]);
    let groups = Groups::of(&steps);
    let mut count = Count::new(&groups, steps.places.len());
    for day in steps.steps.chunk_by(|one, other| one.event.on == other.event.on) {
        day.iter().for_each(|step| count.step(step));
        // What a transfer did not find is moved after the day's trades.
        let transfers = day.iter().filter(|step| {
            matches!(step.event.act, Act::TransferOut { .. }) && step.into.is_some()
        });
        transfers.for_each(|step| count.step(step));
    }
    let steps_of = |group: usize| count.work[group];
    groups.isins(&steps).into_iter().map(|(group, isins)| (isins, steps_of(group))).collect()
}

/// How many lots there can be, and the steps they take, while the events go by.
struct Count<'a> {
    groups: &'a Groups,
    /// By place. Each begins with one: what must have been there before the first event.
    lots: Vec<u64>,
    /// By place: those a lot that is older than its event has seen.
    splits: Vec<u64>,
    /// By group: parts that all its lots together can be in.
    parts: Vec<u64>,
    /// By group.
    work: Vec<u64>,
}

impl<'a> Count<'a> {
    fn new(groups: &'a Groups, places: usize) -> Self {
        let mut parts = vec![0; places];
        (0..places).for_each(|place| parts[groups.root(place)] += 1);
        let (lots, splits, work) = (vec![1; places], vec![0; places], vec![0; places]);
        Self { groups, lots, splits, parts, work }
    }

    fn step(&mut self, step: &Step<'_>) {
        let (place, group) = (step.place, self.groups.root(step.place));
        let into = step.into.unwrap_or(place);
        let held = self.lots[place];
        let all = held.saturating_add(1);
        // Lots that go to another place are sorted together with those that are there.
        let others = if into == place { 0 } else { self.lots[into] };
        let among = all.saturating_add(others / ORDERED_PER_STEP);
        let done = match step.event.act {
            Act::Buy(_) => {
                self.add(group, into, 1);
                1
            }
            Act::IpoAllotment { .. } | Act::Rights { .. } => {
                self.add(group, into, 1);
                (held / MOVED_PER_STEP).saturating_add(1)
            }
            Act::Bonus { .. } => {
                self.add(group, into, 1);
                all
            }
            Act::TransferIn { .. } | Act::Opening { .. } => {
                self.add(group, into, 1);
                (held / MOVED_PER_STEP).saturating_add(self.splits[place]).saturating_add(1)
            }
            Act::Split { .. } | Act::Merger { .. } => {
                if into != place {
                    self.lots[place] = 0;
                    self.lots[into] = self.lots[into].saturating_add(held).min(self.parts[group]);
                }
                if matches!(step.event.act, Act::Split { .. }) {
                    let seen = self.splits[place].saturating_add(1);
                    self.splits[into] = self.splits[into].max(seen);
                }
                among
            }
            Act::Demerger { .. } => {
                self.add(group, into, held);
                among.saturating_add(held.saturating_mul(STEPS_PER_NEW_LOT))
            }
            Act::TransferOut { to: Some(_), .. } => {
                // A lot that is cut, and what no event says where it came from.
                self.parts[group] = self.parts[group].saturating_add(2);
                self.lots[into] = self.lots[into].saturating_add(all).min(self.parts[group]);
                among
            }
            Act::Income { capital, .. } if !capital.is_zero() => all,
            Act::Sell(fill) if fill.venue == Venue::Fraction => all,
            _ => 1,
        };
        self.work[group] = self.work[group].saturating_add(done);
    }

    fn add(&mut self, group: usize, place: usize, lots: u64) {
        self.lots[place] = self.lots[place].saturating_add(lots);
        self.parts[group] = self.parts[group].saturating_add(lots);
    }
}

/// Places that belong together: those of one security, and those between which shares go.
struct Groups(Vec<usize>);

impl Groups {
    fn of(steps: &Steps<'_>) -> Self {
        let mut groups = Self((0..steps.places.len()).collect());
        let mut first: HashMap<Isin, usize> = HashMap::new();
        for (number, place) in steps.places.iter().enumerate() {
            let first = *first.entry(place.isin).or_insert(number);
            groups.join(first, number);
        }
        for step in &steps.steps {
            if let Some(into) = step.into {
                groups.join(step.place, into);
            }
        }
        // Every place knows its root from here on.
        for number in 0..groups.0.len() {
            groups.0[number] = groups.find(number);
        }
        groups
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.find(one), self.find(other));
        self.0[one.max(other)] = one.min(other);
    }

    fn find(&mut self, mut place: usize) -> usize {
        while self.0[place] != place {
            self.0[place] = self.0[self.0[place]];
            place = self.0[place];
        }
        place
    }

    fn root(&self, place: usize) -> usize {
        self.0[place]
    }

    /// The securities of each group.
    fn isins(&self, steps: &Steps<'_>) -> HashMap<usize, BTreeSet<Isin>> {
        let mut isins: HashMap<usize, BTreeSet<Isin>> = HashMap::new();
        for (number, place) in steps.places.iter().enumerate() {
            isins.entry(self.root(number)).or_default().insert(place.isin);
        }
        isins
    }
}
