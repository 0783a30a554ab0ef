//! Files from the field that were read wrongly once, each with what is right.

use ledger::{Act, Exchange, Venue};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use statements::{Refusal, Statement, read, read_parts};

const T: &str = "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,order_execution_time";

fn tradebook(rows: &str) -> Statement {
    read(format!("{T}\n{rows}").as_bytes(), Some("tradebook-ZT1234-EQ.csv")).unwrap()
}

fn days(statement: &Statement) -> Vec<String> {
    statement.entries.iter().map(|entry| entry.on.to_string()).collect()
}

fn reasons(statement: &Statement) -> String {
    let all = statement.warnings.iter().chain(&statement.errors);
    all.map(|fault| format!("{}: {}\n", fault.column, fault.reason)).collect()
}

#[test]
fn days_that_excel_saved_month_first_are_read_month_first() {
    let statement = tradebook(
        "ZTUSD,INEZT9B01017,7/8/2024,NSE,EQ,EQ,buy,FALSE,10,100,11000001,1.3E+15,7/8/2024 9:20\n\
         ZTUSD,INEZT9B01017,7/23/2024,NSE,EQ,EQ,buy,FALSE,5,110,11000002,1.3E+15,7/23/2024 10:05\n\
         ZTUSD,INEZT9B01017,12/5/2024,NSE,EQ,EQ,sell,FALSE,8,130,11000003,1.3E+15,12/5/2024 14:45\n",
    );
    assert_eq!(days(&statement), ["2024-07-08", "2024-07-23", "2024-12-05"]);
    let times: Vec<_> =
        statement.entries.iter().map(|entry| entry.at.unwrap().to_string()).collect();
    assert_eq!(times, ["09:20:00", "10:05:00", "14:45:00"]);
    assert_eq!((statement.errors, statement.warnings), (vec![], vec![]));
}

#[test]
fn a_column_of_days_that_nothing_settles_deserves_a_look_and_one_of_both_orders_is_refused() {
    let open = tradebook("ZTUSD,INEZT9B01017,7/8/2024,NSE,EQ,EQ,buy,FALSE,10,100,1,9,\n");
    assert_eq!((days(&open), open.warnings.len()), (vec!["2024-08-07".into()], 1));
    assert_eq!(open.warnings[0].column, "trade_date");
    let both = tradebook(
        "ZTUSD,INEZT9B01017,7/23/2024,NSE,EQ,EQ,buy,FALSE,10,100,1,9,\n\
         ZTUSD,INEZT9B01017,23/7/2024,NSE,EQ,EQ,buy,FALSE,10,100,2,9,\n",
    );
    assert_eq!((both.entries.len(), both.errors.len()), (0, 2));
}

#[test]
fn a_time_that_cannot_be_read_is_said() {
    let statement =
        tradebook("ZTUSD,INEZT9B01017,2024-07-08,NSE,EQ,EQ,buy,FALSE,10,100,1,9,2024-07-08 noon\n");
    assert_eq!(statement.entries[0].at, None);
    assert_eq!(statement.warnings[0].column, "order_execution_time");
}

#[test]
fn ids_that_excel_has_shortened_are_none() {
    let row = |id: &str, quantity: u8, time: &str| {
        format!(
            "ZTKITE,INEZT1B01014,2024-07-08,NSE,EQ,EQ,buy,FALSE,{quantity},100,{id},1.3E+15,2024-07-08T{time}\n"
        )
    };
    let statement = tradebook(
        &[
            row("1.30E+15", 10, "09:20:00"),
            row("1.30E+15", 10, "11:20:00"),
            row("1.30E+15", 7, "12:20:00"),
        ]
        .concat(),
    );
    assert_eq!((statement.entries.len(), statement.errors.len()), (0, 3));
    assert!(statement.errors.iter().all(|fault| fault.reason.contains("has lost digits")));
    // One id on two rows that are not the same trade is no id; the same row twice is the same.
    let shared = tradebook(
        &[row("77", 10, "09:20:00"), row("77", 7, "09:20:00"), row("78", 1, "09:20:00")].concat(),
    );
    assert_eq!((shared.entries.len(), shared.errors.len()), (1, 2), "{}", reasons(&shared));
    assert_eq!(tradebook(&row("77", 10, "09:20:00").repeat(2)).entries.len(), 2);
    let orders = "Stock name,Symbol,ISIN,Type,Quantity,Value,Exchange,Exchange Order Id,Execution date and time,Order status\n\
        A,A,INEZT1B01014,BUY,10,5300.50,NSE,1.1E+15,23-07-2024 01:05 PM,Executed\n";
    let orders = read(orders.as_bytes(), None).unwrap();
    assert_eq!((orders.entries.len(), orders.errors[0].column.as_str()), (0, "Exchange Order Id"));
}

