//! Files of events, and what is worked out from them.

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

const HEADER: &str = "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,order_execution_time\n";
const TEMPLATE: &str = "isin,symbol,name,segment,quantity,t1_quantity,pledged_quantity,discrepant_quantity,average_price,invested,as_of\n";

fn tradebook(rows: &str) -> Form {
    Form::file("tradebook-AB1234-EQ.csv", format!("{HEADER}{rows}"))
}

/// A fill of CMS Info Systems on the exchange.
fn fill(day: &str, side: &str, quantity: u32, price: &str, id: u32) -> String {
    format!(
        "CMSINFO,INE925R01014,{day},NSE,EQ,EQ,{side},false,{quantity},{price},{id},O{id},{day}T10:00:00\n"
    )
}

async fn get(here: &Here, person: &Person, path: &str) -> Result<Value> {
    let reply = here.get(path, person).await?;
    anyhow::ensure!(reply.status == 200, "{path}: {} {}", reply.status, reply.body);
    Ok(reply.body)
}

async fn held(here: &Here, person: &Person) -> Result<Vec<String>> {
    let body = get(here, person, "/v1/portfolio/holdings?limit=200").await?;
    let text = |item: &Value| {
        format!("{} {} {} {}", item["isin"], item["quantity"], item["invested"], item["lots"])
            .replace('"', "")
    };
    Ok(body["items"].as_array().into_iter().flatten().map(text).collect())
}

#[tokio::test]
async fn a_tradebook_is_stored_once_however_often_it_comes() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let form = Form::example("tradebook-DEMO01-EQ.csv")?;
    let first = here.import(&asha, &form).await?;
    assert_eq!(
        (first.status, &first.body["layout"]),
        (200, &json!("zerodha_tradebook")),
        "{}",
        first.body
    );
    let counts = json!({ "added": 7, "repeated": 0, "conflicts": 0, "leftOut": 1, "exits": 0 });
    assert_eq!(first.body["events"], counts);
    let again = here.import(&asha, &form).await?;
    assert_eq!(
        (&again.body["repeated"], &again.body["importId"]),
        (&json!(true), &first.body["importId"])
    );
    let counts = json!({ "added": 0, "repeated": 7, "conflicts": 0, "leftOut": 1, "exits": 0 });
    assert_eq!(again.body["events"], counts);
    let trades = get(&here, &asha, "/v1/portfolio/trades").await?;
    assert_eq!(trades["items"].as_array().map(Vec::len), Some(7), "contracts are stored, too");
    assert_eq!(
        held(&here, &asha).await?,
        ["INE002A01018 50 121025.00 events", "INE009A01021 20 33405.00 events"]
    );
    Ok(())
}

#[tokio::test]
async fn overlapping_files_in_any_order_end_in_the_same_ledger() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let one = fill("2023-05-02", "buy", 10, "300", 1) + &fill("2023-06-02", "buy", 10, "310", 2);
    let two = fill("2023-06-02", "buy", 10, "310", 2) + &fill("2024-06-03", "sell", 15, "400", 3);
    let holdings = format!("{TEMPLATE}INE925R01014,,CMS,equity,5,,,,305,,2024-07-01\n");
    let holdings =
        Form::file("h.csv", holdings).with("broker", "zerodha").with("clientId", "AB1234");
    let mut ends = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]] {
        let person = here.person().await?;
        let files = [tradebook(&one), tradebook(&two), holdings.clone()];
        for file in order {
            let reply = here.import(&person, &files[file]).await?;
            assert_eq!(reply.status, 200, "{}", reply.body);
        }
        let gains = get(&here, &person, "/v1/portfolio/gains?year=2024").await?;
        let lots: Vec<String> = gains["lots"]["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|lot| format!("{} {} {}", lot["acquiredOn"], lot["quantity"], lot["gain"]))
            .collect();
        ends.push((held(&here, &person).await?, lots));
    }
    assert_eq!(ends[0].0, ["INE925R01014 5 1550.00 reconciled"]);
    assert_eq!(ends[0].1, ["\"2023-06-02\" \"5\" \"450.00\"", "\"2023-05-02\" \"10\" \"1000.00\""]);
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:#?}");
    Ok(())
}

#[tokio::test]
async fn an_event_that_contradicts_what_is_stored_is_listed_and_not_stored() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    here.import(&asha, &tradebook(&fill("2023-05-02", "buy", 10, "300", 1))).await?;
    let other = fill("2023-05-02", "buy", 11, "300", 1) + &fill("2023-05-03", "buy", 1, "300", 2);
    let reply = here.import(&asha, &tradebook(&other)).await?;
    assert_eq!(reply.body["events"]["conflicts"], 1, "{}", reply.body);
    assert_eq!(reply.body["conflicts"][0]["row"], 2);
    assert_eq!(held(&here, &asha).await?, ["INE925R01014 11 3300.00 events"]);
    let twice = fill("2023-05-04", "buy", 1, "300", 3) + &fill("2023-05-04", "buy", 2, "300", 3);
    let reply = here.import(&asha, &tradebook(&twice)).await?;
    let errors = reply.body["errors"].as_array().map_or(0, Vec::len);
    assert_eq!((reply.status, errors), (422, 2), "an id of two trades is nobody's: {}", reply.body);
    Ok(())
}

