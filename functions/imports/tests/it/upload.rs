//! Files that are put into the bucket and imported from there.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use testkit::{Here, Person};

async fn link(here: &Here, person: &Person, request: &Value) -> Result<Value> {
    let made = here.post("/v1/portfolio/uploads", person, request).await?;
    ensure!(made.status == 201, "{}", made.body);
    Ok(made.body)
}

/// Puts a file as a browser would.
async fn put(link: &Value, file: Vec<u8>) -> Result<u16> {
    let mut request = Request::put(link["url"].as_str().context("a link")?);
    for (name, value) in link["headers"].as_object().into_iter().flatten() {
        request = request.header(name, value.as_str().unwrap_or_default());
    }
    Ok(local::web::send(request.body(Bytes::from(file))?).await?.status)
}

/// A tradebook that is there, and that nobody has told the function of.
async fn uploaded(here: &Here, person: &Person, file: Vec<u8>) -> Result<Value> {
    let request = json!({ "bytes": file.len(), "fileName": "tradebook-AB1234-EQ.csv" });
    let link = link(here, person, &request).await?;
    ensure!(put(&link, file).await? == 200, "{link}");
    Ok(link)
}

async fn status(here: &Here, person: &Person, link: &Value) -> Result<Value> {
    let path = format!("/v1/portfolio/uploads/{}", link["uploadId"].as_str().context("an id")?);
    Ok(here.get(&path, person).await?.body)
}

/// Gives the function S3's notification of an upload.
async fn notify(here: &Here, link: &Value) -> Result<Value> {
    let mut event = Here::sample("imports-file")?;
    let key = format!("uploads/{}", link["uploadId"].as_str().context("an id")?);
    let object = json!({ "bucket": { "name": here.cloud.bucket()? }, "object": { "key": key } });
    event["Records"][0]["body"] = json!({ "Records": [{ "s3": object }] }).to_string().into();
    Ok(here.invoke("imports-file", &event).await?["batchItemFailures"].clone())
}

fn tradebook(rows: usize) -> Vec<u8> {
    let mut file = String::from(
        "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,order_execution_time\n",
    );
    for row in 0..rows {
        let side = if row % 2 == 0 { "buy" } else { "sell" };
        let line = format!(
            "ITC,INE154A01025,2026-10-{:02},NSE,EQ,EQ,{side},false,10.000000,400.500000,{row},9{row:011},2026-10-{:02}T10:00:00\n",
            row % 28 + 1,
            row % 28 + 1
        );
        file.push_str(&line);
    }
    file.into_bytes()
}

#[tokio::test]
async fn a_file_beyond_a_request_is_imported_once_when_it_is_there() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let file = tradebook(40_000);
    assert!(file.len() > 4 * 1024 * 1024);
    let request = json!({ "bytes": file.len(), "fileName": "tradebook-AB1234-EQ.csv" });
    let link = link(&here, &asha, &request).await?;
    assert_eq!(status(&here, &asha, &link).await?["status"], "waiting");
    assert_eq!(put(&link, file).await?, 200);
    assert_eq!(notify(&here, &link).await?, json!([]));
    let done = status(&here, &asha, &link).await?;
    assert_eq!(
        (&done["status"], &done["report"]["events"]["added"]),
        (&json!("done"), &json!(40_000))
    );
    assert_eq!(
        (&done["progress"]["taken"], &done["progress"]["of"]),
        (&json!(40_000), &json!(40_000))
    );
    assert_eq!(notify(&here, &link).await?, json!([]), "told twice");
    let trades = here.get("/v1/portfolio/trades?limit=1", &asha).await?.body;
    assert_eq!(trades["items"][0]["source"], "zerodha_tradebook");
    let undo =
        format!("/v1/portfolio/imports/{}", done["report"]["importId"].as_str().context("an id")?);
    let undone = here.send(http::Method::DELETE, &undo, Some(&asha), &[], "").await?;
    assert_eq!(undone.body["events"], 40_000, "as any import");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_cut_off_goes_on_from_where_it_was() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let file = tradebook(45_000);
    let request = json!({ "bytes": file.len(), "fileName": "tradebook-AB1234-EQ.csv" });
    let cut = link(&here, &asha, &request).await?;
    put(&cut, file.clone()).await?;
    let admin = here.admin().await?;
    let refuse = "create function public.cut_off() returns trigger language plpgsql as $$ begin raise exception 'cut off'; end $$;
        create trigger cut_off before insert on transactions.transactions for each row when (new.on_date > '2026-10-20')
        execute function public.cut_off()";
    admin.batch_execute(refuse).await?;
    assert_ne!(notify(&here, &cut).await?, json!([]), "it is delivered again");
    let told = status(&here, &asha, &cut).await?;
    assert_eq!(
        (&told["status"], &told["progress"]["taken"], &told["progress"]["of"]),
        (&json!("reading"), &json!(20_000), &json!(45_000))
    );
    // What is there is what a tradebook that ends earlier would have left.
    let newest = here.get("/v1/portfolio/trades?limit=1", &asha).await?.body;
    assert_eq!(newest["items"][0]["on"], "2026-10-13");
    admin.batch_execute("drop trigger cut_off on transactions.transactions").await?;
    assert_eq!(notify(&here, &cut).await?, json!([]));
    let done = status(&here, &asha, &cut).await?;
    let events = &done["report"]["events"];
    // Had it begun again, the first ones would be repeated.
    assert_eq!(
        (&done["status"], &events["added"], &events["repeated"]),
        (&json!("done"), &json!(45_000), &json!(0))
    );
    let first = done["report"]["importId"].clone();
    // The same file once more changes nothing, and is the same import.
    let again = link(&here, &asha, &request).await?;
    put(&again, file).await?;
    assert_eq!(notify(&here, &again).await?, json!([]));
    let again = status(&here, &asha, &again).await?["report"].clone();
    assert_eq!(
        (&again["importId"], &again["repeated"], &again["events"]["repeated"]),
        (&first, &json!(true), &json!(45_000))
    );
    let undo = format!("/v1/portfolio/imports/{}", first.as_str().context("an id")?);
    let undone = here.send(http::Method::DELETE, &undo, Some(&asha), &[], "").await?;
    assert_eq!(undone.body["events"], 45_000, "{}", undone.body);
    Ok(())
}