#[test]
fn a_label_beside_a_label_is_nobodys_id() {
    let header = "Sr No,Company Name,ISIN,Sector,Free Quantity,Total Quantity,LTCG Quantity,Unsettled Quantity,\
        Margin Pledged Quantity,Non POA Quantity,MTF Quantity,LTP,Avg Trading Price,Invested Value,Market Value";
    let row = "1,ZTENSOL LTD,INEZT6B01013,Power,8,12,5,0,4,0,0,900,750.5,9006,10800";
    let file = format!(
        "Equity\n\nClient Name,Client ID,Report Date\nASHA TESTER,ZT700123,27-11-2026\n\n{header}\n{row}\n"
    );
    assert_eq!(read(file.as_bytes(), None).unwrap().client_id.as_deref(), Some("ZT700123"));
    let without = file.replace("ZT700123", "");
    assert_eq!(read(without.as_bytes(), None).unwrap().client_id, None);
}

#[test]
fn a_date_in_letters_above_the_table_is_its_day() {
    let file = |line: &str| {
        let header = "ISIN,Company Name,Total Quantity,LTCG Quantity,Margin Pledged Quantity,Avg Trading Price";
        let file =
            format!("{line}\nClient ID,ZT700999\n\n{header}\nINEZT6B01013,ZTENSOL,12,5,4,750.5\n");
        read(file.as_bytes(), None).unwrap()
    };
    for (line, day) in [
        ("Your Holding Details as on 27-11-2026", "2026-11-27"),
        ("Your Holding Details as on 30-Jun-2025", "2025-06-30"),
        ("Holdings as of 27 Nov 2026", "2026-11-27"),
        ("Holdings as at 30-Jun-25", "2025-06-30"),
    ] {
        let statement = file(line);
        assert_eq!(statement.as_of.map(|day| day.to_string()).as_deref(), Some(day), "{line}");
        assert_eq!(statement.warnings, [], "{line}");
    }
    let unreadable = file("Holdings as on the last working day");
    assert_eq!((unreadable.as_of, unreadable.warnings[0].column.as_str()), (None, "as_of"));
}

#[test]
fn a_text_is_read_by_whatever_separates_its_cells() {
    let header = [
        "Instrument",
        "Qty.",
        "Avg. cost",
        "LTP",
        "Invested",
        "Cur. val",
        "P&L",
        "Net chg.",
        "Day chg.",
    ];
    let row =
        ["ZTKITE", "1,200", "85.50", "100", "1,02,600.00", "1,20,000.00", "17,400.00", "17", "0"];
    for separator in ["\t", ";"] {
        let text = format!("{}\r\n{}\r\n", header.join(separator), row.join(separator));
        let wide: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        for file in [text.into_bytes(), wide] {
            let statement = read(&file, None).unwrap();
            assert_eq!(statement.layout, "zerodha_kite_holdings");
            assert_eq!(statement.rows[0].available, 1200.into());
            assert_eq!(statement.rows[0].cost, Some(102_600.into()));
        }
    }
    let unknown = read(b"one\ttwo\tthree\n1\t2\t3\n", None).unwrap_err();
    let Refusal::UnknownLayout { found } = unknown else { panic!("{unknown:?}") };
    assert_eq!(found, [["one", "two", "three"]], "by the separator that finds most names");
}

#[test]
fn every_trade_of_a_small_companys_series_for_delivery_is_one() {
    let statement = tradebook(
        "ZTKITE,INEZT1B01014,2023-01-10,NSE,EQ,ST,buy,false,1000,20,1,9,2023-01-10T10:00:00\n\
         ZTKITE,INEZT1B01014,2025-02-10,NSE,EQ,ST,sell,false,1000,55,2,9,2025-02-10T10:00:00\n\
         ZTKITE,INEZT1B01014,2025-02-10,NSE,EQ,ST,buy,false,1000,50,3,9,2025-02-10T14:00:00\n",
    );
    let venue = |act: &Act| match act {
        Act::Buy(fill) | Act::Sell(fill) => fill.venue,
        _ => panic!("a fill"),
    };
    assert!(
        statement
            .entries
            .iter()
            .all(|entry| venue(&entry.act) == Venue::TradeToTrade(Exchange::Nse))
    );
}

// ---------------------------------------------------------------- consolidated statements

fn scheme(isin: Value, open: &str, close: &str, transactions: Value) -> Value {
    json!({ "scheme": "ZT Fund - Direct", "isin": isin, "open": open, "close": close, "transactions": transactions })
}

fn folios(schemes: Value) -> Vec<Statement> {
    let file = json!({
        "statement_period": { "from": "01-Apr-2017", "to": "31-Oct-2026" },
        "folios": [{ "folio": "9100003/13", "PAN": "AAAPT1234C", "schemes": schemes }],
    });
    read_parts(file.to_string().as_bytes(), None).unwrap()
}

