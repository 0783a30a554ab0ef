//! Events of the ledger that people enter, correct and take out.

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

const TRADEBOOK: &str = "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,order_execution_time\n\
    CMSINFO,INE925R01014,2023-05-02,NSE,EQ,EQ,buy,false,10,300,1,O1,2023-05-02T10:00:00\n";

/// A person with an account that has one purchase.
pub(crate) async fn begin(here: &Here) -> Result<(Person, Value)> {
    let person = here.person().await?;
    let reply = here.import(&person, &Form::file("tradebook-AB1234-EQ.csv", TRADEBOOK)).await?;
    anyhow::ensure!(reply.status == 200, "{}", reply.body);
    Ok((person, reply.body["accountId"].clone()))
}

async fn trades(here: &Here, person: &Person) -> Result<Vec<Value>> {
    let reply = here.get("/v1/portfolio/trades", person).await?;
    reply.body["items"].as_array().cloned().context("a list")
}

pub(crate) async fn held(here: &Here, person: &Person) -> Result<String> {
    let reply = here.get("/v1/portfolio/holdings", person).await?;
    let one = &reply.body["items"][0];
    Ok(format!("{} {}", one["quantity"], one["invested"]).replace('"', ""))
}

async fn send(
    here: &Here,
    method: Method,
    path: &str,
    person: &Person,
    body: &Value,
) -> Result<testkit::Reply> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    here.send(method, path, Some(person), &[("content-type", "application/json")], body).await
}

#[tokio::test]
async fn a_corporate_action_that_is_entered_changes_what_is_held() -> Result<()> {
    let here = Here::start().await?;
    let (asha, account) = begin(&here).await?;
    let split = json!({ "accountId": account, "kind": "split", "isin": "INE925R01014", "on": "2024-01-02",
                        "gives": "5", "per": "1", "into": "INE002A01018" });
    let reply = here.post("/v1/transactions", &asha, &split).await?;
    assert_eq!(reply.status, 201, "{}", reply.body);
    assert_eq!(held(&here, &asha).await?, "50 3000.00");
    let one = here.get("/v1/portfolio/holdings", &asha).await?.body["items"][0].clone();
    assert_eq!(
        (&one["asOf"], &one["lots"]),
        (&json!("2024-01-02"), &json!("events")),
        "of what came of it"
    );
    let audit = here.get("/v1/audit", &asha).await?.body;
    assert!(audit.to_string().contains("transaction.created"), "{audit}");
    Ok(())
}