#[tokio::test]
async fn a_preview_stores_nothing_and_a_bad_row_does_not_keep_the_others_out() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let rows = fill("2023-05-02", "buy", 10, "300", 1) + &fill("2023-05-03", "hold", 10, "300", 2);
    let preview = here.import(&asha, &tradebook(&rows).with("dryRun", "true")).await?;
    assert_eq!(
        (&preview.body["events"]["added"], &preview.body["importId"]),
        (&json!(1), &Value::Null)
    );
    assert!(held(&here, &asha).await?.is_empty());
    let stored = here.import(&asha, &tradebook(&rows)).await?;
    assert_eq!(stored.body["errors"][0]["column"], "trade_type");
    assert_eq!(held(&here, &asha).await?.len(), 1);
    let future = tradebook(&fill("2099-05-02", "buy", 10, "300", 9));
    let refused = here.import(&asha, &future).await?;
    assert_eq!((refused.status, refused.reason()), (422, "future_statement"));
    Ok(())
}

#[tokio::test]
async fn an_import_is_taken_back_whole_and_what_another_file_has_stays() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let one = fill("2023-05-02", "buy", 10, "300", 1) + &fill("2023-06-02", "buy", 10, "310", 2);
    let two = fill("2023-06-02", "buy", 10, "310", 2) + &fill("2023-07-03", "buy", 1, "320", 3);
    let first = here.import(&asha, &tradebook(&one)).await?;
    here.import(&asha, &tradebook(&two)).await?;
    let path = |reply: &Value| {
        format!("/v1/portfolio/imports/{}", reply["importId"].as_str().unwrap_or_default())
    };
    let undo = here.send(Method::DELETE, &path(&first.body), Some(&asha), &[], "").await?;
    assert_eq!((undo.status, &undo.body["events"]), (200, &json!(1)), "{}", undo.body);
    assert_eq!(held(&here, &asha).await?, ["INE925R01014 11 3420.00 events"]);
    let again = here.send(Method::DELETE, &path(&first.body), Some(&asha), &[], "").await?;
    assert_eq!((again.status, &again.body["events"]), (200, &json!(0)), "twice is once");
    let back = here.import(&asha, &tradebook(&one)).await?;
    assert_eq!(back.body["events"]["added"], 1);
    Ok(())
}

#[tokio::test]
async fn a_statement_is_taken_back_to_the_one_before_it() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let statement = |rows: &str| {
        Form::file("h.csv", format!("{TEMPLATE}{rows}"))
            .with("broker", "icici")
            .with("clientId", "C1")
    };
    let first = statement(
        "INE925R01014,,CMS,equity,5,,,,305,,2024-07-01\nINE009A01021,,Infosys,equity,7,,,,1000,,2024-07-01\n",
    );
    let second = statement(
        "INE925R01014,,CMS,equity,8,,,,305,,2024-08-01\nINE002A01018,,Reliance,equity,1,,,,1000,,2024-08-01\n",
    );
    let first = here.import(&asha, &first).await?;
    let before = held(&here, &asha).await?;
    let second = here.import(&asha, &second).await?;
    assert_ne!(held(&here, &asha).await?, before);
    let path = |reply: &Value| {
        format!("/v1/portfolio/imports/{}", reply["importId"].as_str().unwrap_or_default())
    };
    let refused = here.send(Method::DELETE, &path(&first.body), Some(&asha), &[], "").await?;
    assert_eq!((refused.status, refused.reason()), (422, "later_import"));
    let undo = here.send(Method::DELETE, &path(&second.body), Some(&asha), &[], "").await?;
    assert_eq!((undo.status, &undo.body["holdings"]), (200, &json!(3)), "{}", undo.body);
    assert_eq!(held(&here, &asha).await?, before);
    let undo = here.send(Method::DELETE, &path(&first.body), Some(&asha), &[], "").await?;
    assert_eq!(undo.status, 200);
    assert!(held(&here, &asha).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn gains_are_classed_summed_and_written_into_the_schedule() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &Form::example("tradebook-DEMO01-EQ.csv")?).await?;
    let gains = get(&here, &asha, "/v1/portfolio/gains?year=2025").await?;
    let totals: Vec<String> = gains["totals"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|total| {
            format!("{} {} {} {}", total["class"], total["section"], total["net"], total["lots"])
                .replace('"', "")
        })
        .collect();
    assert_eq!(
        totals,
        [
            // 20 × (1,502.50 − 1,490.00)
            "intraday null 250.00 1",
            // 10 × (1,440.00 − 2,420.50) + 10 × (1,601.75 − 1,670.25)
            "long_term_equity 112A -10490.00 2",
        ]
    );
    assert_eq!(gains["totals"][1]["flags"], json!(["charges_unknown"]));
    assert_eq!(gains["totals"][1]["expenses"], Value::Null, "what no source has is not zero");
    assert_eq!(gains["totals"][1]["yearLabel"], "FY 2025-26 / AY 2026-27");
    let page = get(&here, &asha, "/v1/portfolio/gains?year=2025&limit=2").await?["lots"].clone();
    let cursor = page["nextCursor"].as_str().context("three lots are two pages")?;
    let rest = get(&here, &asha, &format!("/v1/portfolio/gains?year=2025&limit=2&cursor={cursor}"))
        .await?;
    assert_eq!(rest["lots"]["items"].as_array().map(Vec::len), Some(1));
    let schedule = here.get("/v1/portfolio/gains?year=2025&format=schedule112a", &asha).await?;
    let text = schedule.answer.text();
    assert_eq!(schedule.header("content-type"), "text/csv; charset=utf-8");
    let fresh = &gains["accounts"][0];
    assert_eq!(json!(schedule.header("as-of")), fresh["asOf"], "a file has no room for it");
    assert_eq!(schedule.header("stale"), fresh["stale"].to_string());
    assert_eq!(
        text.lines().nth(1),
        Some("AE,INNOTREQUIRD,CONSOLIDATED,,,30418,40908,40908,,,,0,40908,-10490")
    );
    assert_eq!(schedule.header("layout-verified"), "false", "sources disagree on this year");
    let path = "/v1/portfolio/gains?year=2025&format=schedule112a&layout=with1b";
    let chosen = here.get(path, &asha).await?;
    assert!(chosen.answer.text().contains("AE,AE,INNOTREQUIRD"), "the other one by choice");
    let none = here.get("/v1/portfolio/gains?year=2030&format=schedule112a", &asha).await?;
    assert_eq!((none.status, none.reason()), (422, "no_schedule"));
    Ok(())
}

