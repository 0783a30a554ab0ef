//! What is held, as it is shown: the ledger's quantities with what statements and the reference say of them.

use std::collections::HashMap;

use ::ledger::{Event, Holding, Ledger, Lots, Money, Place, Position, Quantity, Reconciled};
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Asserted, Security};

/// Everything that is held or discrepant, by ISIN and account; folios of one scheme together. What the reference knows
/// of a security comes afterwards ([`refer`]).
pub(super) fn holdings(ledger: &Ledger, events: &[Event], asserted: &[Asserted]) -> Vec<Holding> {
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
    let mut holdings = Vec::with_capacity(ledger.places.len());
    for (place, position) in ledger.places.iter().zip(&ledger.positions) {
        let stated = statements.get(place).copied();
        let discrepant = stated.is_some_and(|row| !row.discrepant.is_zero());
        if position.quantity.is_zero() && !discrepant {
            continue;
        }
        holdings.push(holding(place, position, stated, newest.get(place).copied()));
    }
    let of = |holding: &Holding| (holding.isin, holding.account);
    holdings.sort_by_key(of);
    holdings.dedup_by(|folio, first| {
        let same = of(folio) == of(first);
        if same {
            first.absorb(folio);
        }
        same
    });
    holdings
}

fn holding(
    place: &Place,
    position: &Position,
    stated: Option<&Asserted>,
    newest: Option<Date>,
) -> Holding {
    // A statement tells the parts of what is held on its day alone.
    let current = stated.filter(|row| newest.is_none_or(|on| on <= row.taken.on));
    Holding {
        account: place.account,
        isin: place.isin,
        name: stated.map_or_else(|| place.isin.as_str().into(), |row| row.name.clone()),
        symbol: None,
        class: "unclassified".into(),
        sector: stated.and_then(|row| row.sector.clone()).unwrap_or_else(|| "unclassified".into()),
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
        price: None,
    }
}

/// Adds what the reference knows: before what a statement says, where both say something.
pub(super) fn refer(holding: &mut Holding, known: &Security) {
    if let Some(name) = &known.name {
        holding.name.clone_from(name);
    }
    holding.symbol.clone_from(&known.symbol);
    holding.class.clone_from(&known.class);
    if let Some(sector) = &known.sector {
        holding.sector.clone_from(sector);
    }
    holding.price.clone_from(&known.price);
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
