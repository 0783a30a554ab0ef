//! Groww, stock order history as XLSX: an order with all its fills, its amount as a sum.

use ledger::{Act, Fill};

use super::{Layout, Preamble, Reads, labelled, zerodha_tradebook};
use crate::table::{Header, Line};
use crate::{Entry, Market};

pub(super) const LAYOUT: Layout = Layout {
    name: "groww_stock_orders",
    broker: Some("groww"),
    about: "Groww, Reports, Stocks, Order history",
    required: &[
        "Stock name",
        "Symbol",
        "ISIN",
        "Type",
        "Quantity",
        "Value",
        "Exchange Order Id",
        "Execution date and time",
        "Order status",
    ],
    row: Reads::Event(row),
    ids_of_trades: true,
    unverified: true,
    preamble: |rows| Preamble {
        client_id: labelled(rows, "Unique Client Code"),
        as_of: None,
        ..Preamble::default()
    },
    ..Layout::PLAIN
};

fn row(line: &mut Line<'_>, _: &Header) -> Option<Entry> {
    if !line.text("Order status").is_some_and(|status| status.eq_ignore_ascii_case("executed")) {
        // Cancelled and rejected orders changed nothing.
        return None;
    }
    let isin = line.isin("ISIN");
    let side = line.text("Type").map(str::to_ascii_lowercase);
    if !matches!(side.as_deref(), Some("buy" | "sell")) {
        line.fault("Type", "is neither `BUY` nor `SELL`".into());
    }
    let (quantity, amount) = (line.positive("Quantity"), line.price("Value"));
    if amount.is_none() {
        line.fault("Value", "is blank".into());
    }
    let on = line.required_day("Execution date and time");
    let at = line.time("Execution date and time");
    let reference = line.id("Exchange Order Id");
    let exchange = line.text("Exchange").map(str::to_ascii_uppercase);
    let symbol = line.text("Symbol").map(str::to_owned);
    let name = line.text("Stock name").unwrap_or_default().to_owned();
    let (isin, side, on, reference) = (isin?, side?, on?, reference?);
    let venue = zerodha_tradebook::venue(Market::Equity, exchange.as_deref(), None);
    let fill = Fill { quantity: quantity?, amount: amount?, charges: None, stt: None, venue };
    Some(Entry {
        place: line.place.clone(),
        isin: Some(isin),
        symbol,
        name,
        folio: None,
        market: Market::Equity,
        key: format!("order|{on}|{isin}|{side}|{reference}"),
        exchange,
        series: None,
        on,
        at,
        reference,
        act: if side == "buy" { Act::Buy(fill) } else { Act::Sell(fill) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    #[test]
    fn executed_orders_are_read_with_their_sums_and_the_others_left() {
        let file = "Stock name,Symbol,ISIN,Type,Quantity,Value,Exchange,Exchange Order Id,Execution date and time,Order status\n\
            CMS Info,CMSINFO,INE925R01014,BUY,10,5300.50,NSE,1100,23-07-2024 01:05 PM,Executed\n\
            CMS Info,CMSINFO,INE925R01014,SELL,10,5300.50,NSE,1101,23-07-2024 01:06 PM,Cancelled\n\
            CMS Info,CMSINFO,INE925R01014,HOLD,10,,BSE,,yesterday,Executed\n";
        let statement = read(file.as_bytes(), None).unwrap();
        assert_eq!((statement.layout, statement.entries.len()), (LAYOUT.name, 1));
        let entry = &statement.entries[0];
        let Act::Buy(fill) = entry.act else { panic!("a purchase") };
        assert_eq!(
            (fill.amount.to_string().as_str(), entry.at),
            ("5300.50", Some(jiff::civil::time(13, 5, 0, 0)))
        );
        assert_eq!(entry.key, "order|2024-07-23|INE925R01014|buy|1100");
        let columns: Vec<_> = statement.errors.iter().map(|err| err.column.as_str()).collect();
        assert_eq!(columns, ["Type", "Value", "Execution date and time", "Exchange Order Id"]);
    }
}
