//! Zerodha Console, Tax P&L as XLSX: every exit with the purchase it was matched with, a table for each section, and
//! dividends on a sheet of their own.

use ledger::tax::stated::{Section, Stated};

use super::{Layout, Preamble, Reads, labelled, period};
use crate::table::{Header, Line};

pub(super) const LAYOUT: Layout = Layout {
    name: "zerodha_tax_pnl",
    broker: Some("zerodha"),
    about: "Zerodha Console, Reports, Tax P&L as XLSX: its exits are compared with the gains, its dividends are imported",
    required: &[
        "Symbol",
        "Entry Date",
        "Exit Date",
        "Quantity",
        "Buy Value",
        "Sell Value",
        "Profit",
    ],
    row: Reads::Exit(row),
    unverified: true,
    client_in_name: Some(client),
    preamble: |rows| Preamble {
        client_id: labelled(rows, "Client ID"),
        period: period(rows),
        ..Preamble::default()
    },
    sections: true,
    also: Some(&super::zerodha_dividends::LAYOUT),
    ..Layout::PLAIN
};

/// `taxpnl-AB1234-2025_2026-Q1-Q4.xlsx`.
fn client(name: &str) -> Option<String> {
    super::zerodha_tradebook::client_after(name, "taxpnl-")
}

/// An exit; `None` of a contract.
fn row(line: &mut Line<'_>, header: &Header) -> Option<Stated> {
    let section = match section(header.title.as_deref().unwrap_or_default()) {
        Some(Some(section)) => section,
        Some(None) => return None,
        None => {
            line.fault("section", "is not known: nothing above the table names it".into());
            return None;
        }
    };
    let isin = line.isin("ISIN");
    let (acquired_on, sold_on) = (line.required_day("Entry Date"), line.required_day("Exit Date"));
    if acquired_on.zip(sold_on).is_some_and(|(acquired_on, sold_on)| sold_on < acquired_on) {
        line.fault("Exit Date", "is before the entry date".into());
    }
    let quantity = line.positive("Quantity");
    let (cost, consideration) = (line.price("Buy Value"), line.price("Sell Value"));
    let valued = line.number("Fair Market Value").is_some_and(|value| !value.is_zero());
    let taxable = line.number("Taxable Profit").filter(|_| valued);
    let (Some(cost), Some(consideration)) = (cost, consideration) else {
        line.fault("Buy Value", "or `Sell Value` is blank".into());
        return None;
    };
    Some(Stated {
        isin: isin?,
        section,
        acquired_on: acquired_on?,
        sold_on: sold_on?,
        quantity: quantity?,
        cost,
        consideration,
        taxable,
    })
}

/// What a section is: of the ones that are contracts, none of ours; `None` when the title is not known.
fn section(title: &str) -> Option<Option<Section>> {
    let title = title.to_lowercase();
    let has = |word: &str| title.contains(word);
    Some(Some(if has("f&o") || has("currency") || has("commodity") {
        return Some(None);
    } else if has("mutual fund") {
        Section::MutualFund
    } else if has("non equity") || has("debt etf") {
        Section::NonEquity
    } else if has("intraday") {
        Section::Intraday
    } else if has("buyback") {
        Section::Buyback
    } else if has("short term") {
        Section::ShortTerm
    } else if has("long term") {
        Section::LongTerm
    } else {
        return None;
    }))
}
