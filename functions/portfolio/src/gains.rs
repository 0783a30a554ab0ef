//! `GET /v1/portfolio/gains`: what was gained by selling, by holder, financial year and class.

mod answer;
mod compared;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName};
use ledger::tax::{self, Gain, GainClass, schedule};
use shared::http::{Conditional, Query, Reply, Route};
use shared::page::PageQuery;
use shared::request::{choice, flag};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, clock};
use stores::accounts::Account;
use stores::health::Health;
use stores::ledger::{Book, BookOn};
use stores::versions::{etag, unchanged};
use uuid::Uuid;

use crate::asked::{Level, financial_year};
use crate::reasons;
use answer::Gains;

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::new(routes!(gains), Access::MemberOrKey(Permission::ReadPortfolio)).computing()
}

/// Of a schedule: whether its columns are known to be those of the year's form.
const VERIFIED: HeaderName = HeaderName::from_static("layout-verified");
/// The day up to which all accounts of the holder are known, and whether something newer is to be had.
const AS_OF: HeaderName = HeaderName::from_static("as-of");
const STALE: HeaderName = HeaderName::from_static("stale");

/// The schedule's layouts by name.
const LAYOUTS: [(&str, schedule::Layout); 2] =
    [("without1b", schedule::Layout::Without1b), ("with1b", schedule::Layout::With1b)];

shared::request! {
    /// Which gains, and how.
    struct GainsQuery {
        /// The year in which the financial year begins: 2025 for April 2025 to March 2026.
        year: Option<i16> = financial_year(),
        /// `schedule112a` for that schedule of one holder and `year` as CSV.
        schedule as "format": bool = choice([("json", false), ("schedule112a", true)]) => "json",
        /// Which of the schedule's layouts is wanted when sources disagree on a year: then the answer has
        /// `Layout-Verified: false` without it. `As-Of` and `Stale` say how fresh the holder's accounts are.
        layout: Option<schedule::Layout> = choice(LAYOUTS),
        /// `true` for a schedule without the lots whose cost is not known; otherwise it is refused.
        partial: bool = flag() => false,
        ..level: Level,
        ..page: PageQuery,
    }
    check(query, fields) {
        if query.schedule && query.year.is_none() {
            fields.fault("year", "is required for a schedule");
        }
    }
}

/// Gains by holder, financial year and class, and with `year` every lot that was sold in it, newest first. Figures for
/// a return and no tax bill: no set-off, no exemption limit. What is not known is flagged and counted, never guessed.
/// Where a broker's own report was imported, `comparisons` holds every lot against it.
#[utoipa::path(get, path = "/v1/portfolio/gains",
    params(GainsQuery),
    responses((status = 200, body = Gains), (status = 304, description = "Not modified")))]
async fn gains(
    State(db): State<Db>,
    caller: Caller,
    request: Conditional,
    Query(query): Query<GainsQuery>,
) -> Reply<Response> {
    if let Some(same) = unchanged(&db, &caller, &request).await? {
        return Ok(same);
    }
    // Lots and intraday trades know no bounds of accounts that transfers cross: the whole book is worked through.
    let question = BookOn::new(clock::india_day(clock::now()));
    let reports = compared::Reports::of(query.level.account_id, query.year, !query.schedule);
    let (values, reports) = (stores::tax::known(), reports.statement());
    let others = [stores::accounts::all(), values, reports];
    let (book, [accounts, values, reports]) =
        question.ask(&db, request.entry(&caller), others).await?;
    let etag = etag(&book, &request)?;
    let accounts: Vec<Account> = accounts.iter().map(Account::from).collect();
    let (healths, within) = query.level.within(&book)?;
    let facts = stores::tax::facts(&book, &values)?;
    let mut gains = tax::gains(&book.ledger, &facts);
    let place = |gain: &Gain<'_>| &book.ledger.places[gain.closing.place];
    let holders = Holders::new(&accounts);
    gains.retain(|gain| match query.level.account_id {
        // A schedule is one holder's, over all their accounts.
        Some(account) if query.schedule => holders.of(place(gain).account) == holders.of(account),
        _ => within.has(place(gain)),
    });
    if query.schedule {
        return schedule_of(&query, &book, &gains, (&holders, &healths));
    }
    let mut answer = answer::answer(&query.page, query.year, &book, &gains, &holders)?;
    let of = (&within, query.year);
    answer.comparisons = compared::comparisons(&reports, &book, &gains, of)?;
    answer.accounts = healths;
    etag.ok(answer)
}

