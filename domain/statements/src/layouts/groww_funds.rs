//! Groww, mutual fund holdings as XLSX: schemes by name and folio, without ISINs.

use rust_decimal::Decimal;

use super::{Layout, Preamble, Reads, folio};
use crate::table::{Header, Line};
use crate::{Row, Segment};

pub(super) const LAYOUT: Layout = Layout {
    name: "groww_mutual_funds_holdings",
    broker: Some("groww"),
    about: "Groww, Reports, Mutual funds, Holdings statement",
    required: &["Scheme Name", "AMC", "Folio No.", "Units", "Invested Value", "Current Value"],
    covers: |_| &[Segment::MutualFund],
    row: Reads::Holding(row),
    preamble: |rows| Preamble::of_holdings(rows, &[]),
    ..Layout::PLAIN
};

fn row(line: &mut Line<'_>, _: &Header) -> Option<Row> {
    let name = line.text("Scheme Name").map(str::to_owned);
    if name.is_none() {
        line.fault("Scheme Name", "is blank".into());
    }
    let available = line.required_amount("Units");
    let invested = line.price("Invested Value").filter(|cost| !cost.is_zero());
    let of = line.text("Folio No.").map(folio);
    let name = name?;
    Some(Row {
        place: line.place.clone(),
        isin: None,
        // What the scheme is looked up by, as others are by their symbol.
        symbol: Some(name.clone()),
        name,
        sector: None,
        segment: Segment::MutualFund,
        folio: of,
        available,
        t1: Decimal::ZERO,
        pledged: Decimal::ZERO,
        discrepant: Decimal::ZERO,
        parts_known: true,
        cost: invested,
    })
}