#[tokio::test]
async fn a_schedule_with_an_unknown_cost_is_refused_unless_told_to_leave_it_out() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &tradebook(&fill("2024-06-03", "sell", 15, "400", 3))).await?;
    let refused = here.get("/v1/portfolio/gains?year=2024&format=schedule112a", &asha).await?;
    assert_eq!(
        (refused.status, refused.reason(), &refused.body["lots"]),
        (422, "cost_unknown", &json!(1))
    );
    let partial =
        here.get("/v1/portfolio/gains?year=2024&format=schedule112a&partial=true", &asha).await?;
    assert_eq!((partial.status, partial.answer.text().lines().count()), (200, 1), "a header alone");
    let gains = get(&here, &asha, "/v1/portfolio/gains?year=2024").await?;
    assert_eq!(gains["totals"][0]["class"], "unknown");
    let performance = here.get("/v1/portfolio/performance", &asha).await?;
    assert_eq!((performance.status, performance.reason()), (422, "incomplete_history"));
    Ok(())
}

#[tokio::test]
async fn performance_explains_every_rupee_and_says_what_it_does_not_know() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &tradebook(&fill("2026-11-18", "buy", 100, "350", 1))).await?;
    let found = get(&here, &asha, "/v1/portfolio/performance?to=2026-11-20&interval=day").await?;
    // 352.40 on the last day; no close of the first one, so it counts at what was paid.
    let terms = &found["terms"];
    assert_eq!((&terms["opening"], &terms["closing"]), (&json!("0.00"), &json!("35240.00")));
    assert_eq!((&terms["flows"], &terms["gain"]), (&json!("35000.00"), &json!("240.00")));
    assert_eq!(
        (&terms["income"], &terms["charges"]),
        (&Value::Null, &Value::Null),
        "no source has them"
    );
    assert_eq!(
        (&found["headline"], &found["absolutePercent"]),
        (&json!("absolute"), &json!("0.69"))
    );
    assert_eq!(found["timeWeightedPercent"], "0.69");
    let series: Vec<String> = found["series"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|point| {
            format!("{} {} {}", point["on"], point["value"], point["carried"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        series,
        [
            "2026-11-17 0.00 0.00",
            "2026-11-18 35000.00 35000.00",
            "2026-11-19 35505.00 0.00",
            "2026-11-20 35240.00 0.00"
        ]
    );
    let compared = get(
        &here,
        &asha,
        "/v1/portfolio/performance?from=2026-11-19&to=2026-11-20&benchmark=INE002A01018",
    )
    .await?;
    assert_eq!(compared["benchmark"]["percent"], "0.90", "1,512.30 of 1,498.75");
    let nothing = here.get("/v1/portfolio/performance?to=2020-01-01", &asha).await?;
    assert_eq!((nothing.status, nothing.reason()), (422, "no_period"));
    let both = here.get("/v1/portfolio/performance?range=1y&from=2020-01-01", &asha).await?;
    assert_eq!(both.status, 400);
    Ok(())
}

#[tokio::test]
async fn incomplete_history_begins_with_the_statement() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let rows = "INE925R01014,,CMS,equity,100,,,,305,,2026-11-19\n";
    let form = Form::file("h.csv", format!("{TEMPLATE}{rows}"))
        .with("broker", "icici")
        .with("clientId", "C1");
    here.import(&asha, &form).await?;
    let found = get(&here, &asha, "/v1/portfolio/performance?to=2026-11-20&range=1y").await?;
    assert_eq!(
        (&found["from"], &found["terms"]["opening"]),
        (&json!("2026-11-19"), &json!("35505.00"))
    );
    assert_eq!(found["timeWeightedPercent"], "-0.75");
    assert_eq!(held(&here, &asha).await?, ["INE925R01014 100 30500.00 statement_only"]);
    Ok(())
}

#[tokio::test]
async fn what_has_no_price_is_left_out_of_returns_and_named() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let priced = "INE925R01014,,CMS,equity,100,,,,305,,2026-11-19\n";
    let unpriced = "INE000A01012,,Unlisted,equity,5,,,,10,,2026-11-19\n";
    let form =
        |rows: String| Form::file("h.csv", rows).with("broker", "icici").with("clientId", "C1");
    here.import(&asha, &form(format!("{TEMPLATE}{priced}{unpriced}"))).await?;
    let found = get(&here, &asha, "/v1/portfolio/performance?to=2026-11-20").await?;
    assert_eq!(
        (&found["unpriced"], &found["terms"]["closing"]),
        (&json!(["INE000A01012"]), &json!("35240.00"))
    );
    let alone = here.person().await?;
    here.import(&alone, &form(format!("{TEMPLATE}{unpriced}"))).await?;
    let refused = here.get("/v1/portfolio/performance?to=2026-11-20", &alone).await?;
    assert_eq!((refused.status, refused.reason()), (422, "unpriced"));
    Ok(())
}

