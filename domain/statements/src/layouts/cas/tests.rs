use ledger::Act;

use super::*;
use crate::read_parts;

fn read(json: &str) -> Result<Statement, Refusal> {
    crate::read(json.as_bytes(), None)
}

const SCHEME: &str =
    r#""scheme": "Gold fund - Direct", "isin": "INF204KB14I2", "open": "0.000", "close": "60.000""#;

fn folio(transactions: &str) -> String {
    format!(
        r#"{{"statement_period": {{"from": "01-Apr-2024", "to": "31-Mar-2025"}},
        "folios": [{{"folio": "123 / 4", "PAN": "ABCDE1234F",
        "schemes": [{{{SCHEME}, "transactions": [{transactions}]}}]}}]}}"#
    )
}

const BOUGHT: &str = r#"{"date": "2024-05-02", "amount": "4999.75", "units": "100.000", "type": "PURCHASE_SIP"},
    {"date": "2024-05-02", "amount": 0.25, "units": null, "type": "STAMP_DUTY_TAX"}"#;
const SOLD: &str = r#"{"date": "02-Aug-2024", "amount": "-2100.00", "units": -40, "type": "REDEMPTION"},
    {"date": "2024-08-02", "amount": "0.02", "type": "STT_TAX"}"#;

#[test]
fn a_folio_is_read_as_what_happened_in_it() {
    let statement = read(&folio(&[BOUGHT, SOLD].join(","))).unwrap();
    assert!(statement.errors.is_empty() && statement.warnings.is_empty(), "{statement:?}");
    let [bought, sold] = statement.entries.as_slice() else { panic!("{statement:?}") };
    assert_eq!(
        (bought.folio.as_deref(), bought.on.to_string()),
        (Some("123 / 4"), "2024-05-02".into())
    );
    let duty = Some("0.25".parse().unwrap());
    let Act::Buy(fill) = bought.act else { panic!("{bought:?}") };
    assert_eq!(
        (fill.quantity, fill.amount, fill.charges),
        (100.into(), "4999.75".parse().unwrap(), duty)
    );
    let Act::Sell(fill) = sold.act else { panic!("{sold:?}") };
    assert_eq!((fill.quantity, fill.amount), (40.into(), 2100.into()));
    assert_eq!(fill.stt, Some("0.02".parse().unwrap()));
}

#[test]
fn two_instalments_of_a_day_are_two_and_keep_their_keys() {
    let twice = folio(&[BOUGHT, BOUGHT].join(","));
    let keys = |json: &str| {
        let entries = read(json).unwrap().entries;
        entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>()
    };
    assert_eq!(keys(&twice), keys(&twice));
    assert_ne!(keys(&twice)[0], keys(&twice)[1]);
}

#[test]
fn what_is_not_read_is_said_and_what_is_missing_too() {
    let statement = read(&folio(SOLD)).unwrap();
    assert_eq!(statement.warnings[0].column, "close");
    let merged =
        r#"{"date": "2024-05-02", "amount": "1", "units": "60", "type": "SWITCH_IN_MERGER"}"#;
    let statement = read(&folio(merged)).unwrap();
    assert_eq!((statement.entries.len(), statement.errors[0].column.as_str()), (0, "type"));
    let opened = folio(BOUGHT).replace("\"open\": \"0.000\"", "\"open\": 5");
    assert_eq!(read(&opened).unwrap().warnings[0].column, "open");
    let nothing = r#"{"date": "2024-05-02", "amount": null, "units": null, "type": "MISC"}"#;
    assert!(read(&folio(nothing)).unwrap().errors.is_empty());
}

#[test]
fn an_instalment_that_bounced_was_none() {
    let bounced =
        r#"{"date": "2024-05-04", "amount": "-4999.75", "units": "-100.000", "type": "REVERSAL"}"#;
    let statement = read(&folio(&[BOUGHT, bounced].join(","))).unwrap();
    assert_eq!((statement.entries.len(), statement.errors.len()), (0, 0));
    let statement = read(&folio(bounced)).unwrap();
    assert_eq!(statement.errors[0].column, "type");
}

#[test]
fn a_dividend_in_units_is_income_and_a_purchase() {
    let paid =
        r#"{"date": "2024-05-02", "amount": "600", "units": "60", "type": "DIVIDEND_PAYOUT"}"#;
    let statement = read(&folio(paid)).unwrap();
    assert!(matches!(statement.entries[0].act, Act::Income { gross, .. } if gross == 600.into()));
    assert!(matches!(statement.entries[1].act, Act::Buy(fill) if fill.amount == 600.into()));
    assert!(statement.warnings.is_empty() && statement.entries.len() == 2);
    let back =
        r#"{"date": "2024-05-02", "amount": "-600", "units": null, "type": "DIVIDEND_PAYOUT"}"#;
    assert_eq!(read(&folio(back)).unwrap().errors.len(), 1);
}

