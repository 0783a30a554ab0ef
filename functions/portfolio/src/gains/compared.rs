//! The gains beside what brokers' own reports of them say.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::asked::Within;
use jiff::civil::Date;
use ledger::tax::stated::{self, Compared, Difference, Stated};
use ledger::tax::{Gain, financial_year, year_label};
use ledger::{Act, Event, Money, Place, Quantity};
use serde::Serialize;
use serde_json::Value;
use shared::db::{Statement, statement};
use shared::{Problem, typed};
use stores::ledger::Book;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a broker says was gained in an account in a financial year, and where the ledger says otherwise.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comparison {
    account_id: Uuid,
    /// The year in which the financial year begins.
    year: i16,
    year_label: String,
    /// Lots that are the same on both sides, to the paisa for each row: by security, day of sale and day of acquisition.
    agreed: usize,
    /// Lots that are not.
    differing: usize,
    /// Those, with `year`; the first 500.
    differences: Option<Vec<Item>>,
}

/// A lot that was sold, about which the two do not agree.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GainDifference)]
pub(super) struct Item {
    isin: String,
    name: String,
    sold_on: Date,
    /// Null when the ledger does not know.
    acquired_on: Option<Date>,
    reason: Difference,
    /// What the broker says; null when it has no such lot.
    stated: Option<Sums>,
    /// What the ledger says; null when it has no such lot.
    ledger: Option<Sums>,
}

/// A lot that was sold, as one side has it, before charges of the sale.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GainSums)]
struct Sums {
    quantity: Quantity,
    consideration: Money,
    /// Null when it is not known.
    #[schema(value_type = Option<String>)]
    cost: Option<Money>,
    #[schema(value_type = Option<String>)]
    gain: Option<Money>,
}

/// A list of the answer has this many items at most.
const MOST_LISTED: usize = 500;

/// Which reports are wanted.
pub(super) struct Reports {
    account: Option<Uuid>,
    days: (Date, Date),
    /// None at all, where they are not asked for.
    wanted: bool,
}

impl Reports {
    pub(super) fn of(account: Option<Uuid>, year: Option<i16>, wanted: bool) -> Self {
        let april = |year: i16| Date::new(year, 4, 1).unwrap_or(Date::MAX);
        let ever = (Date::constant(1990, 1, 1), Date::constant(2200, 1, 1));
        Self { account, days: year.map_or(ever, |year| (april(year), april(year + 1))), wanted }
    }

    /// The reports that are imported, the newest first, without those that a newer one has all days of.
    pub(super) fn statement(&self) -> Statement<'_> {
        statement(
            "with known as (
                 select s.account_id, s.from_on, s.to_on, s.whole, s.import_id, i.created_at
                 from imports.stated_gains s
                 join imports.imports i on (i.workspace_id, i.import_id) = (s.workspace_id, s.import_id)
                 where $4 and ($1 is null or s.account_id = $1)
                   and s.from_on < $3 and s.to_on >= $2)
             select k.account_id, k.from_on, k.to_on, k.whole, s.exits
             from known k join imports.stated_gains s on s.import_id = k.import_id
             where not exists (
                 select from known n
                 where n.account_id = k.account_id and n.created_at > k.created_at
                   and n.from_on <= k.from_on and n.to_on >= k.to_on)
             order by k.created_at desc",
            [typed(&self.account), typed(&self.days.0), typed(&self.days.1), typed(&self.wanted)],
        )
    }
}

/// What is known of an account from its broker: for the days of two reports the newer one counts.
#[derive(Default)]
struct Reported {
    /// From and to, and whether every row could be read.
    days: Vec<(Date, Date, bool)>,
    exits: Vec<Stated>,
}

impl Reported {
    fn covers(&self, day: Date) -> bool {
        self.of(day).is_some()
    }

    fn has_all_of(&self, day: Date) -> bool {
        self.of(day).is_some_and(|(.., whole)| *whole)
    }