/// A row of the template for events.
fn event(header: &str, cells: &[(&str, &str)]) -> Result<String> {
    let names: Vec<&str> = header.trim().split(',').collect();
    let mut row = vec![""; names.len()];
    for (name, value) in cells {
        row[names.iter().position(|other| other == name).context("a column")?] = value;
    }
    Ok(row.join(",") + "\n")
}

/// An opening, a bonus and twice the same dividend.
fn some_of_a_year(header: &str) -> Result<String> {
    let isin = ("isin", "INE925R01014");
    let rows = [
        event(
            header,
            &[
                ("kind", "opening"),
                ("date", "2023-04-01"),
                isin,
                ("quantity", "10"),
                ("cost", "2500"),
                ("acquired_on", "2015-06-01"),
            ],
        )?,
        event(
            header,
            &[
                ("kind", "bonus"),
                ("date", "2023-05-02"),
                isin,
                ("gives", "1"),
                ("per", "2"),
                ("allotted_on", "2023-05-05"),
            ],
        )?,
        event(
            header,
            &[("kind", "dividend"), ("date", "2023-08-01"), isin, ("amount", "55"), ("tds", "5.5")],
        )?,
        event(
            header,
            &[("kind", "dividend"), ("date", "2023-08-01"), isin, ("amount", "55"), ("tds", "5.5")],
        )?,
    ];
    Ok(rows.concat())
}

#[tokio::test]
async fn the_template_of_events_is_read_and_income_is_listed() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let template = here.get("/v1/portfolio/import/template?of=transactions", None).await?;
    let header = template.answer.text();
    let rows = some_of_a_year(&header)?;
    let form = || {
        Form::file("e.csv", format!("{header}{}", rows))
            .with("broker", "icici")
            .with("clientId", "C1")
    };
    let first = here.import(&asha, &form()).await?;
    assert_eq!(first.body["events"]["added"], 4, "two equal rows are two events: {}", first.body);
    assert_eq!(here.import(&asha, &form()).await?.body["events"]["repeated"], 4);
    assert_eq!(held(&here, &asha).await?, ["INE925R01014 15 2500.00 events"]);
    let income = get(&here, &asha, "/v1/portfolio/income?year=2023").await?;
    assert_eq!(
        (&income["known"], &income["years"][0]["gross"], &income["years"][0]["tds"]),
        (&json!(true), &json!("110.00"), &json!("11.00"))
    );
    assert_eq!(income["payments"]["items"].as_array().map(Vec::len), Some(2));
    let nobody = here.person().await?;
    assert_eq!(get(&here, &nobody, "/v1/portfolio/income").await?["known"], false);
    Ok(())
}

