//! The rows of each entity, with the figures that everything else is worked out from.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use ledger::tax::{self, Term};
use ledger::{Act, Closing, Event, IncomeKind, Isin, Lot};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::unknown::Unknown;
use super::view::{HeldPosition, View};
use crate::Entity;

/// Something a query chooses from.
pub(super) struct Row {
    /// Unique and the same for the same data.
    pub(super) id: String,
    pub(super) account: Uuid,
    pub(super) isin: Isin,
    /// The ISIN that the security has now.
    pub(super) security: Isin,
    /// Its day: of a sale, a trade, a payment. What is held has none.
    pub(super) on: Option<Date>,
    pub(super) kind: RowKind,
}

/// What only one entity's rows have. `None` is unknown.
pub(super) enum RowKind {
    /// With nothing held it stands for what was held before: returns know it, and no other figure.
    Holding {
        held: Option<HeldPosition>,
        dividends: Decimal,
    },
    OpenLot {
        lot: LotFigures,
        price: Option<Decimal>,
    },
    ClosedLot {
        lot: LotFigures,
        gain: Option<Decimal>,
    },
    Trade {
        side: Side,
        quantity: Decimal,
        amount: Decimal,
        charges: Option<Decimal>,
    },
    Income {
        kind: &'static str,
        gross: Decimal,
    },
    Flow {
        kind: &'static str,
        net: Decimal,
    },
}

/// What open and closed lots have.
pub(super) struct LotFigures {
    pub(super) quantity: Decimal,
    pub(super) cost: Option<Decimal>,
    pub(super) acquired_on: Option<Date>,
    /// The day of the sale, or that of the answer.
    pub(super) until: Date,
    /// Short or long; of an open lot, if it were sold that day. `None` where it has no meaning, within a day.
    pub(super) term: Result<Option<Term>, Unknown>,
    /// The first day of long term; `None` of what never is.
    pub(super) long_term_from: Result<Option<Date>, Unknown>,
}

/// Whether a trade is a purchase or a sale.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Buy,
    Sell,
}

/// The rows of an entity, as of the view's day, of a period that ends on it.
pub(super) fn rows(entity: Entity, view: &View<'_>, from: Option<Date>) -> Vec<Row> {
    match entity {
        Entity::Holding => holdings(view),
        Entity::Lot => lots(view, from),
        Entity::Trade => of_events(view, from, trade),
        Entity::Income => incomes(view, from),
        Entity::Flow => of_events(view, from, flow),
    }
}

fn holdings(view: &View<'_>) -> Vec<Row> {
    let mut held: HashMap<(Isin, Uuid), &HeldPosition> = HashMap::new();
    for one in &view.held {
        held.insert((one.isin, one.account), one);
    }
    let places: BTreeSet<(Isin, Uuid)> = view
        .ledger
        .places
        .iter()
        .map(|place| (place.isin, place.account))
        .chain(held.keys().copied())
        .collect();
    let dividends = dividends(view);
    let row = |(isin, account): (Isin, Uuid)| Row {
        id: format!("{isin} {account}"),
        account,
        isin,
        security: view.context.security_of(isin),
        on: None,
        kind: RowKind::Holding {
            held: held.get(&(isin, account)).map(|held| (*held).clone()),
            dividends: dividends.get(&(isin, account)).copied().unwrap_or_default(),
        },
    };
    places.into_iter().map(row).collect()
}

/// Dividends of the twelve months until the view's day.
fn dividends(view: &View<'_>) -> BTreeMap<(Isin, Uuid), Decimal> {
    let after = view.a_year_before();
    let mut sums: BTreeMap<(Isin, Uuid), Decimal> = BTreeMap::new();
    for paid in &view.ledger.incomes {
        if paid.kind == IncomeKind::Dividend && paid.on > after && paid.on <= view.day {
            let place = &view.ledger.places[paid.place];
            *sums.entry((place.isin, place.account)).or_default() += paid.gross;
        }
    }
    sums
}

fn lots(view: &View<'_>, from: Option<Date>) -> Vec<Row> {
    let mut rows = Vec::new();
    // Where only what was sold is asked for, what was open on an earlier day was not worked out.
    for (number, position) in view.open_positions() {
        let price = view.price(view.ledger.places[number].isin).map(|price| price.close);
        for (at, lot) in position.lots.iter().enumerate() {
            let event = lot.event.map_or_else(|| "derived".to_owned(), |event| event.to_string());
            let figures = open(view, lot, view.ledger.places[number].isin);
            let kind = RowKind::OpenLot { lot: figures, price };
            rows.push(row(view, number, format!("{number} {at} {event}"), None, kind));
        }
    }
    let sold = view.ledger.closings.iter().enumerate();
    for (at, closing) in sold.filter(|(_, one)| within(one.sold_on, from, view.day)) {
        let isin = view.ledger.places[closing.place].isin;
        let lot = closed(view, closing, isin);
        let kind = RowKind::ClosedLot { lot, gain: closing.gain() };
        let id = format!("sold {at} {}", closing.event);
        rows.push(row(view, closing.place, id, Some(closing.sold_on), kind));
    }
    rows
}

