//! `POST /v1/portfolio/import`, with the files of examples/ and worse ones.

use anyhow::Result;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

const TEMPLATE: &str = "isin,symbol,name,segment,quantity,t1_quantity,pledged_quantity,discrepant_quantity,average_price,invested,as_of\n";

fn template(rows: &str) -> Form {
    Form::file("holdings.csv", format!("{TEMPLATE}{rows}"))
        .with("broker", "icici")
        .with("clientId", "C1")
}

async fn holdings(here: &Here, person: &Person) -> Result<Vec<Value>> {
    Ok(here.get("/v1/portfolio/holdings?limit=200", person).await?.body["items"]
        .as_array()
        .cloned()
        .unwrap_or_default())
}

/// What decides whether two states are the same.
async fn figures(here: &Here, person: &Person) -> Result<Vec<String>> {
    let figure = |item: &Value| {
        format!("{} {} {} {}", item["isin"], item["quantity"], item["invested"], item["asOf"])
    };
    Ok(holdings(here, person).await?.iter().map(figure).collect())
}

#[tokio::test]
async fn a_console_file_is_stored_and_the_same_file_again_changes_nothing() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let form = Form::example("zerodha-console-holdings.xlsx")?;
    let first = here.import(&asha, &form).await?;
    assert_eq!(
        (first.status, first.body["layout"].as_str()),
        (200, Some("zerodha_console_holdings")),
        "{}",
        first.body
    );
    assert_eq!(
        (first.body["counts"]["added"].as_i64(), first.body["asOf"].as_str()),
        (Some(10), Some("2026-11-20"))
    );
    let before = figures(&here, &asha).await?;
    let again = here.import(&asha, &form).await?;
    assert_eq!(
        (again.body["repeated"].as_bool(), &again.body["importId"]),
        (Some(true), &first.body["importId"])
    );
    assert_eq!(
        (again.body["counts"]["unchanged"].as_i64(), again.body["changes"].clone()),
        (Some(10), json!([]))
    );
    assert_eq!(figures(&here, &asha).await?, before);
    let stored = here
        .get(&format!("/v1/portfolio/imports/{}", first.body["importId"].as_str().unwrap()), &asha)
        .await?;
    assert_eq!((stored.status, &stored.body), (200, &first.body));
    // Pledged shares are owned; long-term ones are part of the available ones.
    let reliance = holdings(&here, &asha)
        .await?
        .into_iter()
        .find(|item| item["isin"] == "INE002A01018")
        .unwrap();
    assert_eq!((&reliance["quantity"], &reliance["pledgedQuantity"]), (&json!("50"), &json!("10")));
    Ok(())
}

#[tokio::test]
async fn kite_and_console_files_of_one_account_are_one_holding_per_instrument() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    let kite = Form::example("zerodha-kite-holdings.csv")?;
    let refused = here.import(&asha, &kite).await?;
    assert_eq!((refused.status, refused.reason()), (422, "account_required"));
    let account = refused.body["candidates"][0]["accountId"].as_str().unwrap().to_owned();
    let reply = here.import(&asha, &kite.with("accountId", &account).with("mode", "merge")).await?;
    assert_eq!(
        (reply.status, reply.body["asOfSource"].as_str()),
        (200, Some("upload")),
        "{}",
        reply.body
    );
    assert_eq!(reply.body["unresolved"], json!([]), "CMSINFO-BE is CMSINFO");
    let isins: Vec<Value> =
        holdings(&here, &asha).await?.iter().map(|item| item["isin"].clone()).collect();
    let mut distinct = isins.clone();
    distinct.dedup();
    assert_eq!((isins.len(), isins), (10, distinct));
    Ok(())
}

#[tokio::test]
async fn a_symbol_nobody_knows_is_listed_and_nothing_is_removed_for_it() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let form = Form::example("zerodha-kite-holdings.csv")?.with("clientId", "DEMO01");
    let reply = here.import(&asha, &form).await?;
    assert_eq!((reply.status, reply.reason()), (422, "no_rows"), "no instrument is loaded yet");
    assert_eq!(reply.body["unresolved"].as_array().map(Vec::len), Some(7));
    here.load_prices().await?;
    assert_eq!(here.import(&asha, &form).await?.body["counts"]["added"], 7);
    let text = std::fs::read_to_string(Here::example("zerodha-kite-holdings.csv"))?;
    let text: Vec<&str> = text.lines().filter(|line| !line.contains("ITC")).collect();
    let with_ghost = format!("{}\n\"GHOST\",1,10,10,10,10,0,0,0,\"\"\n", text.join("\n"));
    let reply =
        here.import(&asha, &Form::file("kite.csv", with_ghost).with("clientId", "DEMO01")).await?;
    assert_eq!(
        (reply.body["counts"]["removed"].as_i64(), reply.body["removalsWithheld"].as_bool()),
        (Some(0), Some(true))
    );
    assert_eq!(reply.body["unresolved"][0]["symbol"], "GHOST");
    assert_eq!(holdings(&here, &asha).await?.len(), 7, "ITC stays, it might be the ghost");
    Ok(())
}

