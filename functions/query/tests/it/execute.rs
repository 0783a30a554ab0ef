//! Queries answered from a real book, and the log of them.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use http::Method;
use portfolio_query::answer::Outcome;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use shared::Permission;
use stores::queries::QueryOrder;
use testkit::{Form, Here, Person};

const QUERIES: &str = "/v1/query/queries";

fn query(operation: &str, measures: &[&str], fields: Value) -> Value {
    let mut query = json!({
        "version": 1, "operation": operation, "entity": "holding", "measures": measures,
    });
    for (name, field) in fields.as_object().into_iter().flatten() {
        query[name] = field.clone();
    }
    query
}

async fn ask(here: &Here, person: &Person, query: &Value) -> Result<Value> {
    let reply = here.post("/v1/query/execute", person, &json!({ "query": query })).await?;
    ensure!(reply.status == 200, "{} {}", reply.status, reply.body);
    Ok(reply.body)
}

async fn get(here: &Here, person: &Person, path: &str) -> Result<Value> {
    let reply = here.get(path, person).await?;
    ensure!(reply.status == 200, "{path}: {} {}", reply.status, reply.body);
    Ok(reply.body)
}

/// Somebody with the holdings of the example and prices.
async fn investor(here: &Here) -> Result<Person> {
    here.load_prices().await?;
    let asha = here.person().await?;
    let imported = here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    ensure!(imported.status == 200, "{}", imported.body);
    Ok(asha)
}

fn figures(answer: &Value) -> Vec<Vec<&str>> {
    let rows = answer["rows"].as_array().into_iter().flatten();
    rows.map(|row| {
        let cells = row["cells"].as_array().into_iter().flatten();
        cells.map(|cell| cell["value"].as_str().unwrap_or("-")).collect()
    })
    .collect()
}

