//! The ledger: whatever happened, working it out ends within its budget, in whatever order it is told.
#![no_main]

use jiff::ToSpan;
use jiff::civil::date;
use ledger::budget::{MOST_LOT_STEPS, lot_steps};
use ledger::{Act, Event, Exchange, Fill, IncomeKind, Isin, Ledger, Place, Ratio, Venue};
use libfuzzer_sys::fuzz_target;

const ISINS: [&str; 3] = ["INE925R01014", "INE002A01018", "INF204KB14I2"];

fuzz_target!(|bytes: &[u8]| {
    let (events, _) = bytes.as_chunks::<5>();
    let mut events: Vec<Event> = (1u128..).zip(events).filter_map(|(id, one)| event(id, one)).collect();
    let forwards = Ledger::new(&events, &[]);
    let steps: u64 = lot_steps(&events)
        .iter()
        .filter(|(isins, _)| !forwards.left_out.iter().any(|isin| isins.contains(isin)))
        .map(|(_, steps)| *steps)
        .sum();
    assert!(steps <= MOST_LOT_STEPS, "what is worked out is within the budget");
    let lots: usize = forwards.positions.iter().map(|position| position.lots.len()).sum();
    assert!(u64::try_from(lots).is_ok_and(|lots| lots <= MOST_LOT_STEPS / 4), "{lots} lots");
    let mut lots = forwards.positions.iter().flat_map(|position| &position.lots);
    assert!(lots.all(|lot| lot.quantity > 0.into()), "no lot is of less than nothing");
    events.reverse();
    assert_eq!(forwards, Ledger::new(&events, &[]), "in whatever order");
});

/// What, of which security, on which day, and two numbers.
fn event(id: u128, [kind, of, day, one, other]: &[u8; 5]) -> Option<Event> {
    let isin = Isin::parse(ISINS[usize::from(of % 3)]).ok()?;
    let into = Isin::parse(ISINS[usize::from(of / 3 % 3)]).ok()?;
    let (account, to) = (uuid::Uuid::from_u128(u128::from(of / 9 % 2)), u128::from(of / 18 % 2));
    let (quantity, amount) = (i64::from(*one) + 1, i64::from(*other) * 10);
    let (quantity, amount) = (quantity.into(), amount.into());
    let ratio = Ratio { gives: (i64::from(one % 9) + 1).into(), per: (i64::from(other % 9) + 1).into() };
    let venue = match other % 4 {
        0 => Venue::TradeToTrade(Exchange::Nse),
        1 => Venue::Fund,
        _ => Venue::Exchange(Exchange::Nse),
    };
    let fill = Fill { quantity, amount, charges: None, stt: None, venue };
    let on = date(2015, 1, 1) + (i64::from(*day) * 7).days();
    let act = match kind % 13 {
        0..=3 => Act::Buy(fill),
        4 | 5 => Act::Sell(fill),
        6 => Act::Split { ratio, into: (into != isin).then_some(into) },
        7 => Act::Merger { ratio, into },
        8 => Act::Demerger { ratio, into, cost_percent: (i64::from(*other) % 101).into() },
        9 => Act::Bonus { ratio, allotted_on: on },
        10 => Act::TransferOut { quantity, to: Some(uuid::Uuid::from_u128(to)) },
        11 => Act::Opening { quantity, cost: Some(amount), acquired_on: Some(on - 900.days()) },
        _ => Act::Income { kind: IncomeKind::Distribution, gross: amount, tds: 0.into(), capital: quantity },
    };
    let place = Place { account, isin, folio: None };
    Some(Event { id: uuid::Uuid::from_u128(id), place, on, at: None, reference: format!("{id}").into(), act })
}
