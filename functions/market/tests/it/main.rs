//! Price files, the search of instruments, and what a security is for tax.

mod asset_kind;
mod prices;

use anyhow::Result;
use serde_json::{Value, json};
use testkit::{Here, Person};

async fn search(here: &Here, person: &Person, query: &str) -> Result<Vec<Value>> {
    let reply = here.get(&format!("/v1/instruments?{query}"), person).await?;
    assert_eq!(reply.status, 200, "{}", reply.body);
    Ok(reply.body["items"].as_array().cloned().unwrap_or_default())
}

#[tokio::test]
async fn instruments_are_found_by_symbol_name_and_isin_best_first() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let table = [
        ("itc", "INE154A01025"),
        ("INE467B01029", "INE467B01029"),
        ("m%26m", "INE101A01026"),
        ("parag", "INF879O01027"),
    ];
    for (query, isin) in table {
        assert_eq!(search(&here, &asha, &format!("q={query}")).await?[0]["isin"], isin, "{query}");
    }
    let infosys = &search(&here, &asha, "q=infosys").await?[0];
    assert_eq!(
        (&infosys["class"], &infosys["sector"]),
        (&json!("equity"), &json!("Information Technology"))
    );
    assert_eq!(
        (&infosys["price"], &infosys["priceAsOf"]),
        (&json!("1547.6000"), &json!("2026-11-20"))
    );
    assert_eq!(search(&here, &asha, "q=NIFTYBEES").await?[0]["class"], "etf");
    assert_eq!(
        search(&here, &asha, "q=%25%25").await?,
        Vec::<Value>::new(),
        "a wildcard is a letter like any other"
    );
    Ok(())
}

#[tokio::test]
async fn found_instruments_come_in_pages() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let whole = search(&here, &asha, "q=in").await?;
    let first = here.get("/v1/instruments?q=in&limit=2", &asha).await?.body;
    let next = first["nextCursor"].as_str().unwrap();
    let second = search(&here, &asha, &format!("q=in&limit=200&cursor={next}")).await?;
    let joined: Vec<Value> =
        first["items"].as_array().unwrap().iter().cloned().chain(second).collect();
    assert_eq!(joined, whole);
    Ok(())
}

#[tokio::test]
async fn a_search_without_a_query_or_a_token_is_refused() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    assert_eq!(here.get("/v1/instruments", &asha).await?.body["errors"][0]["path"], "q");
    assert_eq!(here.get("/v1/instruments?q=x", &asha).await?.status, 400);
    assert_eq!(here.get("/v1/instruments?q=itc", None).await?.status, 401);
    Ok(())
}

const HEADER: &str = "TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,FinInstrmNm,ClsPric,PrvsClsgPric\n";

fn bhavcopy(day: &str, name: &str, close: &str) -> String {
    format!("{HEADER}{day},{day},CM,NSE,STK,1,INE925R01014,CMSINFO,EQ,{name},{close},1.00\n")
}

#[tokio::test]
async fn a_file_put_twice_changes_nothing_and_an_older_one_renames_nothing() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let ok = json!({ "batchItemFailures": [] });
    assert_eq!(
        here.load_price_text("prices/b.csv", &bhavcopy("2026-11-20", "NEW NAME", "100.00")).await?,
        ok
    );
    let loaded = "select count(*), max(loaded_at)::text from market.prices";
    let admin = here.admin().await?;
    let before = admin.query_one(loaded, &[]).await?;
    assert_eq!(
        here.load_price_text("prices/b.csv", &bhavcopy("2026-11-20", "NEW NAME", "100.00")).await?,
        ok
    );
    let after = admin.query_one(loaded, &[]).await?;
    assert_eq!(before.get::<_, String>(1), after.get::<_, String>(1));
    assert_eq!(
        here.load_price_text("prices/a.csv", &bhavcopy("2026-11-19", "OLD NAME", "90.00")).await?,
        ok
    );
    let found = &search(&here, &asha, "q=CMSINFO").await?[0];
    assert_eq!((&found["name"], &found["price"]), (&json!("NEW NAME"), &json!("100.0000")));
    // A correction of the same day replaces the close.
    assert_eq!(
        here.load_price_text("prices/c.csv", &bhavcopy("2026-11-20", "NEW NAME", "101.00")).await?,
        ok
    );
    assert_eq!(search(&here, &asha, "q=CMSINFO").await?[0]["price"], "101.0000");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_no_price_file_fails_and_stores_nothing() -> Result<()> {
    let here = Here::start().await?;
    let answer = here.load_price_text("prices/x.csv", "isin,price\nINE925R01014,1\n").await?;
    assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(1));
    let files =
        here.admin().await?.query_one("select count(*) from market.price_files", &[]).await?;
    assert_eq!(files.get::<_, i64>(0), 0);
    Ok(())
}

#[tokio::test]
async fn a_file_put_into_the_bucket_is_loaded_by_its_notification() -> Result<()> {
    let mut here = Here::start().await?;
    here.poll_queues();
    let asha = here.person().await?;
    here.cloud
        .put_prices(&Here::example("prices/BhavCopy_NSE_CM_0_0_0_20261120_F_0000.csv"))
        .await?;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while search(&here, &asha, "q=RELIANCE").await?.is_empty() {
        assert!(std::time::Instant::now() < until, "the file was not loaded");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_fund_list_says_what_a_traded_fund_is_for_tax_and_not_what_it_is_called() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let traded = bhavcopy("2026-11-20", "GOLDETF", "60.00").replace("INE925R01014", "INF204KB14I2");
    here.load_price_text("prices/b.csv", &traded).await?;
    let list = |day: &str| {
        let header = "Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Net Asset Value;Date\n\n";
        format!(
            "{header}Open Ended Schemes(Debt Scheme - Liquid Fund)\n\n1;INF204KB14I2;-;Some Fund;45.6;{day}\n"
        )
    };
    let kind = async || -> Result<Option<String>> {
        let sql = "select asset_kind from market.instruments where isin = 'INF204KB14I2'";
        Ok(here.admin().await?.query_one(sql, &[]).await?.get(0))
    };
    here.load_price_text("prices/old.txt", &list("31-Jan-2018")).await?;
    assert_eq!(kind().await?, None, "a history is of its time");
    here.load_price_text("prices/new.txt", &list("19-Nov-2026")).await?;
    assert_eq!(kind().await?.as_deref(), Some("debt_fund"));
    assert_eq!(search(&here, &asha, "q=INF204KB14I2").await?[0]["name"], "GOLDETF");
    Ok(())
}
