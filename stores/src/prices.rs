//! Closes of everything a workspace held, over a period.

use std::collections::HashMap;

use ::ledger::Isin;
use jiff::civil::Date;
use rust_decimal::Decimal;
use shared::db::{Numeric, Statement, statement};
use shared::{Problem, typed};
use tokio_postgres::Row;

/// Something to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Benchmark {
    /// A security that has prices, an index fund say.
    Security(Isin),
    /// An index, by its name in capitals.
    Index(String),
}

/// A question for closes: of everything that is or was held, and of a benchmark when one is named.
pub struct PricesOver {
    from: Option<Date>,
    to: Date,
    security: Option<String>,
    index: Option<String>,
}

impl PricesOver {
    /// From the last close before `from`, or before the first event, until `to`.
    pub fn new(from: Option<Date>, to: Date, benchmark: Option<&Benchmark>) -> Self {
        let (security, index) = match benchmark {
            Some(Benchmark::Security(isin)) => (Some(isin.to_string()), None),
            Some(Benchmark::Index(name)) => (None, Some(name.clone())),
            None => (None, None),
        };
        Self { from, to, security, index }
    }

    /// The query: a row for each security, with its days and closes as lists.
    pub fn statement(&self) -> Statement<'_> {
        let params = [typed(&self.from), typed(&self.to), typed(&self.security)];
        statement(include_str!("prices/over.sql"), params)
    }

    /// The query for what the index closed at: from the last close before `from`; no row when no index is asked for.
    pub fn index(&self) -> Statement<'_> {
        statement(
            "select c.on_date, c.close from market.index_closes c
             where c.name = $1 and c.on_date <= $3 and c.on_date >= coalesce((
                 select max(b.on_date) from market.index_closes b where b.name = $1 and b.on_date <= $2), '-infinity')
             order by c.on_date",
            [typed(&self.index), typed(&self.from), typed(&self.to)],
        )
    }

    /// What the query was answered.
    pub fn read(rows: &[Row]) -> Result<HashMap<Isin, Vec<(Date, Decimal)>>, Problem> {
        let list = |row: &Row| {
            let (days, closes): (Vec<Date>, Vec<Numeric>) = (row.get("days"), row.get("closes"));
            let isin = Isin::parse(row.get("isin")).map_err(Problem::internal)?;
            let closes = closes.into_iter().map(|Numeric(close)| close);
            Ok((isin, days.into_iter().zip(closes).collect()))
        };
        rows.iter().map(list).collect()
    }
}
