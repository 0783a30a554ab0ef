//! Consolidated statements of folios: what happened in them, and what they close with.

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

/// A statement of one scheme in one folio, as casparser writes it.
fn statement(period: [&str; 2], units: [&str; 2], cost: &str, transactions: &Value) -> Form {
    statement_of("123 / 4", period, units, cost, transactions)
}

fn statement_of(
    folio: &str,
    period: [&str; 2],
    units: [&str; 2],
    cost: &str,
    transactions: &Value,
) -> Form {
    let [from, to] = period;
    let [open, close] = units;
    let cas = json!({
        "statement_period": { "from": from, "to": to },
        "folios": [{ "folio": folio, "schemes": [{
            "scheme": "A fund", "isin": "INF204KB14I2", "open": open, "close": close,
            "valuation": { "date": to, "nav": "45", "cost": cost, "value": "1" },
            "transactions": transactions,
        }] }],
    });
    Form::file("cas.json", cas.to_string()).with("clientId", "ABCDE")
}

fn bought(on: &str, units: &str, amount: &str) -> Value {
    json!([{ "date": on, "amount": amount, "units": units, "type": "PURCHASE_SIP" }])
}

async fn imported(here: &Here, person: &Person, form: &Form) -> Result<Value> {
    let reply = here.import(person, form).await?;
    anyhow::ensure!(reply.status == 200, "{} {}", reply.status, reply.body);
    Ok(reply.body)
}

/// What is held, as `quantity invested lots`.
async fn held(here: &Here, person: &Person) -> Result<Vec<String>> {
    let body = here.get("/v1/portfolio/holdings", person).await?.body;
    let items = body["items"].as_array().context("holdings")?.iter();
    let text = |item: &Value| format!("{} {} {}", item["quantity"], item["invested"], item["lots"]);
    Ok(items.map(|item| text(item).replace('"', "")).collect())
}

#[tokio::test]
async fn units_from_before_a_statement_are_an_opening_until_an_older_one_explains_them()
-> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let newer = statement(
        ["01-Apr-2024", "31-Mar-2025"],
        ["50.000", "60.000"],
        "2500",
        &bought("2024-05-02", "10.000", "500.00"),
    );
    let older = statement(
        ["01-Jan-2023", "31-Mar-2024"],
        ["0.000", "50.000"],
        "2100",
        &bought("2023-06-01", "50.000", "2100.00"),
    );
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let first = imported(&here, &asha, &newer).await?;
    assert_eq!(first["warnings"][0]["column"], "open");
    assert_eq!(held(&here, &asha).await?, ["60 2500.00 derived_opening"]);
    imported(&here, &asha, &older).await?;
    assert_eq!(held(&here, &asha).await?, ["60 2600.00 reconciled"]);
    imported(&here, &asha, &older).await?;
    for file in [&older, &newer, &newer] {
        imported(&here, &ravi, file).await?;
    }
    assert_eq!(held(&here, &ravi).await?, held(&here, &asha).await?, "in any order, however often");

    // Another reading of the same statement writes the folio without spaces.
    let bare = statement_of(
        "123/4",
        ["01-Apr-2024", "31-Mar-2025"],
        ["50.000", "60.000"],
        "2500",
        &bought("2024-05-02", "10.000", "500.00"),
    );
    imported(&here, &ravi, &bare).await?;
    assert_eq!(held(&here, &ravi).await?, ["60 2600.00 reconciled"]);

    let path = format!("/v1/portfolio/imports/{}", first["importId"].as_str().context("an id")?);
    let undone = here.send(Method::DELETE, &path, Some(&asha), &[], "").await?;
    assert_eq!(undone.status, 200, "{}", undone.body);
    assert_eq!(held(&here, &asha).await?, ["50 2100.00 reconciled"]);
    Ok(())
}

#[tokio::test]
async fn a_summary_without_transactions_says_what_is_held() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let none = json!([]);
    let summary = statement(["01-Apr-2024", "31-Mar-2025"], ["60", "60"], "2500", &none);
    let answer = imported(&here, &asha, &summary).await?;
    assert_eq!(answer["events"]["added"], 0);
    assert_eq!(held(&here, &asha).await?, ["60 2500.00 statement_only"]);
    let income = here.get("/v1/portfolio/gains", &asha).await?;
    assert_eq!(income.body["totals"], json!([]));
    let closed = statement(["01-Apr-2025", "31-Mar-2026"], ["60", "0"], "0", &none);
    imported(&here, &asha, &closed).await?;
    assert_eq!(held(&here, &asha).await?, [""; 0], "the newest statement has none left");
    let future = statement(["01-Apr-2024", "31-Mar-2099"], ["60", "60"], "2500", &none);
    let refused = here.import(&asha, &future).await?;
    assert_eq!((refused.status, refused.reason()), (422, "future_statement"));
    Ok(())
}
