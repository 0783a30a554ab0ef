//! `GET /v1/portfolio/projection`: what the present plans come to at an assumed return.

use axum::extract::State;
use jiff::ToSpan;
use jiff::civil::Date;
use ledger::projection::{Assumptions, project};
use ledger::{Money, Percent};
use rust_decimal::Decimal;
use serde::Serialize;
use shared::http::{Query, Reply, Route};
use shared::request::{decimal, whole};
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
        yearly_return: Decimal = decimal(),
        /// For how many years.
        years: u8 = whole(1, 40) => 10,
        /// What is paid in each month; the instalments of the present plans without it.
        monthly: Option<Decimal> = decimal(),
        /// Percent by which that rises each year, from 0 to 50.
        step_up: Option<Decimal> = decimal(),
        /// What is there at the beginning; the worth of the plans' units without it.
        start: Option<Decimal> = decimal(),
        ..level: Level,
    }
    check(query, fields) {
        let within = |value: Decimal, least: i64, most: i64| {
            value >= Decimal::from(least) && value <= Decimal::from(most)
        };
        if !within(query.yearly_return, -50, 50) {
            fields.fault("yearlyReturn", "must be from -50 to 50");
        }
        if query.step_up.is_some_and(|step_up| !within(step_up, 0, 50)) {
            fields.fault("stepUp", "must be from 0 to 50");
        }
        for (name, amount) in [("monthly", query.monthly), ("start", query.start)] {
            if amount.is_some_and(|amount| !within(amount, 0, 1_000_000_000_000)) {
                fields.fault(name, "must be from 0 to 1000000000000");
            }
        }
    }
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
