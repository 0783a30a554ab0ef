//! Everything of a portfolio as CSV files, and back again.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use testkit::{Form, Here, Person};
use zip::ZipArchive;

/// The files of an export, by their names.
async fn exported(here: &Here, person: &Person) -> Result<BTreeMap<String, Vec<u8>>> {
    let made = here.post("/v1/portfolio/exports", person, &json!({})).await?;
    anyhow::ensure!(made.status == 201, "{}", made.body);
    let zipped = local::web::get(made.body["url"].as_str().context("a link")?).await?;
    let mut archive = ZipArchive::new(Cursor::new(zipped.body.to_vec()))?;
    let mut files = BTreeMap::new();
    for at in 0..archive.len() {
        let mut part = archive.by_index(at)?;
        let (name, mut content) = (part.name()?.into_owned(), Vec::new());
        part.read_to_end(&mut content)?;
        files.insert(name, content);
    }
    for told in made.body["files"].as_array().into_iter().flatten() {
        let file = files.get(told["name"].as_str().unwrap_or_default()).context("a file")?;
        let lines = String::from_utf8(file.clone())?.lines().count();
        assert_eq!(told["rows"], lines - 1, "{told}");
    }
    Ok(files)
}

/// What gains, trades and holdings come to, without whose they are.
async fn figures(here: &Here, person: &Person) -> Result<Value> {
    let gains = here.get("/v1/portfolio/gains", person).await?.body;
    let totals: Vec<Value> = gains["totals"]
        .as_array()
        .into_iter()
        .flatten()
        .cloned()
        .map(|mut total| {
            total["accountIds"] = Value::Null;
            total
        })
        .collect();
    let holdings = here.get("/v1/portfolio/holdings", person).await?.body;
    let held: Vec<Value> = holdings["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| json!([item["isin"], item["quantity"], item["invested"]]))
        .collect();
    Ok(json!({ "gains": totals, "held": held }))
}

#[tokio::test]
async fn an_export_of_events_is_a_file_that_makes_the_same_ledger() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let imported = here.import(&asha, &Form::example("tradebook-DEMO01-EQ.csv")?).await?.body;
    let paid = json!({ "accountId": imported["accountId"], "kind": "dividend", "isin": "INE002A01018",
                       "on": "2026-08-20", "amount": "55.00" });
    assert_eq!(here.post("/v1/transactions", &asha, &paid).await?.status, 201);
    let files = exported(&here, &asha).await?;
    let transactions = files.get("transactions-zerodha-DEMO01.csv").context("a file")?.clone();
    let form = || {
        let form = Form::file("transactions.csv", transactions.clone());
        form.with("broker", "zerodha").with("clientId", "DEMO01")
    };
    let back = here.import(&ravi, &form()).await?;
    assert_eq!((back.status, &back.body["errors"]), (200, &json!([])), "{}", back.body);
    assert_eq!(figures(&here, &ravi).await?, figures(&here, &asha).await?);
    assert_eq!(here.import(&ravi, &form()).await?.body["repeated"], true);
    // Into the account it came from: everything is there, what was entered by hand among it.
    let own = here.import(&asha, &form()).await?.body;
    assert_eq!((&own["events"]["added"], &own["conflicts"]), (&json!(0), &json!([])), "{own}");
    // The broker's own file tells of the same trades.
    let tradebook = here.import(&ravi, &Form::example("tradebook-DEMO01-EQ.csv")?).await?.body;
    assert_eq!(
        (&tradebook["events"]["added"], &tradebook["events"]["repeated"]),
        (&json!(1), &json!(6)),
        "the contract alone"
    );
    Ok(())
}

#[tokio::test]
async fn an_export_has_what_was_said_of_accounts_and_what_brokers_report() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    here.import(&asha, &Form::example("tradebook-DEMO01-EQ.csv")?).await?;
    let report = here.import(&asha, &Form::example("zerodha-tax-pnl.xlsx")?).await?.body;
    let account = report["accountId"].as_str().context("an account")?;
    let said = json!({ "holder": "ABCDE1234F", "dematIds": ["IN30039412345678"], "folios": ["77", "123/4"] });
    let (path, json) = (format!("/v1/accounts/{account}"), [("content-type", "application/json")]);
    let patched =
        here.send(http::Method::PATCH, &path, Some(&asha), &json, said.to_string()).await?;
    assert_eq!(patched.status, 204);
    let files = exported(&here, &asha).await?;
    let text = |name: &str| {
        Ok::<_, anyhow::Error>(String::from_utf8(files.get(name).context("a file")?.clone())?)
    };
    assert!(
        text("accounts.csv")?.contains(",ABXXXXXX4F,IN30039412345678,123/4 77,"),
        "{}",
        text("accounts.csv")?
    );
    let sold = text("stated_gains.csv")?;
    assert_eq!(Some(sold.lines().count() as i64 - 1), report["events"]["exits"].as_i64());
    let first = sold.lines().nth(1).context("a row")?;
    assert!(first.starts_with(account) && !first.contains(",,"), "{first}");
    let made = here.post("/v1/portfolio/exports", &asha, &json!({})).await?.body;
    let accounts = here.get("/v1/portfolio/holdings", &asha).await?.body["accounts"].clone();
    assert_eq!(made["accounts"], accounts);
    Ok(())
}

#[tokio::test]
async fn an_export_of_holdings_is_a_statement_that_is_read_again() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    let files = exported(&here, &asha).await?;
    let holdings = files.get("holdings-zerodha-DEMO01-2026-11-20.csv").context("a file")?.clone();
    let form =
        Form::file("holdings.csv", holdings).with("broker", "zerodha").with("clientId", "DEMO01");
    let back = here.import(&ravi, &form).await?;
    assert_eq!((back.status, &back.body["errors"]), (200, &json!([])), "{}", back.body);
    assert_eq!(figures(&here, &ravi).await?, figures(&here, &asha).await?);
    let empty = exported(&here, &here.person().await?).await?;
    assert_eq!(empty.len(), 6, "of no account there are no events");
    Ok(())
}