    /// The newest report of a day.
    fn of(&self, day: Date) -> Option<&(Date, Date, bool)> {
        self.days.iter().find(|(from, to, _)| (*from..=*to).contains(&day))
    }
}

/// The comparisons of each account and year that a report was imported of.
pub(super) fn comparisons(
    rows: &[Row],
    book: &Book,
    gains: &[Gain<'_>],
    (within, year): (&Within, Option<i16>),
) -> Result<Vec<Comparison>, Problem> {
    let mut reported: BTreeMap<Uuid, Reported> = BTreeMap::new();
    for row in rows {
        let of: Uuid = row.get("account_id");
        let exits: Vec<Stated> =
            serde_json::from_value(row.get::<_, Value>("exits")).map_err(Problem::internal)?;
        let known = reported.entry(of).or_default();
        let wanted = |exit: &Stated| {
            within.has(&Place { account: of, isin: exit.isin, folio: None })
                && !known.covers(exit.sold_on)
        };
        let new: Vec<_> = exits.into_iter().filter(wanted).collect();
        known.exits.extend(new);
        known.days.push((row.get("from_on"), row.get("to_on"), row.get("whole")));
    }
    let place = |gain: &Gain<'_>| &book.ledger.places[gain.closing.place];
    let mut by_account: HashMap<Uuid, Vec<&Gain<'_>>> = HashMap::new();
    for gain in gains.iter().filter(|_| !reported.is_empty()) {
        by_account.entry(place(gain).account).or_default().push(gain);
    }
    let charged = |event: &&Event| matches!(event.act, Act::Buy(fill) if fill.charges.is_some());
    let charged: HashSet<Uuid> = book.events.iter().filter(charged).map(|event| event.id).collect();
    let mut all = Vec::new();
    for (account_id, known) in reported {
        let gains = by_account.remove(&account_id).unwrap_or_default();
        let covered = gains.into_iter().filter(|gain| known.covers(gain.closing.sold_on));
        let charged =
            |gain: &Gain<'_>| gain.closing.lot.event.is_some_and(|event| charged.contains(&event));
        let of = |gain: &Gain<'_>| (place(gain).isin, charged(gain));
        let mut compared = stated::compare(&known.exits, covered, of);
        // What a report does not list may be in a row of it that could not be read.
        compared.retain(|one| {
            one.difference != Some(Difference::NotStated) || known.has_all_of(one.sold_on)
        });
        let mut years: BTreeMap<i16, Vec<Compared>> = BTreeMap::new();
        for one in compared {
            years.entry(financial_year(one.sold_on)).or_default().push(one);
        }
        years.retain(|of, _| year.is_none_or(|year| year == *of));
        let of_year = |(of, compared)| comparison(book, account_id, of, compared, year.is_some());
        all.extend(years.into_iter().map(of_year));
    }
    Ok(all)
}

fn comparison(
    book: &Book,
    account_id: Uuid,
    year: i16,
    compared: Vec<Compared>,
    listed: bool,
) -> Comparison {
    let all = compared.len();
    let differing: Vec<Item> = compared.into_iter().filter_map(|one| item(book, &one)).collect();
    Comparison {
        account_id,
        year,
        year_label: year_label(year),
        agreed: all - differing.len(),
        differing: differing.len(),
        differences: listed.then(|| differing.into_iter().take(MOST_LISTED).collect()),
    }
}

fn item(book: &Book, one: &Compared) -> Option<Item> {
    let sums = |side: Option<stated::Sums>| {
        side.map(|side| Sums {
            quantity: Quantity(side.quantity),
            consideration: Money(side.consideration),
            cost: side.cost.map(Money),
            gain: side.gain().map(Money),
        })
    };
    Some(Item {
        isin: one.isin.to_string(),
        name: book.name_of(one.isin),
        sold_on: one.sold_on,
        acquired_on: one.acquired_on,
        reason: one.difference?,
        stated: sums(one.stated),
        ledger: sums(one.ledger),
    })
}
