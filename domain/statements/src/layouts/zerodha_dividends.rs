//! Zerodha Console, dividends as XLSX: what was declared on what was held on the ex-date.

use ledger::{Act, IncomeKind};
use rust_decimal::Decimal;

use super::{Layout, Preamble, Reads, labelled};
use crate::table::{Header, Line};
use crate::{Entry, Market};

const A_PAISA: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

pub(super) const LAYOUT: Layout = Layout {
    name: "zerodha_dividends",
    broker: Some("zerodha"),
    about: "Zerodha Console, Reports, Tax P&L, dividend statement as XLSX",
    required: &[
        "Symbol",
        "ISIN",
        "Ex-Date",
        "Quantity",
        "Dividend Per Share",
        "Net Dividend Amount",
    ],
    row: Reads::Event(row),
    unverified: true,
    preamble: |rows| Preamble { client_id: labelled(rows, "Client ID"), ..Preamble::default() },
    sections: true,
    ..Layout::PLAIN
};

/// Companies deduct tax and pay to the bank: what a broker states net of it, if one does, was deducted.
fn row(line: &mut Line<'_>, _: &Header) -> Option<Entry> {
    if line.text("Symbol").is_some_and(|text| text.starts_with("Total")) {
        return None;
    }
    let (isin, on) = (line.isin("ISIN"), line.required_day("Ex-Date"));
    let (quantity, each) = (line.positive("Quantity"), line.price("Dividend Per Share"));
    let paid = line.price("Net Dividend Amount");
    if each.is_none() {
        line.fault("Dividend Per Share", "is blank".into());
    }
    let symbol = line.text("Symbol").map(str::to_owned);
    let (isin, on, quantity, each) = (isin?, on?, quantity?, each?);
    let (gross, tds) = match paid {
        // Rounded by the broker, each in its own way.
        Some(paid) if (quantity * each - paid).abs() <= A_PAISA => (paid, Decimal::ZERO),
        Some(paid) => (quantity * each, quantity * each - paid),
        None => (quantity * each, Decimal::ZERO),
    };
    if tds.is_sign_negative() {
        line.fault("Net Dividend Amount", "is more than quantity times dividend".into());
    }
    Some(Entry {
        place: line.place.clone(),
        isin: Some(isin),
        name: symbol.clone().unwrap_or_default(),
        symbol,
        folio: None,
        market: Market::Equity,
        exchange: None,
        series: None,
        on,
        at: None,
        reference: String::new(),
        key: format!("dividend|{on}|{isin}|{}", each.normalize()),
        act: Act::Income { kind: IncomeKind::Dividend, gross, tds, capital: Decimal::ZERO },
    })
}
