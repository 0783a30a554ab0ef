//! Events of the ledger, from their table.

use ::ledger::columns::{Columns, act};
use ::ledger::{Event, Isin, Place};
use serde_json::Value;
use shared::Problem;
use shared::db::{Statement, statement};
use tokio_postgres::Row;

/// Every event of the entered workspace that the ledger counts.
pub fn events<'a>() -> Statement<'a> {
    statement(
        "select transaction_id, account_id, isin, folio, market, kind, venue, exchange, on_date, at_time,
                reference || '|' || source_key as reference, quantity, amount, charges, stt, terms
         from transactions.transactions
         where removed_at is null and market in ('equity', 'mutual_fund')",
        [],
    )
}

/// Reads a row of [`events`].
pub fn event(row: &Row) -> Result<Event, Problem> {
    let terms: Value = row.get("terms");
    let columns = Columns {
        kind: row.get("kind"),
        venue: row.get("venue"),
        exchange: row.get("exchange"),
        quantity: row.get("quantity"),
        amount: row.get("amount"),
        charges: row.get("charges"),
        stt: row.get("stt"),
        terms: serde_json::from_value(terms).map_err(Problem::internal)?,
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