/// Whose accounts are whose. An account without a stated holder stands for itself.
pub(crate) struct Holders<'a>(BTreeMap<Uuid, Holder<'a>>);

/// Somebody who is taxed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder<'a> {
    /// By their permanent account number.
    Known(&'a str),
    /// Whoever has this account.
    Of(Uuid),
}

impl<'a> Holders<'a> {
    pub(crate) fn new(accounts: &'a [Account]) -> Self {
        let holder = |account: &'a Account| match &account.holder {
            Some(number) => Holder::Known(number),
            None => Holder::Of(account.account_id),
        };
        Self(accounts.iter().map(|account| (account.account_id, holder(account))).collect())
    }

    /// The holder of an account.
    pub(crate) fn of(&self, account: Uuid) -> Holder<'a> {
        self.0.get(&account).copied().unwrap_or(Holder::Of(account))
    }

    /// All accounts of a holder.
    pub(crate) fn accounts(&self, holder: Holder<'a>) -> Vec<Uuid> {
        self.0.iter().filter(|(_, other)| **other == holder).map(|(account, _)| *account).collect()
    }
}

/// Schedule 112A of one holder and year.
fn schedule_of(
    query: &GainsQuery,
    book: &Book,
    gains: &[Gain<'_>],
    (holders, healths): (&Holders<'_>, &[Health]),
) -> Reply<Response> {
    let year = query.year.unwrap_or_default();
    let of_year = schedule::layout(year);
    let layout = query.layout.or_else(|| of_year.map(|(layout, _)| layout));
    let layout = layout.ok_or_else(|| Problem::new(reasons::NO_SCHEDULE))?;
    // Sources disagree on the columns of some years, and the file itself has no room to say so.
    let verified = query.layout.is_some() || of_year.is_some_and(|(_, verified)| verified);
    // Another class is on another schedule, and nobody's business here.
    let concerns = |gain: &&Gain<'_>| {
        tax::financial_year(gain.closing.sold_on) == year
            && matches!(gain.class, GainClass::LongTermEquity | GainClass::Unknown)
    };
    let of_year: Vec<&Gain<'_>> = gains.iter().filter(concerns).collect();
    let account = |gain: &Gain<'_>| book.ledger.places[gain.closing.place].account;
    let mut whose: Vec<Holder<'_>> = of_year.iter().map(|gain| holders.of(account(gain))).collect();
    whose.sort();
    whose.dedup();
    if whose.len() > 1 {
        let accounts: Vec<Vec<Uuid>> =
            whose.iter().map(|holder| holders.accounts(*holder)).collect();
        return Err(Problem::new(reasons::SEVERAL_HOLDERS).with("accounts", accounts));
    }
    let left_out = of_year.iter().filter(|gain| schedule::left_out(gain)).count();
    if left_out > 0 && !query.partial {
        return Err(Problem::new(reasons::COST_UNKNOWN).with("lots", left_out));
    }
    let isin = |gain: &Gain<'_>| book.ledger.places[gain.closing.place].isin;
    let rows = schedule::rows(&of_year, layout, |isin| book.name_of(isin), isin);
    // The oldest of the holder's accounts: a sale that nobody told of yet is missing.
    let own = |health: &&Health| whose.is_empty() || whose.contains(&holders.of(health.account_id));
    let as_of = healths.iter().filter(own).map(|health| health.as_of).min().flatten();
    let stale = healths.iter().filter(own).any(|health| health.stale);
    // Names have letters, digits and spaces alone, so no cell needs quotes and none is a formula.
    let file: String = rows.iter().map(|row| format!("{}\r\n", row.join(","))).collect();
    let disposition = format!("attachment; filename=\"schedule-112a-{year}.csv\"");
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, disposition),
        (VERIFIED, verified.to_string()),
        (AS_OF, as_of.map_or_else(|| "unknown".to_owned(), |day| day.to_string())),
        (STALE, stale.to_string()),
    ];
    Ok((headers, file).into_response())
}