#[test]
fn two_readings_of_one_statement_have_the_same_keys() {
    let one = read(&folio(BOUGHT)).unwrap().entries.remove(0).key;
    let other = folio(BOUGHT).replace("123 / 4", "123/4").replace("PURCHASE_SIP", "PURCHASE");
    assert_eq!(read(&other).unwrap().entries[0].key, one);
}

#[test]
fn of_several_demat_accounts_one_is_named() {
    let account = |client: &str| {
        format!(
            r#"{{"dp_id": "12081600", "client_id": "{client}", "equities": [
            {{"name": "INFOSYS", "isin": "INE009A01021", "num_shares": "12.000", "price": 1, "value": 12}}],
            "mutual_funds": [{{"isin": "INF204KB14I2", "balance": 3.5, "total_cost": "700"}}]}}"#
        )
    };
    let file = |accounts: &[String]| {
        format!(
            r#"{{"statement_period": {{"to": "31-Oct-2026"}}, "accounts": [{}]}}"#,
            accounts.join(",")
        )
    };
    let one = read(&file(&[account("00000001")])).unwrap();
    assert_eq!((one.rows.len(), one.as_of.unwrap().to_string()), (2, "2026-10-31".into()));
    assert_eq!(one.rows[1].cost, Some(700.into()));
    let two = file(&[account("00000001"), account("00000002")]);
    assert_eq!(read(&two), Err(Refusal::SeveralAccounts { count: 2 }));
    let parts = read_parts(two.as_bytes(), None).unwrap();
    let ids: Vec<_> = parts.iter().filter_map(|part| part.part.demat_id()).collect();
    assert_eq!(ids, ["1208160000000001", "1208160000000002"]);
    let folios = file(&[account("00000001"), account("")]);
    assert_eq!(read(&folios).unwrap().covers, [], "and it is complete for nothing");
    let undated = folios.replace("31-Oct-2026", "");
    assert_eq!(read(&undated), Err(Refusal::Undated));
    assert_eq!(read("{\"a\": 1}"), Err(Refusal::OtherJson));
    assert_eq!(read("{\"folios\": 1}"), Err(Refusal::OtherJson));
}

#[test]
fn a_folio_closes_with_what_was_told_where_only_rounding_differs() {
    let closing = |close: &str| {
        let json =
            folio(BOUGHT).replace("\"close\": \"60.000\"", &format!("\"close\": \"{close}\""));
        let statement = read(&json).unwrap();
        let units = statement.folios.into_iter().next().unwrap();
        (units.folio.unwrap(), units.units.normalize().to_string(), units.on.to_string())
    };
    let day = || String::from("2025-03-31");
    assert_eq!(closing("100.001"), ("123/4".into(), "100".into(), day()));
    assert_eq!(closing("100.002"), ("123/4".into(), "100.002".into(), day()));
}

#[test]
fn folios_are_told_apart_by_number_and_holder() {
    let one = |number: &str, holder: &str| {
        format!(
            r#"{{"folio": "{number}", "PAN": {holder}, "schemes": [{{{SCHEME}, "transactions": [{BOUGHT}]}}]}}"#
        )
    };
    let folios = [
        one("123 / 4", r#""ABCDE1234F""#),
        one("77", r#""FGHIJ5678K""#),
        one("123/4", r#""abcde1234f""#),
        one("88", "null"),
    ];
    let parts =
        read_parts(format!("{{\"folios\": [{}]}}", folios.join(",")).as_bytes(), None).unwrap();
    let told: Vec<_> = parts.iter().map(|part| (part.part.clone(), part.entries.len())).collect();
    let folio = |number: &str, holder: Option<&str>| Part::Folio {
        number: number.into(),
        holder: holder.map(Into::into),
    };
    assert_eq!(
        told,
        [
            (folio("123/4", Some("ABCDE1234F")), 2),
            (folio("77", Some("FGHIJ5678K")), 1),
            (folio("88", None), 1)
        ]
    );
    let keys: std::collections::BTreeSet<_> =
        parts[0].entries.iter().map(|entry| &entry.key).collect();
    assert_eq!(keys.len(), 2, "what a folio says twice is two");
    assert_eq!(parts[1].entries[0].place.row, 3, "counted through the whole file");
}