#[test]
fn a_redemption_that_was_taken_back_was_none() {
    let mut one = scheme(
        json!("INFZT3K01D04"),
        "0",
        "1000.000",
        json!([
            { "date": "2018-05-10", "description": "Purchase", "amount": "20000.00", "units": "1000.000", "nav": 20,
              "balance": 1000, "type": "PURCHASE" },
            { "date": "2020-06-15", "description": "Payment - Units Extinguished", "amount": "-2500.00",
              "units": "-100.000", "nav": 25, "balance": 900, "type": "REDEMPTION" },
            { "date": "2020-06-17", "description": "Payment - Units Extinguished-Reversed", "amount": "2500.00",
              "units": "100.000", "nav": 25, "balance": 1000, "type": "PURCHASE" },
        ]),
    );
    one["valuation"] = json!({ "date": "2026-11-20", "nav": 30, "cost": "20000.00" });
    let statement = folios(json!([one])).remove(0);
    assert_eq!(days(&statement), ["2018-05-10"]);
    assert_eq!(statement.errors, []);
    assert!(!reasons(&statement).contains("cost:"), "{}", reasons(&statement));
    // Without the words the statement's own cost says that something is wrong.
    let mut other = one.clone();
    other["transactions"][2]["description"] = json!("Purchase");
    let statement = folios(json!([other])).remove(0);
    assert_eq!(statement.entries.len(), 3);
    assert!(
        reasons(&statement).contains("cost: ZT Fund - Direct, folio 9100003/13"),
        "{}",
        reasons(&statement)
    );
    // What takes back nothing that is there is refused, whatever it is called.
    let mut alone = one;
    alone["transactions"] = json!([one_of(&other, 2)]);
    alone["transactions"][0]["description"] = json!("Purchase - Cheque Dishonoured");
    assert_eq!(folios(json!([alone])).remove(0).errors.len(), 1);
}

fn one_of(scheme: &Value, at: usize) -> Value {
    scheme["transactions"][at].clone()
}

#[test]
fn parts_of_a_depositorys_statement_that_are_not_read_are_named_and_counted() {
    for id in [json!(""), Value::Null] {
        let file = json!({
            "statement_period": { "from": "01-Oct-2026", "to": "31-Oct-2026" },
            "accounts": [
                { "name": "Broker", "type": "NSDL", "dp_id": "IN399991", "client_id": "10000077",
                  "equities": [{ "isin": "INEZT6B01013", "num_shares": "18.000" }], "mutual_funds": [] },
                { "name": "Mutual Fund Folios", "type": "Mutual Fund Folios", "dp_id": id, "client_id": id,
                  "equities": [], "mutual_funds": [
                    { "isin": "INFZT5K01F00", "balance": "523.117", "total_cost": "20000.00", "folio": "77001234/0" },
                    { "isin": "INFZT4K01E02", "balance": "123.456", "total_cost": "2500.00", "folio": "77005678/0" },
                ] },
            ],
            "nps": { "pran": "110012345678", "value": "45000.00", "schemes": [{ "scheme": "E", "units": "10" }] },
        });
        let statement = read(file.to_string().as_bytes(), None).unwrap();
        assert_eq!((statement.rows.len(), statement.rows[0].available), (1, 18.into()));
        let said = reasons(&statement);
        assert!(said.contains("2 of \"Mutual Fund Folios\""), "{said}");
        assert!(
            said.contains("INFZT5K01F00 in folio 77001234/0") && said.contains("77005678/0"),
            "{said}"
        );
        assert!(said.contains("1 of `nps`"), "{said}");
        assert_eq!((statement.tally.kept, statement.tally.not_read), (1, 3));
        assert!(statement.tally.adds_up(), "{:?}", statement.tally);
    }
}

#[test]
fn a_scheme_without_an_isin_is_refused_by_name() {
    let mut renamed = scheme(Value::Null, "0.000", "100.000", json!([]));
    renamed["scheme"] = json!("ZT Renamed Fund (Formerly");
    renamed["valuation"] = json!({ "date": "2026-10-31", "cost": "4000.00" });
    let bought = json!([{ "date": "2023-01-10", "amount": "800.00", "units": "20.000", "type": "PURCHASE" }]);
    let good = scheme(json!("INFZT5K01F00"), "0", "20.000", bought);
    let statement = folios(json!([renamed, good])).remove(0);
    assert_eq!((statement.entries.len(), statement.errors.len()), (1, 1));
    let said = reasons(&statement);
    assert!(
        said.contains("isin: ZT Renamed Fund (Formerly, folio 9100003/13")
            && said.contains("100 units"),
        "{said}"
    );
    assert!(statement.tally.adds_up() && statement.tally.refused == 1, "{:?}", statement.tally);
}

