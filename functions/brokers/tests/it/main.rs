//! Accounts, the daily refresh, and its consumers.

mod orders;
mod sync;
mod zerodha;

use anyhow::Result;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

async fn invested(here: &Here) -> Result<Person> {
    let asha = here.person().await?;
    for file in ["zerodha-console-holdings.xlsx", "groww-stocks-holdings.xlsx"] {
        assert_eq!(here.import(&asha, &Form::example(file)?).await?.status, 200);
    }
    Ok(asha)
}

#[tokio::test]
async fn accounts_are_listed_in_pages_to_members_only() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (invested(&here).await?, here.person().await?);
    let first = here.get("/v1/accounts?limit=1", &asha).await?;
    assert_eq!((first.status, &first.body["items"][0]["broker"]), (200, &json!("zerodha")));
    assert!(first.body["items"][0]["importedAt"].is_string());
    let second = here
        .get(
            &format!("/v1/accounts?limit=1&cursor={}", first.body["nextCursor"].as_str().unwrap()),
            &asha,
        )
        .await?;
    assert_eq!(
        (&second.body["items"][0]["broker"], &second.body["nextCursor"]),
        (&json!("groww"), &Value::Null)
    );
    assert_eq!(here.get("/v1/accounts", &ravi).await?.body["items"], json!([]));
    assert_eq!(here.get("/v1/accounts", None).await?.reason(), "token_missing");
    Ok(())
}

#[tokio::test]
async fn an_account_is_renamed_given_a_holder_and_deleted_with_everything_in_it() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &testkit::Form::example("tradebook-DEMO01-EQ.csv")?).await?;
    let account = here.get("/v1/accounts", &asha).await?.body["items"][0].clone();
    let path = format!("/v1/accounts/{}", account["accountId"].as_str().unwrap_or_default());
    let json = [("content-type", "application/json")];
    let patch = async |body: Value| {
        here.send(http::Method::PATCH, &path, Some(&asha), &json, body.to_string()).await
    };
    assert_eq!(patch(json!({ "label": "Long term", "holder": "abcde1234f" })).await?.status, 204);
    assert_eq!(patch(json!({ "holder": "nobody" })).await?.status, 400);
    assert_eq!(patch(json!({})).await?.status, 400);
    let account = here.get("/v1/accounts", &asha).await?.body["items"][0].clone();
    assert_eq!((&account["label"], &account["holderStated"]), (&json!("Long term"), &json!(true)));
    let gains = here.get("/v1/portfolio/gains", &asha).await?.body;
    assert_eq!(gains["totals"][0]["holder"], "ABXXXXXX4F");
    assert!(!gains.to_string().contains("ABCDE1234F"));
    let deleted = here.send(http::Method::DELETE, &path, Some(&asha), &[], "").await?;
    assert_eq!(deleted.status, 204, "{}", deleted.body);
    for path in ["/v1/accounts", "/v1/portfolio/holdings", "/v1/portfolio/trades"] {
        assert_eq!(here.get(path, &asha).await?.body["items"], json!([]), "{path}");
    }
    let again = here.send(http::Method::DELETE, &path, Some(&asha), &[], "").await?;
    assert_eq!(again.status, 404);
    Ok(())
}

#[tokio::test]
async fn a_demat_account_and_a_folio_are_linked_to_one_account() -> Result<()> {
    let here = Here::start().await?;
    let asha = invested(&here).await?;
    let accounts = here.get("/v1/accounts", &asha).await?.body["items"].clone();
    let json = [("content-type", "application/json")];
    let patch = async |nth: usize, body: Value| {
        let path =
            format!("/v1/accounts/{}", accounts[nth]["accountId"].as_str().unwrap_or_default());
        here.send(http::Method::PATCH, &path, Some(&asha), &json, body.to_string()).await
    };
    let links = async |nth: usize| {
        let account = here.get("/v1/accounts", &asha).await?.body["items"][nth].clone();
        anyhow::Ok(json!([account["dematIds"], account["folios"]]))
    };
    let (demat, folios) = (json!(["in30039412345678"]), json!(["123 / 4", "ab-7", "123/4"]));
    assert_eq!(patch(0, json!({ "dematIds": demat, "folios": folios })).await?.status, 204);
    let linked = json!([["IN30039412345678"], ["123/4", "AB-7"]]);
    assert_eq!(links(0).await?, linked);
    // The other account gets neither, not even the folio that is free.
    let refused = patch(1, json!({ "folios": ["99", "AB-7"], "label": "Mine" })).await?;
    assert_eq!((refused.status, refused.reason()), (409, "linked_elsewhere"));
    assert_eq!(refused.body["ids"], json!(["AB-7"]));
    assert_eq!(links(1).await?, json!([[], []]));
    // What is named is all there is; what is not named stays.
    assert_eq!(patch(0, json!({ "folios": ["123/4"] })).await?.status, 204);
    assert_eq!(links(0).await?, json!([["IN30039412345678"], ["123/4"]]));
    assert_eq!(patch(1, json!({ "folios": ["AB-7"] })).await?.status, 204);
    assert_eq!(patch(0, json!({ "dematIds": ["12345678"] })).await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn an_account_that_somebody_connected_is_kept() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let connected = here.connect(&asha, "ZX1234").await?;
    assert_eq!(connected.status, 200, "{}", connected.body);
    let account = here.get("/v1/accounts", &asha).await?.body["items"][0].clone();
    let path = format!("/v1/accounts/{}", account["accountId"].as_str().unwrap_or_default());
    let kept = here.send(http::Method::DELETE, &path, Some(&asha), &[], "").await?;
    assert_eq!((kept.status, kept.reason()), (422, "account_connected"));
    Ok(())
}
