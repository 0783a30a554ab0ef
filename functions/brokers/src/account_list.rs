//! `GET /v1/accounts`: the workspace's accounts at brokers and how fresh they are.

use std::collections::HashMap;

use axum::extract::State;
use jiff::civil::Date;
use ledger::Money;
use rust_decimal::Decimal;
use serde::Serialize;
use shared::db::statement;
use shared::http::{Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Timestamp, typed};
use stores::health::Health;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(account_list), Access::member(Permission::ReadPortfolio))
}

/// An account at a broker.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccountItem {
    account_id: Uuid,
    /// `zerodha`, `groww`, …
    broker: String,
    /// The broker's id of the client.
    client_id: String,
    label: String,
    /// Whether the permanent account number of its holder is stated: tax is a holder's, over all their accounts.
    holder_stated: bool,
    /// The depository's ids of its demat account, as its owner linked them.
    demat_ids: Vec<String>,
    /// The folios outside demat that are its own, as its owner linked them.
    folios: Vec<String>,
    created_at: Timestamp,
    /// When a statement of it was last imported; null before the first.
    imported_at: Option<Timestamp>,
    /// What it was worth when it was last valued; null before.
    last_value: Option<AccountValue>,
    /// How fresh what is known of it is.
    health: Option<Health>,
}

/// An account's worth on a day.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccountValue {
    day: Date,
    value: Money,
    invested: Money,
    /// Holdings without a price, which count nothing in `value`.
    unpriced: i32,
    valued_at: Timestamp,
    /// Whether the day's last prices are in it.
    sealed: bool,
}

/// Accounts in the order they were begun.
#[utoipa::path(get, path = "/v1/accounts", params(PageQuery), responses((status = 200, body = Page<AccountItem>)))]
async fn account_list(
    State(db): State<Db>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Reply {
    let after: Option<Uuid> = page.position()?;
    let most = page.fetch();
    let accounts = statement(
        "select a.account_id, a.broker, a.client_id, a.label, a.holder is not null as holder_stated, a.created_at, i.imported_at,
                array(select l.id from brokers.account_links l where l.account_id = a.account_id and l.kind = 'demat' order by l.id) as demat_ids,
                array(select l.id from brokers.account_links l where l.account_id = a.account_id and l.kind = 'folio' order by l.id) as folios,
                v.day, v.value, v.invested, v.unpriced, v.valued_at, v.sealed_at is not null as sealed
         from brokers.accounts a
         left join lateral (
             select max(i.created_at) as imported_at from imports.imports i where i.account_id = a.account_id
         ) i on true
         left join lateral (
             select v.* from portfolio.account_values v
             where v.account_id = a.account_id order by v.day desc limit 1
         ) v on true
         where $1 is null or a.account_id > $1
         order by a.account_id limit $2",
        [typed(&after), typed(&most)],
    );
    let [rows, healths] = db.read(&caller, [accounts, stores::health::all()]).await?;
    let healths = Health::read_all(&healths).into_iter();
    let healths: HashMap<Uuid, Health> = healths.map(|one| (one.account_id, one)).collect();
    let items = rows.iter().map(|row| item(row, &healths)).collect();
    shared::http::ok(Page::cut(items, &page, |item: &AccountItem| item.account_id))
}

fn item(row: &Row, healths: &HashMap<Uuid, Health>) -> AccountItem {
    let value = |day| AccountValue {
        day,
        value: Money(row.get::<_, Decimal>("value")),
        invested: Money(row.get::<_, Decimal>("invested")),
        unpriced: row.get("unpriced"),
        valued_at: row.get("valued_at"),
        sealed: row.get("sealed"),
    };
    let account_id = row.get("account_id");
    AccountItem {
        account_id,
        health: healths.get(&account_id).cloned(),
        broker: row.get("broker"),
        client_id: row.get("client_id"),
        label: row.get("label"),
        holder_stated: row.get("holder_stated"),
        demat_ids: row.get("demat_ids"),
        folios: row.get("folios"),
        created_at: row.get("created_at"),
        imported_at: row.get("imported_at"),
        last_value: row.get::<_, Option<Date>>("day").map(value),
    }
}