#[tokio::test]
async fn an_answer_has_the_figures_of_the_summary() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let summary = get(&here, &asha, "/v1/portfolio/summary").await?;
    let measures = [
        "value",
        "invested",
        "unrealised_gain",
        "unrealised_percent",
        "day_change",
        "day_change_percent",
    ];
    let answer = ask(&here, &asha, &query("aggregate", &measures, json!({}))).await?;
    assert_eq!(
        (&answer["outcome"], &answer["reason"]),
        (&json!("answered"), &Value::Null),
        "{answer}"
    );
    let totals = &summary["totals"];
    let fields = [
        "value",
        "invested",
        "unrealisedGain",
        "unrealisedPercent",
        "dayChange",
        "dayChangePercent",
    ];
    let expected: Vec<&str> =
        fields.iter().map(|field| totals[*field].as_str().unwrap_or("-")).collect();
    assert_eq!(figures(&answer), [expected]);
    assert_eq!(answer["accounts"], summary["accounts"]);
    let by_class = query("aggregate", &["value"], json!({ "groupBy": ["class"] }));
    let by_class = ask(&here, &asha, &by_class).await?;
    for slice in summary["allocation"]["class"].as_array().context("slices")? {
        let row =
            [slice["key"].as_str().context("a key")?, slice["value"].as_str().context("a value")?];
        assert!(
            figures(&by_class).contains(&row.to_vec()) || row[1] == "0.00",
            "{row:?} {by_class}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn pages_of_an_answer_join_to_the_whole() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let all = ask(&here, &asha, &query("list", &["quantity"], json!({ "limit": 200 }))).await?;
    assert_eq!(all["nextCursor"], Value::Null);
    assert_eq!(
        Some(all["totalRows"].as_u64()),
        all["rows"].as_array().map(|rows| Some(rows.len() as u64))
    );
    let (mut rows, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = json!({ "query": query("list", &["quantity"], json!({ "limit": 2 })), "cursor": cursor });
        let page = here.post("/v1/query/execute", &asha, &page).await?.body;
        assert_eq!(page["totalRows"], all["totalRows"]);
        rows.extend(page["rows"].as_array().context("rows")?.clone());
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(json!(rows), all["rows"]);
    let gone = json!({ "query": query("list", &["quantity"], json!({})), "cursor": "Im5vYm9keSI" });
    let gone = here.post("/v1/query/execute", &asha, &gone).await?;
    assert_eq!((gone.status, gone.reason()), (422, "cursor_gone"), "{}", gone.body);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_said_is_not_empty_and_neither_is_an_error() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let before = query("aggregate", &["value"], json!({ "time": { "asOf": "2001-03-31" } }));
    let before = ask(&here, &asha, &before).await?;
    assert_eq!((&before["outcome"], &before["reason"]), (&json!("unknown"), &json!("history")));
    let none = json!([{ "dimension": "security", "op": "in", "values": ["Nobody Ltd"] }]);
    let none =
        ask(&here, &asha, &query("aggregate", &["value"], json!({ "filters": none }))).await?;
    assert_eq!(
        (&none["outcome"], &none["message"]),
        (&json!("empty"), &json!("No holding has the security “Nobody Ltd”."))
    );
    let nobody = here.person().await?;
    let nothing = ask(&here, &nobody, &query("aggregate", &["value"], json!({}))).await?;
    assert_eq!(
        (&nothing["outcome"], &nothing["reason"]),
        (&json!("unknown"), &json!("nothing_imported"))
    );
    Ok(())
}

#[tokio::test]
async fn a_query_with_faults_is_refused_with_all_of_them_and_logged() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let wrong = json!({ "query": query("aggregate", &["wieght"], json!({ "limit": 0 })), "question": "how heavy?" });
    let reply = here.post("/v1/query/execute", &asha, &wrong).await?;
    assert_eq!((reply.status, reply.reason()), (400, "invalid_query"), "{}", reply.body);
    let faults = reply.body["faults"].as_array().context("faults")?;
    let told: Vec<_> = faults.iter().map(|one| one["path"].as_str()).collect();
    assert_eq!(told, [Some("/measures/0"), Some("/limit")]);
    let logged = &get(&here, &asha, QUERIES).await?["items"][0];
    assert_eq!((&logged["query"], &logged["question"]), (&wrong["query"], &wrong["question"]));
    assert_eq!((&logged["faults"], &logged["outcome"]), (&reply.body["faults"], &Value::Null));
    Ok(())
}

#[tokio::test]
async fn a_query_is_replayed_as_it_was_and_run_again_with_what_changed() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let answer = ask(&here, &asha, &query("list", &["quantity"], json!({}))).await?;
    let path = format!("{QUERIES}/{}", answer["queryId"].as_str().context("an id")?);
    let stored = get(&here, &asha, &path).await?;
    assert_eq!(stored["answer"]["rows"], answer["rows"]);
    assert_eq!((&stored["versions"], &stored["query"]), (&answer["versions"], &answer["query"]));
    let again = format!("{path}/rerun");
    let same = here.post(&again, &asha, &json!({})).await?;
    assert_eq!((same.status, &same.body["differences"]), (200, &json!([])), "{}", same.body);
    let holding = &get(&here, &asha, "/v1/portfolio/holdings").await?["items"][0];
    let bought = json!({
        "accountId": holding["accountId"], "kind": "buy", "isin": holding["isin"], "on": "2026-11-27",
        "quantity": "1", "amount": "100.00", "venue": "exchange", "exchange": "NSE",
    });
    let bought = here.post("/v1/transactions", &asha, &bought).await?;
    ensure!(bought.status == 201, "{}", bought.body);
    let changed = here.post(&again, &asha, &json!({})).await?;
    let differences = changed.body["differences"].as_array().context("differences")?;
    assert_eq!(differences.len(), 1, "{}", changed.body);
    assert_eq!(
        (&differences[0]["column"], &differences[0]["then"]),
        (&json!(2), &holding["quantity"])
    );
    let versions = |answer: &Value| answer["versions"]["ledger"].as_i64();
    assert!(versions(&changed.body["answer"]) > versions(&answer));
    Ok(())
}

#[tokio::test]
async fn of_a_query_by_key_the_log_has_the_number_of_rows_and_no_figure() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let key = json!({ "name": "Sheet", "scopes": ["query:read"] });
    let key = here.post("/v1/api-keys", &asha, &key).await?.body;
    let headers = [
        ("x-api-key", key["key"].as_str().context("a key")?),
        ("content-type", "application/json"),
    ];
    let body = json!({ "query": query("list", &["quantity"], json!({})) }).to_string();
    let reply = here.send(Method::POST, "/v1/query/execute", None, &headers, body).await?;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let path = format!("{QUERIES}/{}", reply.body["queryId"].as_str().context("an id")?);
    let stored = get(&here, &asha, &path).await?;
    assert_eq!((&stored["answer"], &stored["keyId"]), (&Value::Null, &key["keyId"]));
    assert_eq!(
        stored["rows"].as_u64(),
        reply.body["rows"].as_array().map(|rows| rows.len() as u64)
    );
    let again = here.post(&format!("{path}/rerun"), &asha, &json!({})).await?;
    assert_eq!((again.status, again.reason()), (422, "not_stored"));
    Ok(())
}