#[tokio::test]
async fn trades_are_filtered_and_paged() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &Form::example("tradebook-DEMO01-EQ.csv")?).await?;
    let count = async |query: &str| -> Result<usize> {
        let body = get(&here, &asha, &format!("/v1/portfolio/trades?{query}")).await?;
        Ok(body["items"].as_array().map(Vec::len).unwrap_or_default())
    };
    for (query, expected) in [
        ("isin=INE009A01021", 4),
        ("symbol=infy", 4),
        ("kind=sell", 3),
        ("from=2025-09-01&to=2025-12-14", 2),
        ("minAmount=100000", 2),
        ("maxAmount=15000", 1),
        ("sector=information%20technology", 4),
        ("sector=information%20technology&class=equity&kind=sell", 2),
        ("class=unclassified", 1),
        ("class=etf", 0),
    ] {
        assert_eq!(count(query).await?, expected, "{query}");
    }
    let first = get(&here, &asha, "/v1/portfolio/trades?limit=4").await?;
    let cursor = first["nextCursor"].as_str().context("two pages")?;
    assert_eq!(count(&format!("limit=4&cursor={cursor}")).await?, 3);
    let oldest = get(&here, &asha, "/v1/portfolio/trades?limit=4&sort=date").await?;
    let cursor = oldest["nextCursor"].as_str().context("two pages")?;
    let rest =
        get(&here, &asha, &format!("/v1/portfolio/trades?limit=4&sort=date&cursor={cursor}"))
            .await?;
    let ids = |page: &Value| -> Vec<Value> {
        page["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| one["transactionId"].clone())
            .collect()
    };
    let mut backwards = [ids(&oldest), ids(&rest)].concat();
    backwards.reverse();
    assert_eq!(backwards[..4], ids(&first)[..]);
    let wrong = here.get("/v1/portfolio/trades?kind=gift&isin=X&from=yesterday", &asha).await?;
    assert_eq!((wrong.status, wrong.body["errors"].as_array().map(Vec::len)), (400, Some(3)));
    Ok(())
}

#[tokio::test]
async fn what_one_holder_has_is_told_over_all_their_accounts() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let mut accounts = Vec::new();
    for (client, quantity) in [("A1", 1), ("A2", 2), ("A3", 4)] {
        let row = format!(
            "isin,segment,quantity,average_price,as_of\nINE009A01021,equity,{quantity},1,2026-11-20\n"
        );
        let form = Form::file("h.csv", row).with("broker", "zerodha").with("clientId", client);
        let account = here.import(&asha, &form).await?.body["accountId"].clone();
        accounts.push(account.as_str().context("an account")?.to_owned());
    }
    for account in &accounts[..2] {
        let (path, json) =
            (format!("/v1/accounts/{account}"), [("content-type", "application/json")]);
        let body = json!({ "holder": "ABCDE1234F" }).to_string();
        assert_eq!(here.send(Method::PATCH, &path, Some(&asha), &json, body).await?.status, 204);
    }
    for (account, quantities) in [(&accounts[0], vec!["1", "2"]), (&accounts[2], vec!["4"])] {
        let answer =
            get(&here, &asha, &format!("/v1/portfolio/holdings?holderOf={account}")).await?;
        let items = answer["items"].as_array().context("items")?.iter();
        let mut held: Vec<&Value> = items.map(|item| &item["quantity"]).collect();
        held.sort_by_key(|quantity| quantity.to_string());
        assert_eq!(held, quantities);
        assert_eq!(answer["accounts"].as_array().map(Vec::len), Some(quantities.len()));
        assert!(!answer.to_string().contains("ABCDE1234F"));
        let theirs = format!("/v1/portfolio/trades?holderOf={account}");
        assert_eq!(here.get(&theirs, &asha).await?.status, 200);
        assert_eq!(here.get(&theirs, &ravi).await?.status, 404);
    }
    Ok(())
}

#[tokio::test]
async fn a_scheme_is_found_by_its_name_when_one_alone_is_called_so() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let rows = "HOLDINGS AS ON 2026-11-20\n\n\
        Scheme Name,AMC,Category,Sub-category,Folio No.,Source,Units,Invested Value,Current Value,Returns,XIRR\n\
        Parag Parikh Flexi Cap Fund Direct Growth,PPFAS,Equity,Flexi Cap,1,Groww,12.345,1000,1100,100,10%\n\
        No Such Scheme Direct Growth,X,Equity,Flexi Cap,1,Groww,1,1000,1100,100,10%\n";
    let form = Form::file("groww.csv", rows).with("clientId", "G1");
    let reply = here.import(&asha, &form).await?;
    assert_eq!(reply.body["layout"], "groww_mutual_funds_holdings", "{}", reply.body);
    assert_eq!(reply.body["unresolved"][0]["symbol"], "No Such Scheme Direct Growth");
    assert_eq!(held(&here, &asha).await?, ["INF879O01027 12.345 1000.00 statement_only"]);
    Ok(())
}

