//! The book of a workspace: what its events and statements come to, with names, classes and newest prices.

mod holdings;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use ::ledger::{Event, Holding, Isin, Ledger, Place, Price, PricePoint, Snapshot};
use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde::Serialize;
use shared::db::{Entry, Numeric, Statement, each, statement};
use shared::{Db, Problem, typed};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::health::{self, Health};
use crate::transactions;
use crate::versions::Versions;
use holdings::{holdings, refer};

/// A question for the book of a workspace: asked by itself ([`BookOn::ask`]), or by its [`BookOn::statements`] in a
/// transaction, whose answers [`BookOn::read`] takes.
pub struct BookOn {
    day: Date,
    /// Whether what happened after the day is left out, too.
    closing: bool,
}

/// How many statements a book takes.
pub const STATEMENTS: usize = 5;

impl BookOn {
    /// At prices of `day` or before. Always the whole book: shares move between accounts.
    pub fn new(day: Date) -> Self {
        Self { day, closing: false }
    }

    /// As it was when `day` ended, as far as is known now.
    pub fn closing(day: Date) -> Self {
        Self { day, closing: true }
    }

    /// The queries.
    pub fn statements(&self) -> [Statement<'_>; STATEMENTS] {
        let asserted = statement("select * from imports.stated()", []);
        let securities = statement("select * from portfolio.securities($1)", [typed(&self.day)]);
        [Versions::statement(), transactions::events(), asserted, health::all(), securities]
    }

    /// Asks it with whatever else is asked of the caller's workspace, in one round trip: lots are worked out while
    /// Postgres looks prices up.
    pub async fn ask<'a, const N: usize>(
        &self,
        db: &Db,
        entry: impl Into<Entry<'a>>,
        others: [Statement<'_>; N],
    ) -> Result<(Book, [Vec<Row>; N]), Problem> {
        let [versions, events, asserted, accounts, securities] = self.statements();
        let first = [versions, events, asserted, accounts];
        let rest: Vec<_> = others.into_iter().chain([securities]).collect();
        let reckon = |[versions, events, asserted, accounts]: [Vec<Row>; 4]| {
            let unpriced = self.reckon(&events, &asserted, &accounts)?;
            Ok::<_, Problem>((Versions::read(&versions), unpriced))
        };
        let (reckoned, mut rest) = db.read_meanwhile(entry, first, reckon, &rest).await?;
        let securities = rest.pop().unwrap_or_default();
        let (versions, unpriced) = reckoned?;
        Ok((unpriced.book(versions, &securities)?, each(rest)))
    }

    /// What the queries were answered.
    pub fn read(&self, answers: &[Vec<Row>; STATEMENTS]) -> Result<Book, Problem> {
        let [versions, events, asserted, accounts, securities] = answers;
        self.reckon(events, asserted, accounts)?.book(Versions::read(versions), securities)
    }

    fn reckon(
        &self,
        events: &[Row],
        asserted: &[Row],
        accounts: &[Row],
    ) -> Result<UnpricedBook, Problem> {
        let segments: HashMap<Uuid, &str> =
            events.iter().map(|row| (row.get("transaction_id"), row.get("market"))).collect();
        let mut events = read_each(events, transactions::event)?;
        let mut asserted = read_each(asserted, Asserted::read)?;
        in_their_folio(&mut events, &asserted);
        let complete: HashMap<(Uuid, &str), Taken> = accounts
            .iter()
            .filter_map(|row| {
                Some((
                    (row.get("account_id"), row.get::<_, Option<_>>("segment")?),
                    Taken::read(row),
                ))
            })
            .collect();
        let mut snapshots: Vec<Snapshot> = asserted.iter().map(Asserted::snapshot).collect();
        snapshots.extend(absent(&events, &asserted, |event, account| {
            let segment = segments.get(&event.id)?;
            complete.get(&(account, *segment)).copied()
        }));
        let mut ledger = Ledger::new(&events, &snapshots);
        // The same securities on every day: on an earlier one they may be within the budget, and unexplained.
        let out = std::mem::take(&mut ledger.left_out);
        if !out.is_empty() {
            events.retain(|event| !out.contains(&event.place.isin));
            snapshots.retain(|snapshot| !out.contains(&snapshot.place.isin));
        }
        let later = events.iter().any(|event| event.on > self.day)
            || snapshots.iter().any(|snapshot| snapshot.on > self.day);
        if self.closing && later {
            // What happened later goes, and what is stated later is what was held then.
            snapshots = ledger.snapshots_on(self.day, &snapshots);
            events.retain(|event| event.on <= self.day);
            asserted.iter_mut().for_each(|row| row.taken.on = row.taken.on.min(self.day));
            ledger = Ledger::new(&events, &snapshots);
        }
        ledger.left_out = out;
        let holdings = holdings(&ledger, &events, &asserted);
        let healths = Health::read_all(accounts);
        Ok(UnpricedBook { ledger, events, snapshots, holdings, healths })
    }
}

