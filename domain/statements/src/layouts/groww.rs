//! Groww, stocks holdings as XLSX.

use rust_decimal::Decimal;

use super::{Layout, Preamble, Reads};
use crate::table::{Header, Line};
use crate::{Row, Segment};

pub(super) const LAYOUT: Layout = Layout {
    name: "groww_stocks_holdings",
    broker: Some("groww"),
    about: "Groww, Reports, Stocks, Holdings statement",
    required: &[
        "Stock Name",
        "ISIN",
        "Quantity",
        "Average buy price",
        "Buy value",
        "Closing price",
    ],
    covers: |_| &[Segment::Equity],
    row: Reads::Holding(row),
    preamble: |rows| Preamble::of_holdings(rows, &["Unique Client Code"]),
    ..Layout::PLAIN
};

fn row(line: &mut Line<'_>, _: &Header) -> Option<Row> {
    let isin = line.isin("ISIN");
    let available = line.required_amount("Quantity");
    let average = line.price("Average buy price").unwrap_or_default();
    let bought = line.price("Buy value");
    Some(Row {
        folio: None,
        place: line.place.clone(),
        isin: Some(isin?),
        symbol: None,
        name: line.text("Stock Name").unwrap_or_default().to_owned(),
        sector: None,
        segment: Segment::Equity,
        available,
        t1: Decimal::ZERO,
        pledged: Decimal::ZERO,
        discrepant: Decimal::ZERO,
        parts_known: true,
        cost: (!average.is_zero()).then(|| bought.unwrap_or(average * available)),
    })
}
