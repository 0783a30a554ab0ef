//! What an import changes: a pure decision over what is held and what the file says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time};
use ledger::Isin;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use statements::{Place, Row, Segment};
use stores::instruments::Symbols;
use utoipa::ToSchema;

/// A holding as it is stored, or as a file states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incoming {
    pub(crate) isin: Isin,
    pub(crate) name: String,
    pub(crate) sector: Option<String>,
    pub(crate) segment: Segment,
    pub(crate) available: Decimal,
    pub(crate) t1: Decimal,
    pub(crate) pledged: Decimal,
    pub(crate) discrepant: Decimal,
    pub(crate) cost: Option<Decimal>,
    /// The folios it is in, where the file tells.
    pub(crate) folios: Vec<InFolio>,
    /// Whether the file knows what of it is pledged or undelivered; what is stored always does.
    pub(crate) parts_known: bool,
}

/// What of a holding is in a folio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InFolio {
    folio: String,
    units: Decimal,
    cost: Option<Decimal>,
}

impl Incoming {
    pub(crate) fn owned(&self) -> Decimal {
        self.available + self.t1 + self.pledged
    }

    /// All of it, as in no folio.
    fn bare(&self) -> InFolio {
        InFolio { folio: String::new(), units: self.owned(), cost: self.cost }
    }

    /// What is said of it by folio, for `imports.keep_assertions`.
    pub(crate) fn asserted(&self) -> Vec<Value> {
        let row = |folio: &str, owned| json!({ "isin": self.isin, "folio": folio, "owned": owned });
        if self.folios.is_empty() {
            return vec![row("", self.owned())];
        }
        self.folios.iter().map(|one| row(&one.folio, one.units)).collect()
    }

    /// Whether there is nothing of it. Such a row is stored, so that an older file cannot bring the
    /// holding back, and no read shows it.
    fn is_nothing(&self) -> bool {
        self.owned().is_zero() && self.discrepant.is_zero()
    }

    /// The figures, apart from how the file names the instrument.
    fn figures(&self) -> (Decimal, Decimal, Decimal, Decimal, Option<Decimal>) {
        (self.available, self.t1, self.pledged, self.discrepant, self.cost)
    }

    /// One instrument in two rows, as for two exchanges: one holding.
    fn absorb(&mut self, mut other: Self) {
        // Where one row says its folio and another does not, that one is in none.
        if self.folios.is_empty() && !other.folios.is_empty() {
            self.folios.push(self.bare());
        } else if other.folios.is_empty() && !self.folios.is_empty() {
            other.folios.push(other.bare());
        }
        self.available += other.available;
        self.t1 += other.t1;
        self.pledged += other.pledged;
        self.discrepant += other.discrepant;
        self.parts_known &= other.parts_known;
        self.cost = self.cost.zip(other.cost).map(|(one, two)| one + two);
        self.sector = self.sector.take().or(other.sector);
        for other in other.folios {
            match self.folios.iter_mut().find(|one| one.folio == other.folio) {
                Some(one) => {
                    one.units += other.units;
                    one.cost = one.cost.zip(other.cost).map(|(one, two)| one + two);
                }
                None => self.folios.push(other),
            }
        }
    }
}

/// A day, and when on it: the latest time of all is the day's end.
pub(crate) type Moment = (Date, bool, Time);

/// The moment of a statement that says its day alone, or when on it, too. What the broker itself was asked on a day goes
/// before every file of that day, whichever came first: a file may have been made before the day's trades.
pub(crate) fn moment(on: Date, at: Option<Time>, told_by_broker: bool) -> Moment {
    (on, told_by_broker, at.unwrap_or(Time::MAX))
}

/// A holding of the account and the moment of the statement it is from.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) holding: Incoming,
    pub(crate) taken: Moment,
}

/// A row whose symbol no instrument has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Unresolved {
    /// The sheet; null in a CSV file.
    pub(crate) sheet: Option<String>,
    /// The row, counted from 1.
    pub(crate) row: usize,
    /// The symbol that is not known.
    pub(crate) symbol: String,
}

/// The rows of a file by instrument.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) incoming: Vec<Incoming>,
    pub(crate) unresolved: Vec<Unresolved>,
}

/// Gives each row its instrument and joins rows of one; rows of nothing are kept: they say that it is gone.
pub(crate) fn resolve(rows: &[Row], symbols: &Symbols) -> Resolved {
    let mut unresolved = Vec::new();
    let mut by_isin: BTreeMap<Isin, Incoming> = BTreeMap::new();
    for row in rows {
        let symbol = row.symbol.as_deref().unwrap_or_default();
        let found = row.isin.or_else(|| Isin::parse(symbols.isin(symbol)?).ok());
        let Some(isin) = found else {
            let Place { sheet, row } = row.place.clone();
            unresolved.push(Unresolved { sheet, row, symbol: symbol.to_owned() });
            continue;
        };
        let holding = incoming(isin, row);
        match by_isin.get_mut(&isin) {
            Some(first) => first.absorb(holding),
            None => drop(by_isin.insert(isin, holding)),
        }
    }
    Resolved { incoming: by_isin.into_values().collect(), unresolved }
}

