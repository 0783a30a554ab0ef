//! Closes of everything a workspace held, over a period.

use std::collections::HashMap;

use ::ledger::Isin;
use jiff::civil::Date;
use rust_decimal::Decimal;
use shared::db::{Statement, statement};
use shared::{Problem, typed};
use tokio_postgres::Row;

/// A question for closes: of everything that is or was held, and of a benchmark when one is named.
pub struct PricesOver {
    from: Option<Date>,
    to: Date,
    benchmark: Option<String>,
}

impl PricesOver {
    /// From the last close before `from`, or before the first event, until `to`.
    pub fn new(from: Option<Date>, to: Date, benchmark: Option<Isin>) -> Self {
        Self { from, to, benchmark: benchmark.map(|isin| isin.to_string()) }
    }

    /// The query: a row for each security, with its days and closes as lists.
    pub fn statement(&self) -> Statement<'_> {
        let params = [typed(&self.from), typed(&self.to), typed(&self.benchmark)];
        statement(include_str!("prices/over.sql"), params)
    }

    /// What the query was answered.
    pub fn read(rows: &[Row]) -> Result<HashMap<Isin, Vec<(Date, Decimal)>>, Problem> {
        let list = |row: &Row| {
            let (days, closes): (Vec<Date>, Vec<Decimal>) = (row.get("days"), row.get("closes"));
            let isin = Isin::parse(row.get("isin")).map_err(Problem::internal)?;
            Ok((isin, days.into_iter().zip(closes).collect()))
        };
        rows.iter().map(list).collect()
    }
}
