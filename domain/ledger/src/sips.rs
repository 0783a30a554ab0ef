//! Systematic investment plans (SIPs): purchases of one fund that come back every month.
//!
//! Readers keep no mark of instalments, so a plan is recognised:
//!
//! - at least [`FEWEST`] purchases of a fund in one place, most of them a month apart,
//! - each within [`DAYS_AROUND`] days of the plan's day of its month: later when the market is closed,
//! - each of half to one and a half times the amount before,
//! - and fewer months missed than bought in.
//!
//! Plans of one fund are told apart by day and amount. A plan ends when it misses more than [`MOST_MISSED`] months, or misses one
//! while another plan of its place began.

#[cfg(test)]
mod tests;

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

/// Ends plans in whose place another one goes on: of another amount, or on another day.
fn end_replaced(plans: &mut [Sip]) {
    let mut newest: BTreeMap<Place, Date> = BTreeMap::new();
    for plan in plans.iter() {
        if let Some(first) = plan.instalments.first() {
            let newest = newest.entry(plan.place.clone()).or_insert(first.on);
            *newest = first.on.max(*newest);
        }
    }
    for plan in plans {
        let Some(last) = plan.instalments.last().map(|one| one.on) else { continue };
        let is_late = plan.missed.last().is_some_and(|missed| *missed > last);
        if is_late && newest.get(&plan.place).is_some_and(|begun| *begun > last) {
            plan.next = None;
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
