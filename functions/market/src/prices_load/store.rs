//! Storing a price file: one transaction, a few statements, whatever the number of rows.

use serde_json::{Value, json};
use shared::{Db, Problem, typed};

use super::actions::CorporateAction;
use super::files::{IndexClose, Instrument, Price, PriceFile, Symbol};

/// Stores a file and answers `stored`, or `known` when this very file was stored before.
pub(super) async fn store(
    db: &Db,
    file: &PriceFile,
    key: &str,
    sha256: &Vec<u8>,
) -> Result<&'static str, Problem> {
    let source = if file.layout == "nse_bhavcopy" { "nse" } else { "amfi" };
    let instruments = Value::Array(file.instruments.iter().map(instrument).collect());
    let symbols = Value::Array(file.symbols.iter().map(symbol).collect());
    let prices = Value::Array(file.prices.iter().map(price).collect());
    let fair_value = |(isin, price): &(ledger::Isin, rust_decimal::Decimal)| json!({ "isin": isin, "price": price });
    let fair_values = Value::Array(file.fair_values.iter().map(fair_value).collect());
    let actions = Value::Array(file.actions.iter().map(action).collect());
    let closes = Value::Array(file.index_closes.iter().map(index_close).collect());
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let rows = db
        .query(
            include_str!("store.sql"),
            [
                typed(sha256),
                typed(&file.layout),
                typed(&key),
                typed(&count(file.rows())),
                typed(&count(file.refused.len())),
                typed(&instruments),
                typed(&symbols),
                typed(&prices),
                typed(&source),
                typed(&fair_values),
                typed(&actions),
                typed(&closes),
            ],
        )
        .await?;
    Ok(if rows.is_empty() { "known" } else { "stored" })
}

fn instrument(row: &Instrument) -> Value {
    json!({ "isin": row.isin, "name": row.name, "class": row.class, "sector": row.sector, "kind": row.kind, "as_of": row.as_of })
}

fn symbol(row: &Symbol) -> Value {
    json!({ "symbol": row.symbol, "isin": row.isin, "series": row.series, "day": row.on })
}

fn price(row: &Price) -> Value {
    json!({ "isin": row.isin, "day": row.on, "close": row.close, "previous": row.previous })
}

fn action(row: &CorporateAction) -> Value {
    json!({ "symbol": row.symbol, "kind": row.kind, "day": row.ex_date, "gives": row.gives, "per": row.per,
            "amount": row.amount, "purpose": row.purpose })
}

fn index_close(row: &IndexClose) -> Value {
    json!({ "name": row.name, "day": row.on, "close": row.close })
}
