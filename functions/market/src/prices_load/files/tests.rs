use jiff::civil::date;

use super::*;

const TODAY: Date = date(2026, 11, 20);
const BHAVCOPY: &str = "TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,FinInstrmNm,ClsPric,PrvsClsgPric\n";

fn bhavcopy(rows: &str) -> PriceFile {
    read(&format!("{BHAVCOPY}{rows}"), TODAY).unwrap()
}

#[test]
fn of_several_series_the_preferred_one_is_taken() {
    let file = bhavcopy(
        "2026-11-20,2026-11-20,CM,NSE,STK,1,INE925R01014,CMSINFO,BE,CMS INFO,501.00,500.00\n\
         2026-11-20,2026-11-20,CM,NSE,STK,1,INE925R01014,CMSINFO,EQ,CMS INFO,502.15,500.00\n\
         2026-11-20,2026-11-20,CM,NSE,STK,1,INE925R01014,CMSINFO,BL,CMS INFO,999.00,500.00\n",
    );
    assert_eq!(file.prices.len(), 1);
    assert_eq!(file.prices[0].close.to_string(), "502.15");
    assert_eq!(file.symbols[0].series, "EQ");
    assert_eq!(file.instruments[0].class, Some("equity"));
}

#[test]
fn a_bad_row_is_refused_and_the_rest_is_read() {
    let file = bhavcopy(
        "2026-11-20,2026-11-20,CM,NSE,STK,1,INE925R01015,TYPO,EQ,TYPO,1.00,1.00\n\
         2026-11-20,2026-11-20,CM,NSE,STK,1,INE002A01018,RELIANCE,EQ,RELIANCE,0,1.00\n\
         2026-11-20,2026-11-20,CM,NSE,STK,1,INE009A01021,INFY,EQ,INFOSYS,1500.00,\n",
    );
    assert_eq!(file.refused.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(file.prices[0].previous, None);
}

#[test]
fn both_layouts_of_nav_all_are_read_by_their_headers() {
    let old = "Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Net Asset Value;Date\n\n\
               Open Ended Schemes(Equity)\n\nSome Mutual Fund\n\
               1;INF204KB14I2;-;A Fund - Direct Growth;45.6789;20-Nov-2026\n\
               2;INF204KB14I2;;Twice;1.0;20-Nov-2026\n3;-;-;None;N.A.;20-Nov-2026\n";
    let file = read(old, TODAY).unwrap();
    assert_eq!((file.prices.len(), file.refused.len()), (1, 0));
    assert_eq!((file.prices[0].close.to_string().as_str(), file.prices[0].on), ("45.6789", TODAY));
    let new = "Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Plan;Option;Net Asset Value;Date\n\
               1;INF204KB14I2;;A Fund;Direct;Growth;45.6789;20-Nov-2026\n";
    let file = read(new, TODAY).unwrap();
    assert_eq!(file.instruments[0].name, "A Fund - Direct - Growth");
}

#[test]
fn an_index_list_gives_sectors_and_no_prices() {
    let file = read(
        "Company Name,Industry,Symbol,Series,ISIN Code\nCMS Info Systems Ltd.,Services,CMSINFO,EQ,INE925R01014\n",
        TODAY,
    );
    let file = file.unwrap();
    assert_eq!(file.instruments[0].sector.as_deref(), Some("Services"));
    assert_eq!((file.prices.len(), file.instruments[0].class), (0, None));
}

#[test]
fn another_file_is_refused() {
    assert_eq!(read("isin,price\n", TODAY).unwrap_err(), Refusal::UnknownLayout);
    assert_eq!(read("", TODAY).unwrap_err(), Refusal::UnknownLayout);
}

#[test]
fn a_share_is_not_taken_for_a_bond_of_its_company() {
    assert_eq!(class_by_isin(&Isin::parse("INE002A01018").unwrap()), Some("equity"));
    assert_eq!(class_by_isin(&Isin::parse("INF204KB14I2").unwrap()), Some("etf"));
    assert_eq!(class_by_isin(&Isin::parse("US0378331005").unwrap()), None);
}

#[test]
fn a_value_that_rounds_to_nothing_is_refused_alone_and_an_instrument_listed_twice_is_one() {
    let text = "Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Net Asset Value;Date\n\
                1;INF204KB14I2;;Worthless;0.00004;20-Nov-2026\n2;INF879O01027;;Good;1.00005;20-Nov-2026\n";
    let file = read(text, TODAY).unwrap();
    assert_eq!(file.refused.iter().map(|row| row.line).collect::<Vec<_>>(), [2]);
    assert_eq!(file.prices[0].close.to_string(), "1.0001");
    let twice = "Company Name,Industry,Symbol,Series,ISIN Code\n\
                 A,Services,CMSINFO,EQ,INE925R01014\nA,Services,CMSINFO,BE,INE925R01014\n";
    assert_eq!(read(twice, TODAY).unwrap().instruments.len(), 1);
}

#[test]
fn the_bhavcopy_of_old_is_read_and_its_highs_of_january_2018_are_kept() {
    let header = "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,\n";
    let of = |day: &str| {
        let row =
            format!("CMSINFO,EQ,500,521.5,498,510.25,510,505,1000,510250,{day},10,INE925R01014,\n");
        read(&format!("{header}{row}"), TODAY).unwrap()
    };
    let file = of("31-JAN-2018");
    let isin = Isin::parse("INE925R01014").unwrap();
    assert_eq!(
        (file.prices[0].on, file.prices[0].close.to_string().as_str()),
        (VALUED_ON, "510.25")
    );
    assert_eq!(file.fair_values, [(isin, "521.5".parse().unwrap())]);
    assert!(of("01-FEB-2018").fair_values.is_empty());
}

#[test]
fn a_history_of_net_asset_values_keeps_each_day() {
    let file = "Scheme Code;NAV Name;Plan;Option;ISIN Div Payout/ISIN Growth;ISIN Div Reinvestment;Net Asset Value;Date\n\
                1;A Fund;Direct;Growth;INF204KB14I2;;40.1;31-Jan-2018\n\
                1;A Fund;Direct;Growth;INF204KB14I2;;40.2;01-Feb-2018\n";
    let file = read(file, TODAY).unwrap();
    let closes: Vec<_> = file.prices.iter().map(|price| price.close.to_string()).collect();
    assert_eq!(
        (closes, file.instruments.len(), file.fair_values.len()),
        (vec!["40.1".into(), "40.2".into()], 1, 1)
    );
}

#[test]
fn a_section_says_what_kind_of_asset_a_scheme_is_and_only_where_it_is_sure() {
    let header = "Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Net Asset Value;Date\n\n";
    let of = |section: &str| {
        let file = format!(
            "{header}Open Ended Schemes({section})\n\nSome Mutual Fund\n\n1;INF204KB14I2;-;A Fund;45.6;20-Nov-2026\n"
        );
        read(&file, TODAY).unwrap().instruments[0].kind
    };
    for (section, kind) in [
        ("Equity Scheme - ELSS", Some("equity_fund")),
        ("Debt Scheme - Liquid Fund", Some("debt_fund")),
        ("Hybrid Scheme - Arbitrage Fund", Some("equity_fund")),
        ("Hybrid Scheme - Multi Asset Allocation", None),
        ("Other Scheme - Index Funds", None),
        ("Other Scheme - FoF Overseas", Some("other_fund")),
    ] {
        assert_eq!(of(section), kind, "{section}");
    }
}

#[test]
fn what_indices_closed_at_is_kept_by_name_and_day() {
    let header = "Index Name,Index Date,Open Index Value,High Index Value,Low Index Value,Closing Index Value,Points Change\n";
    let rows = "Nifty 50,20-11-2026,1,1,1,26206.3,0\nNIFTY 50,20/11/2026,1,1,1,9,0\n\
                Nifty 50 Arbitrage,20-11-2026,-,-,-,-,0\nNifty IT,2026-11-20,1,1,1,5,0\n,20-11-2026,1,1,1,5,0\n";
    let file = read(&format!("{header}{rows}"), TODAY).unwrap();
    let close = &file.index_closes[0];
    assert_eq!((close.name.as_str(), close.close.to_string().as_str()), ("NIFTY 50", "26206.3"));
    assert_eq!((file.index_closes.len(), file.rows()), (1, 1), "the first of two stands");
    assert_eq!(file.refused.iter().map(|row| row.line).collect::<Vec<_>>(), [4, 5, 6]);
}
