//! `GET /v1/instruments`: finds instruments by symbol, name or ISIN.

use axum::extract::State;
use jiff::civil::Date;
use ledger::Price;
use rust_decimal::Decimal;
use serde::Serialize;
use shared::db::statement;
use shared::http::{Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::request::printable_of;
use shared::routes;
use shared::{Access, Caller, Db, Permission, clock, typed};
use tokio_postgres::Row;
use utoipa::ToSchema;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(instrument_search), Access::MemberOrKey(Permission::ReadPortfolio))
}

/// An instrument.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Instrument {
    isin: String,
    /// The symbol it has now on the exchange; null when it is not listed.
    symbol: Option<String>,
    name: String,
    /// `equity`, `etf`, `mutual_fund`, `government_security` or `unclassified`.
    class: String,
    sector: String,
    /// Who says so: `nse`, `nse_index_list` or `amfi`.
    source: String,
    /// The newest close or net asset value; null when there is none.
    #[schema(value_type = Option<String>)]
    price: Option<Price>,
    /// The day of that price.
    price_as_of: Option<Date>,
    #[serde(skip)]
    rank: i32,
}

shared::request! {
    /// What is looked for.
    #[example({ "q": "reli" })]
    struct InstrumentsQuery {
        /// Part of a symbol or a name, or an ISIN.
        q: String = printable_of(2, 60),
        ..page: PageQuery,
    }
}

/// Best matches first: the ISIN or symbol itself, then symbols, then names that begin so, then names
/// that contain it.
#[utoipa::path(get, path = "/v1/instruments",
    params(InstrumentsQuery),
    responses((status = 200, body = Page<Instrument>)))]
async fn instrument_search(
    State(db): State<Db>,
    caller: Caller,
    Query(query): Query<InstrumentsQuery>,
) -> Reply {
    let (rank, isin): (Option<i32>, Option<String>) = query.page.position()?.unzip();
    let literal = escaped(&query.q);
    let (symbol, name) = (literal.to_uppercase(), literal.to_lowercase());
    let (exact, most) = (query.q.to_uppercase(), query.page.fetch());
    let day = clock::india_day(clock::now());
    let found = statement(
        include_str!("instrument_search.sql"),
        [
            typed(&exact),
            typed(&symbol),
            typed(&name),
            typed(&day),
            typed(&rank),
            typed(&isin),
            typed(&most),
        ],
    );
    let [rows] = db.read(&caller, [found]).await?;
    let items = rows.iter().map(instrument).collect();
    shared::http::ok(Page::cut(items, &query.page, |item: &Instrument| {
        (item.rank, item.isin.clone())
    }))
}

/// A text in which LIKE finds nothing but itself.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn instrument(row: &Row) -> Instrument {
    Instrument {
        isin: row.get("isin"),
        symbol: row.get("symbol"),
        name: row.get("name"),
        class: row.get("class"),
        sector: row.get("sector"),
        source: row.get("source"),
        price: row.get::<_, Option<Decimal>>("close").map(Price),
        price_as_of: row.get("on_date"),
        rank: row.get("rank"),
    }
}
