//! `GET /v1/portfolio/positions`: what is traded and not settled, contracts among it, as the broker last said.

use axum::extract::State;
use jiff::civil::Date;
use ledger::{Money, Price, Quantity};
use rust_decimal::Decimal;
use serde::Serialize;
use shared::db::statement;
use shared::http::{Query, Reply, Route};
use shared::request::id;
use shared::routes;
use shared::{Access, Caller, Db, Permission, Timestamp, typed};
use stores::health::Health;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::asked;

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::new(routes!(positions), Access::MemberOrKey(Permission::ReadPortfolio))
}

/// Open positions.
#[derive(Serialize, ToSchema)]
struct Positions {
    items: Vec<Position>,
    /// How fresh each of the accounts is.
    accounts: Vec<Health>,
}

/// A position in one account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OpenPosition)]
struct Position {
    account_id: Uuid,
    /// `NSE`, `BSE`, `NFO`, `BFO`, `CDS`, `MCX`, …
    exchange: String,
    /// The exchange's symbol: of a contract with expiry and strike in it.
    symbol: String,
    /// `CNC` and `MTF` are delivered; `MIS` ends with the day, `NRML` with the contract.
    product: String,
    /// Bought less sold; below zero when it is short.
    quantity: Quantity,
    /// What of it is from an earlier day.
    overnight_quantity: Quantity,
    /// How many units one of it stands for; other than 1 of commodities and currencies.
    multiplier: Quantity,
    average_price: Price,
    last_price: Price,
    /// What was gained on it since it was opened, before charges, at `lastPrice`; null when that cannot be said.
    #[schema(value_type = Option<String>)]
    profit: Option<Money>,
    /// The day it is of: what was bought that day for delivery is a holding the day after.
    day: Date,
    /// When the broker said so.
    as_of: Timestamp,
}

shared::request! {
    /// Whose positions.
    struct PositionsQuery {
        /// Only of this account.
        account_id: Option<Uuid> = id(),
    }
}

/// Net positions of connected accounts when they were last read, at the prices of that moment. What is delivered and
/// was bought that day is in the holdings too; what is not delivered is in no total.
#[utoipa::path(get, path = "/v1/portfolio/positions",
    params(PositionsQuery),
    responses((status = 200, body = Positions)))]
async fn positions(
    State(db): State<Db>,
    caller: Caller,
    Query(query): Query<PositionsQuery>,
) -> Reply {
    // A day on which nothing could be read says nothing.
    let newest = statement(
        "select n.account_id, n.day, n.good_at, p.* from (
             select distinct on (account_id) account_id, day, good_at, positions from brokers.syncs
             where (good_at at time zone 'Asia/Kolkata' - interval '6 hours')::date = day and ($1 is null or account_id = $1)
             order by account_id, day desc
         ) n cross join lateral jsonb_to_recordset(n.positions) as p (
             exchange text, symbol text, product text, quantity numeric, \"overnightQuantity\" numeric,
             multiplier numeric, \"averagePrice\" numeric, \"lastPrice\" numeric, profit numeric)
         order by n.account_id, p.exchange, p.symbol, p.product",
        [typed(&query.account_id)],
    );
    let [healths, rows] = db.read(&caller, [stores::health::all(), newest]).await?;
    let accounts = asked::of_account(Health::read_all(&healths), query.account_id)?;
    shared::http::ok(Positions { items: rows.iter().map(position).collect(), accounts })
}

fn position(row: &Row) -> Position {
    let number = |column: &str| row.get::<_, Decimal>(column);
    Position {
        account_id: row.get("account_id"),
        exchange: row.get("exchange"),
        symbol: row.get("symbol"),
        product: row.get("product"),
        quantity: Quantity(number("quantity")),
        overnight_quantity: Quantity(number("overnightQuantity")),
        multiplier: Quantity(number("multiplier")),
        average_price: Price(number("averagePrice")),
        last_price: Price(number("lastPrice")),
        profit: row.get::<_, Option<Decimal>>("profit").map(Money),
        day: row.get("day"),
        as_of: row.get("good_at"),
    }
}
