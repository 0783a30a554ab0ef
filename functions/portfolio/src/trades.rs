//! `GET /v1/portfolio/trades`: every event of the ledger, newest first.

use axum::extract::State;
use jiff::civil::{Date, Time};
use ledger::columns::{KINDS, Terms};
use ledger::{Isin, Money, Price, Quantity};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use shared::db::statement;
use shared::fields::known_day;
use shared::http::{Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::request::{choice, day, decimal, id, printable, word_of};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, typed};
use stores::fields::isin;
use stores::health::Health;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::asked;

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::new(routes!(trades), Access::MemberOrKey(Permission::ReadPortfolio))
}

/// An event of the ledger.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Trade {
    transaction_id: Uuid,
    account_id: Uuid,
    /// `buy`, `sell`, `ipo_allotment`, `rights`, `bonus`, `split`, `merger`, `demerger`, `transfer_in`,
    /// `transfer_out`, `buyback`, `dividend`, `interest`, `distribution`, `charge` or `opening`.
    kind: String,
    /// `equity`, `mutual_fund`; `derivative`, `currency` and `commodity` are left out of lots, value and returns.
    market: String,
    isin: Option<String>,
    symbol: Option<String>,
    name: String,
    /// The folio of units outside demat.
    folio: Option<String>,
    on: Date,
    /// Indian time of execution.
    #[schema(value_type = Option<String>)]
    at: Option<Time>,
    /// `exchange`, `trade_to_trade`, `fund`, `off_market`, `redemption` or `fraction`; of trades alone.
    venue: Option<String>,
    exchange: Option<String>,
    series: Option<String>,
    #[schema(value_type = Option<String>)]
    quantity: Option<Quantity>,
    /// `amount` over `quantity`.
    #[schema(value_type = Option<String>)]
    price: Option<Price>,
    /// Before charges; of income before tax.
    #[schema(value_type = Option<String>)]
    amount: Option<Money>,
    /// Null when they are not known.
    #[schema(value_type = Option<String>)]
    charges: Option<Money>,
    #[schema(value_type = Option<String>)]
    stt: Option<Money>,
    /// What this kind alone has: `gives`, `per`, `into`, `costPercent`, `allottedOn`, `acquiredOn`, `cost`, `tds`, `capital`, `to`.
    #[schema(value_type = Object)]
    terms: Terms,
    /// The exchange's id of the trade, or what stands for it.
    reference: String,
    /// The layout of the file it is from, `manual`, or `kite` for a fill that Kite told of: the tradebook takes its place.
    source: String,
    /// Whether somebody changed what the file says.
    corrected: bool,
}

/// A page of what happened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Trades {
    items: Vec<Trade>,
    /// What to send as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
    /// How fresh each of the accounts is.
    accounts: Vec<Health>,
}

/// In which order events are listed.
#[derive(Clone, Copy)]
struct Order {
    by_amount: bool,
    ascending: bool,
}

const ORDERS: [(&str, Order); 4] = [
    ("-date", Order { by_amount: false, ascending: false }),
    ("date", Order { by_amount: false, ascending: true }),
    ("-amount", Order { by_amount: true, ascending: false }),
    ("amount", Order { by_amount: true, ascending: true }),
];

shared::request! {
    /// Which events, in which order.
    struct TradesQuery {
        /// Only of this account.
        account_id: Option<Uuid> = id(),
        /// Only of whoever has this account, in all of their accounts.
        holder_of: Option<Uuid> = id(),
        /// Only of this symbol, as the file or the person who entered it has it.
        symbol: Option<String> = printable(50),
        /// Only of securities of this sector.
        sector: Option<String> = printable(100),
        /// Only of securities of this class, as of holdings.
        class: Option<String> = printable(100),
        /// Without the `-` the oldest or smallest first. What has no amount counts as 0.
        sort: Order = choice(ORDERS) => "-date",
        /// Only of this security.
        isin: Option<Isin> = isin(),
        /// Only of this kind.
        kind: Option<&'static str> = word_of(&KINDS),
        /// From this day on.
        from: Option<Date> = day(),
        /// Until this day.
        to: Option<Date> = day(),
        /// Of this amount or more.
        min_amount: Option<Decimal> = decimal(),
        /// Of this amount or less.
        max_amount: Option<Decimal> = decimal(),
        ..page: PageQuery,
    }
}

/// Trades, allotments, corporate actions, transfers, income and charges, newest first unless asked otherwise.
#[utoipa::path(get, path = "/v1/portfolio/trades",
    params(TradesQuery),
    responses((status = 200, body = Trades)))]
