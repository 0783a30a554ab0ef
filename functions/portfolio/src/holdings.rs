//! `GET /v1/portfolio/holdings`: every holding with its quantities, its price and its figures.

mod selection;

use axum::extract::State;
use jiff::civil::Date;
use ledger::{Holding, Lots, Money, NoValue, Percent, Price, Quantity, value};
use serde::Serialize;
use shared::http::{Conditional, Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::request::id;
use shared::routes;
use shared::{Access, Caller, Db, Permission, clock};
use stores::health::Health;
use stores::ledger::{Book, BookOn, LeftOut};
use stores::versions::{etag, unchanged};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::asked::of_holder;
use selection::{Position, Selection, after};

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::new(routes!(holdings), Access::MemberOrKey(Permission::ReadPortfolio)).computing()
}

/// A page of holdings.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Holdings<'a> {
    items: Vec<HoldingItem<'a>>,
    /// What to send as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
    /// How fresh each of the accounts is.
    accounts: Vec<Health>,
    /// Securities that are left out of every figure here, and why; empty for nearly everybody.
    left_out: Vec<LeftOut>,
}

/// A holding.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HoldingItem<'a> {
    account_id: Uuid,
    isin: &'a str,
    symbol: Option<&'a str>,
    name: &'a str,
    /// `equity`, `etf`, `mutual_fund`, `government_security` or `unclassified`.
    class: &'a str,
    sector: &'a str,
    /// What is owned: available, bought (T1) and pledged together.
    quantity: Quantity,
    /// The part of it bought and not yet delivered.
    t1_quantity: Quantity,
    /// The part of it that is pledged.
    pledged_quantity: Quantity,
    /// What the broker cannot account for; not part of `quantity`.
    discrepant_quantity: Quantity,
    /// The part of it that is bought on margin, with the broker's money.
    financed_quantity: Quantity,
    /// How much of that money is owed; null when nothing is, or the source does not say.
    #[schema(value_type = Option<String>)]
    loan: Option<Money>,
    /// Total cost: the lots' where they agree with what is held, else the statement's; null when neither is known.
    #[schema(value_type = Option<String>)]
    invested: Option<Money>,
    /// `invested` over `quantity`.
    #[schema(value_type = Option<String>)]
    average_price: Option<Price>,
    /// Worth at `price`; null when there is none, and then `reason` says why.
    #[schema(value_type = Option<String>)]
    value: Option<Money>,
    /// Why there is no value.
    reason: Option<NoValue>,
    #[schema(value_type = Option<String>)]
    unrealised_gain: Option<Money>,
    #[schema(value_type = Option<String>)]
    unrealised_percent: Option<Percent>,
    /// Gain since the close before; null when that is not known.
    #[schema(value_type = Option<String>)]
    day_change: Option<Money>,
    /// The newest price.
    price: Option<HoldingPrice<'a>>,
    /// The day of the statement or the event the quantities are from.
    as_of: Date,
    /// The layout of that statement, or `transactions`.
    source: &'a str,
    /// What the lots are known from: gains and returns are as good as they are.
    lots: Lots,
}

/// A price and where it is from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HoldingPrice<'a> {
    close: Price,
    #[schema(value_type = Option<String>)]
    previous_close: Option<Price>,
    as_of: Date,
    /// `nse` or `amfi`.
    source: &'a str,
}

shared::request! {
    /// Which page of which holdings.
    struct HoldingsQuery {
        /// Only the holdings of this account.
        account_id: Option<Uuid> = id(),
        /// Only the holdings of whoever has this account, in all of their accounts.
        holder_of: Option<Uuid> = id(),
        ..selection: Selection,
        ..page: PageQuery,
    }
}

/// Holdings at the newest prices, by ISIN and account unless another order is asked for.
#[utoipa::path(get, path = "/v1/portfolio/holdings",
    params(HoldingsQuery),
    responses((status = 200, body = Holdings), (status = 304, description = "Not modified")))]
async fn holdings(
    State(db): State<Db>,
    caller: Caller,
    request: Conditional,
    Query(query): Query<HoldingsQuery>,
) -> Reply {
    if let Some(same) = unchanged(&db, &caller, &request).await? {
        return Ok(same);
    }
    let position: Option<Position> = query.page.position()?;
    let question = BookOn::new(clock::india_day(clock::now()));
    let (book, []) = question.ask(&db, request.entry(&caller), []).await?;
    let etag = etag(&book, &request)?;
    let left_out = book.left_out();
    let Book { mut holdings, healths, .. } = book;
    let accounts = of_holder(healths, query.account_id, query.holder_of)?;
    holdings.retain(|holding| accounts.iter().any(|one| one.account_id == holding.account));
    let fetch = usize::try_from(query.page.fetch()).unwrap_or(usize::MAX);
    let holdings = query.selection.of(holdings);
    let rest = after(&holdings, position).take(fetch).collect();
    let Page { items, next_cursor } =
        Page::cut(rest, &query.page, |(at, holding)| (*at, holding.isin, holding.account));
    let items = items.into_iter().map(|(_, holding)| item(holding)).collect();
    etag.ok(Holdings { items, next_cursor, accounts, left_out })
}

fn item(holding: &Holding) -> HoldingItem<'_> {
    let valued = value(holding);
    let average = |cost: Money| cost.0.checked_div(holding.owned.0).map(Price);
    HoldingItem {
        account_id: holding.account,
        isin: holding.isin.as_str(),
        symbol: holding.symbol.as_deref(),
        name: &holding.name,
        class: &holding.class,
        sector: &holding.sector,
        quantity: holding.owned,
        t1_quantity: holding.t1,
        pledged_quantity: holding.pledged,
        discrepant_quantity: holding.discrepant,
        financed_quantity: holding.financed,
        loan: holding.loan,
        invested: holding.cost,
        average_price: holding.cost.and_then(average),
        value: valued.value.ok(),
        reason: valued.value.err(),
        unrealised_percent: valued
            .unrealised
            .zip(holding.cost)
            .and_then(|(gain, cost)| Percent::of(gain, cost)),
        unrealised_gain: valued.unrealised,
        day_change: valued.day_change,
        price: holding.price.as_ref().map(|price| HoldingPrice {
            close: price.close,
            previous_close: price.previous,
            as_of: price.on,
            source: &price.source,
        }),
        as_of: holding.as_of,
        source: &holding.source,
        lots: holding.lots,
    }
}