#[tokio::test]
async fn everything_that_a_kind_lacks_is_said_at_once_and_nothing_is_stored() -> Result<()> {
    let here = Here::start().await?;
    let (asha, account) = begin(&here).await?;
    let reply = here
        .post(
            "/v1/transactions",
            &asha,
            &json!({ "kind": "demerger", "on": "2099-01-01", "gives": "0" }),
        )
        .await?;
    let paths: Vec<_> = reply.body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|err| err["path"].clone())
        .collect();
    assert_eq!(reply.status, 400);
    assert_eq!(paths, ["accountId", "isin", "on", "gives", "per", "into", "costPercent"]);
    let itself = json!({ "accountId": account, "kind": "transfer_out", "isin": "INE925R01014", "on": "2024-01-02",
                         "quantity": "1", "to": account });
    assert_eq!(here.post("/v1/transactions", &asha, &itself).await?.status, 400);
    let huge = json!({ "accountId": account, "kind": "buy", "isin": "INE925R01014", "on": "2024-01-02",
                       "quantity": "99999999999999999", "price": "1", "colour": "red" });
    let reply = here.post("/v1/transactions", &asha, &huge).await?;
    assert_eq!(reply.status, 400, "{}", reply.body);
    assert_eq!(trades(&here, &asha).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_same_request_twice_is_one_event() -> Result<()> {
    let here = Here::start().await?;
    let (asha, account) = begin(&here).await?;
    let body = json!({ "accountId": account, "kind": "buy", "isin": "INE925R01014", "on": "2024-01-02",
                       "quantity": "2", "price": "310.50", "charges": "1.25" });
    let headers = [("content-type", "application/json"), ("idempotency-key", "k1")];
    let one = here
        .send(Method::POST, "/v1/transactions", Some(&asha), &headers, body.to_string())
        .await?;
    let two = here
        .send(Method::POST, "/v1/transactions", Some(&asha), &headers, body.to_string())
        .await?;
    assert_eq!((one.status, two.status, &one.body), (201, 201, &two.body));
    assert_eq!(held(&here, &asha).await?, "12 3622.25");
    Ok(())
}

#[tokio::test]
async fn a_correction_and_a_removal_outlive_the_file() -> Result<()> {
    let here = Here::start().await?;
    let (asha, _) = begin(&here).await?;
    let id = trades(&here, &asha).await?[0]["transactionId"].as_str().context("an id")?.to_owned();
    let path = format!("/v1/transactions/{id}");
    let corrected =
        send(&here, Method::PATCH, &path, &asha, &json!({ "quantity": "12", "price": "300" }))
            .await?;
    assert_eq!(corrected.status, 204, "{}", corrected.body);
    assert_eq!(held(&here, &asha).await?, "12 3600.00");
    let nothing = send(&here, Method::PATCH, &path, &asha, &json!({})).await?;
    assert_eq!(nothing.status, 400, "what says nothing corrects nothing");
    assert_eq!(
        send(&here, Method::PATCH, &path, &asha, &json!({ "quantity": "10" })).await?.status,
        204
    );
    assert_eq!(held(&here, &asha).await?, "10 3000.00", "a quantity alone keeps the price");
    assert_eq!(
        send(&here, Method::PATCH, &path, &asha, &json!({ "quantity": "12" })).await?.status,
        204
    );
    let again = here.import(&asha, &Form::file("tradebook-AB1234-EQ.csv", TRADEBOOK)).await?;
    assert_eq!(again.body["events"]["repeated"], 1, "{}", again.body);
    assert_eq!(held(&here, &asha).await?, "12 3600.00");
    assert_eq!(trades(&here, &asha).await?[0]["corrected"], true);
    for _ in 0..2 {
        assert_eq!(send(&here, Method::DELETE, &path, &asha, &Value::Null).await?.status, 204);
    }
    here.import(&asha, &Form::file("tradebook-AB1234-EQ.csv", TRADEBOOK)).await?;
    assert!(trades(&here, &asha).await?.is_empty(), "what was taken out stays out");
    let gone = send(&here, Method::PATCH, &path, &asha, &json!({ "quantity": "1" })).await?;
    assert_eq!(gone.status, 404);
    Ok(())
}

#[tokio::test]
async fn account_and_kind_do_not_change_and_an_account_must_be_ones_own() -> Result<()> {
    let here = Here::start().await?;
    let (asha, account) = begin(&here).await?;
    let (_, stranger) = begin(&here).await?;
    let id = trades(&here, &asha).await?[0]["transactionId"].as_str().context("an id")?.to_owned();
    let path = format!("/v1/transactions/{id}");
    let kind = send(&here, Method::PATCH, &path, &asha, &json!({ "kind": "sell" })).await?;
    assert_eq!((kind.status, kind.reason()), (422, "other_event"));
    let moved = json!({ "accountId": account, "kind": "transfer_out", "isin": "INE925R01014", "on": "2024-01-02",
                        "quantity": "1", "to": stranger });
    let reply = here.post("/v1/transactions", &asha, &moved).await?;
    assert_eq!((reply.status, reply.reason()), (404, "no_such_account"));
    Ok(())
}

#[tokio::test]
async fn a_price_file_of_january_2018_gives_the_value_that_old_lots_are_taxed_by() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let file = "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,\n\
        CMSINFO,EQ,500,521.5,498,510.25,510,505,1000,510250,31-JAN-2018,10,INE925R01014,\n";
    here.load_price_text("prices/cm31JAN2018bhav.csv", file).await?;
    let rows = TRADEBOOK.replace("2023-05-02", "2017-05-02")
        + "CMSINFO,INE925R01014,2024-06-03,NSE,EQ,EQ,sell,false,10,600,2,O2,2024-06-03T10:00:00\n";
    here.import(&asha, &Form::file("tradebook-AB1234-EQ.csv", rows)).await?;
    let gains = here.get("/v1/portfolio/gains?year=2024", &asha).await?.body;
    let lot = &gains["lots"]["items"][0];
    assert_eq!((&lot["cost"], &lot["taxCost"]), (&json!("3000.00"), &json!("5215.00")), "{gains}");
    assert_eq!(lot["taxableGain"], "785.00");
    Ok(())
}

#[tokio::test]
async fn what_is_no_part_of_a_kind_is_refused_and_not_dropped() -> Result<()> {
    let here = Here::start().await?;
    let (asha, account) = begin(&here).await?;
    let mut opening = json!({ "accountId": account, "kind": "opening", "isin": "INE002A01018", "on": "2024-01-02",
                              "quantity": "10", "amount": "4020.00", "capital": "0", "stt": "4.00" });
    let refused = here.post("/v1/transactions", &asha, &opening).await?;
    assert_eq!((refused.status, &refused.body["errors"][0]["path"]), (400, &json!("stt")));
    opening.as_object_mut().context("an object")?.remove("stt");
    // Of what was not bought an amount can be nothing but its cost.
    let made = here.post("/v1/transactions", &asha, &opening).await?;
    assert_eq!(made.status, 201, "{}", made.body);
    let invested = async || {
        let held = here.get("/v1/portfolio/holdings", &asha).await?.body;
        anyhow::Ok(held["items"][0]["invested"].clone())
    };
    assert_eq!(invested().await?, "4020.00");
    let id = made.body["transactionId"].as_str().context("an id")?.to_owned();
    let path = format!("/v1/transactions/{id}");
    let patched = send(&here, Method::PATCH, &path, &asha, &json!({ "cost": "4000.00" })).await?;
    assert_eq!(patched.status, 204, "{}", patched.body);
    assert_eq!(invested().await?, "4000.00");
    let again = send(&here, Method::PATCH, &path, &asha, &json!({ "stt": "4.00" })).await?;
    assert_eq!((again.status, &again.body["errors"][0]["path"]), (400, &json!("stt")));
    // How many shares a dividend was for may be said.
    let paid = json!({ "accountId": account, "kind": "dividend", "isin": "INE925R01014", "on": "2024-06-03",
                       "quantity": "10", "price": "2.50" });
    let made = here.post("/v1/transactions", &asha, &paid).await?;
    assert_eq!(made.status, 201, "{}", made.body);
    let income = here.get("/v1/portfolio/income", &asha).await?.body;
    assert!(income.to_string().contains("\"25.00\""), "{income}");
    Ok(())
}