#[tokio::test]
async fn bad_rows_are_listed_with_their_place_and_good_ones_are_stored() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let form = template(
        "INE002A01018,,Reliance,equity,10,,,,100,,2026-11-20\n\
         INE002A01019,,Mistyped,equity,10,,,,100,,2026-11-20\n\
         INE009A01021,,Infosys,equity,ten,,-5,,100,,2026-11-20\n",
    );
    let reply = here.import(&asha, &form).await?;
    assert_eq!((reply.status, reply.body["counts"]["added"].as_i64()), (200, Some(1)));
    let places: Vec<_> = reply.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|err| (&err["row"], &err["column"]))
        .collect();
    assert_eq!(
        places,
        [
            (&json!(3), &json!("isin")),
            (&json!(4), &json!("quantity")),
            (&json!(4), &json!("pledged_quantity"))
        ]
    );
    Ok(())
}

#[tokio::test]
async fn an_undated_file_sent_again_is_as_old_as_when_it_first_came() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let form = |quantity: u32| {
        let rows = format!("Instrument,Qty.,Avg. cost,LTP,Cur. val,P&L\nINFY,{quantity},1,1,1,0\n");
        Form::file("holdings.csv", rows).with("clientId", "AB1234")
    };
    for (quantity, repeated, held) in
        [(1, false, "1"), (1, true, "1"), (2, false, "2"), (1, true, "2"), (2, true, "2")]
    {
        let reply = here.import(&asha, &form(quantity)).await?;
        assert_eq!(
            (reply.status, &reply.body["repeated"]),
            (200, &json!(repeated)),
            "{}",
            reply.body
        );
        let shown = here.get("/v1/portfolio/holdings", &asha).await?.body;
        assert_eq!(shown["items"][0]["quantity"], held, "after {quantity}");
    }
    Ok(())
}

