//! `GET /v1/portfolio/projection`: what the present plans come to at an assumed return.

use axum::extract::State;
use jiff::ToSpan;
use jiff::civil::Date;
use ledger::projection::{Assumptions, project};
use ledger::{Money, Percent};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use shared::http::{Query, Reply, Route};
use shared::request::{Reader, text, whole};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, clock};
use stores::entitlements;
use stores::health::Health;
use stores::ledger::{BookOn, LeftOut};
use utoipa::ToSchema;

use crate::asked::Level;
use crate::reasons::{NO_START, TOO_LARGE_TO_PROJECT};
use crate::sips::Plans;

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::new(routes!(projection), Access::MemberOrKey(Permission::ReadPortfolio)).computing()
}

/// How it is worked out.
const METHOD: &str = "Arithmetic from these assumptions, and no forecast: nobody knows the return of coming years. Each month the \
    instalment is paid in at its beginning, then everything grows by the twelfth root of the yearly factor. The instalment rises \
    once a year by the step-up. Inflation, exit loads, tax and what is paid out are not considered.";

/// What plans come to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Projection {
    /// Always `INR`.
    currency: &'static str,
    /// The day it begins on.
    from: Date,
    /// What is assumed.
    assumptions: ProjectionAssumptions,
    /// How it is worked out, for people: shown with every figure.
    method: &'static str,
    /// The end of each year.
    years: Vec<ProjectionYear>,
    /// How fresh each of the accounts is.
    accounts: Vec<Health>,
    /// Securities that are left out of every figure here, and why; empty for nearly everybody.
    left_out: Vec<LeftOut>,
}

/// What is assumed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProjectionAssumptions {
    /// What is there at the beginning.
    start: Money,
    /// `request`, or `sips`: the worth of the units of the plans that go on.
    start_from: &'static str,
    /// What is paid in each month of the first year.
    monthly: Money,
    /// `request`, or `sips`: the instalments of the plans that go on.
    monthly_from: &'static str,
    /// Percent by which the instalment rises each year.
    #[schema(value_type = String)]
    step_up: Percent,
    /// Percent a year.
    #[schema(value_type = String)]
    yearly_return: Percent,
}

/// The end of a year.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProjectionYear {
    /// The first is 1.
    year: u8,
    /// Its last day.
    until: Date,
    /// Instalments until then, without what was there at the beginning.
    paid_in: Money,
    /// What everything comes to.
    value: Money,
}

shared::request! {
    /// What is assumed.
    #[example({ "yearlyReturn": "12", "monthly": "10000" })]
    struct ProjectionQuery {
        /// Percent a year, from -50 to 50.
        yearly_return: Decimal = percent(true),
        /// For how many years.
        years: u8 = whole(1, 40) => 10,
        /// What is paid in each month; the instalments of the present plans without it.
        monthly: Option<Decimal> = rupees(),
        /// Percent by which that rises each year, from 0 to 50.
        step_up: Option<Decimal> = percent(false),
        /// What is there at the beginning; the worth of the plans' units without it.
        start: Option<Decimal> = rupees(),
        ..level: Level,
    }
}

/// A percentage up to 50 with four decimals, and from -50 where it may be negative.
fn percent(may_be_negative: bool) -> impl Reader<Value = Decimal> {
    let sign = if may_be_negative { "-?" } else { "" };
    let least = if may_be_negative { "-50" } else { "0" };
    text(
        move |text| {
            let digits = text.strip_prefix('-').filter(|_| may_be_negative).unwrap_or(text);
            let read = plain(digits, 2).filter(|read| *read <= Decimal::from(50));
            let read = read.map(|read| if digits == text { read } else { -read });
            read.ok_or_else(|| format!("must be from {least} to 50, with four decimals at most"))
        },
        move || json!({ "pattern": format!(r"^{sign}([0-4]?[0-9](\.[0-9]{{1,4}})?|50(\.0{{1,4}})?)$") }),
    )
}

/// An amount below 1,000,000,000,000.
fn rupees() -> impl Reader<Value = Decimal> {
    text(
        |text| {
            let wrong = "must be an amount of twelve digits at most, as 10000 or 10000.50";
            plain(text, 12).ok_or_else(|| wrong.to_owned())
        },
        || json!({ "pattern": r"^[0-9]{1,12}(\.[0-9]{1,4})?$" }),
    )
}

/// Digits, and up to four after a point.
fn plain(text: &str, whole_digits: usize) -> Option<Decimal> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let good = [(whole, whole_digits), (part, 4)].iter().all(|(digits, most)| {
        (1..=*most).contains(&digits.len()) && digits.bytes().all(|one| one.is_ascii_digit())
    });
    if good { text.parse().ok() } else { None }
}

/// What the present instalment plans come to at a yearly return that the caller assumes. Part of Pro. No forecast and no
/// advice; `method` says how it is worked out and is to be shown with it.
#[utoipa::path(get, path = "/v1/portfolio/projection", params(ProjectionQuery),
    responses((status = 200, body = Projection)))]
async fn projection(
    State(db): State<Db>,
    caller: Caller,
    Query(query): Query<ProjectionQuery>,
) -> Reply {
    let today = clock::india_day(clock::now());
    let (book, [tier]) = BookOn::new(today).ask(&db, &caller, [entitlements::tier()]).await?;
    entitlements::need_pro(&tier)?;
    let (accounts, within) = query.level.within(&book)?;
    let plans = Plans::of(&book, &within, today);
    let from = |given: Option<Decimal>| if given.is_some() { "request" } else { "sips" };
    let monthly = query.monthly.unwrap_or_else(|| plans.monthly());
    let start = query.start.or_else(|| plans.value()).ok_or_else(|| Problem::new(NO_START))?;
    let assumptions = Assumptions {
        start,
        monthly,
        step_up_percent: query.step_up.unwrap_or_default(),
        yearly_percent: query.yearly_return,
        years: query.years,
    };
    let years = project(&assumptions).ok_or_else(|| Problem::new(TOO_LARGE_TO_PROJECT))?;
    shared::http::ok(Projection {
        currency: "INR",
        from: today,
        method: METHOD,
        years: years
            .iter()
            .map(|one| ProjectionYear {
                year: one.year,
                until: today.saturating_add(i32::from(one.year).years()),
                paid_in: Money(one.paid_in),
                value: Money(one.value),
            })
            .collect(),
        assumptions: ProjectionAssumptions {
            start: Money(start),
            start_from: from(query.start),
            monthly: Money(monthly),
            monthly_from: from(query.monthly),
            step_up: Percent(assumptions.step_up_percent),
            yearly_return: Percent(assumptions.yearly_percent),
        },
        accounts,
        left_out: book.left_out(),
    })
}
