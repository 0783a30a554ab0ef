//! Zerodha Console, holdings as XLSX: a sheet for shares and one for funds, some twenty rows down.

use rust_decimal::Decimal;

use super::{Layout, Preamble, Reads};
use crate::table::{Header, Line};
use crate::{Row, Segment};

pub(super) const LAYOUT: Layout = Layout {
    name: "zerodha_console_holdings",
    broker: Some("zerodha"),
    about: "Zerodha Console, Portfolio, Holdings, download as XLSX",
    required: &["Symbol", "ISIN", "Quantity Available", "Average Price", "Previous Closing Price"],
    skip_sheet: Some("Combined"),
    covers: |header| if funds(header) { &[Segment::MutualFund] } else { &[Segment::Equity] },
    row: Reads::Holding(row),
    preamble: |rows| Preamble::of_holdings(rows, &["Client ID"]),
    ..Layout::PLAIN
};

/// Only the sheet of funds says which type of instrument a row is.
fn funds(header: &Header) -> bool {
    header.has("Instrument Type")
}

fn row(line: &mut Line<'_>, header: &Header) -> Option<Row> {
    let isin = line.isin("ISIN");
    let symbol = line.text("Symbol").map(str::to_owned);
    let available = line.required_amount("Quantity Available");
    // Older files have one column for both pledges. Long term is part of available.
    let pledged = line.amount("Quantity Pledged (Margin)")
        + line.amount("Quantity Pledged (Loan)")
        + line.amount("Quantity Pledged");
    let discrepant = line.number("Quantity Discrepant").unwrap_or_default();
    let average = line.price("Average Price").unwrap_or_default();
    Some(Row {
        folio: None,
        place: line.place.clone(),
        isin: Some(isin?),
        name: symbol.clone().unwrap_or_default(),
        // Of a fund, Console's symbol is its name.
        symbol: symbol.filter(|_| !funds(header)),
        sector: line.text("Sector").map(str::to_owned),
        segment: if funds(header) { Segment::MutualFund } else { Segment::Equity },
        available,
        t1: Decimal::ZERO,
        pledged,
        discrepant,
        parts_known: true,
        cost: (!average.is_zero()).then(|| average * (available + pledged)),
    })
}
