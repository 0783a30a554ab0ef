//! The example files, whole and broken.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

mod field;
mod fixtures;

use ledger::tax::stated::Section;
use proptest::prelude::*;
use statements::{Segment, Statement, read};

fn example(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../examples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn statement(name: &str) -> Statement {
    read(&example(name), None).unwrap()
}

#[test]
fn a_console_file_names_its_client_and_day_and_is_complete_for_both_segments() {
    let statement = statement("zerodha-console-holdings.xlsx");
    assert_eq!(statement.client_id.as_deref(), Some("DEMO01"));
    assert_eq!(statement.as_of, Some(jiff::civil::date(2026, 11, 20)));
    assert_eq!(statement.covers, [Segment::Equity, Segment::MutualFund]);
    // Ten, not eighteen: the sheet that repeats the shares is left out.
    assert_eq!((statement.rows.len(), statement.errors.len()), (10, 0));
    let funds = statement.rows.iter().filter(|row| row.segment == Segment::MutualFund);
    assert_eq!(funds.map(|row| row.owned().to_string()).collect::<Vec<_>>(), ["512.338", "18.442"]);
    let mahindra = statement.rows.iter().find(|row| row.symbol.as_deref() == Some("M&M")).unwrap();
    assert_eq!((mahindra.available, mahindra.pledged), (12.into(), 3.into()), "pledged for a loan");
}

#[test]
fn a_tax_report_has_an_exit_for_each_lot_of_each_section_and_dividends() {
    let statement = statement("zerodha-tax-pnl.xlsx");
    assert_eq!(
        (statement.layout, statement.client_id.as_deref()),
        ("zerodha_tax_pnl", Some("DEMO01"))
    );
    assert_eq!(statement.errors, []);
    let (from, to) = (jiff::civil::date(2025, 4, 1), jiff::civil::date(2026, 3, 31));
    assert_eq!((statement.exits.period, statement.exits.left_out), (Some((from, to)), 1));
    let exits = statement.exits.rows.iter();
    let exits: Vec<_> = exits
        .map(|exit| (exit.section, exit.quantity.to_string(), exit.cost.to_string()))
        .collect();
    let exit = |section, quantity: &str, cost: &str| (section, quantity.into(), cost.into());
    assert_eq!(
        exits,
        [
            exit(Section::Intraday, "20", "29800"),
            exit(Section::LongTerm, "10", "16702.5"),
            exit(Section::LongTerm, "10", "24205"),
            exit(Section::LongTerm, "5", "18375"),
        ]
    );
    let paid: Vec<_> = statement.entries.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(
        paid,
        ["dividend|2025-05-30|INE009A01021|22|1", "dividend|2025-08-14|INE002A01018|5.5|1",]
    );
}

const DIVIDENDS: &str = "Symbol,ISIN,Ex-Date,Quantity,Dividend Per Share,Net Dividend Amount\n";

#[test]
fn two_dividends_of_one_day_are_two_and_what_was_deducted_is_tax() {
    let file = format!(
        "{DIVIDENDS}INFY,INE009A01021,2025-05-30,30,22,660\nINFY,INE009A01021,2025-05-30,30,22,594\n\
         TCS,INE467B01029,2025-05-30,3,1,4\n\nTotal Dividend Amount,,,,,1258\n"
    );
    let statement = read(file.as_bytes(), None).unwrap();
    let tds = statement.entries.iter().map(|entry| match entry.act {
        ledger::Act::Income { gross, tds, .. } => (gross.to_string(), tds.to_string()),
        _ => panic!("no income"),
    });
    assert_eq!(tds.collect::<Vec<_>>(), [("660".into(), "0".into()), ("660".into(), "66".into())]);
    assert_ne!(statement.entries[0].key, statement.entries[1].key);
    let faults: Vec<_> = statement.errors.iter().map(|err| err.place.row).collect();
    assert_eq!(faults, [4], "more than was declared");
}

const EXITS: &str = "Symbol,ISIN,Entry Date,Exit Date,Quantity,Buy Value,Sell Value,Profit\n";

#[test]
fn an_exit_needs_a_known_section_days_in_order_and_both_values() {
    let file = format!(
        "Equity - Short Term\n{EXITS}A,INE009A01021,2025-05-30,2025-05-01,1,2,3,1\n\
         A,INE009A01021,2025-05-01,2025-05-30,1,,3,1\n\nSomething new\n\
         {EXITS}A,INE009A01021,2025-05-01,2025-05-30,1,2,3,1\n"
    );
    let statement = read(file.as_bytes(), None).unwrap();
    let faults = statement.errors.iter().map(|err| (err.place.row, err.column.as_str()));
    assert_eq!(faults.collect::<Vec<_>>(), [(3, "Exit Date"), (4, "Buy Value"), (8, "section")]);
    assert_eq!(statement.exits.rows, []);
}

#[test]
fn two_tables_under_one_title_are_both_read_and_too_many_are_refused() {
    let row = "A,INE009A01021,2025-05-01,2025-05-30,1,2,3,1\n";
    let file = format!("Equity - Short Term\n{EXITS}{row}\n{EXITS}{row}");
    let statement = read(file.as_bytes(), None).unwrap();
    assert_eq!((statement.exits.rows.len(), statement.errors.len()), (1, 1));
    assert_eq!(statement.errors[0].column, "section", "the second has no title of its own");
    let file = format!("Equity - Short Term\n{}", EXITS.repeat(5_000));
    let refusal = statements::Refusal::TooLarge { what: "tables", limit: 200 };
    assert_eq!(read(file.as_bytes(), None).unwrap_err(), refusal);
}

#[test]
fn a_tradebook_as_a_workbook_is_the_tradebook() {
    let (book, sheet) =
        (statement("tradebook-DEMO01-EQ.csv"), statement("tradebook-DEMO01-EQ.xlsx"));
    assert_eq!((sheet.layout, sheet.errors.len()), (book.layout, 0));
    assert_eq!(sheet.client_id.as_deref(), Some("DEMO01"), "above the table");
    let plain = |statement: &Statement| {
        let entries = statement.entries.iter().cloned();
        let place = statements::Place { sheet: None, row: 0 };
        entries.map(|entry| statements::Entry { place: place.clone(), ..entry }).collect::<Vec<_>>()
    };
    assert_eq!(plain(&sheet), plain(&book), "times of execution among it");
}

#[test]
fn a_groww_file_ends_at_its_total_and_is_read_with_indian_commas() {
    let statement = statement("groww-stocks-holdings.xlsx");
    assert_eq!(statement.client_id.as_deref(), Some("7000000001"));
    assert_eq!(statement.as_of, Some(jiff::civil::date(2026, 11, 20)));
    let costs: Vec<_> = statement.rows.iter().map(|row| row.cost.unwrap().to_string()).collect();
    assert_eq!(costs, ["51189.00", "55065.00"]);
}

#[test]
fn a_quantity_no_company_has_is_a_row_error() {
    let file = "isin,segment,quantity,average_price,as_of\n\
                INE002A01018,equity,9999999999999,1,2026-11-20\n\
                INE009A01021,equity,900000000,9999999999,2026-11-20\n";
    let statement = read(file.as_bytes(), None).unwrap();
    assert_eq!((statement.rows.len(), statement.errors.len()), (0, 2));
}

const KITE: &str = "Instrument,Qty.,Avg. cost,LTP,Cur. val,P&L\n";

#[test]
fn a_share_called_total_is_no_total() {
    let file =
        format!("{KITE}TCS,1,1,1,1,0\nTOTAL,2,80,90,180,20\nWIPRO,3,1,1,3,0\nTotal,,,,184,20\n");
    let statement = read(file.as_bytes(), None).unwrap();
    let symbols: Vec<_> = statement.rows.iter().filter_map(|row| row.symbol.as_deref()).collect();
    assert_eq!((symbols, statement.errors.len()), (vec!["TCS", "TOTAL", "WIPRO"], 0));
}

#[test]
fn what_a_blank_line_cuts_off_is_a_row_error() {
    let file = format!("{KITE}TCS,1,1,1,1,0\n\nWIPRO,3,1,1,3,0\nsome note,,,,,\n");
    let statement = read(file.as_bytes(), None).unwrap();
    assert_eq!(statement.errors.iter().map(|err| err.place.row).collect::<Vec<_>>(), [4]);
}

#[test]
fn a_template_is_complete_for_what_it_lists_only() {
    let file = "isin,segment,quantity,average_price,as_of\nINE002A01018,equity,1,1,2026-11-20\n";
    assert_eq!(read(file.as_bytes(), None).unwrap().covers, [Segment::Equity]);
}

#[test]
fn a_computed_average_is_taken_to_six_decimals_and_a_computed_quantity_is_refused() {
    let file = "isin,segment,quantity,average_price,as_of\n\
                INE002A01018,equity,3,333.333333333333,2026-11-20\n\
                INE009A01021,equity,0.33333333,1,2026-11-20\n";
    let statement = read(file.as_bytes(), None).unwrap();
    assert_eq!(statement.rows[0].cost.unwrap().to_string(), "999.999999");
    assert_eq!(statement.errors[0].column, "quantity");
}

const FILES: [&str; 5] = [
    "tradebook-DEMO01-EQ.csv",
    "zerodha-console-holdings.xlsx",
    "groww-stocks-holdings.xlsx",
    "zerodha-kite-holdings.csv",
    "kitemate-holdings.csv",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&bytes, None);
        let _ = read(&[b"PK\x03\x04", &bytes[..]].concat(), None);
    }

    #[test]
    fn no_damage_to_a_file_makes_the_reader_panic(
        file in prop::sample::select(&FILES[..]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        shorten in any::<bool>(),
    ) {
        let mut bytes = example(file);
        for (at, byte) in &damage {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if shorten {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = read(&bytes, None);
    }
    #[test]
    fn whatever_stands_under_a_known_header_is_read_or_refused_by_its_row_and_the_ledger_takes_the_rest(
        layout in any::<prop::sample::Index>(),
        rows in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 30), 1..8),
    ) {
        let layouts = statements::known_layouts();
        let headers = layouts[layout.index(layouts.len())].headers;
        // A file of ours has more columns than it is recognised by.
        let more = ["gives", "per", "into_isin", "cost_percent", "amount", "price", "allotted_on", "cost", "capital"];
        let columns: Vec<&str> = headers.iter().copied().chain(more).collect();
        let cell = |(column, at): (&&str, &prop::sample::Index)| {
            let pool = pool(column);
            format!("\"{}\"", pool[at.index(pool.len())])
        };
        let line = |cells: &Vec<prop::sample::Index>| columns.iter().zip(cells).map(cell).collect::<Vec<_>>().join(",");
        let file = [vec![columns.join(",")], rows.iter().map(line).collect()].concat().join("\n");
        let Ok(statement) = read(file.as_bytes(), None) else { return Ok(()) };
        let event = |entry: &statements::Entry| Some(ledger::Event {
            id: Default::default(),
            place: ledger::Place { account: Default::default(), isin: entry.isin?, folio: None },
            on: entry.on,
            at: entry.at,
            reference: entry.key.clone().into(),
            act: entry.act,
        });
        let events: Vec<ledger::Event> = statement.entries.iter().filter_map(event).collect();
        let ledger = ledger::Ledger::new(&events, &[]);
        prop_assert!(ledger.positions.iter().all(|position| position.quantity >= Default::default()));
    }
}

