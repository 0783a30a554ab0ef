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
}

impl<'a> Steps<'a> {
    pub(crate) fn new(events: &'a [Event], snapshots: &'a [Snapshot]) -> Self {
        let mut ordered: Vec<&Event> = events.iter().collect();
        in_order(&mut ordered);
        let mut places = Places::default();
        let step = |event: &'a Event| {
            let into = target(event).map(|place| places.number(&place));
            Step { event, place: places.number(&event.place), into }
        };
        let steps = ordered.into_iter().map(step).collect();
        let mut newest: HashMap<usize, &Snapshot> = HashMap::new();
        for snapshot in snapshots {
            let kept = newest.entry(places.number(&snapshot.place)).or_insert(snapshot);
            if snapshot.on > kept.on {
                *kept = snapshot;
            }
        }
        let mut snapshots: Vec<_> = newest.into_iter().collect();
        snapshots.sort_by_key(|(place, snapshot)| (snapshot.on, *place));
        Self { places: places.list, steps, snapshots }
    }
}

#[derive(Default)]
struct Places {
    numbers: HashMap<Place, usize>,
    list: Vec<Place>,
}

impl Places {
    fn number(&mut self, place: &Place) -> usize {
        if let Some(number) = self.numbers.get(place) {
            return *number;
        }
        self.numbers.insert(place.clone(), self.list.len());
        self.list.push(place.clone());
        self.list.len() - 1
    }
}

/// The other place an event touches.
fn target(event: &Event) -> Option<Place> {
    let Place { account, isin, folio } = &event.place;
    let (account, isin) = match event.act {
        Act::Split { into, .. } => (*account, into.filter(|into| into != isin)?),
        Act::Merger { into, .. } | Act::Demerger { into, .. } => (*account, into),
        Act::TransferOut { to, .. } => (to.filter(|to| to != account)?, *isin),
        _ => return None,
    };
    Some(Place { account, isin, folio: folio.clone() })
}
