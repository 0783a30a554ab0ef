//! Zerodha Kite web, "holdings.csv": symbols without ISINs, no date, no client.

use rust_decimal::Decimal;

use super::{Layout, Reads};
use crate::table::{Header, Line};
use crate::{Row, Segment};

pub(super) const LAYOUT: Layout = Layout {
    name: "zerodha_kite_holdings",
    broker: Some("zerodha"),
    about: "Zerodha Kite, Holdings page, download as CSV",
    required: &["Instrument", "Qty.", "Avg. cost", "LTP", "Cur. val", "P&L"],
    covers: |_| &[Segment::Equity],
    row: Reads::Holding(row),
    ..Layout::PLAIN
};

fn row(line: &mut Line<'_>, header: &Header) -> Option<Row> {
    let Some(symbol) = line.text("Instrument").map(str::to_owned) else {
        line.fault("Instrument", "is blank".into());
        return None;
    };
    let available = line.required_amount("Qty.");
    let average = line.price("Avg. cost").unwrap_or_default();
    // The average is rounded to two places, so the sum is the more exact where the file has it.
    let invested = if header.has("Invested") { line.price("Invested") } else { None };
    let cost = invested.unwrap_or(average * available);
    Some(Row {
        folio: None,
        place: line.place.clone(),
        isin: None,
        name: symbol.clone(),
        symbol: Some(symbol),
        sector: None,
        segment: Segment::Equity,
        available,
        t1: Decimal::ZERO,
        pledged: Decimal::ZERO,
        discrepant: Decimal::ZERO,
        parts_known: false,
        cost: (!average.is_zero()).then_some(cost),
    })
}

#[cfg(test)]
mod tests {
    use crate::read;

    #[test]
    fn the_sum_invested_is_taken_before_the_rounded_average() {
        let file = "\"Instrument\",\"Qty.\",\"Avg. cost\",\"LTP\",\"Invested\",\"Cur. val\",\"P&L\",\"Net chg.\",\"Day chg.\",\"\"\n\
                    \"M&M\",3,\"1,234.33\",2900,3703.00,8700,4997,1,1,\"\"\n\
                    CMSINFO,10,0.00,500,0.00,5000,5000,1,1,\n";
        let statement = read(file.as_bytes(), None).unwrap();
        assert_eq!((statement.layout, statement.errors.len()), ("zerodha_kite_holdings", 0));
        assert_eq!(statement.rows[0].cost.unwrap().to_string(), "3703.00");
        assert_eq!(statement.rows[1].cost, None, "an average of zero is an unknown cost");
    }

    #[test]
    fn the_older_file_without_the_sum_is_read_too() {
        let file = "Instrument,Qty.,Avg. cost,LTP,Cur. val,P&L,Net chg.,Day chg.\nINFY,4,1500.25,1600,6400,399,1,1\n";
        assert_eq!(read(file.as_bytes(), None).unwrap().rows[0].cost, Some(6001.into()));
    }
}
