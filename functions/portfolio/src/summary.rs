//! `GET /v1/portfolio/summary`: what it is worth, what it gained, and where it is invested.

use axum::extract::State;
use ledger::{Allocation, Mover, Totals, allocate, movers, totals};
use serde::Serialize;
use shared::fields::Nothing;
use shared::http::{Conditional, Query, Reply, Route};
use shared::routes;
use shared::{Access, Caller, Db, Permission, clock};
use stores::health::Health;
use stores::ledger::{Book, BookOn, LeftOut};
use stores::versions::{etag, unchanged};
use utoipa::ToSchema;

/// How many gainers and losers are named.
const MOVERS: usize = 5;

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::new(routes!(summary), Access::MemberOrKey(Permission::ReadPortfolio)).computing()
}

/// The portfolio at a glance.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PortfolioSummary {
    /// Always `INR`.
    currency: &'static str,
    totals: Totals,
    allocation: Allocations,
    /// The securities that gained most since they were bought, by amount.
    top_gainers: Vec<Mover>,
    /// Those that lost most.
    top_losers: Vec<Mover>,
    /// How fresh each of the accounts is.
    accounts: Vec<Health>,
    /// Securities that are left out of every figure here, and why; empty for nearly everybody.
    left_out: Vec<LeftOut>,
}

/// The portfolio cut in three ways, each summing to the whole; largest slices first.
#[derive(Serialize, ToSchema)]
struct Allocations {
    sector: Vec<Allocation>,
    class: Vec<Allocation>,
    /// By account id; `GET /v1/portfolio` names them.
    account: Vec<Allocation>,
}

/// Totals, gains and allocation at the newest prices; what has no price is counted apart.
#[utoipa::path(get, path = "/v1/portfolio/summary", responses((status = 200, body = PortfolioSummary), (status = 304, description = "Not modified")))]
async fn summary(
    State(db): State<Db>,
    caller: Caller,
    request: Conditional,
    _: Query<Nothing>,
) -> Reply {
    if let Some(same) = unchanged(&db, &caller, &request).await? {
        return Ok(same);
    }
    let question = BookOn::new(clock::india_day(clock::now()));
    let (book, []) = question.ask(&db, request.entry(&caller), []).await?;
    let etag = etag(&book, &request)?;
    let left_out = book.left_out();
    let Book { holdings: book, healths, .. } = book;
    let (top_gainers, top_losers) = movers(&book, MOVERS);
    etag.ok(PortfolioSummary {
        currency: "INR",
        totals: totals(&book),
        allocation: Allocations {
            sector: allocate(&book, |holding| holding.sector.to_string()),
            class: allocate(&book, |holding| holding.class.to_string()),
            account: allocate(&book, |holding| holding.account.to_string()),
        },
        top_gainers,
        top_losers,
        accounts: healths,
        left_out,
    })
}
