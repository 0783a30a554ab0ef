//! What holds for any portfolio.

use std::collections::{BTreeMap, HashMap};

use jiff::ToSpan;
use jiff::civil::{Date, date};
use ledger::returns::{Prices, days, returns};
use ledger::{Act, Event, Fill, IncomeKind, Ledger, LotSource, Place, Ratio, Snapshot, Venue, Way};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::book::{A, B, FUND, NSE, isin};

const ISINS: [&str; 3] = [A, B, FUND];
const FIRST: Date = date(2023, 1, 2);

fn amount(paise: i64) -> Decimal {
    Decimal::new(paise, 2)
}

/// Quantities in thousandths, so that funds are among them.
fn fills() -> impl Strategy<Value = Fill> {
    let charges = prop::option::of(0i64..5_000);
    (1i64..50_000, 1i64..500_000, charges, prop::bool::ANY).prop_map(
        |(quantity, price, charges, whole)| {
            let quantity =
                if whole { Decimal::from(quantity / 1000 + 1) } else { Decimal::new(quantity, 3) };
            let stt = charges.map(|_| amount(100));
            Fill {
                quantity,
                amount: quantity * amount(price),
                charges: charges.map(amount),
                stt,
                venue: NSE,
            }
        },
    )
}

fn acts() -> impl Strategy<Value = Act> {
    let ratio =
        (1i64..6, 1i64..6).prop_map(|(gives, per)| Ratio { gives: gives.into(), per: per.into() });
    prop_oneof![
        6 => fills().prop_map(Act::Buy),
        5 => fills().prop_map(Act::Sell),
        1 => (1i64..1000, 0i64..500_000).prop_map(|(thousandths, paid)| Act::Sell(Fill {
            quantity: Decimal::new(thousandths, 3), amount: amount(paid), charges: None, stt: None, venue: Venue::Fraction,
        })),
        1 => ratio.clone().prop_map(|ratio| Act::Split { ratio, into: None }),
        1 => ratio.clone().prop_map(|ratio| Act::Split { ratio, into: Some(isin(B)) }),
        1 => ratio.clone().prop_map(|ratio| Act::Merger { ratio, into: isin(FUND) }),
        1 => ratio.clone().prop_map(|ratio| Act::Bonus { ratio, allotted_on: FIRST + 30.days() }),
        1 => ratio.prop_map(|ratio| Act::Demerger { ratio, into: isin(FUND), cost_percent: 37.into() }),
        1 => (1i64..1000).prop_map(|quantity| Act::TransferIn {
            quantity: quantity.into(), cost: Some(amount(quantity * 77)), acquired_on: None,
        }),
        1 => (1i64..1000).prop_map(|quantity| Act::Rights { quantity: quantity.into(), amount: amount(quantity * 7) }),
        1 => (1i64..1000).prop_map(|quantity| Act::IpoAllotment { quantity: quantity.into(), amount: amount(quantity * 9) }),
        1 => (1i64..100).prop_map(|quantity| Act::Buyback { quantity: quantity.into(), amount: amount(quantity * 99) }),
        1 => (1i64..100).prop_map(|quantity| Act::TransferOut { quantity: quantity.into(), to: None }),
        2 => (1i64..100).prop_map(|quantity| Act::TransferOut { quantity: quantity.into(), to: Some(Uuid::max()) }),
        1 => (1i64..100_000, 0i64..3_000).prop_map(|(gross, capital)| Act::Income {
            kind: IncomeKind::Distribution, gross: amount(gross), tds: amount(gross / 10), capital: amount(capital),
        }),
        1 => (1i64..100_000).prop_map(|paise| Act::Charge { amount: amount(paise) }),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0usize..4, 0i32..60, prop::option::of(0i8..24), acts());
    prop::collection::vec(event, 1..60).prop_map(|list| {
        let event =
            |(number, (of, after, hour, act)): (usize, (usize, i32, Option<i8>, Act))| Event {
                id: Uuid::from_u128(number as u128 + 1),
                place: Place {
                    account: if of > 2 { Uuid::max() } else { Uuid::nil() },
                    isin: isin(ISINS[of % 2]),
                    folio: None,
                },
                on: FIRST + after.days(),
                at: hour.map(|hour| jiff::civil::time(hour, 0, 0, 0)),
                reference: number.to_string().into(),
                act,
            };
        list.into_iter().enumerate().map(event).collect()
    })
}

