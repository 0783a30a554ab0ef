//! `GET /v1/portfolio`: the accounts of a workspace, how fresh they are, and the last daily snapshot.

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::civil::Date;
use ledger::{Money, Totals, summarise};
use rust_decimal::Decimal;
use serde::Serialize;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Query, Reply, Route};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, Timestamp, clock};
use stores::accounts::Account;
use stores::health::Health;
use stores::ledger::{BookOn, LeftOut};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::new(routes!(get), Access::MemberOrKey(Permission::ReadPortfolio)).computing()
}

/// A workspace's portfolio.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Portfolio {
    workspace_id: Uuid,
    /// Always `INR`.
    currency: &'static str,
    totals: Totals,
    accounts: Vec<PortfolioAccount>,
    /// Securities that are left out of every figure here, and why; empty for nearly everybody.
    left_out: Vec<LeftOut>,
    /// The newest daily snapshot; null before the first import was processed.
    last_snapshot: Option<Snapshot>,
}

/// An account with its totals.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PortfolioAccount {
    account_id: Uuid,
    broker: String,
    client_id: String,
    label: String,
    totals: Totals,
    /// The day of the newest statement that a holding is from; null without holdings.
    statement_on: Option<Date>,
    /// How fresh it is.
    health: Option<Health>,
}

/// A day's closing figures of the whole workspace.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Snapshot {
    day: Date,
    value: Money,
    invested: Money,
    unrealised_gain: Money,
    day_change: Money,
    unpriced: i32,
    /// The newest price in it.
    as_of: Option<Date>,
    taken_at: Timestamp,
    /// Whether the day's last prices are in it.
    sealed: bool,
}

/// Every account with its totals at the newest prices, and the last daily snapshot.
#[utoipa::path(get, path = "/v1/portfolio", responses((status = 200, body = Portfolio)))]
async fn get(State(db): State<Db>, caller: Caller, _: Query<Nothing>) -> Reply {
    let question = BookOn::new(clock::india_day(clock::now()));
    let snapshot = statement(
        "select day, value, invested, unrealised_gain, day_change, unpriced, prices_on, taken_at, sealed_at is not null as sealed
         from portfolio.snapshots order by day desc limit 1",
        [],
    );
    let entered = statement("select current_setting('app.workspace_id')::uuid as workspace_id", []);
    let others = [entered, stores::accounts::all(), snapshot];
    let (book, [entered, accounts, snapshots]) = question.ask(&db, &caller, others).await?;
    let left_out = book.left_out();
    let healths = book.healths.into_iter();
    let healths: BTreeMap<Uuid, Health> = healths.map(|one| (one.account_id, one)).collect();
    let entered = entered.first().ok_or_else(|| Problem::internal(anyhow::anyhow!("no row")))?;
    let summary = summarise(&book.holdings);
    let mut sums: BTreeMap<Uuid, _> =
        summary.accounts.into_iter().map(|sums| (sums.account, sums)).collect();
    let account = |row: &Row| {
        let Account { account_id, broker, client_id, label, .. } = Account::from(row);
        let (totals, statement_on) = match sums.remove(&account_id) {
            Some(sums) => (sums.totals, sums.statement_on),
            None => (Totals::default(), None),
        };
        let health = healths.get(&account_id).cloned();
        PortfolioAccount { account_id, broker, client_id, label, totals, statement_on, health }
    };
    shared::http::ok(Portfolio {
        workspace_id: entered.get("workspace_id"),
        currency: "INR",
        totals: summary.totals,
        accounts: accounts.iter().map(account).collect(),
        left_out,
        last_snapshot: snapshots.first().map(snapshot_of),
    })
}

fn snapshot_of(row: &Row) -> Snapshot {
    let money = |column: &str| Money(row.get::<_, Decimal>(column));
    Snapshot {
        day: row.get("day"),
        value: money("value"),
        invested: money("invested"),
        unrealised_gain: money("unrealised_gain"),
        day_change: money("day_change"),
        unpriced: row.get("unpriced"),
        as_of: row.get("prices_on"),
        taken_at: row.get("taken_at"),
        sealed: row.get("sealed"),
    }
}
