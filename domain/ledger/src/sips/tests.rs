//! Plans that are recognised, and purchases that are none.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{Fill, Venue};

fn fund(number: u8) -> Place {
    let isin = Isin::parse(["INF204KB14I2", "INF179K01BE2"][usize::from(number)]).unwrap();
    Place { account: Uuid::from_u128(1), isin, folio: None }
}

fn buy(number: u8, on: Date, amount: i64) -> Event {
    let fill = Fill {
        quantity: Decimal::from(amount) / Decimal::from(10),
        amount: Decimal::from(amount),
        charges: None,
        stt: None,
        venue: Venue::Fund,
    };
    let day = i128::from(date(2000, 1, 1).until(on).unwrap().get_days());
    let id = (i128::from(number) << 100) + (day << 50) + i128::from(amount);
    let id = Uuid::from_u128(u128::try_from(id).unwrap());
    Event { id, place: fund(number), on, at: None, reference: "".into(), act: Act::Buy(fill) }
}

#[test]
fn a_plan_is_recognised_over_holidays_with_what_it_missed_and_its_next_day() {
    // The 5th was a Sunday in July, and nothing came in August.
    let events = [
        buy(0, date(2026, 5, 5), 5_000),
        buy(0, date(2026, 6, 5), 5_000),
        buy(0, date(2026, 7, 6), 5_000),
        buy(0, date(2026, 9, 7), 5_500),
        buy(0, date(2026, 10, 5), 5_500),
        // Not an instalment.
        buy(0, date(2026, 6, 20), 100_000),
    ];
    let plans = sips(&events, date(2026, 10, 20));
    let [plan] = &plans[..] else { panic!("{plans:?}") };
    assert_eq!((plan.day, plan.instalments.len()), (5, 5));
    assert_eq!((plan.amount(), plan.invested()), (5_500.into(), 26_000.into()));
    assert_eq!(plan.missed, [date(2026, 8, 1)]);
    assert_eq!(plan.next, Some(date(2026, 11, 5)));
    let later = sips(&events, date(2026, 11, 11));
    assert_eq!(later[0].missed, [date(2026, 8, 1), date(2026, 11, 1)]);
    assert_eq!(later[0].next, Some(date(2026, 12, 5)));
    let ended = sips(&events, date(2027, 4, 1));
    assert_eq!((ended[0].next, ended[0].missed.len()), (None, 1));
}

#[test]
fn plans_of_one_fund_are_told_apart_by_day_and_by_amount() {
    let months = || (1..=4).map(|month| date(2026, month, 1));
    let events: Vec<Event> = months()
        .flat_map(|first| {
            let on = |day: i8| first.with().day(day).build().unwrap();
            [buy(0, on(3), 1_000), buy(0, on(4), 9_000), buy(0, on(20), 1_000), buy(1, on(28), 500)]
        })
        .collect();
    let mut plans: Vec<(i8, Decimal, usize)> = sips(&events, date(2026, 4, 30))
        .iter()
        .map(|plan| (plan.day, plan.amount(), plan.instalments.len()))
        .collect();
    plans.sort();
    let expected = [(3, 1_000), (4, 9_000), (20, 1_000), (28, 500)];
    assert_eq!(plans, expected.map(|(day, amount)| (day, Decimal::from(amount), 4)));
}

#[test]
fn purchases_without_a_rhythm_are_no_plan() {
    let events = [
        buy(0, date(2026, 1, 5), 5_000),
        buy(0, date(2026, 1, 25), 5_000),
        buy(0, date(2026, 2, 14), 5_000),
        buy(0, date(2026, 6, 1), 5_000),
        buy(0, date(2026, 7, 12), 40_000),
    ];
    assert_eq!(sips(&events, date(2026, 8, 1)), []);
    let quarterly = [1, 4, 7, 10].map(|month| buy(0, date(2026, month, 5), 30_000));
    assert_eq!(sips(&quarterly, date(2026, 10, 20)), []);
}

#[test]
fn a_plan_ends_when_another_one_takes_its_place() {
    let small = (1..=5).map(|month| buy(0, date(2026, month, 5), 5_000));
    let large = (6..=8).map(|month| buy(0, date(2026, month, 5), 10_000));
    let events: Vec<Event> = small.chain(large).collect();
    let plans = sips(&events, date(2026, 8, 20));
    let open: Vec<Decimal> =
        plans.iter().filter(|plan| plan.next.is_some()).map(Sip::amount).collect();
    assert_eq!((plans.len(), open), (2, vec![10_000.into()]));
}