/// Rows read into a list that has their number at once: one that grew would be copied as often as its length doubles.
fn read_each<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        all.push(read(row)?);
    }
    Ok(all)
}

/// A book without names and prices.
struct UnpricedBook {
    ledger: Ledger,
    events: Vec<Event>,
    snapshots: Vec<Snapshot>,
    holdings: Vec<Holding>,
    healths: Vec<Health>,
}

impl UnpricedBook {
    fn book(self, versions: Versions, securities: &[Row]) -> Result<Book, Problem> {
        let Self { ledger, events, snapshots, mut holdings, healths } = self;
        let rows = securities;
        let mut securities = HashMap::with_capacity(rows.len());
        for row in rows {
            let (isin, known) = security(row)?;
            securities.insert(isin, known);
        }
        for holding in &mut holdings {
            if let Some(known) = securities.get(&holding.isin) {
                refer(holding, known);
            }
        }
        Ok(Book { versions, ledger, events, snapshots, securities, holdings, healths })
    }
}

/// What was asserted of holdings on other days than the newest, and of folios on any.
pub fn assertions<'a>() -> Statement<'a> {
    statement(
        "select a.account_id, a.isin, nullif(a.folio, '') as folio, a.on_date, a.owned from imports.assertions a
         left join imports.holdings h on (h.account_id, h.isin) = (a.account_id, a.isin)
         where h.isin is null or a.on_date < h.statement_on
         union all
         select u.account_id, u.isin, nullif(u.folio, ''), u.statement_on, u.units from imports.folio_units u",
        [],
    )
}

/// Everything that is known of a workspace's portfolio.
pub struct Book {
    /// The versions it is of.
    pub versions: Versions,
    /// Lots, closings, income and quantities.
    pub ledger: Ledger,
    /// The events it was made of.
    pub events: Vec<Event>,
    /// The statements' assertions it was made of.
    pub snapshots: Vec<Snapshot>,
    /// Names, classes and newest prices.
    pub securities: HashMap<Isin, Security>,
    /// What is held, by ISIN and account.
    pub holdings: Vec<Holding>,
    /// How fresh each account is now, whatever the day.
    pub healths: Vec<Health>,
}

impl Book {
    /// The statements' assertions with those of other days, the rows of [`assertions`].
    pub fn every_snapshot(&self, assertions: &[Row]) -> Result<Vec<Snapshot>, Problem> {
        let older = assertions.iter().map(|row| {
            let isin = Isin::parse(row.get("isin")).map_err(Problem::internal)?;
            let folio: Option<String> = row.get("folio");
            let folio = folio.map(Into::into);
            let place = Place { account: row.get("account_id"), isin, folio };
            let (on, Numeric(quantity)) = (row.get("on_date"), row.get("owned"));
            Ok(Snapshot { place, on, at: None, quantity, cost: None })
        });
        let left_out = |one: &Snapshot| self.ledger.left_out.contains(&one.place.isin);
        let older =
            older.filter(|one: &Result<Snapshot, Problem>| !one.as_ref().is_ok_and(left_out));
        self.snapshots.iter().cloned().map(Ok).chain(older).collect()
    }

    /// The securities that are in nothing of the book, because their lots are too much work.
    pub fn left_out(&self) -> Vec<LeftOut> {
        let named = |isin: &Isin| LeftOut {
            isin: isin.to_string(),
            name: self.name_of(*isin),
            reason: LeftOutReason::TooManyLotSteps,
        };
        self.ledger.left_out.iter().map(named).collect()
    }

    /// What a security is called: its ISIN when the reference does not have it.
    pub fn name_of(&self, isin: Isin) -> String {
        let known = self.securities.get(&isin).and_then(|known| known.name.as_deref());
        known.map_or_else(|| isin.to_string(), str::to_owned)
    }

    /// Whether a place of the ledger is in an account; every place is when none is named.
    pub fn is_in(&self, place: usize, account: Option<Uuid>) -> bool {
        account.is_none_or(|account| self.ledger.places[place].account == account)
    }
}

/// A security that is left out of every figure of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftOut {
    /// The security.
    pub isin: String,
    /// What it is called.
    pub name: String,
    /// Why.
    pub reason: LeftOutReason,
}

/// Why a security is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// It has so many lots and events that touch each of them that working them out would keep everybody waiting: remove
    /// splits, transfers or other events that nobody meant.
    TooManyLotSteps,
}