fn snapshots() -> impl Strategy<Value = Vec<Snapshot>> {
    let snapshot = (0usize..3, 0i32..70, 0i64..200, prop::option::of(1i64..1_000_000));
    prop::collection::vec(snapshot, 0..4).prop_map(|list| {
        let snapshot =
            |(number, (of, after, quantity, cost)): (usize, (usize, i32, i64, Option<i64>))| {
                Snapshot {
                    place: Place { account: Uuid::nil(), isin: isin(ISINS[of]), folio: None },
                    // One of a place on a day: the later import replaces the earlier one before the ledger sees them.
                    on: FIRST + (after * 4 + number as i32).days(),
                    at: None,
                    quantity: quantity.into(),
                    cost: cost.map(amount),
                }
            };
        list.into_iter().enumerate().map(snapshot).collect()
    })
}

/// A close for each security on most days.
fn prices() -> impl Strategy<Value = Vec<Vec<Option<i64>>>> {
    prop::collection::vec(prop::collection::vec(prop::option::weighted(0.8, 1i64..500_000), 90), 3)
}

fn price_lists(closes: &[Vec<Option<i64>>]) -> HashMap<ledger::Isin, Vec<(Date, Decimal)>> {
    let list = |closes: &Vec<Option<i64>>| -> Vec<(Date, Decimal)> {
        let known = closes.iter().enumerate().filter_map(|(after, close)| Some((after, (*close)?)));
        // All of them are known from before the first event.
        let first = [(FIRST - 5.days(), amount(10_000))];
        first
            .into_iter()
            .chain(known.map(|(after, close)| (FIRST + (after as i32).days(), amount(close))))
            .collect()
    };
    ISINS.iter().zip(closes).map(|(of, closes)| (isin(of), list(closes))).collect()
}

/// Quantity and known cost that came in by events and by what is derived, and that went out.
fn acquired(events: &[Event]) -> Decimal {
    let acquired = |event: &Event| match event.act {
        Act::Buy(fill) => fill.amount + fill.charges.unwrap_or_default(),
        Act::TransferIn { cost, .. } => cost.unwrap_or_default(),
        Act::Rights { amount, .. } | Act::IpoAllotment { amount, .. } => amount,
        _ => Decimal::ZERO,
    };
    events.iter().map(acquired).sum()
}

