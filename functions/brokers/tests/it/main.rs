//! Accounts, the daily refresh, and its consumers.

mod zerodha;

use std::time::{Duration, Instant};

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
async fn a_day_asks_for_each_account_once_however_often_it_is_run() -> Result<()> {
    let here = Here::start().await?;
    let (_asha, _ravi) = (invested(&here).await?, invested(&here).await?);
    let event = Here::sample("brokers-refresh-daily")?;
    let answer = here.invoke("brokers-refresh-daily", &event).await?;
    assert_eq!(answer, json!({ "day": "2026-11-20", "accounts": 4, "published": 4 }));
    let again = here.invoke("brokers-refresh-daily", &event).await?;
    assert_eq!(again["published"], 0);
    let mut next_day = event.clone();
    next_day["time"] = json!("2026-11-23T12:30:00Z");
    assert_eq!(here.invoke("brokers-refresh-daily", &next_day).await?["published"], 4);
    let sent = here.admin().await?;
    let sent = sent.query_one("select count(*) from shared.outbox where event = 'account.refresh_due' and sent_at is null", &[]).await?;
    assert_eq!(sent.get::<_, i64>(0), 0);
    Ok(())
}

#[tokio::test]
async fn a_weekend_is_refreshed_only_when_there_is_a_special_session() -> Result<()> {
    let here = Here::start().await?;
    invested(&here).await?;
    let mut event = Here::sample("brokers-refresh-daily")?;
    for (time, day, published) in [
        ("2026-11-21T12:30:00Z", "a Saturday", 0),
        ("2026-11-22T12:30:00Z", "a Sunday", 0),
        ("2026-02-01T12:30:00Z", "the Sunday of the Budget", 2),
        // In India it is Monday already.
        ("2026-11-22T18:45:00Z", "Monday", 2),
    ] {
        event["time"] = json!(time);
        let answer = here.invoke("brokers-refresh-daily", &event).await?;
        assert_eq!(answer["published"], published, "{day}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_cannot_be_sent_is_left_to_the_relay() -> Result<()> {
    let here = Here::start().await?;
    invested(&here).await?;
    let queue = here
        .cloud
        .model
        .queues
        .iter()
        .find(|queue| queue.name.ends_with("sync-account-queue"))
        .unwrap();
    here.cloud.aws.sqs.delete_queue().queue_url(here.cloud.queue_url(&queue.name)).send().await?;
    let answer =
        here.invoke("brokers-refresh-daily", &Here::sample("brokers-refresh-daily")?).await?;
    assert_eq!(answer["published"], 2);
    let left = here.admin().await?;
    let left = left.query_one("select count(*) from shared.outbox where event = 'account.refresh_due' and sent_at is null", &[]).await?;
    assert_eq!(left.get::<_, i64>(0), 2);
    Ok(())
}

#[tokio::test]
async fn the_refresh_ends_in_new_values_and_a_snapshot() -> Result<()> {
    let mut here = Here::start().await?;
    let asha = invested(&here).await?;
    here.load_prices().await?;
    here.poll_queues();
    here.invoke("brokers-refresh-daily", &Here::sample("brokers-refresh-daily")?).await?;
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let accounts = here.get("/v1/accounts", &asha).await?.body;
        let portfolio = here.get("/v1/portfolio", &asha).await?.body;
        let values: Vec<&Value> = accounts["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| &item["lastValue"]["value"])
            .collect();
        if values == ["474084.89", "108119.75"] && portfolio["lastSnapshot"]["value"] == "582204.64"
        {
            return Ok(());
        }
        assert!(Instant::now() < until, "{accounts} {}", portfolio["lastSnapshot"]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_account_nobody_published_is_not_synced() -> Result<()> {
    let here = Here::start().await?;
    let answer =
        here.invoke("brokers-sync-account", &Here::sample("brokers-sync-account")?).await?;
    assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(1));
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
