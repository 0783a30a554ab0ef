//! `GET /v1/portfolio/income`: what was paid on holdings.

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::civil::Date;
use ledger::tax::{financial_year, year_label};
use ledger::{IncomeKind, Money};
use serde::Serialize;
use shared::http::{Conditional, Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, clock};
use stores::health::Health;
use stores::ledger::{Book, BookOn, LeftOut};
use stores::versions::{etag, unchanged};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::asked::{self, Level};

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::new(routes!(income), Access::MemberOrKey(Permission::ReadPortfolio)).computing()
}

/// Income of a workspace.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Income {
    /// Always `INR`.
    currency: &'static str,
    /// Whether any income was ever recorded. It is paid to the bank and in no tradebook: without a record nothing is
    /// known of it, which is not zero.
    known: bool,
    /// By financial year and kind.
    years: Vec<YearIncome>,
    /// The payments of `year`, newest first; null without it.
    payments: Option<Page<Payment>>,
    /// How fresh each of the accounts is.
    accounts: Vec<Health>,
    /// Securities that are left out of every figure here, and why; empty for nearly everybody.
    left_out: Vec<LeftOut>,
}

/// Income of one kind in one financial year.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct YearIncome {
    /// The year in which the financial year begins.
    year: i16,
    year_label: String,
    kind: IncomeKind,
    /// Before tax.
    gross: Money,
    /// Tax deducted at source.
    tds: Money,
    payments: usize,
}

/// A payment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Payment {
    transaction_id: Uuid,
    account_id: Uuid,
    isin: String,
    name: String,
    on: Date,
    kind: IncomeKind,
    gross: Money,
    tds: Money,
}

shared::request! {
    /// Which income.
    struct IncomeQuery {
        /// The year in which the financial year begins: 2025 for April 2025 to March 2026.
        year: Option<i16> = asked::financial_year(),
        ..level: Level,
        ..page: PageQuery,
    }
}

/// Dividends, interest and distributions, by financial year. What a trust repays of its debt is no income, but for what
/// is above the cost.
#[utoipa::path(get, path = "/v1/portfolio/income",
    params(IncomeQuery),
    responses((status = 200, body = Income), (status = 304, description = "Not modified")))]
async fn income(
    State(db): State<Db>,
    caller: Caller,
    request: Conditional,
    Query(query): Query<IncomeQuery>,
) -> Reply {
    if let Some(same) = unchanged(&db, &caller, &request).await? {
        return Ok(same);
    }
    let question = BookOn::new(clock::india_day(clock::now()));
    let (book, []) = question.ask(&db, request.entry(&caller), []).await?;
    let etag = etag(&book, &request)?;
    let (accounts, within) = query.level.within(&book)?;
    let paid: Vec<_> = book
        .ledger
        .incomes
        .iter()
        .filter(|paid| within.has(&book.ledger.places[paid.place]))
        .collect();
    let of_year = query.year.map(|year| payments(&book, &paid, year, &query.page)).transpose()?;
    etag.ok(Income {
        currency: "INR",
        known: !paid.is_empty(),
        years: years(&paid, query.year),
        payments: of_year,
        accounts,
        left_out: book.left_out(),
    })
}

fn years(all: &[&ledger::Income], wanted: Option<i16>) -> Vec<YearIncome> {
    let mut years: BTreeMap<(i16, IncomeKind), YearIncome> = BTreeMap::new();
    let of_year = |on| wanted.is_none_or(|wanted| financial_year(on) == wanted);
    for paid in all.iter().filter(|paid| of_year(paid.on)) {
        let year = financial_year(paid.on);
        let sums = years.entry((year, paid.kind)).or_insert_with(|| YearIncome {
            year,
            year_label: year_label(year),
            kind: paid.kind,
            gross: Money::default(),
            tds: Money::default(),
            payments: 0,
        });
        sums.gross.0 += paid.gross;
        sums.tds.0 += paid.tds;
        sums.payments += 1;
    }
    years.into_values().collect()
}

/// The payments of a year, newest first; a page goes on after a payment's day and event.
fn payments(
    book: &Book,
    all: &[&ledger::Income],
    year: i16,
    page: &PageQuery,
) -> Result<Page<Payment>, Problem> {
    let after: Option<(Date, Uuid)> = page.position()?;
    let mut of_year: Vec<_> = all.iter().filter(|paid| financial_year(paid.on) == year).collect();
    of_year.sort_by_key(|paid| std::cmp::Reverse((paid.on, paid.event)));
    let rest =
        of_year.iter().filter(|paid| after.is_none_or(|after| (paid.on, paid.event) < after));
    let payment = |paid: &&&&ledger::Income| {
        let place = &book.ledger.places[paid.place];
        Payment {
            transaction_id: paid.event,
            account_id: place.account,
            isin: place.isin.to_string(),
            name: book.name_of(place.isin),
            on: paid.on,
            kind: paid.kind,
            gross: Money(paid.gross),
            tds: Money(paid.tds),
        }
    };
    let items = rest.take(usize::try_from(page.fetch()).unwrap_or(usize::MAX));
    let items = items.map(|paid| payment(&paid)).collect();
    Ok(Page::cut(items, page, |item: &Payment| (item.on, item.transaction_id)))
}