/// Events that say no folio belong to the only one that statements say the scheme is in.
fn in_their_folio(events: &mut [Event], asserted: &[Asserted]) {
    if asserted.iter().all(|row| row.place.folio.is_none()) {
        return;
    }
    let mut folios: HashMap<(Uuid, Isin), Option<&Place>> = HashMap::new();
    for place in asserted.iter().map(|row| &row.place) {
        let only = folios.entry((place.account, place.isin));
        only.and_modify(|only| *only = None)
            .or_insert(Some(place).filter(|one| one.folio.is_some()));
    }
    for event in events.iter_mut().filter(|event| event.place.folio.is_none()) {
        if let Some(Some(place)) = folios.get(&(event.place.account, event.place.isin)) {
            event.place = (*place).clone();
        }
    }
}

/// When a statement was taken.
#[derive(Clone, Copy)]
struct Taken {
    on: Date,
    at: Option<Time>,
}

impl Taken {
    fn read(row: &Row) -> Self {
        Self { on: row.get("statement_on"), at: row.get("taken_at") }
    }
}

/// What the reference knows of a security.
#[derive(Clone, Debug)]
pub struct Security {
    /// What it is called; `None` when the reference does not have it.
    pub name: Option<Arc<str>>,
    /// Its newest exchange symbol.
    pub symbol: Option<Arc<str>>,
    /// Its class, `unclassified` when the reference does not say.
    pub class: Arc<str>,
    /// Its issuer's sector, when the reference says.
    pub sector: Option<Arc<str>>,
    /// The kind of asset for tax, when a source says.
    pub asset_kind: Option<String>,
    /// The newest price.
    pub price: Option<PricePoint>,
}

/// A holding as a statement asserts it.
struct Asserted {
    place: Place,
    name: Arc<str>,
    sector: Option<Arc<str>>,
    owned: Decimal,
    t1: Decimal,
    pledged: Decimal,
    discrepant: Decimal,
    financed: Decimal,
    loan: Option<Decimal>,
    cost: Option<Decimal>,
    taken: Taken,
    layout: Arc<str>,
}

impl Asserted {
    fn read(row: &Row) -> Result<Self, Problem> {
        let quantity = |column: &str| row.get::<_, Numeric>(column).0;
        let known =
            |column: &str| row.get::<_, Option<Numeric>>(column).map(|Numeric(number)| number);
        let (available, t1, pledged) = (quantity("available"), quantity("t1"), quantity("pledged"));
        let isin = Isin::parse(row.get("isin")).map_err(Problem::internal)?;
        let folio = row.get::<_, Option<&str>>("folio").map(Into::into);
        Ok(Self {
            place: Place { account: row.get("account_id"), isin, folio },
            name: row.get::<_, &str>("name").into(),
            sector: text(row, "sector"),
            owned: available + t1 + pledged,
            t1,
            pledged,
            discrepant: quantity("discrepant"),
            financed: quantity("financed"),
            loan: known("loan"),
            cost: known("cost"),
            taken: Taken::read(row),
            layout: row.get::<_, &str>("layout").into(),
        })
    }

    fn snapshot(&self) -> Snapshot {
        let Taken { on, at } = self.taken;
        Snapshot { place: self.place.clone(), on, at, quantity: self.owned, cost: self.cost }
    }
}

/// What a complete statement does not list is not held on its day: of events, and of what came out of them.
fn absent(
    events: &[Event],
    asserted: &[Asserted],
    complete: impl Fn(&Event, Uuid) -> Option<Taken>,
) -> Vec<Snapshot> {
    let listed: HashSet<&Place> = asserted.iter().map(|row| &row.place).collect();
    let mut absent: BTreeMap<Place, Taken> = BTreeMap::new();
    for event in events {
        let places = [Some(event.place.clone()), event.target()].into_iter().flatten();
        // Units outside demat are in no statement of a demat account.
        for place in places.filter(|place| place.folio.is_none() && !listed.contains(place)) {
            let taken = complete(event, place.account).filter(|taken| taken.on >= event.on);
            if let Some(taken) = taken {
                absent.insert(place, taken);
            }
        }
    }
    let nothing = |(place, Taken { on, at }): (Place, Taken)| Snapshot {
        place,
        on,
        at,
        quantity: Decimal::ZERO,
        cost: None,
    };
    absent.into_iter().map(nothing).collect()
}

fn text(row: &Row, column: &str) -> Option<Arc<str>> {
    row.get::<_, Option<&str>>(column).map(Into::into)
}

fn security(row: &Row) -> Result<(Isin, Security), Problem> {
    let quoted =
        |column: &str| row.get::<_, Option<Numeric>>(column).map(|Numeric(one)| Price(one));
    let price = |close: Price| PricePoint {
        close,
        previous: quoted("previous"),
        on: row.get("on_date"),
        source: row.get::<_, &str>("price_source").into(),
    };
    let security = Security {
        name: text(row, "name"),
        symbol: text(row, "symbol"),
        class: row.get::<_, &str>("class").into(),
        sector: text(row, "sector"),
        asset_kind: row.get("asset_kind"),
        price: quoted("close").map(price),
    };
    Ok((Isin::parse(row.get("isin")).map_err(Problem::internal)?, security))
}