#[tokio::test]
async fn an_unknown_layout_is_refused_with_what_was_found_and_what_is_known() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let reply = here.import(&asha, &Form::file("x.csv", "Scrip,Units\nRELIANCE,10\n")).await?;
    assert_eq!((reply.status, reply.reason()), (422, "unknown_layout"));
    assert_eq!(reply.body["found"], json!([["Scrip", "Units"]]));
    assert_eq!(reply.body["known"].as_array().map(Vec::len), Some(17));
    for (content, reason) in [
        (&b""[..], "unreadable_file"),
        (b"\x89PNG\0", "unreadable_file"),
        (b"PK\x03\x04x", "unreadable_file"),
    ] {
        assert_eq!(here.import(&asha, &Form::file("x", content)).await?.reason(), reason);
    }
    assert_eq!(holdings(&here, &asha).await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_dry_run_shows_and_stores_nothing() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let form = template("INE002A01018,,Reliance,equity,10,,,,100,,2026-11-20\n");
    let reply = here.upload("/v1/portfolio/import?dryRun=true", &asha, &form, &[]).await?;
    assert_eq!((reply.status, reply.body["counts"]["added"].as_i64()), (200, Some(1)));
    assert_eq!((&reply.body["importId"], &reply.body["accountId"]), (&Value::Null, &Value::Null));
    assert_eq!(here.get("/v1/portfolio", &asha).await?.body["accounts"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_complete_statement_replaces_and_an_older_one_changes_nothing() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let newer = template("INE002A01018,,Reliance,equity,10,,,,100,,2026-11-20\n");
    let older = template(
        "INE009A01021,,Infosys,equity,5,,,,100,,2026-11-13\nINE002A01018,,Reliance,equity,9,,,,100,,2026-11-13\n",
    );
    here.import(&asha, &older).await?;
    let reply = here.import(&asha, &newer).await?;
    assert_eq!(
        (&reply.body["counts"]["changed"], &reply.body["counts"]["removed"]),
        (&json!(1), &json!(1))
    );
    let settled = figures(&here, &asha).await?;
    let reply = here.import(&asha, &older).await?;
    assert_eq!(reply.body["counts"]["superseded"], 2);
    assert_eq!(figures(&here, &asha).await?, settled);
    let merge =
        template("INE009A01021,,Infosys,equity,5,,,,100,,2026-11-21\n").with("mode", "merge");
    assert_eq!(here.import(&asha, &merge).await?.body["counts"]["added"], 1);
    assert_eq!(holdings(&here, &asha).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_statement_from_the_future_is_refused() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let reply = here
        .import(&asha, &template("INE002A01018,,Reliance,equity,10,,,,100,,2062-11-20\n"))
        .await?;
    assert_eq!((reply.status, reply.reason()), (422, "future_statement"));
    assert_eq!(here.get("/v1/portfolio", &asha).await?.body["accounts"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_quantity_of_zero_takes_the_holding_away_for_good() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let held =
        template("INE002A01018,,Reliance,equity,10,,,,100,,2026-11-13\n").with("mode", "merge");
    let sold = template("INE002A01018,,Reliance,equity,0,,,,0,,2026-11-20\n").with("mode", "merge");
    here.import(&asha, &held).await?;
    let reply = here.import(&asha, &sold).await?;
    assert_eq!(
        (reply.status, reply.body["counts"]["removed"].as_i64()),
        (200, Some(1)),
        "{}",
        reply.body
    );
    assert_eq!(holdings(&here, &asha).await?.len(), 0);
    // The older file, again, does not bring it back.
    here.import(&asha, &held).await?;
    assert_eq!(holdings(&here, &asha).await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_template_of_shares_leaves_the_funds() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let both = "INE002A01018,,R,equity,10,,,,100,,2026-11-13\nINF879O01027,,P,mutual_fund,5,,,,80,,2026-11-13\n";
    here.import(&asha, &template(both)).await?;
    here.import(&asha, &template("INE009A01021,,I,equity,5,,,,100,,2026-11-20\n")).await?;
    let isins: Vec<Value> =
        holdings(&here, &asha).await?.iter().map(|item| item["isin"].clone()).collect();
    assert_eq!(isins, ["INE009A01021", "INF879O01027"]);
    Ok(())
}

#[tokio::test]
async fn a_file_of_nothing_but_faults_is_answered_and_not_listed_without_end() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let rows = "INE002A01018,,R,equity,x,y,z,,w,v,2026-11-20\n".repeat(15_000);
    let good = "INE009A01021,,I,equity,5,,,,100,,2026-11-20\n";
    let reply = here.import(&asha, &template(&format!("{good}{rows}"))).await?;
    assert_eq!((reply.status, reply.body["counts"]["added"].as_i64()), (200, Some(1)));
    assert_eq!(reply.body["errors"].as_array().map(Vec::len), Some(500));
    assert!(reply.body["counts"]["refused"].as_i64() > Some(15_000));
    Ok(())
}

#[tokio::test]
async fn one_key_is_one_import_however_often_and_at_once() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let form = template("INE002A01018,,Reliance,equity,10,,,,100,,2026-11-20\n");
    let key = [("idempotency-key", "import-1")];
    let replies =
        join_all((0..6).map(|_| here.upload("/v1/portfolio/import", &asha, &form, &key))).await;
    let bodies: Vec<Value> =
        replies.into_iter().map(|reply| reply.map(|reply| reply.body)).collect::<Result<_>>()?;
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(bodies[0]["counts"]["added"], 1);
    let imports =
        here.admin().await?.query_one("select count(*) from imports.imports", &[]).await?;
    assert_eq!(imports.get::<_, i64>(0), 1);
    let other = template("INE009A01021,,Infosys,equity,5,,,,100,,2026-11-20\n");
    let reply = here.upload("/v1/portfolio/import", &asha, &other, &key).await?;
    assert_eq!((reply.status, reply.reason()), (422, "idempotency_key_reused"));
    Ok(())
}

#[tokio::test]
async fn imports_of_one_account_at_once_end_in_one_of_them_whole() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let forms: Vec<Form> = (1..=6)
        .map(|n| template(&format!("INE002A01018,,R,equity,{n},,,,100,,2026-11-20\nINE009A01021,,I,equity,{n},,,,100,,2026-11-20\n")))
        .collect();
    for reply in join_all(forms.iter().map(|form| here.import(&asha, form))).await {
        assert_eq!(reply?.status, 200);
    }
    let items = holdings(&here, &asha).await?;
    assert_eq!(items.len(), 2);
    assert_eq!(
        items[0]["quantity"], items[1]["quantity"],
        "never half of one file and half of another"
    );
    let accounts =
        here.admin().await?.query_one("select count(*) from brokers.accounts", &[]).await?;
    assert_eq!(accounts.get::<_, i64>(0), 1);
    Ok(())
}

#[tokio::test]
async fn an_account_of_another_workspace_does_not_exist() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let form = template("INE002A01018,,Reliance,equity,10,,,,100,,2026-11-20\n");
    let account = here.import(&asha, &form).await?.body["accountId"].as_str().unwrap().to_owned();
    let file = Form::file(
        "x.csv",
        format!("{TEMPLATE}INE009A01021,,Infosys,equity,5,,,,100,,2026-11-20\n"),
    );
    let reply = here.import(&ravi, &file.with("accountId", &account)).await?;
    assert_eq!((reply.status, reply.reason()), (404, "account_not_found"));
    let import = here.import(&asha, &form).await?.body["importId"].as_str().unwrap().to_owned();
    let reply = here.get(&format!("/v1/portfolio/imports/{import}"), &ravi).await?;
    assert_eq!((reply.status, reply.reason()), (404, "not_found"));
    // The same client in two workspaces is two accounts.
    assert_eq!(here.import(&ravi, &form).await?.body["accountCreated"], true);
    Ok(())
}

#[tokio::test]
async fn a_file_of_another_client_is_not_stored_in_the_named_account() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let form = template("INE002A01018,,Reliance,equity,10,,,,100,,2026-11-20\n");
    let account = here.import(&asha, &form).await?.body["accountId"].as_str().unwrap().to_owned();
    for form in [
        Form::example("groww-stocks-holdings.xlsx")?.with("accountId", &account),
        Form::example("groww-stocks-holdings.xlsx")?.with("clientId", "SOMEONE"),
    ] {
        let reply = here.import(&asha, &form).await?;
        assert_eq!((reply.status, reply.reason()), (422, "other_account"));
    }
    Ok(())
}

#[tokio::test]
async fn who_may_only_look_may_not_import() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let viewer = here.member(asha.workspace_id, "viewer").await?;
    let form = template("INE002A01018,,Reliance,equity,10,,,,100,,2026-11-20\n");
    let reply = here.import(&viewer, &form).await?;
    assert_eq!((reply.status, reply.reason()), (403, "role_not_allowed"));
    assert_eq!(here.get("/v1/portfolio/summary", &viewer).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn json_with_base64_is_the_same_as_a_form() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let sample = Here::sample("imports-create")?;
    let mut body: Value = serde_json::from_str(sample["body"].as_str().unwrap())?;
    body["dryRun"] = json!(false);
    let reply = here.post("/v1/portfolio/import", &asha, &body).await?;
    assert_eq!(
        (reply.status, reply.body["counts"]["added"].as_i64()),
        (200, Some(1)),
        "{}",
        reply.body
    );
    body["content"] = json!("not base64!");
    body["mode"] = json!("append");
    let reply = here.post("/v1/portfolio/import", &asha, &body).await?;
    let paths: Vec<&Value> =
        reply.body["errors"].as_array().unwrap().iter().map(|err| &err["path"]).collect();
    assert_eq!(paths, [&json!("content"), &json!("mode")]);
    Ok(())
}

#[tokio::test]
async fn a_form_that_is_cut_or_too_large_is_refused() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let headers = [("content-type", "multipart/form-data; boundary=x")];
    let cut = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nisin,";
    let reply = here.send(Method::POST, "/v1/portfolio/import", Some(&asha), &headers, cut).await?;
    assert_eq!((reply.status, reply.reason()), (400, "invalid_request"));
    let reply = here.import(&asha, &Form::file("large.csv", vec![b'a'; 4_200_000])).await?;
    assert_eq!((reply.status, reply.reason()), (400, "body_too_large"));
    let reply = here.import(&asha, &Form::default().with("mode", "merge")).await?;
    assert_eq!(reply.body["errors"][0]["path"], "file");
    Ok(())
}

#[tokio::test]
async fn a_files_content_does_not_reach_the_log() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let planted = "PlantedHoldingName7f3a";
    here.import(
        &asha,
        &template(&format!("INE002A01018,,{planted},equity,x{planted},,,,100,,2026-11-20\n")),
    )
    .await?;
    here.import(
        &asha,
        &template(&format!("INE002A01018,,{planted},equity,10,,,,100,,2026-11-20\n")),
    )
    .await?;
    // What every function logged is searched for planted words when the whole suite has run.
    Ok(())
}