#[tokio::test]
async fn what_no_account_can_hold_is_refused_by_its_row_and_does_not_poison_the_book() -> Result<()>
{
    let here = Here::start().await?;
    let asha = here.person().await?;
    let rows = fill("2023-05-02", "buy", 10, "300", 1)
        + "X,INE925R01014,2023-05-03,NSE,EQ,EQ,buy,false,2000000000000,1,2,O,2023-05-03T10:00:00\n"
        + "X,INE925R01014,2023-05-03,NSE,EQ,EQ,buy,false,1000000000,1000000,3,O,2023-05-03T10:00:00\n"
        + &format!(
            "X,INE925R01014,2023-05-03,NSE,EQ,EQ,buy,false,1,1,{},O,2023-05-03T10:00:00\n",
            "9".repeat(3000)
        )
        + "X,INE925R01014,2023-05-03,NSE,EQ,EQ,buy,false,1,300,5,O,2023-05-03T23:59:59.9999999\n";
    let reply = here.import(&asha, &tradebook(&rows)).await?;
    let columns: Vec<_> = reply.body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|err| err["column"].clone())
        .collect();
    assert_eq!(columns, ["quantity", "amount", "reference"], "{}", reply.body);
    assert_eq!(held(&here, &asha).await?, ["INE925R01014 11 3300.00 events"]);
    assert_eq!(get(&here, &asha, "/v1/portfolio/trades").await?["items"][0]["at"], "23:59:59");
    Ok(())
}

#[tokio::test]
async fn what_moved_to_another_account_is_there_and_nowhere_else() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let one = here.import(&asha, &tradebook(&fill("2026-11-18", "buy", 10, "300", 1))).await?.body
        ["accountId"]
        .clone();
    let other = Form::file(
        "tradebook-ZZ9999-EQ.csv",
        format!("{HEADER}{}", fill("2026-11-18", "buy", 1, "300", 1)),
    );
    let other = here.import(&asha, &other).await?.body["accountId"].clone();
    let moved = json!({ "accountId": one, "kind": "transfer_out", "isin": "INE925R01014", "on": "2026-11-19",
                        "quantity": "4", "to": other });
    assert_eq!(here.post("/v1/transactions", &asha, &moved).await?.status, 201);
    for (account, quantity, flows) in [(&one, "6", "3000.00"), (&other, "5", "300.00")] {
        let account = account.as_str().context("an id")?;
        let held =
            get(&here, &asha, &format!("/v1/portfolio/holdings?accountId={account}")).await?;
        let items = held["items"].as_array().context("a list")?;
        assert_eq!(
            (items.len(), &items[0]["quantity"], &items[0]["accountId"]),
            (1, &json!(quantity), &json!(account))
        );
        let found = get(
            &here,
            &asha,
            &format!("/v1/portfolio/performance?accountId={account}&to=2026-11-18"),
        )
        .await?;
        assert_eq!(found["terms"]["flows"], flows);
    }
    // Four shares at the close of the day go out of one and come into the other.
    let of = async |account: &Value| {
        let account = account.as_str().unwrap_or_default();
        get(
            &here,
            &asha,
            &format!("/v1/portfolio/performance?accountId={account}&from=2026-11-18&to=2026-11-19"),
        )
        .await
    };
    assert_eq!(of(&one).await?["terms"]["flows"], "-1420.20");
    assert_eq!(of(&other).await?["terms"]["flows"], "1420.20");
    Ok(())
}

#[tokio::test]
async fn a_schedule_is_of_all_accounts_of_a_holder() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let both = fill("2023-05-02", "buy", 10, "300", 1) + &fill("2024-08-01", "sell", 10, "400", 2);
    let mut accounts = Vec::new();
    for client in ["AB1234", "AB5678", "ZZ9999"] {
        let form = Form::file(&format!("tradebook-{client}-EQ.csv"), format!("{HEADER}{both}"));
        accounts.push(
            here.import(&asha, &form).await?.body["accountId"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        );
    }
    for account in &accounts[..2] {
        let body = json!({ "holder": "ABCDE1234F" }).to_string();
        let json = [("content-type", "application/json")];
        let reply = here
            .send(Method::PATCH, &format!("/v1/accounts/{account}"), Some(&asha), &json, body)
            .await?;
        assert_eq!(reply.status, 204, "{}", reply.body);
    }
    let path = "/v1/portfolio/gains?year=2024&format=schedule112a";
    let refused = here.get(path, &asha).await?;
    assert_eq!((refused.status, refused.reason()), (422, "several_holders"));
    let of = async |account: &str| here.get(&format!("{path}&accountId={account}"), &asha).await;
    let text = of(&accounts[0]).await?.answer.text();
    assert!(
        text.lines().nth(1).is_some_and(|row| row.ends_with(",8000,6000,6000,,,,0,6000,2000")),
        "{text}"
    );
    let text = of(&accounts[2]).await?.answer.text();
    assert!(
        text.lines().nth(1).is_some_and(|row| row.ends_with(",4000,3000,3000,,,,0,3000,1000")),
        "{text}"
    );
    Ok(())
}

