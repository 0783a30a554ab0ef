//! Works events through into open lots, closings, income and departures.

use std::collections::HashSet;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::intraday::{Leg, square};
use super::{Closing, Departure, Income, Lot, LotSource, Queue, Way};
use crate::Isin;
use crate::balance::Snapshot;
use crate::event::{Act, Event, Fill, Ratio, Venue};
use crate::steps::{Step, Steps};

/// The state of all places on the way through the events.
pub(crate) struct Machine<'s, 'a> {
    pub(super) steps: &'s Steps<'a>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) closings: Vec<Closing>,
    pub(crate) incomes: Vec<Income>,
    pub(crate) departures: Vec<Departure>,
    /// The day's trades by place, until all of the day are there.
    trades: Vec<(usize, &'a Event)>,
    /// Own transfers of the day that wait for its trades.
    pub(super) deferred: Vec<(Step<'a>, Decimal)>,
    /// Splits since 31 January 2018 and the ISIN before each, by place: for lots that are older than their event.
    pub(super) splits: Vec<Vec<(Date, Ratio, Isin)>>,
}

impl<'s, 'a> Machine<'s, 'a> {
    /// Runs over all events, with these openings before them.
    pub(crate) fn run(steps: &'s Steps<'a>, openings: &[Decimal]) -> Self {
        let queues = openings.iter().enumerate().map(|(place, opening)| {
            let mut queue = Queue::default();
            queue.add(derived(steps, place, *opening));
            queue
        });
        let mut machine = Self {
            steps,
            queues: queues.collect(),
            closings: Vec::new(),
            incomes: Vec::new(),
            departures: Vec::new(),
            trades: Vec::new(),
            deferred: Vec::new(),
            splits: vec![Vec::new(); steps.places.len()],
        };
        let mut snapshots = steps.snapshots.iter().peekable();
        for day in steps.steps.chunk_by(|a, b| a.event.on == b.event.on) {
            while let Some((place, snapshot)) = snapshots.next_if(|(_, snapshot)| {
                day.first().is_some_and(|step| snapshot.on < step.event.on)
            }) {
                machine.price_opening(*place, snapshot, openings[*place]);
            }
            for step in day {
                if step.event.act.phase() > 3 {
                    machine.trade();
                }
                machine.step(*step);
            }
            machine.trade();
        }
        for (place, snapshot) in snapshots {
            machine.price_opening(*place, snapshot, openings[*place]);
        }
        machine
    }

    fn step(&mut self, step: Step<'a>) {
        let (event, place) = (step.event, step.place);
        match event.act {
            Act::Buy(_) | Act::Sell(_) => self.trades.push((place, event)),
            Act::IpoAllotment { quantity, amount } => {
                self.credit(place, event, LotSource::Allotted, (quantity, Some(amount)));
            }
            Act::Rights { quantity, amount } => {
                self.credit(place, event, LotSource::Rights, (quantity, Some(amount)));
            }
            Act::Bonus { ratio, allotted_on } => self.bonus(place, event, ratio, allotted_on),
            Act::Split { ratio, .. } => self.exchange(step, ratio, false),
            Act::Merger { ratio, .. } => self.exchange(step, ratio, true),
            Act::Demerger { ratio, cost_percent, .. } => self.demerge(step, ratio, cost_percent),
            Act::TransferIn { quantity, cost, acquired_on } => {
                let lot = self.lot(place, event, LotSource::Transferred, (quantity, cost));
                let lot = Lot { acquired_on, stt_paid: None, ..lot };
                self.add_older(place, lot);
            }
            Act::TransferOut { quantity, .. } => self.transfer(step, quantity),
            Act::Buyback { quantity, amount } => {
                let fill =
                    Fill { quantity, amount, charges: None, stt: None, venue: Venue::OffMarket };
                self.close(place, Leg { event, fill }, |_| Way::Buyback);
            }
            Act::Income { kind, gross, tds, capital } => {
                self.incomes.push(Income {
                    event: event.id,
                    place,
                    on: event.on,
                    kind,
                    gross,
                    tds,
                });
                self.repay(place, event, capital);
            }
            Act::Opening { quantity, cost, acquired_on } => {
                let lot = self.lot(place, event, LotSource::Opening, (quantity, cost));
                let credited_on = acquired_on.or(lot.credited_on);
                let lot = Lot { acquired_on, credited_on, stt_paid: None, ..lot };
                self.add_older(place, lot);
            }
            Act::Charge { .. } => {}
        }
    }

    /// A lot of a day on which acquiring and crediting are one.
    pub(super) fn lot(
        &self,
        place: usize,
        event: &Event,
        source: LotSource,
        of: (Decimal, Option<Decimal>),
    ) -> Lot {
        let (quantity, cost) = of;
        Lot {
            event: Some(event.id),
            source,
            quantity,
            cost,
            acquired_on: Some(event.on),
            credited_on: Some(event.on),
            stt_paid: Some(true),
            factor: Decimal::ONE,
            valued_as: self.steps.places[place].isin,
            needs_review: false,
            fair_value_open: false,
            reference: event.reference.clone(),
        }
    }

    fn credit(
        &mut self,
        place: usize,
        event: &Event,
        source: LotSource,
        of: (Decimal, Option<Decimal>),
    ) {
        let lot = self.lot(place, event, source, of);
        self.queues[place].add(lot);
    }

    /// Works the day's trades through, place by place; where transfers wait, those of the giver before the taker's.
    fn trade(&mut self) {
        let mut trades = std::mem::take(&mut self.trades);
        // Stable: within a place the order of execution stays.
        trades.sort_by_key(|(place, _)| *place);
        let mut traded = HashSet::new();
        for (step, quantity) in std::mem::take(&mut self.deferred) {
            if traded.insert(step.place) {
                let from = trades.partition_point(|(place, _)| *place < step.place);
                let to = trades.partition_point(|(place, _)| *place <= step.place);
                self.trade_each(&trades[from..to]);
            }
            self.transfer_rest(step, quantity);
        }
        trades.retain(|(place, _)| !traded.contains(place));
        self.trade_each(&trades);
        trades.clear();
        self.trades = trades;
    }

    fn trade_each(&mut self, trades: &[(usize, &'a Event)]) {
        let mut fills = Vec::new();
        for of_place in trades.chunk_by(|a, b| a.0 == b.0) {
            fills.clear();
            fills.extend(of_place.iter().map(|(_, event)| *event));
            if let Some((place, _)) = of_place.first() {
                self.trade_in(*place, &fills);
            }
        }
    }

    fn trade_in(&mut self, place: usize, fills: &[&'a Event]) {
        let squared = square(fills);
        for (buy, sell) in squared.pairs {
            let ambiguous = buy.exchange() != sell.exchange();
            let lot = self.bought(place, buy);
            self.close_lot(place, sell, lot, Way::Intraday { ambiguous });
        }
        let bought: Vec<Lot> =
            squared.buys.into_iter().map(|buy| self.bought(place, buy)).collect();
        self.queues[place].add_all(bought);
        for sell in squared.sells {
            let venue = sell.fill.venue;
            if venue == Venue::Fraction {
                self.pay_fraction(place, sell);
                continue;
            }
            let on = sell.event.on;
            self.close(place, sell, |lot| match venue {
                Venue::TradeToTrade(_)
                    if lot.source == LotSource::Bought && lot.credited_on == Some(on) =>
                {
                    Way::SameDayDelivery(venue)
                }
                _ => Way::Sold(venue),
            });
        }
    }

    fn bought(&self, place: usize, leg: Leg<'a>) -> Lot {
        let cost = leg.fill.amount + leg.fill.charges.unwrap_or_default();
        let lot = self.lot(place, leg.event, LotSource::Bought, (leg.fill.quantity, Some(cost)));
        let off_market = matches!(leg.fill.venue, Venue::OffMarket);
        Lot { stt_paid: Some(!off_market), ..lot }
    }

    /// Closes the oldest lots by a sale.
    fn close(&mut self, place: usize, mut leg: Leg<'a>, way: impl Fn(&Lot) -> Way) {
        let mut lots = self.queues[place].take(leg.fill.quantity);
        let found: Decimal = lots.iter().map(|lot| lot.quantity).sum();
        if found < leg.fill.quantity {
            // Openings cover every sale but for fractions a ratio leaves; that part has no known lot.
            lots.push(derived(self.steps, place, leg.fill.quantity - found));
        }
        for lot in lots {
            let way = way(&lot);
            let sold = leg.split_off(lot.quantity);
            self.close_lot(place, sold, lot, way);
        }
    }

    pub(super) fn close_lot(&mut self, place: usize, leg: Leg<'a>, mut lot: Lot, way: Way) {
        if lot.source == LotSource::Derived {
            // Its cost is an average of what a statement held: good for a holding, not for a gain.
            lot.cost = None;
        }
        self.closings.push(Closing {
            event: leg.id(),
            place,
            sold_on: leg.event.on,
            way,
            consideration: leg.fill.amount,
            expenses: leg.fill.charges,
            lot,
        });
    }

    /// Gives a derived opening the cost the snapshot leaves for it, unless part of it was sold.
    fn price_opening(&mut self, place: usize, snapshot: &Snapshot, opening: Decimal) {
        let lots = &mut self.queues[place];
        let others: Option<Decimal> =
            lots.iter().filter(|lot| lot.source != LotSource::Derived).map(|lot| lot.cost).sum();
        let left = snapshot.cost.zip(others).map(|(whole, others)| whole - others);
        let rounding = if self.steps.in_parts[place] { Decimal::new(1, 3) } else { Decimal::ONE };
        let untouched = |lot: &Lot| {
            let then = opening.checked_mul(lot.factor);
            then.is_some_and(|then| (lot.quantity - then).abs() < rounding)
        };
        let mut derived: Vec<&mut Lot> =
            lots.iter_mut().filter(|lot| lot.source == LotSource::Derived).collect();
        if let [lot] = derived.as_mut_slice()
            && untouched(lot)
        {
            lot.cost = left.filter(|cost| *cost > Decimal::ZERO);
        }
    }
}

/// What was there before the first event.
pub(super) fn derived(steps: &Steps<'_>, place: usize, quantity: Decimal) -> Lot {
    Lot {
        event: None,
        source: LotSource::Derived,
        quantity,
        cost: None,
        acquired_on: None,
        credited_on: None,
        stt_paid: None,
        factor: Decimal::ONE,
        valued_as: steps.places[place].isin,
        needs_review: false,
        fair_value_open: false,
        reference: "".into(),
    }
}