#[test]
fn a_dividend_that_was_reinvested_is_income_and_a_purchase() {
    let transactions = json!([
        { "date": "2024-01-10", "amount": "10000.00", "units": "1000.000", "type": "PURCHASE" },
        { "date": "2024-06-10", "description": "IDCW Reinvested @ Rs.0.60 per unit", "amount": "600.00",
          "units": "60.000", "type": "DIVIDEND_REINVEST", "dividend_rate": "0.60" },
        { "date": "2024-06-10", "amount": "60.00", "type": "TDS_TAX" },
        { "date": "2024-06-10", "amount": "0.03", "type": "STAMP_DUTY_TAX" },
    ]);
    let statement =
        folios(json!([scheme(json!("INFZT8K01I04"), "0", "1060.000", transactions)])).remove(0);
    let [_, paid, bought] = statement.entries.as_slice() else { panic!("{:?}", statement.entries) };
    assert!(
        matches!(paid.act, Act::Income { gross, tds, .. } if (gross, tds) == (600.into(), 60.into()))
    );
    let Act::Buy(fill) = bought.act else { panic!("{bought:?}") };
    assert_eq!(
        (fill.quantity, fill.amount, fill.charges),
        (60.into(), 600.into(), Some(Decimal::new(3, 2)))
    );
    assert!(statement.errors.is_empty() && paid.key != bought.key, "{}", reasons(&statement));
}

#[test]
fn tax_deducted_from_a_redemption_belongs_to_it_and_a_note_is_no_transaction() {
    let transactions = json!([
        { "date": "2024-01-10", "amount": "1000.00", "units": "100.000", "balance": 100, "type": "PURCHASE" },
        { "date": "2024-02-10", "amount": "5.00", "units": null, "balance": 100, "type": "MISC" },
        { "date": "2024-06-10", "amount": "-500.00", "units": "-40.000", "balance": 60, "type": "REDEMPTION" },
        { "date": "2024-06-10", "amount": "15.00", "type": "TDS_TAX" },
    ]);
    let statement =
        folios(json!([scheme(json!("INFZT8K01I04"), "0", "60.000", transactions)])).remove(0);
    assert_eq!(
        (statement.entries.len(), statement.errors.len()),
        (2, 0),
        "{}",
        reasons(&statement)
    );
    assert!(reasons(&statement).contains("15.00 that was deducted"), "{}", reasons(&statement));
    assert_eq!((statement.tally.kept, statement.tally.passed), (2, 2));
}

// ---------------------------------------------------------------- nothing is left out in silence

/// Every file that is here, by name.
fn files() -> Vec<(String, Vec<u8>)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join("fixtures"), root.join("../../examples")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|kind| kind == "csv" || kind == "xlsx" || kind == "json")
            {
                found.push((path.display().to_string(), std::fs::read(path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn every_row_of_every_file_meets_exactly_one_end() {
    let mut read = 0;
    for (name, file) in files() {
        let Ok(parts) = read_parts(&file, Some(&name)) else { continue };
        for part in parts {
            assert!(part.tally.adds_up(), "{name}: {:?}", part.tally);
            assert!(part.tally.rows > 0, "{name}");
            assert_eq!(part.tally.not_read, 0, "{name}: {}", reasons(&part));
            read += 1;
        }
    }
    assert!(read >= 17, "{read}");
}

#[test]
fn a_sheet_and_a_table_that_nobody_reads_are_named() {
    let statement = tradebook(
        "ZTKITE,INEZT1B01014,2024-07-08,NSE,EQ,EQ,buy,FALSE,10,100,1,9,\n\nA note below,,\n\n\
         Summary,of,charges\nbrokerage,1,2\n",
    );
    assert_eq!((statement.tally.not_read, statement.tally.kept), (2, 1));
    assert!(reasons(&statement).contains("not read: 2 from here on"), "{}", reasons(&statement));
}

proptest! {
    #[test]
    fn lines_that_are_put_anywhere_into_a_file_are_counted(at in 0usize..40, which in 0usize..4, line in "[a-z]{1,5}(,[a-z0-9]{1,4}){0,8}") {
        let texts: Vec<_> = files().into_iter().filter(|(name, _)| name.ends_with(".csv")).collect();
        let (name, file) = &texts[which % texts.len()];
        let text = String::from_utf8(file.clone()).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.insert(at.min(lines.len()), &line);
        if let Ok(parts) = read_parts(lines.join("\n").as_bytes(), Some(name)) {
            for part in parts {
                let filled = lines.iter().filter(|line| line.split(',').any(|cell| !cell.trim().is_empty())).count();
                prop_assert!(part.tally.adds_up(), "{:?}", part.tally);
                prop_assert_eq!(part.tally.rows, filled);
            }
        }
    }
}