#[tokio::test]
async fn a_file_that_was_taken_back_is_imported_anew_and_not_called_repeated() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let small = tradebook(&fill("2023-05-02", "buy", 10, "300", 1));
    let large = tradebook(
        &(fill("2023-05-02", "buy", 10, "300", 1) + &fill("2023-05-03", "buy", 1, "300", 2)),
    );
    let path = |reply: &Value| {
        format!("/v1/portfolio/imports/{}", reply["importId"].as_str().unwrap_or_default())
    };
    let first = here.import(&asha, &small).await?;
    let second = here.import(&asha, &large).await?;
    here.send(Method::DELETE, &path(&first.body), Some(&asha), &[], "").await?;
    let third = here.import(&asha, &small).await?;
    assert_eq!(third.body["repeated"], false, "{}", third.body);
    let second = path(&second.body);
    let (one, other) = tokio::join!(
        here.send(Method::DELETE, &second, Some(&asha), &[], ""),
        here.send(Method::DELETE, &second, Some(&asha), &[], ""),
    );
    let gone = |reply: &Value| reply["events"].as_i64().unwrap_or_default();
    assert_eq!(gone(&one?.body) + gone(&other?.body), 1, "two at once are one");
    assert_eq!(held(&here, &asha).await?.len(), 1, "what the third import has stays");
    let audit = here.get("/v1/audit", &asha).await?.body.to_string();
    assert_eq!(audit.matches("import.undone").count(), 2);
    Ok(())
}

#[tokio::test]
async fn two_imports_of_a_new_accounts_file_at_once_are_one() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let form = Form::example("tradebook-DEMO01-EQ.csv")?;
    let (one, other) = tokio::join!(here.import(&asha, &form), here.import(&asha, &form));
    let (one, other) = (one?.body, other?.body);
    let added = |reply: &Value| reply["events"]["added"].as_i64().unwrap_or_default();
    assert_eq!(
        (added(&one) + added(&other), &one["accountId"]),
        (7, &other["accountId"]),
        "{one} {other}"
    );
    assert_eq!(one["importId"], other["importId"], "the second one is told of the first");
    let trades = get(&here, &asha, "/v1/portfolio/trades").await?;
    assert_eq!(trades["items"].as_array().map(Vec::len), Some(7));
    Ok(())
}

#[tokio::test]
async fn trades_are_listed_by_amount_over_pages() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    here.import(&asha, &Form::example("tradebook-DEMO01-EQ.csv")?).await?;
    let mut amounts: Vec<String> = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/portfolio/trades?limit=3&sort=-amount{cursor}");
        let page = get(&here, &asha, &path).await?;
        let items = page["items"].as_array().into_iter().flatten();
        amounts.extend(items.map(|item| item["amount"].as_str().unwrap_or_default().to_owned()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let largest =
        ["1949250.00", "145230.00", "50107.50", "30050.00", "29800.00", "16017.50", "14400.00"];
    assert_eq!(amounts, largest);
    let other = here.get(&format!("/v1/portfolio/trades?limit=3{cursor}"), &asha).await?;
    assert_eq!(other.status, 400, "a cursor of another order");
    Ok(())
}

#[tokio::test]
async fn performance_is_held_against_an_index() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &tradebook(&fill("2026-11-18", "buy", 100, "350", 1))).await?;
    let path = "/v1/portfolio/performance?from=2026-11-18&to=2026-11-20&interval=day&benchmark=";
    let index = get(&here, &asha, &format!("{path}nifty%2050")).await?;
    assert_eq!(
        index["benchmark"],
        json!({ "name": "NIFTY 50", "percent": null }),
        "nothing is known of the day it begins after"
    );
    let path = path.replace("from=2026-11-18", "from=2026-11-19");
    let index = get(&here, &asha, &format!("{path}Nifty%2050")).await?;
    assert_eq!(index["benchmark"]["percent"], "0.60", "26,206.30 of 26,050.00");
    assert_eq!(index["series"][0]["benchmarkPercent"], "0.00");
    assert_eq!(index["series"][1]["benchmarkPercent"], "0.60");
    let none = here.get(&format!("{path}NIFTY%20NOTHING"), &asha).await?;
    assert_eq!((none.status, none.reason()), (422, "no_benchmark"));
    Ok(())
}

#[tokio::test]
async fn returns_begin_with_the_first_statement_and_not_with_the_newest() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let holding = |day: &str, quantity: u32| {
        let row = format!("INE925R01014,,CMS,equity,{quantity},,,,305,,{day}\n");
        let form = Form::file("h.csv", format!("{TEMPLATE}{row}"));
        form.with("broker", "icici").with("clientId", "C1")
    };
    let first = here.import(&asha, &holding("2026-11-19", 100)).await?;
    let second = here.import(&asha, &holding("2026-11-20", 100)).await?;
    let path = "/v1/portfolio/performance?to=2026-11-20&range=1y";
    let found = get(&here, &asha, path).await?;
    assert_eq!(
        (&found["from"], &found["timeWeightedPercent"]),
        (&json!("2026-11-19"), &json!("-0.75"))
    );
    assert_eq!(found["terms"]["charges"], Value::Null, "no source has any");
    let ever = get(&here, &asha, "/v1/portfolio/performance?to=2026-11-20&range=max").await?;
    assert_eq!(ever["from"], "2026-11-19", "and prices are looked for since then");
    // Taken back, the newer one says nothing; another quantity says that something is not known.
    for import in [&second, &first] {
        let id = import.body["importId"].as_str().context("an import")?;
        let path = format!("/v1/portfolio/imports/{id}");
        let undone = here.send(Method::DELETE, &path, Some(&asha), &[], "").await?;
        assert_eq!(undone.status, 200, "{}", undone.body);
    }
    here.import(&asha, &holding("2026-11-19", 90)).await?;
    here.import(&asha, &holding("2026-11-20", 100)).await?;
    let unknown = here.get(path, &asha).await?;
    assert_eq!((unknown.status, unknown.reason()), (422, "no_period"));
    Ok(())
}

