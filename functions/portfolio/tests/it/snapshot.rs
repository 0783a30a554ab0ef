//! Queue `snapshot`: after an import, again, and with what is no event.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

async fn snapshot(here: &Here, person: &Person) -> Result<Value> {
    Ok(here.get("/v1/portfolio", person).await?.body["lastSnapshot"].clone())
}

#[tokio::test]
async fn an_import_is_followed_by_the_days_snapshot() -> Result<()> {
    let mut here = Here::start().await?;
    here.load_prices().await?;
    here.poll_queues();
    let asha = here.person().await?;
    here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    let until = Instant::now() + Duration::from_secs(20);
    let taken = loop {
        let taken = snapshot(&here, &asha).await?;
        if !taken.is_null() {
            break taken;
        }
        assert!(Instant::now() < until, "no snapshot came");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(
        (&taken["value"], &taken["asOf"], &taken["unpriced"]),
        (&json!("474084.89"), &json!("2026-11-20"), &json!(1))
    );
    Ok(())
}

#[tokio::test]
async fn a_message_delivered_again_is_consumed_once() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    let admin = here.admin().await?;
    let row = admin
        .query_one("select event_id, workspace_id, event, body from shared.outbox", &[])
        .await?;
    let mut event = Here::sample("portfolio-snapshot")?;
    event["Records"][0]["body"] = json!({
        "eventId": row.get::<_, uuid::Uuid>("event_id"), "workspaceId": row.get::<_, uuid::Uuid>("workspace_id"),
        "event": row.get::<_, &str>("event"), "body": row.get::<_, Value>("body"),
    })
    .to_string()
    .into();
    let nothing_failed = json!({ "batchItemFailures": [] });
    assert_eq!(here.invoke("portfolio-snapshot", &event).await?, nothing_failed);
    let first = snapshot(&here, &asha).await?;
    assert_eq!(here.invoke("portfolio-snapshot", &event).await?, nothing_failed);
    assert_eq!(snapshot(&here, &asha).await?, first, "takenAt is the first delivery's");
    Ok(())
}

#[tokio::test]
async fn an_event_nobody_published_fails() -> Result<()> {
    let here = Here::start().await?;
    let answer = here.invoke("portfolio-snapshot", &Here::sample("portfolio-snapshot")?).await?;
    assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(1));
    Ok(())
}
