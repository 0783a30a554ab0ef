//! Systematic investment plans (SIPs): purchases of one fund that come back every month.
//!
//! Readers keep no mark of instalments, so a plan is recognised: at least [`FEWEST`] purchases of a fund in one
//! place, most of them a month apart, each within [`DAYS_AROUND`] days of the plan's day of its month, and of at least half and at most one and a half
//! times the amount before. More months have one than are missed. An instalment falls on a later day when the market is closed. Plans of one fund are told apart by
//! day and amount. A plan that misses more than [`MOST_MISSED`] months has ended.

use std::collections::{BTreeMap, HashMap};

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::returns::{Flow, Xirr, xirr};
use crate::{Act, Event, Isin, Ledger, Place};

/// Purchases that make a plan.
pub const FEWEST: usize = 3;
/// How far from the plan's day an instalment may be.
pub const DAYS_AROUND: i32 = 5;
/// Months in a row that a plan may miss and go on.
pub const MOST_MISSED: i32 = 3;

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sip {
    /// The account, the fund and the folio.
    pub place: Place,
    /// The day of the month on which most instalments are bought.
    pub day: i8,
    /// What was bought, oldest first.
    pub instalments: Vec<Instalment>,
    /// First days of the months without an instalment, since the first one.
    pub missed: Vec<Date>,
    /// When the next instalment is due; `None` of a plan that has ended.
    pub next: Option<Date>,
}

/// A purchase of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instalment {
    /// The day.
    pub on: Date,
    /// What was paid, with charges.
    pub amount: Decimal,
    /// The purchases of that day.
    pub events: Vec<Uuid>,
    /// The month it is for, counted from year 0.
    month: i32,
}

/// What became of the units of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct SipReturn {
    /// Worth of the units that are left; `None` when one of them has no price, or some left without being sold.
    pub value: Option<Decimal>,
    /// What was received for those that were sold, less charges.
    pub received: Decimal,
    /// The yearly rate; `None` without a value. What was paid out on units is not in it.
    pub xirr: Option<Xirr>,
}

impl Sip {
    /// Everything that was paid in.
    pub fn invested(&self) -> Decimal {
        self.instalments.iter().map(|one| one.amount).sum()
    }

    /// The newest instalment.
    pub fn amount(&self) -> Decimal {
        self.instalments.last().map_or(Decimal::ZERO, |one| one.amount)
    }

    /// Whether it is a plan, and no other purchases; works out its day, what it missed and when it goes on.
    fn conclude(mut self, today: Date) -> Option<Self> {
        let months = |plan: &Self| plan.instalments.iter().map(|one| one.month).collect::<Vec<_>>();
        let (came, count) = (months(&self), i32::try_from(self.instalments.len()).ok()?);
        let in_a_row = came.windows(2).filter(|two| two[0] + 1 == two[1]).count();
        let missed = came.last()? - came.first()? + 1 - count;
        if in_a_row + 1 < FEWEST || missed >= count {
            return None;
        }
        self.move_day();
        let came = months(&self);
        let (first, last) = (*came.first()?, *came.last()?);
        let is_open =
            |month: &i32| day_of(*month, self.day).saturating_add(DAYS_AROUND.days()) >= today;
        let next = (last + 1..=last + 1 + MOST_MISSED).find(is_open);
        self.next = next.map(|month| day_of(month, self.day));
        let until = next.unwrap_or(last);
        let missed = (first..until).filter(|month| came.binary_search(month).is_err());
        self.missed = missed.map(|month| day_of(month, 1)).collect();
        Some(self)
    }

    /// Moves the plan to the day that most instalments are on: the first one may have been late. That may be a day of the month
    /// before.
    fn move_day(&mut self) {
        let mut late: BTreeMap<i32, usize> = BTreeMap::new();
        for one in &self.instalments {
            *late.entry(days_after(one.month, self.day, one.on)).or_default() += 1;
        }
        // Instalments are late and never early: of two that are as frequent, the first.
        let most = late.iter().rev().max_by_key(|(_, count)| **count).map_or(0, |(days, _)| *days);
        let usual =
            self.instalments.iter().find(|one| days_after(one.month, self.day, one.on) == most);
        if let Some(usual) = usual.filter(|_| most != 0) {
            let (day, moved) = (usual.on.day(), month_of(usual.on) - usual.month);
            self.day = day;
            self.instalments.iter_mut().for_each(|one| one.month += moved);
        }
    }
}

/// The plans that are among purchases, until today.
pub fn sips(events: &[Event], today: Date) -> Vec<Sip> {
    let mut purchases: BTreeMap<(&Place, Date), (Decimal, Vec<Uuid>)> = BTreeMap::new();
    for event in events.iter().filter(|event| event.on <= today && is_fund(event.place.isin)) {
        if let Act::Buy(fill) = &event.act {
            let one = purchases.entry((&event.place, event.on)).or_default();
            one.0 += fill.amount + fill.fees();
            one.1.push(event.id);
        }
    }
    let mut plans: Vec<Sip> = Vec::new();
    // Plans that the next purchase may be of: those of its place that have not ended. There are few of them, since a day has
    // one purchase of a place.
    let mut open: Vec<usize> = Vec::new();
    for ((place, on), (amount, mut events)) in purchases {
        events.sort_unstable();
        open.retain(|number| {
            let plan = &plans[*number];
            let last = plan.instalments.last().map_or(0, |one| one.month);
            plan.place == *place && last + MOST_MISSED + 2 >= month_of(on)
        });
        let fits = open.iter().filter_map(|number| {
            let (month, days) = fit(&plans[*number], on, amount)?;
            Some(((plans[*number].amount() - amount).abs(), days, month, *number))
        });
        match fits.min() {
            Some((.., month, number)) => {
                plans[number].instalments.push(Instalment { on, amount, events, month });
            }
            None => {
                open.push(plans.len());
                plans.push(Sip {
                    place: place.clone(),
                    day: on.day(),
                    instalments: vec![Instalment { on, amount, events, month: month_of(on) }],
                    missed: Vec::new(),
                    next: None,
                });
            }
        }
    }
    let mut plans: Vec<Sip> = plans.into_iter().filter_map(|plan| plan.conclude(today)).collect();
    end_replaced(&mut plans);
    plans
}