#[tokio::test]
async fn figures_are_of_a_security_an_account_or_a_holder_when_asked() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let reply = here.import(&asha, &Form::example("tradebook-DEMO01-EQ.csv")?).await?;
    let account = reply.body["accountId"].as_str().context("an account")?.to_owned();
    here.import(&asha, &tradebook(&fill("2026-11-18", "buy", 100, "350", 1))).await?;
    let sold = async |query: &str| -> Result<usize> {
        let gains = get(&here, &asha, &format!("/v1/portfolio/gains?year=2025{query}")).await?;
        Ok(gains["lots"]["items"].as_array().map(Vec::len).unwrap_or_default())
    };
    assert_eq!((sold("").await?, sold("&isin=INE009A01021").await?), (3, 2));
    assert_eq!(sold(&format!("&holderOf={account}&isin=INE002A01018")).await?, 1);
    let closing = async |query: &str| -> Result<Value> {
        let path = format!("/v1/portfolio/performance?from=2026-11-18&to=2026-11-20{query}");
        Ok(get(&here, &asha, &path).await?["terms"]["closing"].clone())
    };
    assert_eq!(closing("&isin=INE925R01014").await?, "35240.00");
    let of_account = closing(&format!("&accountId={account}")).await?;
    assert_eq!(closing(&format!("&holderOf={account}")).await?, of_account);
    assert_ne!(closing("").await?, of_account);
    let nobody = here
        .get("/v1/portfolio/income?holderOf=00000000-0000-0000-0000-000000000000", &asha)
        .await?;
    assert_eq!(nobody.status, 404);
    Ok(())
}

#[tokio::test]
async fn what_came_out_of_something_without_a_price_is_left_out_with_it() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let header = "kind,date,isin,segment,quantity,amount,gives,per,into_isin,reference\n";
    // Held since before anything is known of its price, and merged into a share that has one.
    let rows = "opening,2026-11-01,INE117A01022,equity,100,,,,,1\n\
                merger,2026-11-19,INE117A01022,equity,,,1,1,INE925R01014,2\n\
                buy,2026-11-18,INE002A01018,equity,1,1500,,,,3\n";
    let form = Form::file("t.csv", format!("{header}{rows}"));
    let reply = here.import(&asha, &form.with("broker", "icici").with("clientId", "C1")).await?;
    assert_eq!((reply.status, &reply.body["errors"]), (200, &json!([])), "{}", reply.body);
    let found =
        get(&here, &asha, "/v1/portfolio/performance?from=2026-11-18&to=2026-11-20").await?;
    assert_eq!(found["unpriced"], json!(["INE117A01022", "INE925R01014"]));
    assert_eq!(found["terms"]["closing"], "1512.30", "nothing is found that was not there");
    Ok(())
}

#[tokio::test]
async fn returns_do_not_begin_before_what_a_newer_statement_no_longer_lists_was_gone() -> Result<()>
{
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let statement = |rows: &[&str]| {
        let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let form = Form::file("h.csv", format!("{TEMPLATE}{rows}"));
        form.with("broker", "icici").with("clientId", "C1")
    };
    let both = statement(&[
        "INE925R01014,,CMS,equity,100,,,,305,,2026-11-19",
        "INE009A01021,,INFY,equity,10,,,,1500,,2026-11-19",
    ]);
    here.import(&asha, &both).await?;
    let path = "/v1/portfolio/performance?to=2026-11-20&range=1m";
    let one = statement(&["INE925R01014,,CMS,equity,100,,,,305,,2026-11-20"]);
    let later = here.import(&asha, &one).await?;
    let none = here.get(path, &asha).await?;
    assert_eq!((none.status, none.reason()), (422, "no_period"), "the other one went by then");
    let id = later.body["importId"].as_str().context("an import")?;
    let path = format!("/v1/portfolio/imports/{id}");
    assert_eq!(here.send(Method::DELETE, &path, Some(&asha), &[], "").await?.status, 200);
    let again = get(&here, &asha, "/v1/portfolio/performance?to=2026-11-20&range=1m").await?;
    assert_eq!(again["unpriced"], json!([]), "{again}");
    assert_eq!(again["from"], "2026-11-19", "taken back, it went nowhere");
    Ok(())
}
