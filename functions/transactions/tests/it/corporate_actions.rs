//! Corporate actions: suggested to who held the security, entered when told to.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use testkit::{Here, Person};

use crate::events::{begin, held};

const HEADER: &str = "\"SYMBOL\",\"COMPANY NAME\",\"SERIES\",\"PURPOSE\",\"FACE VALUE\",\"EX-DATE\",\"RECORD DATE\",\"BOOK CLOSURE START DATE\",\"BOOK CLOSURE END DATE\"\n";

/// What is suggested and not yet applied, with what the first account held.
async fn pending(here: &Here, person: &Person) -> Result<Vec<String>> {
    let body = here.get("/v1/corporate-actions?pending=true", person).await?.body;
    let text = |item: &Value| {
        format!("{} {} {}", item["kind"], item["exDate"], item["accounts"][0]["quantity"])
            .replace('"', "")
    };
    Ok(body["items"].as_array().context("a list")?.iter().map(text).collect())
}

#[tokio::test]
async fn a_published_action_is_suggested_to_who_held_the_security_and_applied_once() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let (asha, account) = begin(&here).await?;
    let list = HEADER.to_owned()
        + "\
        \"CMSINFO\",\"CMS Info Systems\",\"EQ\",\"Bonus 1:2\",\"10\",\"02-Jan-2024\",\"02-Jan-2024\",\"-\",\"-\"\n\
        \"CMSINFO\",\"CMS Info Systems\",\"EQ\",\"Dividend - Rs 2.50 Per Share\",\"10\",\"03-Jun-2024\",\"03-Jun-2024\",\"-\",\"-\"\n\
        \"CMSINFO\",\"CMS Info Systems\",\"EQ\",\"Bonus 1:1\",\"10\",\"02-Jan-2020\",\"02-Jan-2020\",\"-\",\"-\"\n\
        \"CMSINFO\",\"CMS Info Systems\",\"EQ\",\"Dividend - Rs 1 Per Share\",\"10\",\"10-Jul-2024\",\"10-Jul-2024\",\"-\",\"-\"\n\
        \"INFY\",\"Infosys\",\"EQ\",\"Bonus 1:1\",\"5\",\"02-Jan-2024\",\"02-Jan-2024\",\"-\",\"-\"\n";
    here.load_price_text("prices/CF-CA.csv", &list).await?;
    // That of 2020 was before the purchase, and nobody holds the other company.
    assert_eq!(
        pending(&here, &asha).await?,
        ["dividend 2024-07-10 10", "dividend 2024-06-03 10", "bonus 2024-01-02 10"]
    );
    let bonus = json!({ "isin": "INE925R01014", "kind": "bonus", "exDate": "2024-01-02" });
    assert_eq!(
        here.post("/v1/corporate-actions/apply", &asha, &bonus).await?.status,
        400,
        "the day of allotment"
    );
    let bonus = json!({ "isin": "INE925R01014", "kind": "bonus", "exDate": "2024-01-02", "allottedOn": "2024-01-05" });
    let (one, other) = tokio::join!(
        here.post("/v1/corporate-actions/apply", &asha, &bonus),
        here.post("/v1/corporate-actions/apply", &asha, &bonus),
    );
    assert_eq!((one?.status, other?.status), (200, 200));
    assert_eq!(held(&here, &asha).await?, "15 3000.00", "two at once are one");
    let dividend = |day: &str| json!({ "isin": "INE925R01014", "kind": "dividend", "exDate": day });
    here.post("/v1/corporate-actions/apply", &asha, &dividend("2024-07-10")).await?;
    // One of five weeks later is not taken for it.
    assert_eq!(pending(&here, &asha).await?, ["dividend 2024-06-03 15"]);
    here.post("/v1/corporate-actions/apply", &asha, &dividend("2024-06-03")).await?;
    let income = here.get("/v1/portfolio/income?year=2024", &asha).await?.body;
    assert_eq!(
        (&income["years"][0]["gross"], &income["payments"]["items"][0]["accountId"]),
        (&json!("52.50"), &account)
    );
    assert!(pending(&here, &asha).await?.is_empty());
    let (ravi, _) = begin(&here).await?;
    let none = json!({ "isin": "INE009A01021", "kind": "bonus", "exDate": "2024-01-02", "allottedOn": "2024-01-05" });
    assert_eq!(
        here.post("/v1/corporate-actions/apply", &ravi, &none).await?.status,
        404,
        "nobody held it"
    );
    Ok(())
}

#[tokio::test]
async fn an_action_that_no_ledger_could_hold_is_refused_and_does_not_poison_the_book() -> Result<()>
{
    let here = Here::start().await?;
    here.load_prices().await?;
    let (asha, _) = begin(&here).await?;
    let list = HEADER.to_owned()
        + "\
        \"CMSINFO\",\"CMS\",\"EQ\",\"Bonus 99999:1\",\"10\",\"02-Jan-2024\",\"-\",\"-\",\"-\"\n\
        \"CMSINFO\",\"CMS\",\"EQ\",\"Dividend - Rs 99999999999999 Per Share\",\"10\",\"03-Jun-2024\",\"-\",\"-\",\"-\"\n";
    here.load_price_text("prices/CF-CA-absurd.csv", &list).await?;
    for (kind, day) in [("bonus", "2024-01-02"), ("dividend", "2024-06-03")] {
        let body = json!({ "isin": "INE925R01014", "kind": kind, "exDate": day, "allottedOn": "2024-07-05" });
        let refused = here.post("/v1/corporate-actions/apply", &asha, &body).await?;
        assert_eq!((refused.status, refused.reason()), (422, "incomplete_action"), "{kind}");
    }
    assert_eq!(held(&here, &asha).await?, "10 3000.00");
    let early = json!({ "isin": "INE925R01014", "kind": "bonus", "exDate": "2024-01-02", "allottedOn": "2023-12-31" });
    let early = here.post("/v1/corporate-actions/apply", &asha, &early).await?;
    assert_eq!(early.status, 400, "no share is allotted before its ex-date: {}", early.body);
    Ok(())
}
