//! `GET /v1/portfolio/trades`: every event of the ledger, newest first.

use axum::extract::State;
use jiff::civil::{Date, Time};
use ledger::columns::{KINDS, Terms};
use ledger::{Isin, Money, Price, Quantity};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use shared::db::statement;
use shared::fields::{Fields, FromFields, known_day, printable};
use shared::http::{Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::{Caller, Db, Permission, Problem, typed};
use stores::health::Health;
use tokio_postgres::Row;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::asked;

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::for_keys_too(routes!(trades), Permission::ReadPortfolio)
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
    /// `exchange`, `trade_to_trade`, `fund`, `off_market` or `redemption`; of trades alone.
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

struct Asked {
    page: PageQuery,
    account: Option<Uuid>,
    holder_of: Option<Uuid>,
    symbol: Option<String>,
    oldest_first: bool,
    isin: Option<String>,
    kind: Option<String>,
    from: Option<Date>,
    to: Option<Date>,
    least: Option<Decimal>,
    most: Option<Decimal>,
}

impl FromFields for Asked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let account = fields.optional_id("accountId");
        let holder_of = fields.optional_id("holderOf");
        let symbol = fields
            .optional("symbol", |symbol| printable(symbol, 50).map(|symbol| symbol.to_uppercase()));
        let sort = fields.optional("sort", |sort| match sort {
            "date" => Ok(true),
            "-date" => Ok(false),
            _ => Err("must be date, or -date for the newest first".to_owned()),
        });
        let isin = fields.optional("isin", |isin| {
            Isin::parse(isin).map(|isin| isin.to_string()).map_err(|err| err.to_string())
        });
        let kind = fields.optional("kind", |kind| {
            let known = KINDS.contains(&kind).then(|| kind.to_owned());
            known.ok_or_else(|| format!("must be one of {}", KINDS.join(", ")))
        });
        let (from, to) = (fields.day("from"), fields.day("to"));
        let (least, most) = (fields.decimal("minAmount"), fields.decimal("maxAmount"));
        let page = PageQuery::from_fields(fields);
        Some(Self {
            page: page?,
            account: account?,
            holder_of: holder_of?,
            symbol: symbol?,
            oldest_first: sort?.unwrap_or(false),
            isin: isin?,
            kind: kind?,
            from: from?,
            to: to?,
            least: least?,
            most: most?,
        })
    }
}

/// Trades, allotments, corporate actions, transfers, income and charges, newest first unless asked otherwise.
#[utoipa::path(get, path = "/v1/portfolio/trades",
    params(PageQuery,
        ("accountId" = Option<Uuid>, Query, description = "Only of this account."),
        ("holderOf" = Option<Uuid>, Query, description = "Only of whoever has this account, in all of their accounts."),
        ("symbol" = Option<String>, Query, description = "Only of this symbol, as the file or the person who entered it has it."),
        ("sort" = Option<String>, Query, description = "`-date` (default), or `date` for the oldest first."),
        ("isin" = Option<String>, Query, description = "Only of this security."),
        ("kind" = Option<String>, Query, description = "Only of this kind."),
        ("from" = Option<Date>, Query, description = "From this day on."),
        ("to" = Option<Date>, Query, description = "Until this day."),
        ("minAmount" = Option<String>, Query, description = "Of this amount or more."),
        ("maxAmount" = Option<String>, Query, description = "Of this amount or less.")),
    responses((status = 200, body = Trades)))]
async fn trades(State(db): State<Db>, caller: Caller, Query(asked): Query<Asked>) -> Reply {
    let after: Option<(Date, Uuid)> = asked.page.position()?;
    // A made-up cursor may hold any day.
    let (after_on, after_id) = after.filter(|(on, _)| known_day(on)).unzip();
    let fetch = asked.page.fetch();
    let (order, beyond) = if asked.oldest_first { ("asc", ">") } else { ("desc", "<") };
    let sql = format!(
        "select transaction_id, account_id, kind, market, isin, symbol, name, folio, on_date, at_time, venue, exchange,
                series, quantity, amount, charges, stt, terms, reference, source, corrected_at is not null as corrected
         from transactions.transactions
         where removed_at is null
           and ($1 is null or account_id = $1) and ($2 is null or isin = $2) and ($3 is null or kind = $3)
           and ($4 is null or on_date >= $4) and ($5 is null or on_date <= $5)
           and ($6 is null or amount >= $6) and ($7 is null or amount <= $7)
           and ($8 is null or (on_date, transaction_id) {beyond} ($8, $9))
           and ($11 is null or account_id = $11 or account_id in (
                select b.account_id from brokers.accounts a join brokers.accounts b on b.holder = a.holder
                where a.account_id = $11))
           and ($12 is null or upper(symbol) = $12)
         order by on_date {order}, transaction_id {order}
         limit $10"
    );
    let list = statement(
        &sql,
        [
            typed(&asked.account),
            typed(&asked.isin),
            typed(&asked.kind),
            typed(&asked.from),
            typed(&asked.to),
            typed(&asked.least),
            typed(&asked.most),
            typed(&after_on),
            typed(&after_id),
            typed(&fetch),
            typed(&asked.holder_of),
            typed(&asked.symbol),
        ],
    );
    let [healths, rows] = db.read(&caller, [stores::health::all(), list]).await?;
    let accounts = asked::healths_of(&healths, asked.account, asked.holder_of)?;
    let items = rows.iter().map(trade).collect::<Result<Vec<_>, _>>()?;
    let at = |item: &Trade| (item.on, item.transaction_id);
    let Page { items, next_cursor } = Page::cut(items, &asked.page, at);
    shared::http::ok(Trades { items, next_cursor, accounts })
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