/// Ends plans in whose place another one goes on: of a larger instalment, or on another day.
fn end_replaced(plans: &mut [Sip]) {
    let begin = |plan: &Sip| plan.instalments.first().map(|one| one.on);
    let begins: Vec<(Place, Option<Date>)> =
        plans.iter().map(|plan| (plan.place.clone(), begin(plan))).collect();
    for plan in plans {
        let Some(last) = plan.instalments.last() else { continue };
        let is_late = plan.missed.last().is_some_and(|missed| *missed > last.on);
        let replaced = begins.iter().any(|(place, on)| *place == plan.place && *on > Some(last.on));
        if is_late && replaced {
            plan.next = None;
            let last = last.on;
            plan.missed.retain(|missed| *missed <= last);
        }
    }
}

/// For which month a purchase may be an instalment of a plan, and how many days it is away from the plan's day.
fn fit(plan: &Sip, on: Date, amount: Decimal) -> Option<(i32, i32)> {
    let (last, before) = (plan.instalments.last()?.month, plan.amount());
    let (most, twice) = (before * Decimal::from(3), amount * Decimal::from(2));
    if twice < before || twice > most {
        return None;
    }
    let month = month_of(on);
    let away = |month: i32| days_after(month, plan.day, on).abs();
    let nearest = (month - 1..=month + 1).min_by_key(|month| away(*month))?;
    let in_order = nearest > last && nearest <= last + 1 + MOST_MISSED;
    (in_order && away(nearest) <= DAYS_AROUND).then(|| (nearest, away(nearest)))
}

/// What became of each plan's units, at these prices.
pub fn returns(
    plans: &[Sip],
    ledger: &Ledger,
    today: Date,
    price: impl Fn(Isin) -> Option<Decimal>,
) -> Vec<SipReturn> {
    let plan_of: HashMap<Uuid, usize> = plans
        .iter()
        .enumerate()
        .flat_map(|(number, plan)| {
            let events = plan.instalments.iter().flat_map(|one| &one.events);
            events.map(move |event| (*event, number))
        })
        .collect();
    let of = |event: Option<Uuid>| event.and_then(|event| plan_of.get(&event)).copied();
    let mut values = vec![Some(Decimal::ZERO); plans.len()];
    for (place, position) in ledger.places.iter().zip(&ledger.positions) {
        let price = price(place.isin);
        for lot in &position.lots {
            if let Some(number) = of(lot.event) {
                let worth = price.and_then(|price| price.checked_mul(lot.quantity));
                values[number] =
                    values[number].zip(worth).and_then(|(one, other)| one.checked_add(other));
            }
        }
    }
    let mut received: Vec<Vec<Flow>> = vec![Vec::new(); plans.len()];
    for closing in &ledger.closings {
        if let Some(number) = of(closing.lot.event) {
            let amount = closing.consideration - closing.expenses.unwrap_or_default();
            received[number].push(Flow { on: closing.sold_on, amount });
        }
    }
    // Units that left without a sale are worth something to somebody: the plan has no return then.
    for departure in &ledger.departures {
        if let Some(number) = of(departure.lot.event) {
            values[number] = None;
        }
    }
    let all = plans.iter().zip(values).zip(received);
    all.map(|((plan, value), sold)| {
        let received = sold.iter().map(|flow| flow.amount).sum();
        let xirr = value.map(|value| {
            let paid = plan.instalments.iter().map(|one| Flow { on: one.on, amount: -one.amount });
            let flows: Vec<Flow> =
                paid.chain(sold).chain([Flow { on: today, amount: value }]).collect();
            xirr(&flows)
        });
        SipReturn { value, received, xirr }
    })
    .collect()
}

/// Units of mutual funds have ISINs that begin with INF.
fn is_fund(isin: Isin) -> bool {
    isin.as_str().starts_with("INF")
}

fn month_of(on: Date) -> i32 {
    i32::from(on.year()) * 12 + i32::from(on.month()) - 1
}

/// How many days a purchase is after a plan's day of a month.
fn days_after(month: i32, day: i8, on: Date) -> i32 {
    day_of(month, day).until(on).map_or(i32::MAX, |span| span.get_days())
}

/// A day of a month; the last one where the month is shorter.
fn day_of(month: i32, day: i8) -> Date {
    let year = i16::try_from(month.div_euclid(12)).unwrap_or(i16::MAX);
    let first = Date::new(year, i8::try_from(month.rem_euclid(12) + 1).unwrap_or(1), 1);
    let first = first.unwrap_or(Date::MAX.first_of_month());
    first.with().day(day.min(first.days_in_month())).build().unwrap_or(first)
}

#[cfg(test)]
mod tests {
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
                [
                    buy(0, on(3), 1_000),
                    buy(0, on(4), 9_000),
                    buy(0, on(20), 1_000),
                    buy(1, on(28), 500),
                ]
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
}
