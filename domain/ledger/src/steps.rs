//! Events made ready: in order, each with its place as a number, so that a walk over them looks nothing up.

use std::collections::HashMap;

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
    /// The newest snapshot of each place, by day.
    pub(crate) snapshots: Vec<(usize, &'a Snapshot)>,
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
            if (snapshot.on, snapshot.quantity, snapshot.cost) > (kept.on, kept.quantity, kept.cost)
            {
                *kept = snapshot;
            }
        }
        let mut snapshots: Vec<_> = newest.into_iter().collect();
        snapshots.sort_by_key(|(place, snapshot)| (snapshot.on, *place));
        let in_parts = in_parts(&places.list, &steps, &snapshots);
        Self { places: places.list, steps, snapshots, in_parts }
    }
}

fn in_parts(places: &[Place], steps: &[Step<'_>], snapshots: &[(usize, &Snapshot)]) -> Vec<bool> {
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
