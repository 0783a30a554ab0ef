//! Events of the ledger, from their table.

use ::ledger::columns::{Columns, act, columns};
use ::ledger::{Event, Isin, Place};
use serde_json::{Value, json};
use shared::Problem;
use shared::db::{Numeric, Statement, statement};
use statements::Entry;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

/// Every event of the entered workspace that the ledger counts.
pub fn events<'a>() -> Statement<'a> {
    statement("select * from transactions.counted()", [])
}

/// Reads a row of [`events`].
pub fn event(row: &Row) -> Result<Event, Problem> {
    let number = |column: &str| row.get::<_, Option<Numeric>>(column).map(|Numeric(one)| one);
    let Json(terms) = row.try_get("terms").map_err(Problem::internal)?;
    let columns = Columns {
        kind: row.get("kind"),
        venue: row.get("venue"),
        exchange: row.get("exchange"),
        quantity: number("quantity"),
        amount: number("amount"),
        charges: number("charges"),
        stt: number("stt"),
        terms,
    };
    let folio: Option<String> = row.get("folio");
    let isin = Isin::parse(row.get("isin")).map_err(Problem::internal)?;
    let place = Place { account: row.get("account_id"), isin, folio: folio.map(Into::into) };
    let reference: String = row.get("reference");
    Ok(Event {
        id: row.get("transaction_id"),
        place,
        on: row.get("on_date"),
        at: row.get("at_time"),
        reference: reference.into(),
        act: act(&columns)
            .map_err(|faults| Problem::internal(anyhow::anyhow!("a stored event: {faults:?}")))?,
    })
}

/// A row for the function `transactions.record`.
pub fn record_row(entry: &Entry) -> Result<Value, Problem> {
    let Columns { kind, venue, exchange, quantity, amount, charges, stt, terms } =
        columns(&entry.act).normalised();
    let terms = serde_json::to_value(&terms).map_err(Problem::internal)?;
    Ok(json!({
        "id": Uuid::now_v7(), "kind": kind, "market": entry.market, "isin": entry.isin,
        "folio": entry.folio, "symbol": entry.symbol, "name": entry.name, "on": entry.on, "at": entry.at,
        "venue": venue, "exchange": exchange.as_ref().or(entry.exchange.as_ref()), "series": entry.series,
        "quantity": quantity, "amount": amount, "charges": charges, "stt": stt, "terms": terms,
        "reference": entry.reference, "key": entry.key,
    }))
}
