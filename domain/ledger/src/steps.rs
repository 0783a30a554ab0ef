//! Events made ready: in order, each with its place as a number, so that a walk over them looks nothing up.

use std::collections::HashMap;

use jiff::civil::{Date, Time};
use rust_decimal::Decimal;

use crate::event::in_order;
use crate::{Act, Event, Place, Snapshot};

/// An event and the places it touches.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) event: &'a Event,
    pub(crate) place: usize,
    /// Where shares go to: another ISIN, another account.
    pub(crate) into: Option<usize>,
}

/// Everything a walk needs, by number.
pub(crate) struct Steps<'a> {
    pub(crate) places: Vec<Place>,
    pub(crate) steps: Vec<Step<'a>>,
    /// The newest snapshot of each place, by day, brought to its day's end.
    pub(crate) snapshots: Vec<(usize, Snapshot)>,
    /// Whether a place holds parts of units: a folio, a fund, or what came or is stated in parts.
    pub(crate) in_parts: Vec<bool>,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(events: &'a [Event], snapshots: &'a [Snapshot]) -> Self {
        let mut ordered: Vec<&Event> = events.iter().filter(|event| !to_itself(event)).collect();
        in_order(&mut ordered);
        let mut places = Places::default();
        events.iter().for_each(|event| {
            places.add(&event.place);
            event.target().iter().for_each(|place| places.add(place));
        });
        snapshots.iter().for_each(|snapshot| places.add(&snapshot.place));
        // Numbered by what they are, whatever the order in which they were read.
        places.sort();
        let step = |event: &'a Event| {
            let into = event.target().map(|place| places.number(&place));
            Step { event, place: places.number(&event.place), into }
        };
        let steps: Vec<Step<'a>> = ordered.into_iter().map(step).collect();
        let mut newest: HashMap<usize, &Snapshot> = HashMap::new();
        for snapshot in snapshots {
            let kept = newest.entry(places.number(&snapshot.place)).or_insert(snapshot);
            if age(snapshot) > age(kept) {
                *kept = snapshot;
            }
        }
        let mut snapshots: Vec<_> =
            newest.into_iter().map(|(place, snapshot)| (place, snapshot.clone())).collect();
        to_days_end(&mut snapshots, &steps);
        snapshots.sort_by_key(|(place, snapshot)| (snapshot.on, *place));
        let in_parts = in_parts(&places.list, &steps, &snapshots);
        Self { places: places.list, steps, snapshots, in_parts }
    }
}

/// What is newest counts; of the same moment what says more, so that the order of reading does not matter.
fn age(snapshot: &Snapshot) -> (Date, Time, Decimal, Option<Decimal>) {
    (snapshot.on, snapshot.at.unwrap_or(Time::MAX), snapshot.quantity, snapshot.cost)
}

/// Adds to what was stated in the middle of a day what was traded in the rest of it.
fn to_days_end(snapshots: &mut [(usize, Snapshot)], steps: &[Step<'_>]) {
    let midway = snapshots
        .iter_mut()
        .filter_map(|(place, snapshot)| Some((*place, snapshot.at.take()?, snapshot)));
    let mut midway: HashMap<usize, (Time, &mut Snapshot)> =
        midway.map(|(place, at, snapshot)| (place, (at, snapshot))).collect();
    if midway.is_empty() {
        return;
    }
    for Step { event, place, .. } in steps {
        let Some((at, snapshot)) = midway.get_mut(place) else { continue };
        if event.on != snapshot.on || event.at.is_none_or(|time| time <= *at) {
            continue;
        }
        match event.act {
            Act::Buy(fill) => {
                snapshot.quantity += fill.quantity;
                snapshot.cost = snapshot.cost.map(|cost| cost + fill.amount);
            }
            Act::Sell(fill) => {
                snapshot.quantity = (snapshot.quantity - fill.quantity).max(Decimal::ZERO);
                snapshot.cost = None;
            }
            _ => {}
        }
    }
}

fn in_parts(places: &[Place], steps: &[Step<'_>], snapshots: &[(usize, Snapshot)]) -> Vec<bool> {
    let fund = |place: &Place| place.folio.is_some() || place.isin.as_str().starts_with("INF");
    let mut in_parts: Vec<bool> = places.iter().map(fund).collect();
    for step in steps {
        in_parts[step.place] |=
            step.event.act.quantity().is_some_and(|quantity| !quantity.fract().is_zero());
    }
    for (place, snapshot) in snapshots {
        in_parts[*place] |= !snapshot.quantity.fract().is_zero();
    }
    in_parts
}

#[derive(Default)]
struct Places {
    numbers: HashMap<Place, usize>,
    list: Vec<Place>,
}

impl Places {
    fn add(&mut self, place: &Place) {
        if !self.numbers.contains_key(place) {
            self.numbers.insert(place.clone(), 0);
            self.list.push(place.clone());
        }
    }

    fn sort(&mut self) {
        self.list.sort();
        for (number, place) in self.list.iter().enumerate() {
            self.numbers.insert(place.clone(), number);
        }
    }

    fn number(&self, place: &Place) -> usize {
        self.numbers.get(place).copied().unwrap_or_default()
    }
}

/// A transfer from an account to the same one is none.
fn to_itself(event: &Event) -> bool {
    matches!(event.act, Act::TransferOut { to: Some(to), .. } if to == event.place.account)
}