/// Cells a column has: mostly good ones, so that rows are read, and some of the worst.
fn pool(column: &str) -> Vec<&'static str> {
    let column: String =
        column.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let has = |words: &[&str]| words.iter().any(|word| column.contains(word));
    let good: &[&str] = if has(&["isin"]) {
        &["INE925R01014", "INE002A01018", "INF204KB14I2"]
    } else if has(&["date", "asof", "allotted", "acquired"]) {
        &["2024-01-02", "02-01-2024", "2024-01-03", "23-07-2024 01:05 PM"]
    } else if has(&["kind"]) {
        &[
            "buy",
            "sell",
            "split",
            "bonus",
            "demerger",
            "merger",
            "transfer_out",
            "distribution",
            "opening",
            "rights",
        ]
    } else if has(&["type"]) {
        &["buy", "sell"]
    } else if has(&["segment"]) {
        &["EQ", "MF", "FO", "equity", "mutual_fund"]
    } else if has(&["status"]) {
        &["Executed"]
    } else if has(&["exchange"]) {
        &["NSE", "BSE"]
    } else {
        &["1", "10", "0.000001", "12.345", "1,23,456.78", "₹1,000", "1000000000000", "9999", "3"]
    };
    let mut pool = good.repeat(1200 / good.len());
    pool.extend([
        "",
        "-",
        "-1",
        "(5)",
        "9999999999999",
        "1e30",
        "NaN",
        "2024-13-45",
        "INE925R01015",
        "=cmd()",
        "\u{0}",
        "𝕏",
    ]);
    pool
}
