//! `GET /v1/portfolio/sips`: instalment plans of funds.

use axum::extract::State;
use jiff::civil::Date;
use ledger::sips::{Sip, SipReturn};
use ledger::{Isin, Money};
use rust_decimal::Decimal;
use serde::Serialize;
use shared::http::{Conditional, Query, Reply, Route};
use shared::routes;
use shared::{Access, Caller, Db, Permission, clock};
use stores::health::Health;
use stores::ledger::{Book, BookOn, LeftOut};
use stores::versions::{etag, unchanged};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::asked::{Level, Within};
use crate::xirr::XirrAnswer;

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::new(routes!(sips), Access::MemberOrKey(Permission::ReadPortfolio)).computing()
}

/// The plans of a workspace.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Sips {
    /// Always `INR`.
    currency: &'static str,
    /// Plans that go on first, by their next day; then those that have ended.
    items: Vec<SipPlan>,
    /// Instalments of a month, of the plans that go on.
    monthly: Money,
    /// How fresh each of the accounts is.
    accounts: Vec<Health>,
    /// Securities that are left out of every figure here, and why; empty for nearly everybody.
    left_out: Vec<LeftOut>,
}

/// A plan: purchases of one fund that come back every month.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SipPlan {
    account_id: Uuid,
    isin: String,
    name: String,
    folio: Option<String>,
    /// The day of the month on which most instalments are bought.
    day_of_month: i8,
    /// The newest instalment, with stamp duty.
    instalment: Money,
    instalments: usize,
    /// The day of the first one.
    first_on: Date,
    /// The day of the newest one.
    last_on: Date,
    /// When the next one is due; null of a plan that has ended: more than three months were missed.
    next_on: Option<Date>,
    /// First days of the months without an instalment, since the first one.
    missed: Vec<Date>,
    /// All instalments.
    invested: Money,
    /// Worth of the units of the plan that are left; null when one has no price, or some left without being sold.
    #[schema(value_type = Option<String>)]
    value: Option<Money>,
    /// Received for units of the plan that were sold, less charges.
    received: Money,
    /// The yearly return of the plan's units, without what was paid out on them; null without a value.
    xirr: Option<XirrAnswer>,
}

shared::request! {
    /// Whose plans.
    struct SipsQuery {
        ..level: Level,
    }
}

/// Systematic investment plans (SIPs), recognised by their purchases of one fund: three or more, most of them a month apart within
/// five days, each of half to one and a half times the amount before.
#[utoipa::path(get, path = "/v1/portfolio/sips", params(SipsQuery), responses((status = 200, body = Sips), (status = 304, description = "Not modified")))]
async fn sips(
    State(db): State<Db>,
    caller: Caller,
    request: Conditional,
    Query(query): Query<SipsQuery>,
) -> Reply {
    if let Some(same) = unchanged(&db, &caller, &request).await? {
        return Ok(same);
    }
    let today = clock::india_day(clock::now());
    let (book, []) = BookOn::new(today).ask(&db, request.entry(&caller), []).await?;
    let etag = etag(&book, &request)?;
    let (accounts, within) = query.level.within(&book)?;
    let plans = Plans::of(&book, &within, today);
    etag.ok(Sips {
        currency: "INR",
        monthly: Money(plans.monthly()),
        items: plans.items(&book),
        accounts,
        left_out: book.left_out(),
    })
}

/// The plans of a book with what became of them.
pub(crate) struct Plans(Vec<(Sip, SipReturn)>);

impl Plans {
    pub(crate) fn of(book: &Book, within: &Within, today: Date) -> Self {
        let mut plans = ledger::sips::sips(&book.events, today);
        plans.retain(|plan| within.has(&plan.place));
        plans.sort_by(|one, other| {
            let order = |plan: &Sip| {
                (plan.next.is_none(), plan.next, plan.instalments.first().map(|one| one.on))
            };
            order(one).cmp(&order(other)).then_with(|| one.place.cmp(&other.place))
        });
        let price = |isin: Isin| Some(book.securities.get(&isin)?.price.as_ref()?.close.0);
        let returns = ledger::sips::returns(&plans, &book.ledger, today, price);
        Self(plans.into_iter().zip(returns).collect())
    }

    /// The plans that go on.
    fn open(&self) -> impl Iterator<Item = &(Sip, SipReturn)> {
        self.0.iter().filter(|(plan, _)| plan.next.is_some())
    }

    /// Their instalments of a month.
    pub(crate) fn monthly(&self) -> Decimal {
        self.open().map(|(plan, _)| plan.amount()).sum()
    }

    /// Worth of their units; `None` when one has no price.
    pub(crate) fn value(&self) -> Option<Decimal> {
        self.open().map(|(_, found)| found.value).sum()
    }

    fn items(&self, book: &Book) -> Vec<SipPlan> {
        let plan = |(plan, found): &(Sip, SipReturn)| {
            let (first, last) = (plan.instalments.first()?, plan.instalments.last()?);
            Some(SipPlan {
                account_id: plan.place.account,
                isin: plan.place.isin.to_string(),
                name: book.name_of(plan.place.isin),
                folio: plan.place.folio.as_deref().map(str::to_owned),
                day_of_month: plan.day,
                instalment: Money(plan.amount()),
                instalments: plan.instalments.len(),
                first_on: first.on,
                last_on: last.on,
                next_on: plan.next,
                missed: plan.missed.clone(),
                invested: Money(plan.invested()),
                value: found.value.map(Money),
                received: Money(found.received),
                xirr: found.xirr.as_ref().map(XirrAnswer::from),
            })
        };
        self.0.iter().filter_map(plan).collect()
    }
}