fn known_cost<'a>(lots: impl Iterator<Item = &'a ledger::Lot>) -> Decimal {
    lots.filter(|lot| lot.source != LotSource::Derived).filter_map(|lot| lot.cost).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_rupee_of_cost_is_in_an_open_lot_a_closing_or_a_departure(events in events(), snapshots in snapshots()) {
        let ledger = Ledger::new(&events, &snapshots);
        let open = known_cost(ledger.positions.iter().flat_map(|position| &position.lots));
        let closed = known_cost(ledger.closings.iter().map(|closing| &closing.lot));
        let gone = known_cost(ledger.departures.iter().map(|departure| &departure.lot));
        let repaid = events.iter().map(|event| match event.act {
            Act::Income { capital, .. } => capital,
            _ => Decimal::ZERO,
        });
        // What a trust repays lowers a cost, as far as there is one.
        let left = acquired(&events) - open - closed - gone;
        prop_assert!(left >= Decimal::ZERO && left <= repaid.sum(), "{left} is nowhere");
    }

    #[test]
    fn every_sale_is_closed_whole(events in events(), snapshots in snapshots()) {
        let ledger = Ledger::new(&events, &snapshots);
        let mut sales: BTreeMap<Uuid, (Decimal, Decimal)> = BTreeMap::new();
        for closing in &ledger.closings {
            let sale = sales.entry(closing.event).or_default();
            sale.0 += closing.lot.quantity;
            sale.1 += closing.consideration;
        }
        for event in &events {
            let sold = match event.act {
                Act::Sell(Fill { quantity, amount, .. }) | Act::Buyback { quantity, amount } => (quantity, amount),
                _ => continue,
            };
            prop_assert_eq!(sales.get(&event.id).copied(), Some(sold));
        }
    }

    #[test]
    fn lots_sum_to_the_quantity_held_and_nothing_is_below_zero(events in events(), snapshots in snapshots()) {
        let ledger = Ledger::new(&events, &snapshots);
        for position in &ledger.positions {
            let lots: Decimal = position.lots.iter().map(|lot| lot.quantity).sum();
            let outflow = match position.state {
                ledger::Reconciled::UnexplainedOutflow(outflow) => outflow,
                _ => Decimal::ZERO,
            };
            // Fractions of a consolidation are the one place where quantities are rounded.
            prop_assert!((lots - position.quantity - outflow).abs() <= Decimal::new(2, 3), "{:?}", position);
            prop_assert!(position.quantity >= Decimal::ZERO);
            prop_assert!(position.lots.iter().all(|lot| lot.quantity > Decimal::ZERO));
        }
    }

    #[test]
    fn events_in_any_order_make_the_same_ledger(events in events(), snapshots in snapshots(), seed in any::<u64>()) {
        let ledger = Ledger::new(&events, &snapshots);
        let mut shuffled = events;
        let count = shuffled.len();
        for at in 0..count {
            let other = (seed.rotate_left(at as u32) as usize).wrapping_mul(31) % count;
            shuffled.swap(at, other);
        }
        let mut reversed = snapshots;
        reversed.reverse();
        let again = Ledger::new(&shuffled, &reversed);
        prop_assert_eq!(ledger, again);
    }

    #[test]
    fn the_order_of_a_days_fills_moves_gains_between_intraday_and_delivery_and_makes_none(
        fills in prop::collection::vec((fills(), any::<bool>(), 0i8..24, 0i8..24), 2..12),
    ) {
        let book = |second: bool| {
            let event = |(number, (fill, buys, one, two)): (usize, &(Fill, bool, i8, i8))| Event {
                id: Uuid::from_u128(number as u128 + 1),
                place: Place { account: Uuid::nil(), isin: isin(A), folio: None },
                on: FIRST,
                at: Some(jiff::civil::time(if second { *two } else { *one }, 0, 0, 0)),
                reference: number.to_string().into(),
                act: if *buys { Act::Buy(*fill) } else { Act::Sell(*fill) },
            };
            fills.iter().enumerate().map(event).collect::<Vec<_>>()
        };
        let intraday = |ledger: &Ledger| -> Decimal {
            let closings = ledger.closings.iter().filter(|closing| matches!(closing.way, Way::Intraday { .. }));
            closings.map(|closing| closing.lot.quantity).sum()
        };
        let received = |ledger: &Ledger| -> Decimal { ledger.closings.iter().map(|closing| closing.consideration).sum() };
        let (one, two) = (Ledger::new(&book(false), &[]), Ledger::new(&book(true), &[]));
        prop_assert_eq!(intraday(&one), intraday(&two));
        prop_assert_eq!(received(&one), received(&two));
        prop_assert_eq!(one.positions[0].quantity, two.positions[0].quantity);
        prop_assert_eq!(one.positions[0].state, two.positions[0].state);
    }

    #[test]
    fn a_change_of_value_is_flows_gain_income_charges_and_what_is_unexplained(
        events in events(), snapshots in snapshots(), closes in prices(), from in 0i32..40, length in 1i32..45,
    ) {
        let ledger = Ledger::new(&events, &snapshots);
        let lists = price_lists(&closes);
        let (from, to) = (FIRST + from.days(), FIRST + (from + length).days());
        let days = days(&ledger, &events, &Prices::new(lists.clone()), (from, to), |_| true);
        let found = returns(&days).unwrap();
        let terms = found.terms;
        let explained = terms.flows + terms.gain + terms.income - terms.charges + terms.unexplained;
        prop_assert_eq!(terms.closing - terms.opening, explained);
        // The ends are worth what was held then, found by another way: summing moves, at the last close. A close that
        // a split has overtaken is left out of the comparison.
        for (on, value) in [(from, terms.opening), (to, terms.closing)] {
            let mut held: BTreeMap<usize, Decimal> = BTreeMap::new();
            let mut overtaken = false;
            for step in ledger.moves.iter().filter(|step| step.on <= on) {
                *held.entry(step.place).or_default() += step.quantity;
                let close = last_close(&lists, &ledger.places[step.place], on);
                let exchanged = matches!(step.cause, ledger::Cause::Action(_));
                overtaken |= exchanged && close.0 < step.on;
            }
            let worth: Decimal = held.iter().map(|(place, quantity)| {
                *quantity * last_close(&lists, &ledger.places[*place], on).1
            }).sum();
            prop_assert!(overtaken || worth == value, "{} is worth {worth}, not {value}", on);
        }
    }
}

fn last_close(
    lists: &HashMap<ledger::Isin, Vec<(Date, Decimal)>>,
    place: &Place,
    on: Date,
) -> (Date, Decimal) {
    let list = lists.get(&place.isin).expect("a list");
    *list.iter().rev().find(|(day, _)| *day <= on).expect("a close")
}