#[tokio::test]
async fn the_log_is_whoever_asked_alone_and_nobody_changes_it() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let answer = ask(&here, &asha, &query("list", &["quantity"], json!({}))).await?;
    let path = format!("{QUERIES}/{}", answer["queryId"].as_str().context("an id")?);
    let admin = here.member(asha.workspace_id, "admin").await?;
    assert_eq!(get(&here, &admin, QUERIES).await?["items"], json!([]));
    assert_eq!(here.get(&path, &admin).await?.status, 404);
    assert_eq!(here.post(&format!("{path}/rerun"), &admin, &json!({})).await?.status, 404);
    let rows = here
        .admin()
        .await?
        .query(
            "select distinct grantee::text from information_schema.role_table_grants
             where table_schema = 'query' and privilege_type = 'UPDATE' and grantee <> 'km_owner'",
            &[],
        )
        .await?;
    assert!(rows.is_empty(), "{rows:?}");
    Ok(())
}

#[tokio::test]
async fn more_work_than_an_answer_may_be_is_refused_and_logged_as_failed() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let mut file = "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,\
                    order_execution_time\n"
        .to_owned();
    for id in 0..6_000 {
        let day = if id == 0 { "1995-01-02" } else { "2026-06-01" };
        writeln!(
            file,
            "TCS,INE467B01029,{day},NSE,EQ,EQ,buy,false,1,10,{id},O{id},{day}T10:00:00"
        )?;
    }
    let imported = here.import(&asha, &Form::file("tradebook-AB1234-EQ.csv", file)).await?;
    ensure!(imported.status == 200, "{}", imported.body);
    let since_1950 = json!({ "time": { "from": "1950-01-01" }, "groupBy": ["month"] });
    let query = json!({ "query": query("timeseries", &["value"], since_1950) });
    let refused = here.post("/v1/query/execute", &asha, &query).await?;
    assert_eq!((refused.status, refused.reason()), (422, "too_much_work"), "{}", refused.body);
    let log = get(&here, &asha, QUERIES).await?;
    assert_eq!(log["items"][0]["outcome"], "failed", "{log}");
    Ok(())
}

#[tokio::test]
async fn an_answer_takes_two_round_trips_of_which_one_is_the_log() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let app = here.app("query-execute")?;
    let before = app.db().round_trips();
    let mut caller = asha.caller(Permission::Query);
    caller.computes = true;
    let read = query("aggregate", &["value"], json!({}));
    let read =
        portfolio_query::Query::read(&read).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    let order = QueryOrder { query: &read, question: None, cursor: None };
    let executed = stores::queries::execute(app.db(), (&caller).into(), order).await;
    assert!(executed.is_ok_and(|executed| executed.answer.outcome == Outcome::Answered));
    assert_eq!(app.db().round_trips() - before, 2);
    Ok(())
}

#[tokio::test]
async fn a_year_of_an_investor_is_told_with_its_return() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let imported = here.import(&asha, &Form::example("tradebook-DEMO01-EQ.csv")?).await?;
    ensure!(imported.status == 200, "{}", imported.body);
    let all = query(
        "aggregate",
        &["gain", "return", "xirr", "drawdown"],
        json!({ "time": { "period": "all" } }),
    );
    let answer = ask(&here, &asha, &all).await?;
    let performance = get(&here, &asha, "/v1/portfolio/performance?range=max").await?;
    let terms = &performance["terms"];
    let sum = |fields: [&str; 2]| -> Result<Decimal> {
        let number = |field: &str| terms[field].as_str().unwrap_or("0").parse::<Decimal>();
        Ok(number(fields[0])? + number(fields[1])?)
    };
    let gain = sum(["gain", "income"])? - sum(["charges", "none"])?;
    assert_eq!(figures(&answer)[0][0], format!("{gain:.2}"), "{performance}");
    Ok(())
}
