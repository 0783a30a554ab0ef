//! Events of the ledger as their table holds them, and as the ledger takes them.

use ::ledger::columns::{Columns, act};
use ::ledger::{Event, Isin, Place};
use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use shared::Problem;
use shared::db::{Statement, statement};
use tokio_postgres::Row;
use uuid::Uuid;

/// A row to be stored by `transactions.record`.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// Its new id.
    pub id: Uuid,
    /// The kind of event.
    pub kind: String,
    /// The market.
    pub market: &'static str,
    /// The security; `None` of a contract.
    pub isin: Option<Isin>,
    /// The folio.
    pub folio: Option<String>,
    /// The exchange symbol.
    pub symbol: Option<String>,
    /// What it is called.
    pub name: String,
    /// The day.
    pub on: Date,
    /// The time.
    pub at: Option<Time>,
    /// Where a trade was made.
    pub venue: Option<String>,
    /// The exchange, as the file writes it.
    pub exchange: Option<String>,
    /// The series.
    pub series: Option<String>,
    /// Shares or units.
    pub quantity: Option<Decimal>,
    /// Rupees.
    pub amount: Option<Decimal>,
    /// Charges.
    pub charges: Option<Decimal>,
    /// Securities transaction tax.
    pub stt: Option<Decimal>,
    /// The rest.
    pub terms: Value,
    /// The exchange's id of the trade.
    pub reference: String,
    /// What makes it the same event in two files.
    pub key: String,
}

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