#[tokio::test]
async fn another_file_in_its_place_is_not_gone_on_with_and_the_same_file_sent_again_is()
-> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let file = tradebook(21_000);
    let request = json!({ "bytes": file.len(), "fileName": "tradebook-AB1234-EQ.csv" });
    let cut = link(&here, &asha, &request).await?;
    put(&cut, file.clone()).await?;
    let admin = here.admin().await?;
    let refuse = "create function public.cut_off() returns trigger language plpgsql as $$ begin raise exception 'cut off'; end $$;
        create trigger cut_off before insert on transactions.transactions for each row when (new.on_date > '2026-10-27')
        execute function public.cut_off()";
    admin.batch_execute(refuse).await?;
    assert_ne!(notify(&here, &cut).await?, json!([]));
    admin.batch_execute("drop trigger cut_off on transactions.transactions").await?;
    put(&cut, String::from_utf8(file.clone())?.replace("400.5", "500.5").into_bytes()).await?;
    assert_eq!(notify(&here, &cut).await?, json!([]));
    let told = status(&here, &asha, &cut).await?;
    assert_eq!(
        (&told["status"], &told["problem"]["reason"], &told["progress"]["taken"]),
        (&json!("refused"), &json!("other_file"), &json!(20_000))
    );
    // The same file by another upload is the same import, whole in the end and whole when it is taken back.
    let again = link(&here, &asha, &request).await?;
    put(&again, file).await?;
    assert_eq!(notify(&here, &again).await?, json!([]));
    let report = status(&here, &asha, &again).await?["report"].clone();
    assert_eq!(
        (&report["importId"], &report["events"]["added"]),
        (&told["progress"]["importId"], &json!(1000))
    );
    let undo = format!("/v1/portfolio/imports/{}", report["importId"].as_str().context("an id")?);
    let undone = here.send(http::Method::DELETE, &undo, Some(&asha), &[], "").await?;
    assert_eq!(undone.body["events"], 21_000, "{}", undone.body);
    Ok(())
}

#[tokio::test]
async fn a_file_of_portions_that_is_told_twice_at_once_is_stored_once() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let link = uploaded(&here, &asha, tradebook(21_000)).await?;
    let (one, other) = tokio::join!(notify(&here, &link), notify(&here, &link));
    assert_eq!((one?, other?), (json!([]), json!([])));
    let done = status(&here, &asha, &link).await?;
    let events = &done["report"]["events"];
    assert_eq!(
        (&done["status"], &events["added"], &events["repeated"]),
        (&json!("done"), &json!(21_000), &json!(0))
    );
    Ok(())
}

