//! The portfolio as it was when a day ended.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use jiff::ToSpan;
use jiff::civil::Date;
use ledger::{Event, History, Isin, Ledger, Position, Snapshot};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::portfolio::{Context, Portfolio};
use super::unknown::Unknown;
use crate::Query;

/// A close is the last of its day's market for so long; an older one says nothing of the day's change.
const DAYS_OF_A_LONG_WEEKEND: i32 = 4;

/// What one account holds of a security when a day ends. `None` is unknown.
#[derive(Clone, Debug)]
pub(super) struct HeldPosition {
    pub(super) account: Uuid,
    pub(super) isin: Isin,
    pub(super) quantity: Decimal,
    pub(super) pledged: Option<Decimal>,
    pub(super) cost: Option<Decimal>,
    pub(super) price: Option<PriceOfDay>,
}

/// A price, and the close before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PriceOfDay {
    pub(super) close: Decimal,
    pub(super) previous: Option<Decimal>,
}

/// A portfolio when a day ended.
pub(super) struct View<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) portfolio: &'a Portfolio<'a>,
    pub(super) day: Date,
    pub(super) ledger: Cow<'a, Ledger>,
    pub(super) held: Vec<HeldPosition>,
    today: HashMap<Isin, PriceOfDay>,
    worth: OnceCell<Decimal>,
}

impl<'a> View<'a> {
    /// The portfolio at the end of `day`, which is not after today; unknown where what was held then is not known, and the
    /// query asks for it. What happened on days is known without it.
    pub(super) fn new(context: &'a Context<'a>, day: Date, query: &Query) -> Result<Self, Unknown> {
        let portfolio = context.portfolio;
        let mut view = Self {
            context,
            portfolio,
            day,
            ledger: Cow::Borrowed(portfolio.ledger),
            held: Vec::new(),
            today: HashMap::new(),
            worth: OnceCell::new(),
        };
        if day >= portfolio.today {
            view.hold_today();
            return Ok(view);
        }
        if !query.asks_what_is_held() {
            return Ok(view);
        }
        match context.history {
            History::Complete => {}
            History::From(known) if known <= day => {}
            History::From(_) | History::Unknown => return Err(Unknown::History),
        }
        view.hold_then();
        Ok(view)
    }

    fn hold_today(&mut self) {
        for holding in self.portfolio.holdings {
            let price = holding.price.as_ref().map(|price| PriceOfDay {
                close: price.close.0,
                previous: price.previous.map(|close| close.0),
            });
            self.today.extend(price.map(|price| (holding.isin, price)));
            if !holding.owned.0.is_zero() {
                self.held.push(HeldPosition {
                    account: holding.account,
                    isin: holding.isin,
                    quantity: holding.owned.0,
                    pledged: Some(holding.pledged.0),
                    cost: holding.cost.map(|cost| cost.0),
                    price,
                });
            }
        }
    }

    fn hold_then(&mut self) {
        let Portfolio { events, snapshots, ledger, .. } = self.portfolio;
        let snapshots = ledger.snapshots_on(self.day, snapshots);
        let events: Vec<Event> =
            events.iter().filter(|event| event.on <= self.day).cloned().collect();
        let ledger = Ledger::new(&events, &snapshots);
        let stated: HashMap<_, &Snapshot> =
            snapshots.iter().map(|snapshot| (&snapshot.place, snapshot)).collect();
        let mut held: Vec<HeldPosition> = Vec::new();
        for (place, position) in ledger.places.iter().zip(&ledger.positions) {
            if position.quantity.is_zero() {
                continue;
            }
            let stated = stated.get(place).and_then(|snapshot| snapshot.cost);
            let one = HeldPosition {
                account: place.account,
                isin: place.isin,
                quantity: position.quantity,
                pledged: None,
                cost: position.cost().or(stated),
                price: self.price(place.isin),
            };
            let same =
                |other: &&mut HeldPosition| (other.isin, other.account) == (one.isin, one.account);
            match held.last_mut().filter(same) {
                // Folios of one scheme are one holding; places are in order.
                Some(other) => {
                    other.quantity += one.quantity;
                    other.cost = other.cost.zip(one.cost).map(|(one, two)| one + two);
                }
                None => held.push(one),
            }
        }
        self.held = held;
        self.ledger = Cow::Owned(ledger);
    }

    /// What is held in each place, by its number; nothing on an earlier day of a query that does not ask for it.
    pub(super) fn open_positions(&self) -> impl Iterator<Item = (usize, &Position)> {
        let known = self.day >= self.portfolio.today || matches!(self.ledger, Cow::Owned(_));
        self.ledger.positions.iter().enumerate().filter(move |_| known)
    }

    /// The newest price of the day.
    pub(super) fn price(&self, isin: Isin) -> Option<PriceOfDay> {
        if self.day >= self.portfolio.today {
            return self.today.get(&isin).copied();
        }
        let (&(on, close), before) = self.portfolio.prices.until(isin, self.day).split_last()?;
        let is_new = on >= self.day.saturating_sub(DAYS_OF_A_LONG_WEEKEND.days());
        // In shares of the day: a close before a split or a bonus is of fewer.
        let adjusted = |on: Date, close: Decimal| {
            close.checked_div(self.context.factor(isin, on, self.day)).unwrap_or(close)
        };
        let previous = before.last().filter(|_| is_new).map(|(on, close)| adjusted(*on, *close));
        Some(PriceOfDay { close: adjusted(on, close), previous })
    }

    /// Twelve months before the view's day.
    pub(super) fn a_year_before(&self) -> Date {
        self.day.saturating_sub(1.year())
    }

    /// The highest and the lowest close of twelve months, in shares of the view's day: a split or a bonus since divides
    /// the closes before it.
    pub(super) fn extremes(&self, isin: Isin) -> Option<(Decimal, Decimal)> {
        let after = self.a_year_before();
        let closes = self.portfolio.prices.until(isin, self.day);
        let from = closes.partition_point(|(on, _)| *on <= after);
        let adjusted = |(on, close): &(Date, Decimal)| {
            close.checked_div(self.context.factor(isin, *on, self.day)).unwrap_or(*close)
        };
        let mut closes = closes[from..].iter().map(adjusted);
        let first = closes.next()?;
        Some(closes.fold((first, first), |(high, low), close| (high.max(close), low.min(close))))
    }

    /// Worth of everything that has a price.
    pub(super) fn worth(&self) -> Decimal {
        let value = |held: &HeldPosition| held.price.map(|price| price.close * held.quantity);
        *self.worth.get_or_init(|| self.held.iter().filter_map(value).sum())
    }
}