async fn trades(State(db): State<Db>, caller: Caller, Query(query): Query<TradesQuery>) -> Reply {
    let position = Position::of(&query)?;
    let fetch = query.page.fetch();
    let sql = page_sql(query.sort);
    let isin = query.isin.map(|isin| isin.to_string());
    let symbol = query.symbol.as_ref().map(|symbol| symbol.to_uppercase());
    let lower = |word: &Option<String>| word.as_ref().map(|word| word.to_lowercase());
    let (sector, class) = (lower(&query.sector), lower(&query.class));
    let list = statement(
        &sql,
        [
            typed(&query.account_id),
            typed(&isin),
            typed(&query.kind),
            typed(&query.from),
            typed(&query.to),
            typed(&query.min_amount),
            typed(&query.max_amount),
            if query.sort.by_amount { typed(&position.amount) } else { typed(&position.on) },
            typed(&position.id),
            typed(&fetch),
            typed(&query.holder_of),
            typed(&symbol),
            typed(&sector),
            typed(&class),
        ],
    );
    let [healths, rows] = db.read(&caller, [stores::health::all(), list]).await?;
    let accounts = asked::of_holder(Health::read_all(&healths), query.account_id, query.holder_of)?;
    let items = rows.iter().map(trade).collect::<Result<Vec<_>, _>>()?;
    let amount = |item: &Trade| item.amount.as_ref().map_or(Decimal::ZERO, |amount| amount.0);
    let Page { items, next_cursor } = if query.sort.by_amount {
        Page::cut(items, &query.page, |item: &Trade| (amount(item), item.transaction_id))
    } else {
        Page::cut(items, &query.page, |item: &Trade| (item.on, item.transaction_id))
    };
    shared::http::ok(Trades { items, next_cursor, accounts })
}

/// The query of a page: its order is part of it, everything else is a parameter.
fn page_sql(order: Order) -> String {
    let (direction, beyond) = if order.ascending { ("asc", ">") } else { ("desc", "<") };
    let key = if order.by_amount { "coalesce(t.amount, 0)" } else { "t.on_date" };
    format!(
        "select t.transaction_id, t.account_id, t.kind, t.market, t.isin, t.symbol, t.name, t.folio, t.on_date, t.at_time,
                t.venue, t.exchange, t.series, t.quantity, t.amount, t.charges, t.stt, t.terms, t.reference, t.source,
                t.corrected_at is not null as corrected
         from transactions.transactions t
         left join market.instruments i on i.isin = t.isin
         where t.removed_at is null
           and ($1 is null or t.account_id = $1) and ($2 is null or t.isin = $2) and ($3 is null or t.kind = $3)
           and ($4 is null or t.on_date >= $4) and ($5 is null or t.on_date <= $5)
           and ($6 is null or t.amount >= $6) and ($7 is null or t.amount <= $7)
           and ($8 is null or ({key}, t.transaction_id) {beyond} ($8, $9))
           and ($11 is null or t.account_id = $11 or t.account_id in (
                select b.account_id from brokers.accounts a join brokers.accounts b on b.holder = a.holder
                where a.account_id = $11))
           and ($12 is null or upper(t.symbol) = $12)
           and ($13 is null or lower(coalesce(nullif(i.sector, 'unclassified'), (
                select h.sector from imports.holdings h where h.account_id = t.account_id and h.isin = t.isin),
                'unclassified')) = $13)
           and ($14 is null or lower(coalesce(i.class, 'unclassified')) = $14)
         order by {key} {direction}, t.transaction_id {direction}
         limit $10"
    )
}

/// Where a page ended.
#[derive(Default)]
struct Position {
    on: Option<Date>,
    amount: Option<Decimal>,
    id: Option<Uuid>,
}

impl Position {
    fn of(query: &TradesQuery) -> Result<Self, Problem> {
        if query.sort.by_amount {
            let (amount, id) = query.page.position::<(Decimal, Uuid)>()?.unzip();
            return Ok(Self { amount, id, on: None });
        }
        let after: Option<(Date, Uuid)> = query.page.position()?;
        // A made-up cursor may hold any day.
        let (on, id) = after.filter(|(on, _)| known_day(on)).unzip();
        Ok(Self { on, id, amount: None })
    }
}

fn trade(row: &Row) -> Result<Trade, Problem> {
    let number = |column: &str| row.get::<_, Option<Decimal>>(column);
    let (quantity, amount) = (number("quantity"), number("amount"));
    let price = amount.zip(quantity).and_then(|(amount, quantity)| amount.checked_div(quantity));
    Ok(Trade {
        transaction_id: row.get("transaction_id"),
        account_id: row.get("account_id"),
        kind: row.get("kind"),
        market: row.get("market"),
        isin: row.get("isin"),
        symbol: row.get("symbol"),
        name: row.get("name"),
        folio: row.get("folio"),
        on: row.get("on_date"),
        at: row.get("at_time"),
        venue: row.get("venue"),
        exchange: row.get("exchange"),
        series: row.get("series"),
        quantity: quantity.map(Quantity),
        price: price.map(Price),
        amount: amount.map(Money),
        charges: number("charges").map(Money),
        stt: number("stt").map(Money),
        terms: serde_json::from_value(row.get::<_, Value>("terms")).map_err(Problem::internal)?,
        reference: row.get("reference"),
        source: row.get("source"),
        corrected: row.get("corrected"),
    })
}
