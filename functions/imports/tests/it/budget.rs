//! A book that nobody could work out in time: refused before it is stored, and answered without what makes it so.

use std::fmt::Write;

use anyhow::Result;
use http::Method;
use jiff::ToSpan;
use jiff::civil::date;
use serde_json::json;
use testkit::{Form, Here};

const HEAVY: &str = "INE925R01014";

/// So many purchases of a security, and so many splits that take each other back, in the template's layout.
fn split_up(purchases: usize, splits: usize) -> Result<String> {
    let mut file =
        String::from("kind,date,isin,segment,quantity,price,gives,per,exchange,reference\n");
    for number in 0..purchases {
        writeln!(file, "buy,2001-01-01,{HEAVY},equity,2,10,,,NSE,P{number}")?;
    }
    for number in 0..splits {
        let on = date(2001, 1, 2) + i64::try_from(number)?.days();
        let (gives, per) = if number % 2 == 0 { (2, 1) } else { (1, 2) };
        writeln!(file, "split,{on},{HEAVY},equity,,,{gives},{per},,S{number}")?;
    }
    Ok(file)
}

#[tokio::test]
async fn lots_that_nobody_could_work_out_are_refused_and_nothing_of_them_is_stored() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let form = |file: String| {
        Form::file("transactions.csv", file).with("broker", "other").with("clientId", "X1")
    };
    let refused = here.import(&asha, &form(split_up(3_000, 6_000)?)).await?;
    assert_eq!((refused.status, refused.reason()), (422, "too_many_lot_steps"), "{}", refused.body);
    assert_eq!(refused.body["securities"], json!([HEAVY]));
    let stored = "select count(*) from transactions.transactions";
    assert_eq!(here.admin().await?.query_one(stored, &[]).await?.get::<_, i64>(0), 0);
    // An event by hand that passes it, too.
    let taken = here.import(&asha, &form(split_up(1_990, 1_000)?)).await?;
    assert_eq!(taken.status, 200, "{}", taken.body);
    let account = taken.body["accountId"].clone();
    let mut last = 201;
    for number in 0..20 {
        let split = json!({ "accountId": account, "kind": "split", "isin": HEAVY, "gives": "2", "per": "1",
            "on": (date(2010, 1, 1) + i64::from(number).days()).to_string() });
        let reply = here.post("/v1/transactions", &asha, &split).await?;
        last = reply.status;
        if last != 201 {
            assert_eq!((reply.status, reply.reason()), (422, "too_many_lot_steps"));
            break;
        }
    }
    assert_eq!(last, 422, "one of them passes the budget");
    Ok(())
}

#[tokio::test]
async fn a_stored_book_that_passes_the_budget_is_answered_without_the_security() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let imported = here.import(&asha, &Form::example("tradebook-DEMO01-EQ.csv")?).await?;
    assert_eq!(imported.status, 200, "{}", imported.body);
    let account = imported.body["accountId"].as_str().unwrap_or_default();
    let whole = here.get("/v1/portfolio/summary", &asha).await?.body;
    assert_eq!(whole["leftOut"], json!([]));
    let fill = format!(
        "insert into transactions.transactions (workspace_id, transaction_id, account_id, kind, market, isin, name, on_date,
             venue, exchange, quantity, amount, terms, source_key, source, entered_by)
         select '{workspace}', gen_random_uuid(), '{account}', 'buy', 'equity', '{HEAVY}', 'CMS', '2001-01-01', 'exchange',
             'NSE', 2, 20, '{{}}', 'p' || n, 'manual', '{user}' from generate_series(1, 3000) n;
         insert into transactions.transactions (workspace_id, transaction_id, account_id, kind, market, isin, name, on_date,
             terms, source_key, source, entered_by)
         select '{workspace}', gen_random_uuid(), '{account}', 'split', 'equity', '{HEAVY}', 'CMS', date '2001-01-02' + n,
             '{{\"gives\": \"2\", \"per\": \"1\"}}', 's' || n, 'manual', '{user}' from generate_series(1, 6000) n",
        workspace = asha.workspace_id,
        user = asha.user_id,
    );
    here.admin().await?.batch_execute(&fill).await?;
    for path in ["", "/summary", "/holdings", "/gains", "/income", "/performance"] {
        let reply =
            here.send(Method::GET, &format!("/v1/portfolio{path}"), Some(&asha), &[], "").await?;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        let left_out = &reply.body["leftOut"][0];
        assert_eq!(
            (&left_out["isin"], &left_out["reason"]),
            (&json!(HEAVY), &json!("too_many_lot_steps")),
            "{path}"
        );
    }
    let others = here.get("/v1/portfolio/summary", &asha).await?.body["totals"].clone();
    assert_eq!(others, whole["totals"], "everything else is as it was");
    Ok(())
}