#[tokio::test]
async fn an_import_that_is_taken_back_halfway_ends_there() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let link = uploaded(&here, &asha, tradebook(21_000)).await?;
    let admin = here.admin().await?;
    let cut = "create function public.cut_off() returns trigger language plpgsql as $$ begin raise exception 'cut off'; end $$;
        create trigger cut_off before insert on transactions.transactions for each row when (new.on_date > '2026-10-27')
        execute function public.cut_off()";
    admin.batch_execute(cut).await?;
    assert_ne!(notify(&here, &link).await?, json!([]));
    let begun = status(&here, &asha, &link).await?["progress"]["importId"].clone();
    let path = format!("/v1/portfolio/imports/{}", begun.as_str().context("an id")?);
    let undone = here.send(http::Method::DELETE, &path, Some(&asha), &[], "").await?;
    assert_eq!(undone.body["events"], 20_000, "{}", undone.body);
    admin.batch_execute("drop trigger cut_off on transactions.transactions").await?;
    assert_eq!(notify(&here, &link).await?, json!([]));
    let told = status(&here, &asha, &link).await?;
    assert_eq!(
        (&told["status"], &told["problem"]["reason"]),
        (&json!("refused"), &json!("taken_back"))
    );
    let trades = here.get("/v1/portfolio/trades", &asha).await?.body;
    assert_eq!(trades["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_refused_says_why_as_an_import_would() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let file = b"a,b\n1,2\n".to_vec();
    let refused = link(&here, &asha, &json!({ "bytes": file.len() })).await?;
    put(&refused, file).await?;
    assert_eq!(notify(&here, &refused).await?, json!([]));
    let told = status(&here, &asha, &refused).await?;
    assert_eq!(
        (&told["status"], &told["problem"]["reason"]),
        (&json!("refused"), &json!("unknown_layout"))
    );
    assert_eq!(told["report"], Value::Null);
    let nothing = link(&here, &asha, &json!({ "bytes": 5 })).await?;
    assert_eq!(notify(&here, &nothing).await?, json!([]));
    let told = status(&here, &asha, &nothing).await?;
    assert_eq!(
        (&told["status"], &told["problem"]["reason"]),
        (&json!("refused"), &json!("upload_missing"))
    );
    for bad in [
        json!({}),
        json!({ "bytes": 0 }),
        json!({ "bytes": 40_000_000 }),
        json!({ "bytes": 1, "mode": "x" }),
    ] {
        let reply = here.post("/v1/portfolio/uploads", &asha, &bad).await?;
        assert_eq!(reply.status, 400, "{bad}: {}", reply.body);
    }
    Ok(())
}

#[tokio::test]
async fn a_preview_stores_nothing_and_an_upload_is_its_workspaces() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let file = tradebook(10);
    let request =
        json!({ "bytes": file.len(), "fileName": "tradebook-AB1234-EQ.csv", "dryRun": true });
    let preview = link(&here, &asha, &request).await?;
    put(&preview, file).await?;
    assert_eq!(notify(&here, &preview).await?, json!([]));
    let told = status(&here, &asha, &preview).await?;
    assert_eq!(
        (&told["status"], &told["report"]["dryRun"]),
        (&json!("done"), &json!(true)),
        "{told}"
    );
    assert_eq!(here.get("/v1/accounts", &asha).await?.body["items"], json!([]));
    assert_eq!(status(&here, &ravi, &preview).await?["reason"], "not_found");
    let made_up = json!({ "uploadId": uuid::Uuid::now_v7().to_string() });
    assert_eq!(
        notify(&here, &made_up).await?.as_array().map(Vec::len),
        Some(1),
        "nobody asked for it"
    );
    Ok(())
}

#[tokio::test]
async fn a_file_is_imported_by_itself_when_it_is_put() -> Result<()> {
    let mut here = Here::start().await?;
    here.poll_queues();
    let asha = here.person().await?;
    let link = uploaded(&here, &asha, tradebook(3)).await?;
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let told = status(&here, &asha, &link).await?;
        if told["status"] == "done" {
            return Ok(());
        }
        assert!(Instant::now() < until, "{told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_file_of_who_is_a_member_no_more_is_refused() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let leaving = here.member(asha.workspace_id, "analyst").await?;
    let link = uploaded(&here, &leaving, tradebook(3)).await?;
    here.admin()
        .await?
        .execute(
            "update workspaces.members set role = 'viewer' where user_id = $1",
            &[&leaving.user_id],
        )
        .await?;
    assert_eq!(notify(&here, &link).await?, json!([]));
    let told = status(&here, &asha, &link).await?;
    assert_eq!(
        (&told["status"], &told["problem"]["reason"]),
        (&json!("refused"), &json!("role_not_allowed"))
    );
    assert_eq!(here.get("/v1/accounts", &asha).await?.body["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn an_upload_that_no_try_could_import_is_failed_and_not_read_for_ever() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let made = link(&here, &asha, &json!({ "bytes": 5 })).await?;
    let admin = here.admin().await?;
    for (minutes, is) in [(59, "reading"), (61, "failed")] {
        let sql = format!(
            "update imports.uploads set status = 'reading', changed_at = now() - interval '{minutes} minutes'"
        );
        admin.batch_execute(&sql).await?;
        assert_eq!(status(&here, &asha, &made).await?["status"], is);
    }
    Ok(())
}