fn incoming(isin: Isin, row: &Row) -> Incoming {
    // An amount of money: an average times a quantity has digits below the paisa that mean nothing.
    let cost =
        row.cost.map(|cost| cost.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero));
    let folio = row.folio.clone().map(|folio| InFolio { folio, units: row.owned(), cost });
    Incoming {
        parts_known: row.parts_known,
        name: if row.name.is_empty() { isin.to_string() } else { row.name.clone() },
        isin,
        sector: row.sector.clone(),
        segment: row.segment,
        available: row.available,
        t1: row.t1,
        pledged: row.pledged,
        discrepant: row.discrepant,
        cost,
        folios: folio.into_iter().collect(),
    }
}

/// How a file is to be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    /// The moment of the statement.
    pub(crate) taken: Moment,
    /// Whether what it does not list is gone.
    pub(crate) replace: bool,
    /// The segments it lists completely.
    pub(crate) covers: &'a [Segment],
}

/// What happens to one holding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChangeKind)]
pub(crate) enum Kind {
    Added,
    Changed,
    Removed,
}

/// A change of a holding.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    pub(crate) isin: Isin,
    pub(crate) name: String,
    pub(crate) before: Option<Decimal>,
    pub(crate) after: Option<Decimal>,
}

/// Everything an import does to an account.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Holdings to write: new, changed, or confirmed as of a newer day.
    pub(crate) writes: Vec<Incoming>,
    /// Holdings to delete.
    pub(crate) removals: Vec<Isin>,
    /// Segments for which this is now the newest complete statement.
    pub(crate) completes: Vec<Segment>,
    /// What people see of it.
    pub(crate) changes: Vec<Change>,
    /// Rows that say what is stored already.
    pub(crate) unchanged: usize,
    /// Rows that a newer statement has overtaken: what they say of their day is kept.
    pub(crate) superseded: Vec<Incoming>,
}

impl Plan {
    pub(crate) fn changes_nothing(&self) -> bool {
        self.writes.is_empty() && self.removals.is_empty() && self.completes.is_empty()
    }

    /// The instruments it writes or removes.
    pub(crate) fn touched(&self) -> Vec<String> {
        let written = self.writes.iter().map(|row| row.isin.to_string());
        written.chain(self.removals.iter().map(Isin::to_string)).collect()
    }

    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }
}

/// Decides what a file changes. Statements may come in any order and end in the same holdings.
pub(crate) fn decide(
    held: &[Held],
    complete: &BTreeMap<Segment, Moment>,
    incoming: Vec<Incoming>,
    terms: &Terms<'_>,
) -> Plan {
    let mut plan = Plan::default();
    let current =
        |segment: &Segment| complete.get(segment).is_none_or(|newest| *newest <= terms.taken);
    let held: BTreeMap<&Isin, &Held> = held.iter().map(|held| (&held.holding.isin, held)).collect();
    let listed: BTreeSet<Isin> = incoming.iter().map(|row| row.isin).collect();
    for row in incoming {
        let before = held.get(&row.isin).copied();
        let overtaken =
            before.is_some_and(|before| before.taken > terms.taken) || !current(&row.segment);
        if overtaken {
            plan.superseded.push(row);
        } else {
            write(&mut plan, before, row, terms.taken);
        }
    }
    if terms.replace {
        for segment in terms.covers.iter().filter(|segment| current(segment)) {
            if complete.get(segment) != Some(&terms.taken) {
                plan.completes.push(*segment);
            }
            let gone = |held: &&&Held| {
                held.holding.segment == *segment
                    && held.taken <= terms.taken
                    && !listed.contains(&held.holding.isin)
            };
            for held in held.values().filter(gone) {
                let Incoming { isin, name, .. } = held.holding.clone();
                plan.removals.push(isin);
                if held.holding.is_nothing() {
                    continue;
                }
                let before = Some(held.holding.owned());
                plan.changes.push(Change { kind: Kind::Removed, isin, name, before, after: None });
            }
        }
    }
    plan
}

fn write(plan: &mut Plan, before: Option<&Held>, mut row: Incoming, taken: Moment) {
    if let Some(Held { holding, .. }) = before
        && !row.parts_known
        && row.owned() == holding.owned()
    {
        // As much as before, and the file cannot tell its parts: they are what they were.
        (row.available, row.t1, row.pledged) = (holding.available, holding.t1, holding.pledged);
    }
    row.parts_known = true;
    if let Some(before) = before {
        // A file that does not know the sector, or no better name than the symbol, takes nothing away.
        row.sector = row.sector.or_else(|| before.holding.sector.clone());
        if row.cost.is_none() && row.owned() == before.holding.owned() {
            row.cost = before.holding.cost;
        }
        if row.name.len() < before.holding.name.len() {
            row.name.clone_from(&before.holding.name);
        }
    }
    let held = before.filter(|before| !before.holding.is_nothing());
    let kind = match (held, row.is_nothing()) {
        (None, true) => None,
        (None, false) => Some(Kind::Added),
        (Some(_), true) => Some(Kind::Removed),
        (Some(held), false) => (row.figures() != held.holding.figures()).then_some(Kind::Changed),
    };
    match kind {
        Some(kind) => plan.changes.push(Change {
            kind,
            isin: row.isin,
            name: row.name.clone(),
            before: held.map(|held| held.holding.owned()),
            after: (!row.is_nothing()).then(|| row.owned()),
        }),
        // Of what was not held there is nothing to count.
        None if row.is_nothing() => {}
        None => plan.unchanged += 1,
    }
    if before.is_none_or(|before| row != before.holding || taken != before.taken) {
        plan.writes.push(row);
    }
}

#[cfg(test)]
mod tests;
