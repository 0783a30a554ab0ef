//! What is held, as it is shown: the ledger's quantities with what statements and the reference say of them.

use std::collections::{BTreeMap, HashMap};

use ::ledger::{Event, Holding, Isin, Ledger, Lots, Money, Place, Position, Quantity, Reconciled};
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use uuid::Uuid;

use super::{Asserted, Security};

/// Everything that is held or discrepant, by ISIN and account; folios of one scheme together.
pub(super) fn holdings(
    ledger: &Ledger,
    events: &[Event],
    asserted: &[Asserted],
    securities: &HashMap<Isin, Security>,
) -> Vec<Holding> {
    // Of what came out of an event, that is the event.
    let mut newest: HashMap<Place, Date> = HashMap::new();
    for event in events {
        for place in [Some(event.place.clone()), event.target()].into_iter().flatten() {
            let on = newest.entry(place).or_insert(event.on);
            *on = event.on.max(*on);
        }
    }
    let statements: HashMap<&Place, &Asserted> =
        asserted.iter().map(|row| (&row.place, row)).collect();
    let mut holdings: BTreeMap<(Isin, Uuid), Holding> = BTreeMap::new();
    for (place, position) in ledger.places.iter().zip(&ledger.positions) {
        let stated = statements.get(place).copied();
        let discrepant = stated.is_some_and(|row| !row.discrepant.is_zero());
        if position.quantity.is_zero() && !discrepant {
            continue;
        }
        let holding = holding(place, position, stated, newest.get(place).copied(), securities);
        match holdings.get_mut(&(place.isin, place.account)) {
            Some(other) => other.absorb(holding),
            None => drop(holdings.insert((place.isin, place.account), holding)),
        }
    }
    holdings.into_values().collect()
}

fn holding(
    place: &Place,
    position: &Position,
    stated: Option<&Asserted>,
    newest: Option<Date>,
    securities: &HashMap<Isin, Security>,
) -> Holding {
    let known = securities.get(&place.isin);
    let name = known.and_then(|known| known.name.clone()).or_else(|| Some(stated?.name.clone()));
    // A statement tells the parts of what is held on its day alone.
    let current = stated.filter(|row| newest.is_none_or(|on| on <= row.taken.on));
    let sector = known.and_then(|known| known.sector.clone()).or_else(|| stated?.sector.clone());
    Holding {
        account: place.account,
        isin: place.isin,
        name: name.unwrap_or_else(|| place.isin.to_string()),
        symbol: known.and_then(|known| known.symbol.clone()),
        class: known.map_or("unclassified".into(), |known| known.class.clone()),
        sector: sector.unwrap_or_else(|| "unclassified".into()),
        owned: Quantity(position.quantity),
        pledged: Quantity(stated.map_or(Decimal::ZERO, |row| row.pledged.min(position.quantity))),
        t1: Quantity(current.map_or(Decimal::ZERO, |row| row.t1)),
        discrepant: Quantity(stated.map_or(Decimal::ZERO, |row| row.discrepant)),
        financed: Quantity(current.map_or(Decimal::ZERO, |row| row.financed)),
        loan: current.and_then(|row| row.loan).map(Money),
        cost: cost(position, stated).map(Money),
        as_of: stated.map(|row| row.taken.on).max(newest).unwrap_or_default(),
        source: current.map_or("transactions".into(), |row| row.layout.clone()),
        lots: lots(position, newest.is_some()),
        price: known.and_then(|known| known.price.clone()),
    }
}

fn lots(position: &Position, has_events: bool) -> Lots {
    match position.state {
        _ if !has_events => Lots::StatementOnly,
        Reconciled::Events => Lots::Events,
        Reconciled::Snapshot => Lots::Reconciled,
        Reconciled::DerivedOpening(_) => Lots::DerivedOpening,
        Reconciled::UnexplainedOutflow(_) => Lots::UnexplainedOutflow,
    }
}

/// The lots' cost where they agree with what is held, else the statement's average.
fn cost(position: &Position, stated: Option<&Asserted>) -> Option<Decimal> {
    position.cost().or_else(|| {
        let stated = stated.filter(|row| !row.owned.is_zero())?;
        let cost = stated.cost?;
        if stated.owned == position.quantity {
            return Some(cost);
        }
        let cost = cost.checked_mul(position.quantity)?.checked_div(stated.owned)?;
        Some(cost.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero))
    })
}
