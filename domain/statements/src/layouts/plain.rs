//! Holdings files of brokers that list security, quantity and average and nothing more particular.

use rust_decimal::Decimal;

use super::{Layout, Preamble, Reads};
use crate::table::{Header, Line};
use crate::{Row, Segment};

/// The columns of a plain list of holdings.
struct Columns {
    isin: &'static str,
    name: &'static str,
    quantity: &'static str,
    pledged: Option<&'static str>,
    average: &'static str,
    /// The sum that was paid, which is more exact than the average.
    invested: Option<&'static str>,
}

const fn layout(
    name: &'static str,
    broker: &'static str,
    about: &'static str,
    required: &'static [&'static str],
    row: fn(&mut Line<'_>, &Header) -> Option<Row>,
) -> Layout {
    Layout {
        name,
        broker: Some(broker),
        about,
        required,
        covers: |_| &[Segment::Equity],
        row: Reads::Holding(row),
        // Known from one open-source importer each; no file of a broker was seen.
        unverified: true,
        preamble,
        ..Layout::PLAIN
    }
}

fn preamble(rows: &[Vec<String>]) -> Preamble {
    Preamble::of_holdings(rows, &["Client ID", "Client Code", "Unique Client Code"])
}

fn row(line: &mut Line<'_>, columns: &Columns) -> Option<Row> {
    let isin = line.isin(columns.isin);
    let total = line.required_amount(columns.quantity);
    let pledged = columns.pledged.map_or(Decimal::ZERO, |column| line.amount(column));
    let average = line.price(columns.average).unwrap_or_default();
    let invested = columns.invested.and_then(|column| line.price(column));
    // The pledged ones are part of the total.
    let pledged = pledged.min(total);
    Some(Row {
        folio: None,
        place: line.place.clone(),
        isin: Some(isin?),
        symbol: None,
        name: line.text(columns.name).unwrap_or_default().to_owned(),
        sector: line.text("Sector").map(str::to_owned),
        segment: Segment::Equity,
        available: total - pledged,
        t1: Decimal::ZERO,
        pledged,
        discrepant: Decimal::ZERO,
        parts_known: columns.pledged.is_some(),
        cost: (!average.is_zero()).then(|| invested.unwrap_or(average * total)),
    })
}

/// Angel One, holdings with pledged shares.
pub(super) const ANGEL_ONE: Layout = layout(
    "angel_one_holdings",
    "angel_one",
    "Angel One, Reports, Holdings",
    &[
        "ISIN",
        "Company Name",
        "Total Quantity",
        "LTCG Quantity",
        "Margin Pledged Quantity",
        "Avg Trading Price",
    ],
    |line, _| {
        row(
            line,
            &Columns {
                isin: "ISIN",
                name: "Company Name",
                quantity: "Total Quantity",
                pledged: Some("Margin Pledged Quantity"),
                average: "Avg Trading Price",
                invested: None,
            },
        )
    },
);

/// Angel One, holdings with the client and the sum invested in each row.
pub(super) const ANGEL_ONE_VALUES: Layout = layout(
    "angel_one_holdings_values",
    "angel_one",
    "Angel One, Portfolio, Holdings with values",
    &[
        "Client ID",
        "Company Name",
        "ISIN",
        "Total Quantity",
        "Avg Trading Price",
        "Invested Value",
        "Market Value",
    ],
    |line, _| {
        row(
            line,
            &Columns {
                isin: "ISIN",
                name: "Company Name",
                quantity: "Total Quantity",
                pledged: None,
                average: "Avg Trading Price",
                invested: Some("Invested Value"),
            },
        )
    },
);

/// Angel One, the sheet called Portfolio.
pub(super) const ANGEL_ONE_PORTFOLIO: Layout = layout(
    "angel_one_portfolio",
    "angel_one",
    "Angel One, Portfolio sheet",
    &[
        "Scrip/Contract",
        "Company Name",
        "ISIN",
        "Quantity",
        "Avg Trading Price",
        "Invested Value",
        "Holding Weightage",
    ],
    |line, _| {
        row(
            line,
            &Columns {
                isin: "ISIN",
                name: "Company Name",
                quantity: "Quantity",
                pledged: None,
                average: "Avg Trading Price",
                invested: Some("Invested Value"),
            },
        )
    },
);

/// ICICI Direct.
pub(super) const ICICI_DIRECT: Layout = layout(
    "icici_direct_holdings",
    "icici_direct",
    "ICICI Direct, Portfolio, Holdings",
    &[
        "Stock Symbol",
        "Company Name",
        "ISIN Code",
        "Qty",
        "Average Cost Price",
        "Current Market Price",
        "Value At Market Price",
    ],
    |line, _| {
        row(
            line,
            &Columns {
                isin: "ISIN Code",
                name: "Company Name",
                quantity: "Qty",
                pledged: None,
                average: "Average Cost Price",
                invested: None,
            },
        )
    },
);

/// Upstox, from a single weak mention.
pub(super) const UPSTOX: Layout = layout(
    "upstox_holdings",
    "upstox",
    "Upstox, Holdings",
    &["Symbol", "ISIN", "Qty", "Avg. Cost", "LTP", "Current Value"],
    |line, _| {
        row(
            line,
            &Columns {
                isin: "ISIN",
                name: "Symbol",
                quantity: "Qty",
                pledged: None,
                average: "Avg. Cost",
                invested: None,
            },
        )
    },
);

#[cfg(test)]
mod tests {
    use crate::read;

    #[test]
    fn pledged_shares_are_part_of_angel_ones_total() {
        let file = "ISIN,Company Name,Sector,Total Quantity,LTCG Quantity,Margin Pledged Quantity,Avg Trading Price,LTP\n\
                    INE925R01014,CMS,Services,10,4,3,100.50,120\n";
        let row = read(file.as_bytes(), None).unwrap().rows.remove(0);
        assert_eq!((row.available.to_string(), row.pledged.to_string()), ("7".into(), "3".into()));
    }
}
