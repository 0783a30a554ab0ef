//! Returns of what has prices.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Day, Period, Refused, Returns, ReturnsInput};
use crate::balance::{Cause, Move};
use crate::{Event, Isin};

/// What the priced part of the chosen places returned over a period.
#[derive(Clone, Debug, PartialEq)]
pub struct PricedReturns {
    /// The returns.
    pub returns: Returns,
    /// The days they are worked out from.
    pub days: Vec<Day>,
    /// Securities without a price: they are in none of the figures.
    pub without: BTreeSet<Isin>,
}

impl ReturnsInput<'_> {
    /// Returns of everything that has prices at both ends. One holding without a price does not take the returns of all
    /// the others away: it is left out and named, with what shares of it went into or came out of, since what leaves the
    /// one would be lost and what comes into the other found. When nothing is left, the refusal says so.
    pub fn of_priced(
        &self,
        period: Period,
        of: impl Fn(usize) -> bool,
    ) -> Result<PricedReturns, Refused> {
        let places = &self.ledger.places;
        let events: Vec<&Event> =
            self.events.iter().filter(|event| event.on <= period.to).collect();
        let related = |isins| with_relatives(events.iter().copied(), isins);
        let mut without = related(self.never_priced(period, &of));
        let mut on = period.to;
        loop {
            let chosen = |place: usize| of(place) && !without.contains(&places[place].isin);
            if !(0..places.len()).any(chosen) {
                return Err(Refused::Unpriced { on, isins: without });
            }
            match self.returns(period, chosen) {
                Ok((returns, days)) => return Ok(PricedReturns { returns, days, without }),
                Err(Refused::Unpriced { on: end, isins }) => {
                    without.extend(isins);
                    without = related(without);
                    on = end;
                }
                Err(other) => return Err(other),
            }
        }
    }

    /// What has neither a close nor a fill that would be one: it is in no figure of any day.
    fn never_priced(&self, period: Period, of: impl Fn(usize) -> bool) -> BTreeSet<Isin> {
        let is_price = |step: &&Move| matches!(step.cause, Cause::Trade(_) | Cause::From(..));
        let isin = |place: usize| self.ledger.places[place].isin;
        let filled: HashSet<Isin> =
            self.ledger.moves.iter().filter(is_price).map(|step| isin(step.place)).collect();
        // What a statement lists with nothing in it was never held, and what comes later is nothing of the period.
        let moves = self.ledger.moves.iter().filter(|step| step.on <= period.to);
        let held: HashSet<usize> =
            moves.map(|step| step.place).filter(|place| of(*place)).collect();
        let unpriced = |isin: &Isin| !self.prices.has(*isin) && !filled.contains(isin);
        held.into_iter().map(isin).filter(unpriced).collect()
    }
}

/// Securities that shares of these went into or came out of, however far.
pub fn with_relatives<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    mut isins: BTreeSet<Isin>,
) -> BTreeSet<Isin> {
    let mut beside: HashMap<Isin, Vec<Isin>> = HashMap::new();
    for event in events {
        let from = event.place.isin;
        if let Some(into) = event.target().map(|place| place.isin).filter(|into| *into != from) {
            beside.entry(from).or_default().push(into);
            beside.entry(into).or_default().push(from);
        }
    }
    let mut next: Vec<Isin> = isins.iter().copied().collect();
    while let Some(isin) = next.pop() {
        let new = beside.remove(&isin).into_iter().flatten().filter(|other| isins.insert(*other));
        next.extend(new);
    }
    isins
}
