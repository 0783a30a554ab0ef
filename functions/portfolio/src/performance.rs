//! `GET /v1/portfolio/performance`: what a portfolio returned over a period, and where every rupee of it came from.

mod answer;

use std::collections::HashMap;

use axum::extract::State;
use jiff::ToSpan;
use jiff::civil::Date;
use ledger::returns::{Period, Prices, Refused, ReturnsInput};
use ledger::{Isin, Snapshot};
use rust_decimal::Decimal;
use shared::fields;
use shared::http::{Conditional, Query, Reply, Route};
use shared::request::{Reader, choice, day, printable, text};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, clock};
use stores::ledger::{Book, BookOn, assertions};
use stores::prices::{Benchmark, PricesOver};
use stores::versions::{etag, unchanged};
use tokio_postgres::Row;

use crate::asked::{Level, Within};
use crate::reasons;
use answer::{Interval, Performance};

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::new(routes!(performance), Access::MemberOrKey(Permission::ReadPortfolio)).computing()
}

shared::request! {
    /// Which period of what.
    struct PerformanceQuery {
        /// The day it begins after: what happened on it is in the opening value. By default the day before the first event.
        from: Option<Date> = day(),
        /// The last day; today by default.
        to: Option<Date> = day(),
        /// Instead of `from`: `fy` is since 1 April.
        range: Option<Range> = choice(RANGES),
        /// What to compare with: an index by its name (`NIFTY 50`), or the ISIN of something with prices, an index fund say.
        /// Indices are without dividends, unless they are total return indices.
        benchmark: Option<Benchmark> = benchmark(),
        /// The last day of each is in `series`.
        interval: Interval = choice(Interval::ALL) => "month",
        ..level: Level,
    }
    check(query, fields) {
        if query.range.is_some() && query.from.is_some() {
            fields.fault("range", "and `from` say two things; send one of them");
        }
    }
}

/// A period that ends on `to`.
#[derive(Clone, Copy)]
enum Range {
    Months(i32),
    FinancialYear,
    All,
}

/// The periods by name.
const RANGES: [(&str, Range); 8] = [
    ("1m", Range::Months(1)),
    ("3m", Range::Months(3)),
    ("6m", Range::Months(6)),
    ("1y", Range::Months(12)),
    ("3y", Range::Months(36)),
    ("5y", Range::Months(60)),
    ("fy", Range::FinancialYear),
    ("max", Range::All),
];

fn benchmark() -> impl Reader<Value = Benchmark> {
    text(
        |name| {
            let security = Isin::parse(name).map(Benchmark::Security);
            security.or_else(|_| {
                let name = fields::printable(name, 1..=100)?;
                Ok(Benchmark::Index(name.to_uppercase()))
            })
        },
        || printable(100).schema(),
    )
}

impl PerformanceQuery {
    /// The day the period begins after; `None` for the day before everything known.
    fn begins(&self, to: Date) -> Option<Date> {
        match self.range {
            Some(Range::Months(months)) => Some(to.saturating_sub(months.months())),
            Some(Range::FinancialYear) => Date::new(ledger::tax::financial_year(to), 3, 31).ok(),
            Some(Range::All) => None,
            None => self.from,
        }
    }
}

/// Money-weighted and time-weighted return over a period, its terms, and a series of values. What is not known is null,
/// with the reason; a period before everything held is known begins where it is.
#[utoipa::path(get, path = "/v1/portfolio/performance",
    params(PerformanceQuery),
    responses((status = 200, body = Performance), (status = 304, description = "Not modified")))]
async fn performance(
    State(db): State<Db>,
    caller: Caller,
    request: Conditional,
    Query(query): Query<PerformanceQuery>,
) -> Reply {
    if let Some(same) = unchanged(&db, &caller, &request).await? {
        return Ok(same);
    }
    let today = clock::india_day(clock::now());
    let to = query.to.unwrap_or(today).min(today);
    let from = query.begins(to);
    let question = BookOn::new(to);
    let over = PricesOver::new(from, to, query.benchmark.as_ref());
    let others = [over.statement(), over.index(), assertions()];
    let (book, [closes, index, asserted]) =
        question.ask(&db, request.entry(&caller), others).await?;
    let etag = etag(&book, &request)?;
    let (accounts, within) = query.level.within(&book)?;
    let closes = PricesOver::read(&closes)?;
    let benchmark = query.benchmark.map(|benchmark| compared(benchmark, &closes, &index));
    let benchmark = benchmark.transpose()?;
    let prices = Prices::new(closes);
    let mut snapshots = book.every_snapshot(&asserted)?;
    snapshots.retain(|snapshot| within.has(&snapshot.place));
    let first = first_day(&book, &snapshots, &within);
    let first = first.ok_or_else(|| Problem::new(reasons::NO_PERIOD))?;
    let before_all = first.saturating_sub(1.day());
    let period = Period { from: from.map_or(before_all, |from| from.max(before_all)), to };
    let known = ReturnsInput {
        ledger: &book.ledger,
        events: &book.events,
        snapshots: &snapshots,
        prices: &prices,
    };
    let place = |place: usize| &book.ledger.places[place];
    let priced = known.of_priced(period, |one| within.has(place(one))).map_err(refused)?;
    let has_price = |one: usize| !priced.without.contains(&place(one).isin);
    let paid = known.paid(|one| within.has(place(one)) && has_price(one));
    etag.ok(Performance::new(
        (&priced.returns, &priced.days),
        paid,
        query.interval,
        benchmark,
        priced.without.iter().map(Isin::to_string).collect(),
        (accounts, book.left_out()),
    ))
}

/// A benchmark's name and closes.
fn compared(
    benchmark: Benchmark,
    closes: &HashMap<Isin, Vec<(Date, Decimal)>>,
    index: &[Row],
) -> Result<(String, Vec<(Date, Decimal)>), Problem> {
    let (name, closes) = match benchmark {
        Benchmark::Security(isin) => {
            (isin.to_string(), closes.get(&isin).cloned().unwrap_or_default())
        }
        Benchmark::Index(name) => {
            (name, index.iter().map(|row| (row.get("on_date"), row.get("close"))).collect())
        }
    };
    if closes.is_empty() {
        return Err(Problem::new(reasons::NO_BENCHMARK).with("benchmark", name));
    }
    Ok((name, closes))
}

/// The day on which something first came in, or was stated to be there.
fn first_day(book: &Book, snapshots: &[Snapshot], within: &Within) -> Option<Date> {
    let moves = book.ledger.moves.iter().filter(|step| within.has(&book.ledger.places[step.place]));
    moves.map(|step| step.on).chain(snapshots.iter().map(|snapshot| snapshot.on)).min()
}

fn refused(why: Refused) -> Problem {
    match why {
        Refused::Unpriced { on, isins } => {
            let isins: Vec<String> = isins.iter().map(Isin::to_string).collect();
            Problem::new(reasons::UNPRICED).with("on", on).with("isins", isins)
        }
        Refused::Empty => Problem::new(reasons::NO_PERIOD),
        Refused::IncompleteHistory => Problem::new(reasons::INCOMPLETE_HISTORY),
    }
}
