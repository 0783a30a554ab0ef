//! KiteMate's own layout for holdings, for every broker without one of its own.

use super::{Layout, Reads, folio};
use crate::table::{Header, Line};
use crate::{Row, Segment};

/// The columns, in the order of the template.
const COLUMNS: &[&str] = &[
    "isin",
    "symbol",
    "name",
    "segment",
    "quantity",
    "t1_quantity",
    "pledged_quantity",
    "discrepant_quantity",
    "average_price",
    "invested",
    "as_of",
    "folio",
];

pub(super) const LAYOUT: Layout = Layout {
    name: "kitemate_holdings",
    about: "KiteMate's own template, from GET /v1/portfolio/import/template",
    required: &["isin", "segment", "quantity", "average_price", "as_of"],
    covers: |_| &[Segment::Equity, Segment::MutualFund],
    row: Reads::Holding(row),
    // Somebody who lists only shares says nothing of funds.
    covers_only_listed: true,
    row_date: Some(|line| {
        let stated = line.text("as_of").map(crate::cells::day);
        if stated == Some(None) {
            line.fault("as_of", "is not a date; write 2026-11-20".into());
        }
        stated.flatten()
    }),
    ..Layout::PLAIN
};

/// The header row, and nothing else: an example row would end up in somebody's portfolio.
pub(super) fn csv() -> String {
    format!("{}\r\n", COLUMNS.join(","))
}

fn row(line: &mut Line<'_>, _: &Header) -> Option<Row> {
    let symbol = line.text("symbol").map(str::to_owned);
    let isin = if line.text("isin").is_none() && symbol.is_some() {
        None
    } else {
        Some(line.isin("isin"))
    };
    let segment = match line.text("segment").map(str::to_lowercase).as_deref() {
        None | Some("equity") => Segment::Equity,
        Some("mutual_fund") => Segment::MutualFund,
        Some(_) => {
            line.fault("segment", "is neither `equity` nor `mutual_fund`".into());
            return None;
        }
    };
    let folio = line.text("folio").map(folio);
    if folio.is_some() && segment == Segment::Equity {
        line.fault("folio", "is of mutual funds alone".into());
    }
    let (available, t1) = (line.required_amount("quantity"), line.amount("t1_quantity"));
    let pledged = line.amount("pledged_quantity");
    let discrepant = line.number("discrepant_quantity").unwrap_or_default();
    let average = line.price("average_price").unwrap_or_default();
    let invested = line.price("invested");
    let from_average = (!average.is_zero()).then(|| average * (available + t1 + pledged));
    let name = line.text("name").map(str::to_owned).or_else(|| symbol.clone()).unwrap_or_default();
    Some(Row {
        folio,
        place: line.place.clone(),
        isin: isin.flatten(),
        symbol,
        name,
        sector: None,
        segment,
        available,
        t1,
        pledged,
        discrepant,
        parts_known: true,
        cost: invested.or(from_average),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    #[test]
    fn the_template_is_recognised_as_what_it_is() {
        let statement = read(csv().as_bytes(), None).unwrap();
        assert_eq!(
            (statement.layout, statement.rows.len(), statement.errors.len()),
            (LAYOUT.name, 0, 0)
        );
    }

    #[test]
    fn quantities_add_up_and_faults_name_row_and_column() {
        let file = format!(
            "{}INE925R01014,,CMS,equity,10,2,3,1,100.50,,2026-11-20\n\
             INE925R01015,,Typo,equity,10,,,,1,,2026-11-20\n\
             INE002A01018,,Other day,stock,x,,,,1,,2026-11-19\n",
            csv()
        );
        let statement = read(file.as_bytes(), None).unwrap();
        let row = &statement.rows[0];
        assert_eq!((row.owned(), row.cost.unwrap()), (15.into(), "1507.50".parse().unwrap()));
        assert_eq!(statement.warnings.len(), 1, "the discrepant one");
        let places: Vec<_> =
            statement.errors.iter().map(|err| (err.place.row, err.column.as_str())).collect();
        assert_eq!(places, [(3, "isin"), (4, "as_of"), (4, "segment")]);
        assert_eq!(statement.as_of, Some(jiff::civil::date(2026, 11, 20)));
    }
}
