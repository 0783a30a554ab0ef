//! What a workspace says a security is for tax.

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Form, Here, Person, Reply};

const FUND: &str = "INF204KB14I2";

/// Bought before 1 April 2023 and sold twice: in one financial year and in the next.
async fn traded(here: &Here, person: &Person) -> Result<()> {
    let header = "kind,date,isin,segment,quantity,amount,reference\n";
    let rows = format!(
        "buy,2022-06-01,{FUND},mutual_fund,100,1000,1\nsell,2025-01-15,{FUND},mutual_fund,10,150,2\n\
         sell,2025-06-15,{FUND},mutual_fund,10,160,3\n"
    );
    let form = Form::file("t.csv", format!("{header}{rows}"));
    let form = form.with("broker", "mutual_funds").with("clientId", "F1");
    let reply = here.import(person, &form).await?;
    anyhow::ensure!(reply.status == 200, "{}", reply.body);
    Ok(())
}

async fn put(here: &Here, person: &Person, isin: &str, body: &Value) -> Result<Reply> {
    let path = format!("/v1/instruments/{isin}/asset-kind");
    let json = [("content-type", "application/json")];
    here.send(Method::PUT, &path, Some(person), &json, body.to_string()).await
}

/// The kind and class of the sales of two financial years.
async fn classes(here: &Here, person: &Person) -> Result<[(Value, Value); 2]> {
    let mut found = [(); 2].map(|()| (Value::Null, Value::Null));
    for (year, found) in [2024, 2025].into_iter().zip(&mut found) {
        let gains = here.get(&format!("/v1/portfolio/gains?year={year}"), person).await?.body;
        let lot = gains["lots"]["items"].get(0).context("a lot")?;
        *found = (lot["assetKind"].clone(), lot["class"].clone());
    }
    Ok(found)
}

#[tokio::test]
async fn a_workspace_says_what_a_scheme_is_for_tax_from_a_day_on_and_for_itself_alone() -> Result<()>
{
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    traded(&here, &asha).await?;
    traded(&here, &ravi).await?;
    let unknown = [(); 2].map(|()| (Value::Null, json!("unknown")));
    assert_eq!(classes(&here, &asha).await?, unknown);

    let all = put(&here, &asha, FUND, &json!({ "kind": "equity_fund" })).await?;
    let said =
        json!({ "isin": FUND, "stated": null, "kinds": [{ "kind": "equity_fund", "from": null }] });
    assert_eq!((all.status, &all.body), (200, &said));
    let equity = (json!("equity_fund"), json!("long_term_equity"));
    assert_eq!(classes(&here, &asha).await?, [equity.clone(), equity.clone()]);

    let later = json!({ "kind": "other_fund", "from": "2025-04-01" });
    let both = put(&here, &asha, FUND, &later).await?;
    assert_eq!(both.body["kinds"][1], later);
    let other = (json!("other_fund"), json!("long_term_other"));
    assert_eq!(classes(&here, &asha).await?, [equity, other.clone()]);

    let back = put(&here, &asha, FUND, &json!({ "kind": "stated" })).await?;
    assert_eq!(back.body["kinds"], json!([later]));
    assert_eq!(classes(&here, &asha).await?, [(Value::Null, json!("unknown")), other]);
    assert_eq!(classes(&here, &ravi).await?, unknown, "of somebody else nothing changed");
    Ok(())
}

#[tokio::test]
async fn what_a_scheme_was_counts_until_the_list_says_otherwise_whichever_came_first() -> Result<()>
{
    let here = Here::start().await?;
    let asha = here.person().await?;
    traded(&here, &asha).await?;
    let list = |section: &str, day: &str| {
        format!(
            "Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Net Asset Value;Date\n\n\
             Open Ended Schemes({section})\n\nA House\n\n1;{FUND};-;A Fund of Abroad;10.5;{day}\n"
        )
    };
    let (foreign, equity) = ("Other Scheme - FoF Overseas", "Equity Scheme - Flexi Cap Fund");
    for (section, day) in
        [(equity, "01-Apr-2025"), (foreign, "20-Nov-2024"), (equity, "02-Jun-2025")]
    {
        here.load_price_text(&format!("prices/NAVAll-{day}.txt"), &list(section, day)).await?;
    }
    let kinds = [
        (json!("other_fund"), json!("long_term_other")),
        (json!("equity_fund"), json!("long_term_equity")),
    ];
    assert_eq!(classes(&here, &asha).await?, kinds);
    let sql = "select count(*) from market.stated_kinds";
    assert_eq!(
        here.admin().await?.query_one(sql, &[]).await?.get::<_, i64>(0),
        2,
        "each change once"
    );
    // What the workspace says goes before later lists, too.
    put(&here, &asha, FUND, &json!({ "kind": "debt_fund", "from": "2025-01-01" })).await?;
    let own = classes(&here, &asha).await?;
    assert_eq!([&own[0].0, &own[1].0], ["debt_fund", "debt_fund"]);
    Ok(())
}

#[tokio::test]
async fn a_kind_that_is_none_and_a_security_that_is_not_held_are_refused() -> Result<()> {
    let here = Here::start().await?;
    let tenant = here.tenant().await?;
    let good = json!({ "kind": "listed_share" });
    let held = put(&here, tenant.owner(), "INE002A01018", &good).await?;
    assert_eq!(held.status, 200, "{}", held.body);
    for isin in ["INE117A01022", "INE002A01019", "nothing"] {
        let reply = put(&here, tenant.owner(), isin, &good).await?;
        assert_eq!((reply.status, reply.reason()), (404, "not_found"), "{isin}");
    }
    let bad =
        put(&here, tenant.owner(), "INE002A01018", &json!({ "kind": "gold", "from": "soon" }))
            .await?;
    assert_eq!((bad.status, bad.body["errors"].as_array().map(Vec::len)), (400, Some(2)));
    let viewer = put(&here, &tenant.people[2], "INE002A01018", &good).await?;
    assert_eq!(viewer.status, 403);
    Ok(())
}