#[test]
fn a_plan_of_the_months_end_is_told_by_its_own_day_though_it_began_late() {
    let mut events = vec![buy(0, date(2026, 3, 2), 1_000)];
    events.extend((3..=7).map(|month| buy(0, date(2026, month, 28), 1_000)));
    let plans = sips(&events, date(2026, 8, 1));
    assert_eq!((plans[0].day, plans[0].next), (28, Some(date(2026, 8, 28))));
    assert_eq!((plans[0].instalments.len(), plans[0].missed.len()), (6, 0));
}

#[test]
fn the_return_is_of_the_units_of_the_plan_alone() {
    let day = date(2025, 1, 10);
    let mut events: Vec<Event> =
        (0..12).map(|month| buy(0, day.saturating_add(month.months()), 1_000)).collect();
    events.push(buy(0, date(2025, 3, 25), 50_000));
    let ledger = Ledger::new(&events, &[]);
    let today = date(2026, 1, 10);
    let plans = sips(&events, today);
    let found = returns(&plans, &ledger, today, |_| Some(Decimal::from(11)));
    assert_eq!((plans.len(), found[0].value), (1, Some(Decimal::from(13_200))));
    let mut flows: Vec<Flow> = (0..12)
        .map(|month| Flow { on: day.saturating_add(month.months()), amount: (-1_000).into() })
        .collect();
    flows.push(Flow { on: today, amount: 13_200.into() });
    assert_eq!(found[0].xirr, Some(xirr(&flows)));
    let unpriced = returns(&plans, &ledger, today, |_| None);
    assert_eq!((unpriced[0].value, &unpriced[0].xirr), (None, &None));
}

proptest! {
    #[test]
    fn every_plan_that_keeps_its_day_is_found_whole(
        day in 1i8..=31,
        late in prop::collection::vec(0i32..=5, 3..40),
        missed in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut expected = Vec::new();
        let mut in_a_row = 0;
        for (number, late) in late.iter().enumerate() {
            in_a_row = if number > 0 && missed[number] { in_a_row + 1 } else { 0 };
            if in_a_row > 0 && in_a_row <= MOST_MISSED {
                continue;
            }
            in_a_row = 0;
            let month = month_of(date(2020, 1, 1)) + i32::try_from(number).unwrap();
            // The first one says which day it is.
            let late = if number == 0 { 0 } else { *late };
            expected.push(day_of(month, day).saturating_add(late.days()));
        }
        let mut events: Vec<Event> = expected.iter().map(|on| buy(0, *on, 2_500)).collect();
        events.reverse();
        let found = sips(&events, *expected.last().unwrap());
        let months: Vec<i32> = expected.iter().map(|on| month_of(*on)).collect();
        let in_a_row = months.windows(2).filter(|two| two[0] + 1 == two[1]).count();
        // With room for instalments that came in the month after.
        if in_a_row > expected.len() / 2 + 2 {
            prop_assert_eq!(found.len(), 1);
            let days: Vec<Date> = found[0].instalments.iter().map(|one| one.on).collect();
            prop_assert_eq!(days, expected);
            prop_assert!(found[0].next.is_some_and(|next| next > found[0].instalments.last().unwrap().on));
        }
    }

    #[test]
    fn any_purchases_are_in_one_plan_at_most(
        purchases in prop::collection::vec((0u8..2, 0i32..900, 1i64..5), 0..80),
    ) {
        let on = |days: i32| date(2020, 1, 1).saturating_add(days.days());
        let mut events: Vec<Event> =
            purchases.iter().map(|(fund, days, amount)| buy(*fund, on(*days), amount * 1_000)).collect();
        events.sort_by_key(|event| event.id);
        events.dedup_by_key(|event| event.id);
        let plans = sips(&events, on(900));
        let mut all: Vec<Uuid> =
            plans.iter().flat_map(|plan| &plan.instalments).flat_map(|one| one.events.clone()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(all.len(), count);
        events.reverse();
        prop_assert_eq!(sips(&events, on(900)), plans);
    }
}