fn open(view: &View<'_>, lot: &Lot, isin: Isin) -> LotFigures {
    let kind = view.portfolio.tax.kind(isin, view.day).ok_or(Unknown::KindUnknown);
    let known = kind.and_then(|kind| Ok((kind, lot.acquired_on.ok_or(Unknown::DateUnknown)?)));
    LotFigures {
        quantity: lot.quantity,
        cost: lot.cost,
        acquired_on: lot.acquired_on,
        until: view.day,
        term: known.map(|(kind, on)| Some(tax::term_on(kind, on, view.day))),
        long_term_from: known.map(|(kind, on)| tax::long_term_from(kind, on, view.day)),
    }
}

fn closed(view: &View<'_>, closing: &Closing, isin: Isin) -> LotFigures {
    let gain = tax::gain(closing, isin, &view.portfolio.tax);
    let unknown = [
        (tax::Flag::KindUnknown, Unknown::KindUnknown),
        (tax::Flag::DateUnknown, Unknown::DateUnknown),
    ];
    let unknown = unknown.into_iter().find(|(flag, _)| gain.flags.contains(flag));
    LotFigures {
        quantity: closing.lot.quantity,
        cost: closing.lot.cost,
        acquired_on: closing.lot.acquired_on,
        until: closing.sold_on,
        term: unknown.map_or(Ok(gain.term), |(_, why)| Err(why)),
        long_term_from: Ok(None),
    }
}

fn incomes(view: &View<'_>, from: Option<Date>) -> Vec<Row> {
    let paid = view.ledger.incomes.iter().enumerate();
    let paid = paid.filter(|(_, one)| within(one.on, from, view.day));
    paid.map(|(at, one)| {
        let kind = match one.kind {
            IncomeKind::Dividend => "dividend",
            IncomeKind::Interest => "interest",
            IncomeKind::Distribution => "distribution",
        };
        let kind = RowKind::Income { kind, gross: one.gross };
        row(view, one.place, format!("{at} {}", one.event), Some(one.on), kind)
    })
    .collect()
}

fn of_events(
    view: &View<'_>,
    from: Option<Date>,
    kind: impl Fn(&Event) -> Option<RowKind>,
) -> Vec<Row> {
    let events = view.portfolio.events.iter().filter(|one| within(one.on, from, view.day));
    events
        .filter_map(|event| {
            Some(Row {
                id: event.id.to_string(),
                account: event.place.account,
                isin: event.place.isin,
                security: view.context.security_of(event.place.isin),
                on: Some(event.on),
                kind: kind(event)?,
            })
        })
        .collect()
}

fn trade(event: &Event) -> Option<RowKind> {
    let (side, quantity, amount, charges) = match event.act {
        Act::Buy(fill) => (Side::Buy, fill.quantity, fill.amount, known_charges(fill)),
        Act::Sell(fill) => (Side::Sell, fill.quantity, fill.amount, known_charges(fill)),
        Act::IpoAllotment { quantity, amount } | Act::Rights { quantity, amount } => {
            (Side::Buy, quantity, amount, Some(Decimal::ZERO))
        }
        Act::Buyback { quantity, amount } => (Side::Sell, quantity, amount, Some(Decimal::ZERO)),
        _ => return None,
    };
    Some(RowKind::Trade { side, quantity, amount, charges })
}

fn known_charges(fill: ledger::Fill) -> Option<Decimal> {
    fill.charges.map(|_| fill.fees())
}

fn flow(event: &Event) -> Option<RowKind> {
    let (kind, net) = match event.act {
        Act::Buy(fill) => ("buy", fill.amount + fill.fees()),
        Act::Sell(fill) => ("sell", fill.fees() - fill.amount),
        Act::IpoAllotment { amount, .. } => ("allotment", amount),
        Act::Rights { amount, .. } => ("rights", amount),
        Act::Buyback { amount, .. } => ("buyback", -amount),
        Act::Charge { amount } => ("charge", amount),
        _ => return None,
    };
    Some(RowKind::Flow { kind, net })
}

fn row(view: &View<'_>, place: usize, id: String, on: Option<Date>, kind: RowKind) -> Row {
    let place = &view.ledger.places[place];
    let security = view.context.security_of(place.isin);
    Row { id, account: place.account, isin: place.isin, security, on, kind }
}

fn within(on: Date, from: Option<Date>, to: Date) -> bool {
    from.is_none_or(|from| on >= from) && on <= to
}
