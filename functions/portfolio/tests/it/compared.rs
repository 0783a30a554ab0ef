//! A broker's own report of gains, beside the ledger's.

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

async fn imported(here: &Here, person: &Person, form: &Form) -> Result<Value> {
    let reply = here.import(person, form).await?;
    anyhow::ensure!(reply.status == 200, "{} {}", reply.status, reply.body);
    Ok(reply.body)
}

async fn comparison(here: &Here, person: &Person, query: &str) -> Result<Value> {
    let reply = here.get(&format!("/v1/portfolio/gains{query}"), person).await?;
    anyhow::ensure!(reply.status == 200, "{} {}", reply.status, reply.body);
    Ok(reply.body["comparisons"].clone())
}

#[tokio::test]
async fn a_report_agrees_with_the_ledger_or_says_why_not_whichever_came_first() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let report = imported(&here, &asha, &Form::example("zerodha-tax-pnl.xlsx")?).await?;
    let counts = json!({ "added": 2, "repeated": 0, "conflicts": 0, "leftOut": 1, "exits": 4 });
    assert_eq!((&report["events"], &report["unverified"]), (&counts, &json!(true)));
    let before = comparison(&here, &asha, "").await?;
    assert_eq!((&before[0]["agreed"], &before[0]["differing"]), (&json!(0), &json!(4)));
    assert_eq!(before[0]["differences"], Value::Null, "listed with a year alone");

    imported(&here, &asha, &Form::example("tradebook-DEMO01-EQ.csv")?).await?;
    let after = comparison(&here, &asha, "?year=2025").await?;
    assert_eq!(after.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&after[0]["agreed"], &after[0]["yearLabel"]),
        (&json!(3), &json!("FY 2025-26 / AY 2026-27"))
    );
    let missing = json!([{
        "isin": "INE467B01029", "name": "TATA CONSULTANCY SERV LT", "soldOn": "2025-07-10",
        "acquiredOn": "2024-06-03", "reason": "sale_missing", "ledger": null,
        "stated": { "quantity": "5", "consideration": "16900.00", "cost": "18375.00", "gain": "-1475.00" },
    }]);
    let mut found = after[0]["differences"].clone();
    found[0]["name"] = missing[0]["name"].clone();
    assert_eq!(found, missing);
    assert_eq!(comparison(&here, &asha, "?year=2023").await?, json!([]));
    Ok(())
}

#[tokio::test]
async fn a_report_that_is_taken_back_is_compared_no_more_and_a_newer_one_counts() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let file = |value: &str| {
        let header = "Symbol,ISIN,Entry Date,Exit Date,Quantity,Buy Value,Sell Value,Profit\n";
        let row = format!("INFY,INE009A01021,2024-02-01,2024-08-01,10,{value},2000,1\n");
        Form::file("taxpnl-AB1234-2024_2025.csv", format!("Equity - Short Term\n{header}{row}"))
    };
    let old = imported(&here, &asha, &file("1000")).await?;
    let new = imported(&here, &asha, &file("1500")).await?;
    let stated = |of: &Value| of[0]["differences"][0]["stated"]["cost"].clone();
    let both = comparison(&here, &asha, "?year=2024").await?;
    assert_eq!((stated(&both), &both[0]["differing"]), (json!("1500.00"), &json!(1)));
    for (import, left) in [(&new, json!("1000.00")), (&old, Value::Null)] {
        let id = import["importId"].as_str().context("an import")?;
        let path = format!("/v1/portfolio/imports/{id}");
        let undone = here.send(Method::DELETE, &path, Some(&asha), &[], "").await?;
        assert_eq!(undone.status, 200, "{}", undone.body);
        assert_eq!(stated(&comparison(&here, &asha, "?year=2024").await?), left);
    }
    Ok(())
}

#[tokio::test]
async fn a_dividend_that_was_told_before_is_not_counted_twice() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let statement = |rows: &str| {
        let header = "Symbol,ISIN,Ex-Date,Quantity,Dividend Per Share,Net Dividend Amount\n";
        let form = Form::file("dividends.csv", format!("{header}{rows}"));
        form.with("clientId", "AB1234")
    };
    let first = "INFY,INE009A01021,2025-05-30,30,22,660\n";
    let made = imported(&here, &asha, &statement(first)).await?;
    assert_eq!(made["events"]["added"], 1);
    let again = statement(&format!("{first}INFY,INE009A01021,2025-10-27,30,23,690\n"));
    let both = imported(&here, &asha, &again).await?;
    assert_eq!((&both["events"]["added"], &both["events"]["repeated"]), (&json!(1), &json!(1)));

    // By hand, on the day the money came.
    let entered = json!({
        "accountId": made["accountId"], "kind": "dividend", "isin": "INE002A01018", "on": "2025-09-10", "amount": "275",
    });
    let reply = here.post("/v1/transactions", &asha, &entered).await?;
    assert_eq!(reply.status, 201, "{}", reply.body);
    let rows =
        "RELIANCE,INE002A01018,2025-08-14,50,5.5,275\nRELIANCE,INE002A01018,2025-08-15,50,1,50\n";
    let told = imported(&here, &asha, &statement(rows)).await?;
    assert_eq!((&told["events"]["added"], &told["events"]["repeated"]), (&json!(1), &json!(1)));
    let income = here.get("/v1/portfolio/income", &asha).await?;
    assert_eq!(income.body["years"][0]["gross"], "1675.00", "{}", income.body);
    Ok(())
}
