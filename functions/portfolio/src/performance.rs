//! `GET /v1/portfolio/performance`: what a portfolio returned over a period, and where every rupee of it came from.

mod answer;

use std::collections::{BTreeSet, HashMap, HashSet};

use axum::extract::State;
use jiff::ToSpan;
use jiff::civil::Date;
use ledger::returns::{Day, Known, Period, Prices, Refused, Returns};
use ledger::{Cause, Isin, Move, Place};
use rust_decimal::Decimal;
use shared::fields::{Fields, FromFields};
use shared::http::{Query, Reply, Route};
use shared::{Caller, Db, Permission, Problem, clock};
use stores::ledger::{Book, BookOn};
use stores::prices::PricesOver;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{asked, reasons};
use answer::{Interval, Performance};

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::for_keys_too(routes!(performance), Permission::ReadPortfolio)
}

struct Asked {
    account: Option<Uuid>,
    from: Option<Date>,
    to: Option<Date>,
    range: Option<Range>,
    benchmark: Option<Isin>,
    interval: Interval,
}

/// A period that ends on `to`.
#[derive(Clone, Copy)]
enum Range {
    Months(i32),
    FinancialYear,
    All,
}

impl FromFields for Asked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let account = fields.optional_id("accountId");
        let (from, to) = (fields.day("from"), fields.day("to"));
        let range = fields.optional("range", range);
        let benchmark =
            fields.optional("benchmark", |isin| Isin::parse(isin).map_err(|err| err.to_string()));
        let interval = fields.optional("interval", Interval::read);
        if let (Some(Some(_)), Some(Some(_))) = (&range, &from) {
            fields.fault("range", "and `from` say two things; send one of them");
        }
        Some(Self {
            account: account?,
            from: from?,
            to: to?,
            range: range?,
            benchmark: benchmark?,
            interval: interval?.unwrap_or(Interval::Month),
        })
    }
}

fn range(word: &str) -> Result<Range, String> {
    Ok(match word {
        "1m" => Range::Months(1),
        "3m" => Range::Months(3),
        "6m" => Range::Months(6),
        "1y" => Range::Months(12),
        "3y" => Range::Months(36),
        "5y" => Range::Months(60),
        "fy" => Range::FinancialYear,
        "max" => Range::All,
        _ => return Err("must be 1m, 3m, 6m, 1y, 3y, 5y, fy or max".into()),
    })
}

impl Asked {
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
    params(("from" = Option<Date>, Query, description = "The day it begins after: what happened on it is in the opening value. By default the day before the first event."),
        ("to" = Option<Date>, Query, description = "The last day; today by default."),
        ("range" = Option<String>, Query, description = "Instead of `from`: `1m`, `3m`, `6m`, `1y`, `3y`, `5y`, `fy` (since 1 April) or `max`."),
        ("accountId" = Option<Uuid>, Query, description = "Only this account."),
        ("benchmark" = Option<String>, Query, description = "The ISIN of something with prices, an index fund say, to compare with."),
        ("interval" = Option<String>, Query, description = "`day`, `week` or `month` (default): the last day of each is in `series`.")),
    responses((status = 200, body = Performance)))]
async fn performance(State(db): State<Db>, caller: Caller, Query(asked): Query<Asked>) -> Reply {
    let today = clock::india_day(clock::now());
    let to = asked.to.unwrap_or(today).min(today);
    let from = asked.begins(to);
    let question = BookOn::new(to);
    let over = PricesOver::new(from, to, asked.benchmark);
    let [one, two, three, four] = question.statements();
    let statements = [stores::health::all(), over.statement(), one, two, three, four];
    let [healths, closes, answers @ ..] = db.read(&caller, statements).await?;
    let accounts = asked::healths(&healths, asked.account)?;
    let book = question.read(&answers)?;
    let closes = PricesOver::read(&closes)?;
    let benchmark =
        asked.benchmark.map(|isin| (isin, closes.get(&isin).cloned().unwrap_or_default()));
    let never_priced = never_priced(&book, asked.account, &closes);
    let prices = Prices::new(closes);
    let first = first_day(&book, asked.account).ok_or_else(|| Problem::new(reasons::NO_PERIOD))?;
    let before_all = first.saturating_sub(1.day());
    let period = Period { from: from.map_or(before_all, |from| from.max(before_all)), to };
    let known = Known {
        ledger: &book.ledger,
        events: &book.events,
        snapshots: &book.snapshots,
        prices: &prices,
    };
    let (priced, returns, days) = of_priced(&known, period, &book, (asked.account, never_priced))?;
    let paid = known.paid(|place| book.is_in(place, asked.account) && !priced.left_out(place));
    shared::http::ok(Performance::new(
        (&returns, &days),
        paid,
        asked.interval,
        benchmark,
        priced.without.iter().map(Isin::to_string).collect(),
        accounts,
    ))
}

/// What has a price at the ends of a period, and what has none.
struct Priced<'a> {
    places: &'a [Place],
    without: BTreeSet<Isin>,
}

impl Priced<'_> {
    fn left_out(&self, place: usize) -> bool {
        self.without.contains(&self.places[place].isin)
    }
}

/// What of an account has neither a close nor a fill that would be one: it is in no figure of any day.
fn never_priced(
    book: &Book,
    account: Option<Uuid>,
    closes: &HashMap<Isin, Vec<(Date, Decimal)>>,
) -> BTreeSet<Isin> {
    let is_price = |step: &&Move| matches!(step.cause, Cause::Trade(_) | Cause::From(..));
    let of = |place: usize| book.ledger.places[place].isin;
    let filled: HashSet<Isin> =
        book.ledger.moves.iter().filter(is_price).map(|step| of(step.place)).collect();
    let places = (0..book.ledger.places.len()).filter(|place| book.is_in(*place, account)).map(of);
    places.filter(|isin| !closes.contains_key(isin) && !filled.contains(isin)).collect()
}

/// Returns of everything that has prices at both ends. One holding without a price does not take the returns of all
/// the others away: it is left out and named. When nothing is left, the refusal says so.
fn of_priced<'a>(
    known: &Known<'a>,
    period: Period,
    book: &'a Book,
    (account, without): (Option<Uuid>, BTreeSet<Isin>),
) -> Result<(Priced<'a>, Returns, Vec<Day>), Problem> {
    let mut priced = Priced { places: &book.ledger.places, without };
    let mut on = period.to;
    loop {
        let of = |place: usize| book.is_in(place, account) && !priced.left_out(place);
        if !(0..priced.places.len()).any(of) {
            return Err(refused(Refused::Unpriced { on, isins: priced.without }));
        }
        match known.returns(period, of) {
            Ok((returns, days)) => return Ok((priced, returns, days)),
            Err(Refused::Unpriced { on: end, isins }) => {
                priced.without.extend(isins);
                on = end;
            }
            Err(other) => return Err(refused(other)),
        }
    }
}

/// The day on which something first came into an account.
fn first_day(book: &Book, account: Option<Uuid>) -> Option<Date> {
    let moves = book.ledger.moves.iter().filter(|step| book.is_in(step.place, account));
    moves.map(|step| step.on).min()
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
